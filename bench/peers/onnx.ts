/**
 * ONNX Runtime on WebAssembly: a session for each work. It knows no gradients, and copies operands in and results out at
 * every call.
 */
import { load, versionOf } from "./load.ts";
import { encode, type Model, type Node } from "./onnx_model.ts";
import { Missing, type Runtime, type Task, type Way } from "./runtime.ts";
import type { Job } from "./works.ts";

/** What is used of ONNX Runtime. */
interface Onnx {
  readonly env: { logLevel: string; readonly wasm: { numThreads: number } };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => Tensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: { readonly executionProviders: readonly string[] }): Promise<Session>;
  };
}

interface Tensor {
  readonly data: Float32Array;
}

interface Session {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
  release(): Promise<void>;
}

const name = "onnxruntime-web";
const options = { executionProviders: ["wasm"] };

/** The library on so many threads. */
export async function onnx(threads: number): Promise<Runtime> {
  const library = load<Onnx>(name);
  library.env.logLevel = "error";
  library.env.wasm.numThreads = threads;
  const small = { nodes: nodesOf({ kind: "exp" }), inputs: { x: [1] }, outputs: ["y"] };
  await (await library.InferenceSession.create(encode(small), options)).release();
  return {
    version: versionOf(name),
    threads: library.env.wasm.numThreads, // which is 1 by now where it cannot have threads
    open: async (task) => [await open(library, task)],
  };
}

const unary = (operator: string): Node[] => [{ operator, inputs: ["x"], output: "y" }];

/** The operators of a work. */
function nodesOf(job: Job): readonly Node[] {
  switch (job.kind) {
    case "matmul": {
      const operands = { inputs: ["a", "b"], output: "c" };
      if (job.transposed === undefined) return [{ operator: "MatMul", ...operands }];
      return [{ operator: "Gemm", ...operands, attributes: { [job.transposed === "a" ? "transA" : "transB"]: 1 } }];
    }
    case "exp":
      return unary("Exp");
    case "tanh":
      return unary("Tanh");
    case "gelu":
      return unary("Gelu");
    case "chain":
      return [
        { operator: "Mul", inputs: ["x", "y"], output: "xy" },
        { operator: "Add", inputs: ["xy", "x"], output: "sum" },
        { operator: "Tanh", inputs: ["sum"], output: "tanh" },
        { operator: "Mul", inputs: ["tanh", "y"], output: "product" },
        { operator: "Add", inputs: ["product", "one"], output: "z" },
      ];
    case "sum":
      return [{ operator: "ReduceSum", inputs: ["x"], output: "y", attributes: { keepdims: 0 } }];
    case "softmax":
      if (!job.backward) return [{ operator: "Softmax", inputs: ["x"], output: "y", attributes: { axis: -1 } }];
      break;
    case "layerNorm":
      if (!job.backward) {
        const attributes = { axis: -1, epsilon: { float: 1e-5 } };
        return [{ operator: "LayerNormalization", inputs: ["x", "gamma", "beta"], output: "y", attributes }];
      }
      break;
    case "crossEntropy":
    case "mlp":
    case "cnn":
    case "transformer":
      break;
    default:
      return job satisfies never;
  }
  throw new Missing("it has no gradients");
}

async function open(library: Onnx, { work, operands }: Task): Promise<Way> {
  const nodes = nodesOf(work.job);
  const feeds: Record<string, Tensor> = {};
  const inputs: Record<string, readonly number[]> = {};
  for (const [name, numbers] of Object.entries(operands)) {
    if (numbers instanceof Int32Array) throw new Missing("it has no gradients"); // only losses have classes
    const { shape } = work.operands[name]!;
    feeds[name] = new library.Tensor("float32", numbers, shape);
    inputs[name] = shape;
  }
  const model: Model = { nodes, inputs, constants: { one: 1 }, outputs: [nodes.at(-1)!.output] };
  const session = await library.InferenceSession.create(encode(model), options);
  let results: Readonly<Record<string, Tensor>> = {};
  return {
    async run() {
      results = await session.run(feeds);
    },
    results: () => Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data])),
    close: () => void session.release(),
  };
}
