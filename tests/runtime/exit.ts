/**
 * Uses the workers in one of several ways and does nothing afterwards: the process is to exit by itself.
 *
 *     … exit.ts synchronous
 * @module
 */
import process from "node:process";
import { compile, Operation, random, type Tensor, tensor, type Value, workers } from "../../mod.ts";
import { setTuning } from "../../compiler/limits.ts";
import { runs } from "../../compiler/runtime/runs.ts";
import { finely } from "./support.ts";

class Fails extends Operation {
  override compute(x: Tensor): Tensor {
    if (x.data[0]! > 0) throw new Error("as it was told");
    return x;
  }
}

const x = tensor(random.normal([64, 8], { key: random.key(1) })).abs();
setTuning({ ...finely, threads: 3 });
const f = compile((x: Value) => x.exp().sum(1));
const failing = compile((x: Value) => Fails.apply(x.exp()).sum(1));

const ways: Record<string, () => unknown> = {
  "synchronous": () => f(x),
  "asynchronous": () => f.async(x),
  "not awaited": () => void f.async(x),
  "only started": () => {},
  "closed": () => {
    f(x);
    workers.close();
  },
  "closed at once": () => {
    void f.async(x).catch(() => {});
    workers.close();
  },
  "failed": () => {
    try {
      failing(x);
    } catch (error) {
      console.log((error as Error).message.split("\n")[0]); // an Error by the class above
    }
  },
  "uncaught": () => failing.async(x),
  "never ready": () => {},
};

const way = process.argv[2]!;
if (way === "never ready") {
  f(x); // starts workers, and is over before they are there
} else {
  await workers.start(3);
  f(x);
  await ways[way]!();
  if (runs.begun === 0) throw new Error("nothing ran in the arena");
}
console.log("the end");
