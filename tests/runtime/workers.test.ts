// The pool: starting and closing it, a worker that is lost, programs inside of workers.
import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { compile, random, type Tensor, tensor, type Value, workers } from "../../mod.ts";
import { threadWord, word, type WorkerMethods } from "../../compiler/runtime/threads/protocol.ts";
import { runs } from "../../compiler/runtime/threads/runs.ts";
import { arm, withFaults } from "./observers.ts";
import { finely, onThreads, runProgram, sharedRuns, Starting, startWorkers, ticks, untilItHas } from "./support.ts";
import { withTuning } from "../../compiler/limits.ts";

const x = tensor(random.normal([64, 8], { key: random.key(1) }));
const sum = (x: Value): Value => x.exp().sum(1);

describe("workers", () => {
  it("start when they are asked for, and are counted with the calling thread", async () => {
    workers.close();
    assertEquals(await workers.start(1), 1);
    assertEquals(await workers.start(3), 3);
    assertThrows(
      () => workers.start(0),
      RangeError,
      "Cannot start workers: threads is 0, not a whole number ≥ 1",
    );
    assertThrows(() => workers.start(1.5), RangeError, "Cannot start workers: threads is 1.5, not a whole number ≥ 1");
  });

  it("start by themselves: until they are there, a program runs on the calling thread", () => {
    workers.close();
    const f = withTuning({ ...finely, threads: 2 }, () => {
      const compiled = compile(sum);
      compiled.kernels(x);
      return compiled;
    });
    let result = f(x);
    const expected = result.toArray();
    // In a loop that never lets the event loop run, too.
    untilItHas(() => sharedRuns(() => result = f(x)) > 0);
    assertEquals(result.toArray(), expected);
  });

  it("end when they are closed, and start again", async () => {
    const f = await onThreads(2, () => {
      const compiled = compile(sum);
      compiled(x);
      return compiled;
    });
    const expected = f(x).toArray();
    workers.close();
    workers.close();
    assertEquals(sharedRuns(() => assertEquals(f(x).toArray(), expected)), 0);
    await startWorkers(2);
    assertEquals(sharedRuns(() => assertEquals(f(x).toArray(), expected)), 1);
  });

  it("are not waited for when they were closed meanwhile", async () => {
    workers.close();
    const starting = new Starting();
    await starting.during(async () => {
      starting.hold();
      const ready = workers.start(2);
      await ticks(2);
      workers.close();
      assertEquals(await ready, 1);
    });
  });

  it("are sent a program once, and forget the one that ran longest ago when they hold many", async () => {
    workers.close();
    const starting = new Starting();
    await starting.during(() => startWorkers(2));
    const loads = (): Parameters<WorkerMethods["load"]>[] =>
      starting.calls.flatMap((call) =>
        call.method === "load" ? [call.arguments as Parameters<WorkerMethods["load"]>] : []
      ); // its arguments
    const loaded = (): number[] => loads().flatMap(([programs]) => programs.map(({ id }) => id));
    const forgotten = (): number[] => loads().flatMap(([, , ids]) => [...ids]);
    const programs: (() => number)[] = [];
    // All are called several times, the first one between any two others.
    while (forgotten().length === 0) {
      assert(programs.length < 2000, "they hold all");
      const term = programs.length;
      const f = withTuning({ ...finely, threads: 2 }, () => {
        const compiled = compile((x: Value) => x.add(term).sum(1));
        compiled(x);
        return compiled;
      });
      programs.push(() => sharedRuns(() => void f(x)));
      for (let index = 0; index < 3; index++) assertEquals([programs.at(-1)!(), programs[0]!()], [1, 1]);
    }
    const ids = loaded();
    assertEquals(ids.length, programs.length);
    assertEquals(forgotten(), [ids[1]]);
    assertEquals(programs[1]!(), 1); // it is sent again
    assertEquals(loaded(), [...ids, ids[1]]);
    assertEquals(forgotten(), [ids[1], ids[2]]);
  });

  it("end when there has been nothing to do for a while", async () => {
    const f = await onThreads(2, () => {
      const compiled = compile(sum);
      compiled(x);
      return compiled;
    });
    assertEquals(runs.workers, 1);
    while (runs.workers > 0) await ticks(1);
    assertEquals(sharedRuns(() => void f(x)), 0);
  });

  it("that are lost in the middle of a run fail it, and the next one runs", async () => {
    const starting = new Starting();
    const f = compile((x: Value) => {
      let y = x;
      for (let index = 0; index < 100; index++) y = y.sub(y.mean()).tanh();
      return y.sum();
    }, { threads: 2 });
    const numbers = (length: number): Tensor => tensor(random.normal([length], { key: random.key(2) }));
    let many = numbers(250_000);
    workers.close();
    let error: Error | undefined;
    // A run may be over before its worker has taken a part of it. A longer one may not.
    while (error === undefined) {
      if (many.size < 2_000_000) many = numbers(2 * many.size);
      f.kernels(many);
      error = await withFaults(async () => {
        await starting.during(() => startWorkers(2));
        arm({ kind: "exit", row: -1, thread: -1 });
        return f.async(many).then(() => undefined, (error) => error as Error); // nothing else is thrown
      });
    }
    assertMatch(
      error.message,
      /^Cannot finish k\d+_\w+ of anonymous: the worker that computed a part of it was lost\n {4}recorded at /,
    );
    const result = await f.async(many);
    assertEquals(result.item(), f(many).item());
  });

  it("hold before they claim: one that ends in between takes no chunk with it that nobody knows of", async () => {
    const f = await onThreads(2, () => {
      const compiled = compile(sum);
      compiled(x);
      return compiled;
    });
    const { add } = Atomics;
    const held: (number | undefined)[] = [];
    Atomics.add = ((words: Int32Array<ArrayBuffer>, index: number, value: number) => {
      if (index === word.next) held.push(words[threadWord(0, "holding")]);
      return add(words, index, value);
    }) as typeof add; // the only one of its forms that is called
    try {
      untilItHas(() => sharedRuns(() => f(x)) > 0 && held.length > 0); // the worker may claim all of it
    } finally {
      Atomics.add = add;
    }
    assertEquals(held, held.map(() => -1));
    assertEquals(runs.control![threadWord(0, "holding")], 0);
  });

  it("run programs inside of other workers", () => {
    const { output, errors, status } = runProgram("in_worker.ts");
    assertEquals([status, output.trim()], [0, "true true"], errors);
  });
});
