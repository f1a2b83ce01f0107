/**
 * What `compile.ts` compiles, and how it takes the time of a compilation, as a whole and stage by stage.
 *
 * It runs in processes of its own, so it imports nothing but the library.
 */
import { compile, concat, crossEntropy, type Tensor, tensor, train, type Value, Variable } from "../mod.ts";
import { decompose } from "../src/graph/decompose.ts";
import { fuse } from "../compiler/fusion/fuse.ts";
import { materialize } from "../compiler/passes/materialize.ts";
import { ProgramExecutor } from "../compiler/runtime/executor.ts";
import { schedule } from "../compiler/program/schedule.ts";
import { simplify } from "../compiler/passes/simplify.ts";
import { buildProgram } from "../compiler/program/program_builder.ts";
import type { Placeholder } from "../src/graph/placeholder.ts";
import { specialize } from "../src/graph/specialize.ts";
import { currentExecutor, installExecutor } from "../src/executor.ts";
import type { GraphFunction } from "../src/graph/function.ts";
import type { TensorType } from "../src/tensor_type.ts";

/** A fresh function to compile, and what it is called with. */
interface Subject {
  readonly fn: (...args: Value[]) => Value;
  readonly args: readonly Value[];
}

/** Milliseconds of each stage, by its name. */
export type Stages = Record<string, number>;

/** When the forward part of the function that was recorded last was complete, where it tells. */
let forward: number | undefined;

/** Some numbers. No operation makes them: the first that is compiled is to be the first of its process. */
function numbers(shape: readonly number[]): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(Float32Array.from({ length: size }, (_, index) => Math.sin(index)), { shape });
}

/** A training step of a classifier: 784-256-128-10 at size 0, a batch of 64. */
function trainingStep(size: number): Subject {
  const widths = [784, 256 + size, 128 + size, 10];
  const layers = widths.slice(1).map((width, index) => ({
    w: new Variable(numbers([widths[index]!, width])),
    b: new Variable(numbers([width])),
  }));
  const model = (x: Value): Value =>
    layers.reduce((value, { w, b }, index) => {
      const next = value.matmul(w).add(b);
      return index < layers.length - 1 ? next.relu() : next;
    }, x);
  const optimizer = new train.GradientDescentOptimizer(0.1);
  return {
    fn: (x, y) =>
      optimizer.minimize(() => {
        const loss = crossEntropy(model(x!), y!);
        forward = performance.now();
        return loss;
      }),
    args: [numbers([64, 784]), tensor(Array.from({ length: 64 }, (_, index) => index % 10), { dtype: "int32" })],
  };
}

/** A thousand element-wise operations on one shape. Every one uses the last result, and some an earlier one. */
function elementwise(size: number): Subject {
  const fn = (x: Value, y: Value): Value => {
    const values = [x, y];
    for (let index = 0; values.length < 1002; index++) {
      const last = values.at(-1)!;
      const earlier = values[Math.floor(values.length * 0.7)]!;
      switch (index % 5) {
        case 0:
          values.push(last.add(earlier));
          break;
        case 1:
          values.push(last.tanh());
          break;
        case 2:
          values.push(last.mul(y));
          break;
        case 3:
          values.push(last.maximum(earlier));
          break;
        default:
          values.push(last.abs());
      }
    }
    return values.at(-1)!;
  };
  return { fn: fn as Subject["fn"], args: [numbers([32, 16 + size]), numbers([32, 16 + size])] }; // it takes two
}

/** A thousand operations of all kinds: element-wise ones, reductions, movements, and products of small matrices. */
function mixed(size: number): Subject {
  const width = 16 + size;
  const fn = (x: Value, w: Value): Value => {
    let last = x;
    let earlier = x;
    // Eleven operations, 91 times, all but one of which keep the shape.
    for (let index = 0; index < 91; index++) {
      const centred = last.sub(last.mean(1, { keepDims: true }));
      const scaled = centred.mul(w.sum(0)).tanh();
      const next = scaled.matmul(w).add(earlier).relu();
      earlier = index % 2 === 0 ? last : earlier;
      last = index % 3 === 0 ? concat([next.slice([0], [16]), last.slice([16])]) : next.sub(last.max()).exp();
    }
    return last.sum();
  };
  return { fn: fn as Subject["fn"], args: [numbers([32, width]), numbers([width, width])] }; // it takes two
}

/** All subjects, by name. */
export const subjects = { "training step": trainingStep, "element-wise": elementwise, "mixed": mixed };

/** The name of a subject. */
export type SubjectName = keyof typeof subjects;

/** Milliseconds that recording and compiling a fresh function take, without a run. */
export function timeOf(name: SubjectName, size: number): number {
  const { fn, args } = subjects[name](size);
  const start = performance.now();
  compile(fn).kernels(...args);
  return performance.now() - start;
}

/** The same, taken apart. */
export function stagesOf(name: SubjectName, size: number): Stages {
  const { fn, args } = subjects[name](size);
  const executor = currentExecutor();
  const stages: Stages = {};
  let start = 0;
  const stage = <T>(title: string, work: () => T): T => {
    start = performance.now();
    const result = work();
    stages[title] = performance.now() - start;
    return result;
  };
  installExecutor({
    eager: (op, inputs, attributes) => executor.eager(op, inputs, attributes),
    compile(graphFunction, options) {
      const recorded = performance.now();
      stages["trace"] = (forward ?? recorded) - start;
      stages["gradients"] = recorded - (forward ?? recorded);
      const primitive = stage("decompose", () => decompose(graphFunction));
      const simple = stage("simplify", () => simplify(primitive));
      const materialized = stage("materialise", () => materialize(simple));
      const fused = stage("fuse", () => fuse(materialized, options));
      // Kernels as code are a part of it: engines and emitters remember them, so that they cannot be made a second time.
      const table = stage("table and code", () => buildProgram(materialized, fused, options));
      stage("schedule", () => schedule(table, (call) => call.kind === "host" || call.kernel.checks.length > 0));
      // Only sessions specialise; the same work on this graph.
      stage("specialise", () => specialized(graphFunction));
      return new ProgramExecutor(graphFunction, options);
    },
  });
  forward = undefined;
  start = performance.now();
  try {
    compile(fn).kernels(...args);
  } finally {
    installExecutor(executor);
  }
  return stages;
}

function specialized({ inputs, outputs, assigns }: GraphFunction): GraphFunction {
  const types = new Map<Placeholder, TensorType>();
  for (const placeholder of inputs) if (placeholder.type !== undefined) types.set(placeholder, placeholder.type);
  return specialize([...outputs, ...assigns], types);
}
