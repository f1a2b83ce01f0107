/**
 * jax-js on WebAssembly. What a compiled function returns is computed when it is asked for: by its workers, for a promise;
 * or on the calling thread, when numbers are read. Either may be the faster one.
 */
import type { Arr, Arrays, Jax } from "./jax_library.ts";
import { lossOf, resultsOf } from "./jax_works.ts";
import { load, versionOf } from "./load.ts";
import type { Results } from "./numbers.ts";
import type { Runtime, Task, Way } from "./runtime.ts";
import { parametersOf } from "./works.ts";

/** The library with so many workers. */
export async function jaxJs(threads: number): Promise<Runtime> {
  // It starts as many as this says.
  Object.defineProperty(navigator, "hardwareConcurrency", { value: threads, configurable: true });
  const jax = load<Jax>("@jax-js/jax");
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  return {
    version: versionOf("@jax-js/jax"),
    threads,
    open: (task) => [open(jax, task, "asynchronous"), open(jax, task, "synchronous")],
  };
}

/** What is compiled: all operands to all results, of which those of a step include parameters. */
function computeOf(jax: Jax, { work, work: { job } }: Task): (operands: Arrays) => Arrays {
  if (!("learningRate" in job)) return (operands) => resultsOf(jax, job, operands);
  const parameters = parametersOf(work);
  const pick = (operands: Arrays, chosen: boolean): Arrays =>
    Object.fromEntries(Object.entries(operands).filter(([name]) => parameters.includes(name) === chosen));
  return (operands) => {
    const before = pick(operands, true);
    const loss = jax.valueAndGrad((trained, data) => lossOf(jax, job, trained, data));
    const [value, gradients] = loss(jax.tree.ref(before), pick(operands, false));
    const after = parameters.map((name) => [name, before[name]!.sub(gradients[name]!.mul(job.learningRate))]);
    return { loss: value, ...Object.fromEntries(after) as Arrays };
  };
}

function open(jax: Jax, task: Task, name: "asynchronous" | "synchronous"): Way {
  const { work, operands: numbers } = task;
  const parameters = parametersOf(work);
  const operands: Record<string, Arr> = {};
  for (const [name, data] of Object.entries(numbers)) {
    operands[name] = jax.numpy.array(data, { shape: work.operands[name]!.shape });
  }
  const compute = jax.jit(computeOf(jax, task));
  let results: Arrays = {};
  const start = (): Arr[] => {
    jax.tree.dispose(results);
    results = compute(jax.tree.ref(operands));
    for (const name of parameters) {
      operands[name]!.dispose();
      operands[name] = results[name]!.ref;
    }
    return Object.values(results);
  };
  return {
    name,
    run: name === "asynchronous"
      ? async () => {
        start();
        await jax.blockUntilReady(results);
      }
      : () => {
        // All results of a function are computed when one is read: the smallest.
        const [smallest] = start().sort((a, b) => a.size - b.size);
        smallest!.ref.dataSync();
      },
    async results() {
      const read: Record<string, Float32Array> = {};
      for (const [name, array] of Object.entries(results)) read[name] = await array.ref.data();
      return read satisfies Results;
    },
    close() {
      jax.tree.dispose(results);
      jax.tree.dispose(operands);
      compute.dispose();
    },
  };
}
