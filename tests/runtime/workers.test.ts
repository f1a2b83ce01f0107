// The pool: starting and closing it, a worker that is lost, programs inside of workers.
import { describe, it } from "node:test";
import process from "node:process";
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { compile, random, tensor, type Value, workers } from "../../mod.ts";
import { arm } from "../../compiler/runtime/faults.ts";
import { runs } from "../../compiler/runtime/runs.ts";
import { finely, onThreads, runProgram, sharedRuns } from "./support.ts";
import { withTuning } from "../../compiler/limits.ts";

const x = tensor(random.normal([64, 8], { key: random.key(1) }));
const sum = (x: Value): Value => x.exp().sum(1);

describe("workers", { timeout: 60_000 }, () => {
  it("start when they are asked for, and are counted with the calling thread", async () => {
    workers.close();
    assertEquals(await workers.start(1), 1);
    assertEquals(await workers.start(3), 3);
    assertThrows(
      () => workers.start(0),
      RangeError,
      "Cannot start workers for 0 threads: it takes a whole number from 1",
    );
    assertThrows(() => workers.start(1.5), RangeError, "1.5 threads");
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
    const end = performance.now() + 10_000;
    while (sharedRuns(() => result = f(x)) === 0) assert(performance.now() < end, "no worker came");
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
    await workers.start(2);
    assertEquals(sharedRuns(() => assertEquals(f(x).toArray(), expected)), 1);
  });

  it("end when there has been nothing to do for a while", async () => {
    const f = await onThreads(2, () => {
      const compiled = compile(sum);
      compiled(x);
      return compiled;
    });
    await new Promise((resolve) => setTimeout(resolve, 800));
    assertEquals(sharedRuns(() => void f(x)), 0);
  });

  it("that are lost in the middle of a run fail it, and the next one runs", async () => {
    workers.close();
    const Original = globalThis.Worker;
    const made: Worker[] = [];
    globalThis.Worker = class extends Original {
      constructor(address: string | URL, options?: WorkerOptions) {
        super(address, options);
        made.push(this);
      }
    };
    try {
      await workers.start(2);
    } finally {
      globalThis.Worker = Original;
    }
    const f = compile((x: Value) => {
      let y = x;
      for (let index = 0; index < 100; index++) y = y.sub(y.mean()).tanh();
      return y.sum();
    });
    const many = tensor(random.normal([500_000], { key: random.key(2) }));
    f.kernels(many);
    const lost = f.async(many);
    setTimeout(() => {
      // On Deno, ending a worker that computes would hang the process: there it is asked to leave.
      if (process.versions["bun"] === undefined) arm(runs.control!, { kind: "leave", row: -1, thread: -1 });
      else made[0]!.terminate();
    }, 30);
    const error = await assertRejects(() => lost, Error);
    assertMatch(
      error.message,
      /^Cannot finish k\d+_\w+ of anonymous: the worker that computed a part of it was lost\n {4}recorded at /,
    );
    const result = await f.async(many);
    assertEquals(result.item(), f(many).item());
  });

  it("run programs inside of other workers", () => {
    const { output, errors, status } = runProgram("in_worker.ts");
    assertEquals([status, output.trim()], [0, "true true"], errors);
  });
});
