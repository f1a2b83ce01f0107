/**
 * Training in a small arena, in one of several ways; prints what came of it.
 *
 *     … arena_use.ts pressure
 * @module
 */
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { compile, ones, random, type Tensor, tensor, type Value, Variable, workers } from "../../mod.ts";
import { setTuning } from "../../compiler/limits.ts";
import { runs, settings } from "../../compiler/runtime/runs.ts";
import { finely } from "./support.ts";

const megabyte = 2 ** 20;
setTuning({ ...finely, threads: 2, chunkWork: 2 ** 14 });

/** A tensor of a megabyte. */
const batch = (key: number): Tensor => tensor(random.normal([512, 512], { key: random.key(key) }));

/** Asserts that tensors are the same to the last bit. */
function assertSame(actual: readonly Value[], expected: readonly Value[]): void {
  actual.forEach(({ data }, index) => {
    const other = expected[index]!.data;
    assertEquals(data.length, other.length);
    if (!data.every((value, place) => Object.is(value, other[place]))) throw new Error(`tensor ${index} differs`);
  });
}

/** Training steps on batches, each of which is new. */
function training(threads: number): { step: (x: Tensor) => Tensor; w: Variable } {
  const w = new Variable(ones([512, 512]), { name: "weights" });
  const compiled = compile((x: Value) => {
    const next = w.mul(0.5).add(x);
    w.assign(next);
    return next.square().mean();
  }, { threads });
  return { step: (x) => compiled(x), w };
}

const ways: Record<string, () => void> = {
  /** A tensor is copied in once, whoever feeds it, under whatever shape; a Variable lives there and is used as ever. */
  identity() {
    const x = batch(1);
    const f = compile((x: Value) => x.exp().sum(1));
    const { step, w } = training(2);
    f(x);
    step(x);
    const used = runs.arena!.usedBytes;
    for (let index = 0; index < 5; index++) {
      f(x);
      step(x);
    }
    compile((x: Value) => x.neg().sum())(x.reshape([256, 1024]).concrete("feed"));
    assertEquals(runs.arena!.usedBytes, used);
    assert(w.storage.buffer instanceof SharedArrayBuffer);
    const before = w.value;
    w.assign(w.add(1));
    assertEquals(w.add(0).concrete("compare").data[5], before.data[5]! + 1);
  },
  /** Copies of batches go, and Variables that are not used, and results stay what they are. */
  pressure() {
    const others = Array.from({ length: 6 }, () => training(2));
    const alone = training(1);
    for (let index = 0; index < 40; index++) {
      const x = batch(index);
      const { step, w } = others[0]!;
      assertSame([step(x), w], [alone.step(x), alone.w]);
      others[index % 6 || 1]!.step(x);
    }
    assert(runs.arena!.usedBytes <= 16 * megabyte);
    for (const { w } of others) assertEquals(w.value.shape, [512, 512]);
  },
  /** The arena grows in the middle of training. */
  growth() {
    const [shared, alone] = [training(2), training(1)];
    const kept: Tensor[] = [];
    let lengths = new Set<number>();
    for (let index = 0; index < 30; index++) {
      kept.push(batch(index));
      const x = kept[index]!;
      assertSame([shared.step(x)], [alone.step(x)]);
      lengths = lengths.add(runs.arena!.memory.buffer.byteLength);
    }
    assert(lengths.size >= 3, [...lengths].join());
    assertSame([shared.w], [alone.w]);
  },
  /** What is too large for the arena is an error that lists what it holds, and changes nothing. */
  exhaustion() {
    const { step, w } = training(2);
    step(batch(1));
    const before = w.value;
    const large = compile((xs: Value[]) => xs.map((x) => w.add(x).sum()));
    const xs = Array.from({ length: 9 }, (_, key) => batch(key));
    let message = "";
    try {
      large(xs);
    } catch (error) {
      assert(error instanceof RangeError);
      message = error.message;
    }
    console.log(message.replace(/\d+\.\d+/g, "…"));
    assertSame([w], [before]);
    const alone = training(1);
    alone.step(batch(1));
    assertSame([step(batch(2))], [alone.step(batch(2))]);
  },
};

const sizes: Record<string, number> = { pressure: 16 * megabyte, exhaustion: 8 * megabyte };
settings.arenaBytes = sizes[process.argv[2]!] ?? settings.arenaBytes;
if (await workers.start(2) < 2) throw new Error("the workers have not started");
ways[process.argv[2]!]!();
console.log(runs.begun > 0 ? "done" : "nothing ran in the arena");
workers.close();
