/**
 * Takes away something that threads need, before the library is loaded, and prints what programs give all the same.
 *
 *     … without.ts SharedArrayBuffer
 * @module
 */
import process from "node:process";

const scope = globalThis as unknown as Record<string, unknown>; // it is changed here as no program should

/** What is like a worker, but does nothing. */
class Deaf extends EventTarget {
  postMessage(): void {}
  terminate(): void {}
}

const absences: Record<string, () => void> = {
  nothing: () => {},
  SharedArrayBuffer: () => void delete scope["SharedArrayBuffer"],
  Worker: () => void delete scope["Worker"],
  permission: () => {
    scope["Worker"] = class {
      constructor() {
        throw new Error("workers are forbidden");
      }
    };
  },
  answers: () => {
    scope["Worker"] = Deaf;
  },
  health: () => {
    scope["Worker"] = class extends Deaf {
      constructor() {
        super();
        setTimeout(() => this.dispatchEvent(new Event("error", { cancelable: true })), 10);
      }
    };
  },
};

absences[process.argv[2]!]!();

const { compile, crossEntropy, random, tensor, train, Variable } = await import("../../mod.ts");
const { setTuning } = await import("../../compiler/limits.ts");
const { bitsOf, finely } = await import("./support.ts");

setTuning({ ...finely, threads: 2 });
const x = tensor(random.normal([20, 6], { key: random.key(1) }));
const y = tensor(Array.from({ length: 20 }, (_, row) => row % 3), { dtype: "int32" });
const w = new Variable(random.normal([6, 3], { key: random.key(2) }));
const optimizer = new train.Adam({ learningRate: 0.1 });
const step = compile((x: typeof w.value, y: typeof w.value) => optimizer.minimize(() => crossEntropy(x.matmul(w), y)));
const losses = [step(x, y), step(x, y)];
if (process.argv[2] !== "answers") losses.push(await step.async(x, y)); // one waits for the first answer for five seconds
else losses.push(step(x, y));
console.log(bitsOf([...losses, w.value.concrete("compare")]));
