/**
 * Programs on two threads in an arena that is small; see arena.test.ts.
 *
 *     … small_arena.ts pressure
 * @module
 */
import process from "node:process";
import { assert, assertEquals, assertGreater, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { withTuning } from "../../compiler/limits.ts";
import type { Arena } from "../../compiler/runtime/arena.ts";
import { runs, settings } from "../../compiler/runtime/threads/runs.ts";
import { compile, crossEntropy, random, type Tensor, tensor, train, type Value, Variable, workers } from "../../mod.ts";
import { bitsOf, finely, sharedRuns, startWorkers } from "./support.ts";

const megabyte = 2 ** 20;

/** So large that the arena has no room for it. Eager operations would need that room, too. */
const large = tensor(Float32Array.from({ length: 2 * megabyte / 4 }, (_, index) => index % 3));

const normal = (shape: readonly number[], key: number): Tensor =>
  tensor(random.normal(shape, { key: random.key(key) }));

/** A function that was compiled. */
interface Subject<R> {
  (...args: Tensor[]): R;
  async(...args: Tensor[]): Promise<R>;
}

/** Compiles a function for so many threads, with everything cut finely. */
function compiledFor<A extends readonly Value[], R>(threads: number, fn: (...args: [...A]) => R): Subject<R> {
  const compiled = compile(fn, { threads }) as unknown as Subject<R> & { kernels(...args: Tensor[]): unknown }; // it is called with tensors here
  const call = (...args: Tensor[]): R => withTuning(finely, () => compiled(...args));
  return Object.assign(call, {
    async: (...args: Tensor[]): Promise<R> => {
      withTuning(finely, () => compiled.kernels(...args));
      return compiled.async(...args);
    },
  });
}

/** Runs `body`, which has to run once in the arena. */
function inArena<T>(body: () => T): T {
  let result: T | undefined;
  assertEquals(sharedRuns(() => result = body()), 1);
  return result as T; // it has been set
}

const arena = (): Arena => runs.arena!; // there has been a run
const livesInArena = (variable: Variable): boolean => variable.storage.array.buffer instanceof SharedArrayBuffer;

/** A training step of a small network, and its Variables. */
function network(threads: number): { step: Subject<Value>; variables: Variable[] } {
  const [w1, b1] = [new Variable(normal([32, 48], 2)), new Variable(normal([48], 3))];
  const [w2, b2] = [new Variable(normal([48, 5], 4)), new Variable(normal([5], 5))];
  const optimizer = new train.Adam({ learningRate: 0.01 });
  const step = compiledFor<[Value, Value], Value>(
    threads,
    (x, y) => optimizer.minimize(() => crossEntropy(x.matmul(w1).add(b1).tanh().matmul(w2).add(b2), y)),
  );
  return { step, variables: [w1, b1, w2, b2] };
}

const batch = (rows: number, key: number): [Tensor, Tensor] => [
  normal([rows, 32], key),
  tensor(Array.from({ length: rows }, (_, row) => (row + key) % 5), { dtype: "int32" }),
];

const bitsOfVariables = (variables: readonly Variable[]): string =>
  bitsOf(variables.map((variable) => variable.value.concrete("compare")));

const scenes: Readonly<Record<string, () => void | Promise<void>>> = {
  uploads() {
    const f = compiledFor<[Value], Value>(2, (x) => x.exp().sum(1));
    const [x, same] = [normal([64, 32], 1), normal([64, 32], 1)];
    const expected = bitsOf([inArena(() => f(x)).concrete("compare")]);
    const used = arena().usedBytes;
    const offset = arena().placeOf(x.data, x.type);
    assertEquals([...arena().view("float32", offset, x.size)], [...x.data]);
    for (let index = 0; index < 3; index++) {
      assertEquals(bitsOf([inArena(() => f(x)).concrete("compare")]), expected);
    }
    assertEquals([arena().usedBytes, arena().placeOf(x.data, x.type)], [used, offset]);
    assertEquals(bitsOf([inArena(() => f(same)).concrete("compare")]), expected);
    assertEquals(arena().usedBytes, used + 64 * 32 * 4); // another array, though it holds the same
  },

  variables() {
    const v = new Variable(new Array(1000).fill(1));
    const f = compiledFor<[Value], Value>(2, (x) => {
      v.assign(v.add(x));
      return v.mul(2);
    });
    const before = v.value;
    const result = inArena(() => f(tensor(2)));
    assert(livesInArena(v));
    assertEquals([result.data[0], v.value.data[999], before.data[0]], [6, 3, 1]);
    v.assign(v.mul(10)); // by ordinary code, where it lives
    assert(livesInArena(v));
    const kept = v.value;
    assertEquals(inArena(() => f(tensor(5))).data[500], 70);
    assertEquals([v.value.data[0], kept.data[0], result.data[0]], [35, 30, 6]);
    assertEquals(compile((x: Value) => x.add(v), { threads: 1 })(tensor(1)).data[3], 36);
    assertEquals(v.sum().item(), 35_000);
  },

  pressure() {
    // Eight tensors of 128 KB, and six Variables of as much: about twice what there is room for.
    const size = 32 * 1024;
    const tensors = Array.from({ length: 8 }, (_, index) => normal([64, size / 64], index));
    const make = (threads: number) => {
      const variables = tensors.slice(0, 6).map((tensor) => new Variable(tensor));
      const steps = variables.map((variable) =>
        compiledFor<[Value], Value>(threads, (x) => {
          variable.assign(variable.mul(0.5).add(x));
          return x.mul(variable).sum(1);
        })
      );
      return { variables, steps };
    };
    const [alone, together] = [make(1), make(2)];
    let [outside, moves] = [0, 0];
    const lived = together.variables.map(() => false);
    for (let index = 0; index < 60; index++) {
      const [which, fed] = [(index * 5) % 6, tensors[(index * 7 + (index >> 3)) % 8]!];
      const expected = alone.steps[which]!(fed).concrete("compare");
      const result = inArena(() => together.steps[which]!(fed)).concrete("compare");
      assertEquals(bitsOf([result]) === bitsOf([expected]), true, `step ${index}`);
      assert(arena().usedBytes <= megabyte && arena().memory.buffer.byteLength <= megabyte);
      together.variables.forEach((variable, place) => {
        const lives = livesInArena(variable);
        if (lived[place] && !lives) moves++;
        if (!lives) outside++;
        lived[place] = lives;
      });
      // Ordinary code reads and assigns, wherever they are.
      if (index % 7 === 0) {
        for (const { variables } of [alone, together]) variables[index % 6]!.assign(variables[(index + 1) % 6]!);
      }
    }
    assertGreater(moves, 5);
    assertGreater(outside, 10);
    assertEquals(bitsOfVariables(together.variables) === bitsOfVariables(alone.variables), true);
  },

  async growth() {
    const [alone, together] = [network(1), network(2)];
    const sizes: number[] = [];
    for (let index = 0; index < 12; index++) {
      const [x, y] = batch(20 * 2 ** (index >> 1), index);
      const expected = alone.step(x, y).concrete("compare");
      await startWorkers(2); // an asynchronous run may have taken so long that they have ended since
      const begun = runs.begun;
      const result = index % 3 === 2 ? await together.step.async(x, y) : together.step(x, y);
      assertEquals(runs.begun, begun + 1);
      assertEquals(bitsOf([result.concrete("compare")]), bitsOf([expected]), `step ${index}`);
      sizes.push(arena().memory.buffer.byteLength);
    }
    assertGreater(new Set(sizes).size, 3, sizes.join());
    assertEquals(bitsOfVariables(together.variables), bitsOfVariables(alone.variables));
    assert(together.variables[0] !== undefined && livesInArena(together.variables[0]));
  },

  async exhaustion() {
    const [alone, together] = [network(1), network(2)];
    const small = batch(50, 1);
    for (let index = 0; index < 3; index++) {
      alone.step(...small);
      inArena(() => together.step(...small));
    }
    const held = bitsOfVariables(together.variables);
    /** Asserts that an error says what there was no room for, and that no Variable has changed. */
    const check = ({ message }: Error, what: RegExp): void => {
      assertMatch(message, /^Cannot place .* in the arena: it can hold 1\.0 MB, (of which|and nothing)/);
      assertMatch(message, what);
      assertEquals(bitsOfVariables(together.variables), held);
    };
    // A tensor that is too large, when what the run needs beside it has found its place.
    const [w] = together.variables;
    const sum = compiledFor<[Value, Value], Value>(2, (x, y) => {
      const old = w!.value;
      w!.assign(w!.mul(1));
      return x.mul(old.sum()).sum().add(y.sum());
    });
    for (let index = 0; index < 2; index++) {
      const error = assertThrows(() => sum(normal([1000], 6), large), RangeError);
      check(error, /^Cannot place a tensor of float32\[524288\] \(2\.0 MB\)/);
      const [, ...holders] = error.message.split("\n");
      assertEquals(holders.map((line) => line.replace(/^ +[\d.]+ MB {2}/, "").replace(/e\d+ /, "e ")).sort(), [
        "a tensor of float32[1000]",
        "packed operands", // one for each thread
        "packed operands",
        "the Variable variable (float32[32,48])",
        "the scratch of programs",
      ]);
    }
    // Scratch that is too large.
    const product = compiledFor<[Value], Value>(2, (x) => x.matmul(x.transpose()).exp().sum(1));
    const rows = normal([600, 32], 8);
    check(assertThrows(() => product(rows), RangeError), /^Cannot place the scratch of programs \(1\.\d MB\)/);
    check(
      await assertRejects(() => product.async(rows), RangeError),
      /^Cannot place the scratch of programs \(1\.\d MB\)/,
    );
    await startWorkers(2);
    for (let index = 0; index < 3; index++) {
      assertEquals(
        bitsOf([inArena(() => together.step(...small)).concrete("compare")]),
        bitsOf([alone.step(...small).concrete("compare")]),
      );
    }
    assertEquals(bitsOfVariables(together.variables), bitsOfVariables(alone.variables));
    // The same function, of something smaller.
    assertEquals(inArena(() => sum(normal([1000], 6), normal([1000], 7))).shape, []);
  },

  constants() {
    const constant = normal([100], 1); // small: it is copied into the workspace
    const f = compiledFor<[Value], Value>(2, (x) => x.reshape([100, 1]).mul(constant));
    const [x, other] = [normal([100], 2), normal([100], 3)];
    const expected = bitsOf([inArena(() => f(x)).concrete("compare")]);
    const failing = compiledFor<[Value, Value], Value>(2, (a, b) => a.mul(other).sum().add(b.sum()));
    assertThrows(() => failing(normal([100], 4), large), RangeError, "Cannot place");
    assertEquals(bitsOf([inArena(() => f(x)).concrete("compare")]), expected);
  },
};

settings.arenaBytes = megabyte;
if (process.argv[2] === "growth") settings.arenaBytes = 64 * megabyte;
await startWorkers(2);
await scenes[process.argv[2]!]!();
workers.close();
console.log(`${process.argv[2]} as expected`);
