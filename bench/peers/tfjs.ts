/**
 * TensorFlow.js, with its operations in WebAssembly or in JavaScript. They compute when they are called, so a work is done
 * when the call is over, and nothing has to be read.
 */
import { load, pathOf, versionOf } from "./load.ts";
import { Missing, type Runtime, type Task, type Way } from "./runtime.ts";
import type { Tensor, TensorFlow } from "./tfjs_library.ts";
import { lossOf, resultsOf, type Tensors } from "./tfjs_works.ts";
import { parametersOf } from "./works.ts";

/** What the package of the WebAssembly operations exports. */
interface WasmBackend {
  setWasmPaths(folder: string): void;
  setThreadsCount(threads: number): void;
  getThreadsCount(): number;
}

/** The library with one of its backends. */
export async function tfjs(backend: "wasm" | "cpu", threads: number): Promise<Runtime> {
  const tf = load<TensorFlow>("@tensorflow/tfjs");
  let started = 1;
  if (backend === "wasm") {
    const name = "@tensorflow/tfjs-backend-wasm";
    const wasm = load<WasmBackend>(name);
    wasm.setWasmPaths(pathOf(name, "dist/"));
    wasm.setThreadsCount(threads);
    if (!await tf.setBackend(backend)) throw new Missing("its WebAssembly does not start");
    started = wasm.getThreadsCount();
  } else {
    await tf.setBackend(backend);
  }
  return {
    version: versionOf("@tensorflow/tfjs"),
    threads: started,
    open: (task) => waysOf(tf, task).map((way) => open(tf, backend, task, way)),
  };
}

/** Convolutions take images and filters with channels last; a dense layer behind one has its rows in that order. */
const layouts: Readonly<Record<string, { readonly as: readonly number[]; readonly axes: readonly number[] }>> = {
  w1: { as: [8, 1, 3, 3], axes: [2, 3, 1, 0] },
  w2: { as: [16, 8, 3, 3], axes: [2, 3, 1, 0] },
  w3: { as: [16, 7, 7, 10], axes: [1, 2, 0, 3] },
};

function toOwnLayout(tf: TensorFlow, name: string, tensor: Tensor): Tensor {
  if (name === "x") return tf.reshape(tensor, [64, 28, 28, 1]); // one channel
  const layout = layouts[name];
  if (layout === undefined) return tensor;
  const moved = tf.transpose(tf.reshape(tensor, layout.as), layout.axes);
  return name === "w3" ? tf.reshape(moved, [784, 10]) : moved;
}

function fromOwnLayout(tf: TensorFlow, name: string, tensor: Tensor): Tensor {
  const layout = layouts[name];
  if (layout === undefined) return tensor;
  const lengths = layout.axes.map((axis) => layout.as[axis]!);
  const back = layout.axes.map((_, axis) => layout.axes.indexOf(axis));
  return tf.transpose(tf.reshape(tensor, lengths), back);
}

/** What is done in a call, tensors to results. */
type Once = (tensors: Tensors) => Tensors;

function waysOf(tf: TensorFlow, task: Task): { readonly name?: string; readonly once: Once }[] {
  const { work, work: { job } } = task;
  if ("learningRate" in job) {
    const optimizer = tf.train.sgd(job.learningRate);
    const trained = (tensors: Tensors): Tensor[] => parametersOf(work).map((name) => tensors[name]!);
    const loss = (tensors: Tensors) => (): Tensor => lossOf(tf, job, tensors);
    return [{ once: (tensors) => ({ loss: optimizer.minimize(loss(tensors), true, trained(tensors)) }) }];
  }
  const once = (tensors: Tensors): Tensors => resultsOf(tf, job, tensors);
  if (job.kind !== "matmul" || job.transposed === undefined) return [{ once }];
  // Its product of a transposed matrix is slow enough for a copy to be worth trying.
  const { transposed } = job;
  const copied = (tensors: Tensors): Tensors =>
    resultsOf(tf, { kind: "matmul" }, { ...tensors, [transposed]: tf.transpose(tensors[transposed]!, [1, 0]) });
  return [{ name: "as it lies", once }, { name: "copied first", once: copied }];
}

function tensorsOf(tf: TensorFlow, { work, operands }: Task): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  const parameters = parametersOf(work);
  for (const [name, numbers] of Object.entries(operands)) {
    const declared = work.operands[name]!;
    tensors[name] = tf.tidy(() => {
      const tensor = tf.tensor(numbers, declared.shape, numbers instanceof Int32Array ? "int32" : "float32");
      if ("classes" in declared) return tf.oneHot(tensor, declared.classes);
      const own = work.job.kind === "cnn" ? toOwnLayout(tf, name, tensor) : tensor;
      return parameters.includes(name) ? tf.keep(tf.variable(own)) : own;
    });
  }
  return tensors;
}

function open(tf: TensorFlow, backend: string, task: Task, { name, once }: ReturnType<typeof waysOf>[number]): Way {
  const { work, work: { job } } = task;
  const tensors = tensorsOf(tf, task);
  let results: Tensors = {};
  const disposeOf = (each: Tensors): void => Object.values(each).forEach((tensor) => tensor.dispose());
  return {
    ...(name === undefined ? {} : { name }),
    run() {
      disposeOf(results);
      results = {};
      try {
        results = tf.tidy(() => once(tensors));
      } catch (error) {
        const kernel = /Kernel '(\w+)' not registered/.exec(String(error))?.[1];
        throw kernel === undefined ? error : new Missing(`its backend ${backend} has no ${kernel}`);
      }
    },
    async results() {
      const read: Record<string, Float32Array> = {};
      const parameters = Object.fromEntries(parametersOf(work).map((name) => [name, tensors[name]!]));
      for (const [name, tensor] of Object.entries({ ...results, ...parameters })) {
        const data = await (job.kind === "cnn" ? fromOwnLayout(tf, name, tensor) : tensor).data();
        read[name] = Float32Array.from(data);
      }
      return read;
    },
    close() {
      disposeOf(results);
      disposeOf(tensors);
    },
  };
}
