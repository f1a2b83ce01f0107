/**
 * Trains where something that threads need is missing, which it takes away before the library is loaded; see
 * fallback.test.ts.
 *
 *     … limited.ts "no SharedArrayBuffer"
 *
 * Prints the bits of all results, the threads that there are, the runs in the arena, and the first line of what explain
 * says. The clock stands still during the asynchronous calls: one that waited for workers by it again, which have been
 * waited for once, would never end.
 * @module
 */
import process from "node:process";

/** A worker that is never heard of. */
class Mute extends EventTarget {
  postMessage(): void {}
  terminate(): void {}
}

/** A worker that cannot be loaded. */
class Failing extends Mute {
  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new Event("error", { cancelable: true })), 1);
  }
}

/** A constructor that throws, as where a page's policy forbids workers. */
class Forbidden {
  constructor() {
    throw new Error("workers are not allowed here");
  }
}

function put(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

const limits: Readonly<Record<string, () => void>> = {
  "none": () => {},
  "no SharedArrayBuffer": () => void Reflect.deleteProperty(globalThis, "SharedArrayBuffer"),
  "no Worker": () => put("Worker", undefined),
  "no Blob": () => put("Blob", undefined),
  "no WebAssembly": () => put("WebAssembly", undefined),
  "no code generation": () => put("Function", Forbidden),
  "workers that are forbidden": () => put("Worker", Forbidden),
  "workers that fail to load": () => put("Worker", Failing),
  "workers that never answer": () => put("Worker", Mute),
};
const limit = process.argv[2]!;
const workersAreMissing = limit.includes("workers");
limits[limit]?.();

const { compile, crossEntropy, Operation, random, RegisterGradient, scatterAdd, tensor, train, Variable, workers } =
  await import(
    "../../mod.ts"
  );
const { setTuning } = await import("../../compiler/limits.ts");
const { setWasmFeatures } = await import("../../compiler/emit/wasm/asm/features.ts");
if (limit === "no vectors") setWasmFeatures({ vectors: false });
if (limit === "no relaxed vectors") setWasmFeatures({ relaxed: false });
const { runs, settings } = await import("../../compiler/runtime/threads/runs.ts");
const { bitsOf, finely } = await import("./support.ts");
type Value = import("../../mod.ts").Value;
type Tensor = import("../../mod.ts").Tensor;

class Passing extends Operation {
  override compute(x: Tensor): Tensor {
    return x;
  }
}
RegisterGradient(Passing)((_, gradient: Value) => gradient);

setTuning({ ...finely, threads: 2, emitter: limit === "JavaScript" ? "js" : "wasm" });
const normal = (shape: readonly number[], key: number): Tensor =>
  tensor(random.normal(shape, { key: random.key(key) }));
const [x, y] = [normal([37, 11], 1), tensor(Array.from({ length: 37 }, (_, row) => row % 5), { dtype: "int32" })];
const [w1, w2] = [new Variable(normal([11, 19], 2)), new Variable(normal([19, 5], 3))];
const optimizer = new train.Adam({ learningRate: 0.01 });
const step = compile((x: Value, y: Value) =>
  optimizer.minimize(() => crossEntropy(Passing.apply(x.matmul(w1).tanh()).matmul(w2), y))
);
const totals = compile((x: Value) => [
  x.exp().sum(),
  x.mean(0),
  x.softmax(),
  x.argmax(1),
  scatterAdd(y, x, { length: 5 }),
  scatterAdd(y, x.matmul(w1), { length: 7 }),
]);

if (workersAreMissing) settings.startLimit = 50; // in vain
const threads = await workers.start(2);
const results: Tensor[] = [];
for (let index = 0; index < 5; index++) results.push(step(x, y), ...totals(x));
const { now } = Date;
const instant = now();
Date.now = () => instant;
for (let index = 0; index < 5; index++) results.push(await step.async(x, y), ...(await totals.async(x)));
results.push(...(await Promise.all([step.async(x, y), step.async(x, y), step.async(x, y)])));
results.push(step(x, y));
Date.now = now;
results.push(...[w1, w2].map((variable) => variable.value.concrete("compare")));
const explained = step.explain(x, y).split("\n")[0]!;
console.log(JSON.stringify({ bits: bitsOf(results), threads, shared: runs.begun, explained }));
