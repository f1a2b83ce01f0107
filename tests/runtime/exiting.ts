/**
 * Uses the arena in one way, says what came of it, and ends without closing anything; see exit.test.ts.
 *
 *     … exiting.ts async
 *
 * Prints the sum that it computed, and the runs in the arena.
 * @module
 */
import process from "node:process";
import { setTuning } from "../../compiler/limits.ts";
import { runs } from "../../compiler/runtime/threads/runs.ts";
import { compile, random, tensor, type Value, workers } from "../../mod.ts";
import { finely, untilItHas } from "./support.ts";

const x = tensor(random.normal([64, 8], { key: random.key(1) }));
setTuning({ ...finely, threads: 2 });
const f = compile((x: Value) => x.greater(100).sum().add(7));

function report(sum: number): void {
  console.log(JSON.stringify({ sum, shared: runs.begun }));
}

/** A run that fails. */
function takeWrongly(): Promise<unknown> {
  const take = compile((x: Value, indices: Value) => x.take(indices).exp().sum());
  return take.async(x, tensor([0, 64], { dtype: "int32" }));
}

/** A run that makes the workers start, and is computed without them. */
function wake(): void {
  f(x);
}

const ways: Readonly<Record<string, () => void | Promise<void>>> = {
  "sync": async () => {
    await workers.start(2);
    report(f(x).item());
  },
  "sync without a wait": () => {
    wake();
    untilItHas(() => {
      f(x);
      return runs.begun > 0;
    });
    report(f(x).item());
  },
  "before the workers are there": () => report(f(x).item()),
  "async": async () => report((await f.async(x)).item()),
  "unawaited": () => {
    void f.async(x).then((result) => report(result.item()));
  },
  "unobserved": async () => {
    await workers.start(2);
    void f.async(x);
    report(7);
  },
  "started": async () => {
    await workers.start(2);
    report(7);
  },
  "starting": () => {
    void workers.start(2);
    report(7);
  },
  "closed": async () => {
    await workers.start(2);
    const result = f(x).item();
    workers.close();
    report(result);
  },
  "closed while starting": () => {
    wake();
    workers.close();
    report(7);
  },
  "error after a run": async () => {
    await workers.start(2);
    report(f(x).item());
    throw new Error("this was meant to happen");
  },
  "error in the event loop": async () => {
    await workers.start(2);
    setTimeout(() => {
      report(f(x).item());
      throw new Error("this was meant to happen");
    }, 1);
  },
  "error while a run waits": () => {
    void f.async(x);
    report(7);
    throw new Error("this was meant to happen");
  },
  "error of a run": async () => {
    await workers.start(2);
    void takeWrongly();
    report(7);
  },
  "error of a run that is caught": async () => {
    await workers.start(2);
    await takeWrongly().catch(() => {});
    report(f(x).item());
  },
  "error in the event loop that is caught": async () => {
    await workers.start(2);
    process.on("uncaughtException", () => report(f(x).item()));
    setTimeout(() => {
      f(x);
      throw new Error("this was meant to happen");
    }, 1);
  },
};

await ways[process.argv[2]!]!();
