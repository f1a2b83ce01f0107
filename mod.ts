/**
 * Tensorloom: deep learning in TypeScript, with nothing native to install. Ordinary eager tensor code, recorded into a
 * static graph, compiled into one program.
 *
 * @example
 * ```ts
 * import { compile, grad, tensor, type Value } from "@tensorloom/tensorloom";
 *
 * const f = (x: Value) => x.mul(x).sum();
 * console.log(grad(f)(tensor([1, 2, 3])).toArray()); // [2, 4, 6]
 * console.log(compile(f)(tensor([1, 2, 3])).item()); // 14
 * ```
 * @module
 */
import { endOwnCode } from "./src/own_code.ts"; // comes first
import "./compiler/install.ts";
import "./src/graph/draw/install.ts";
import "./src/ops/fluent.ts";

export type { DType, TypedArray } from "./src/dtype.ts";
export type { Shape } from "./src/shape.ts";
export { TensorType, type Weakness } from "./src/tensor_type.ts";
export {
  type LikeNode,
  type LikeTensor,
  type NestedArray,
  type Operand,
  type Result,
  type TensorData,
  Value,
} from "./src/value.ts";
export type { Methods } from "./src/ops/methods.ts";
export type { ExecutorOptions, Profile, RowProfile } from "./src/executor.ts";
export type { Attributes } from "./src/ops/op.ts";
export { Tensor } from "./src/tensor.ts";

export type { Capture, GraphFunction } from "./src/graph/function.ts";
export { Graph } from "./src/graph/graph.ts";
export type { Constant, Leaf, VariableRead } from "./src/graph/leaf.ts";
export { GraphNode } from "./src/graph/node.ts";
export { type Assign, Operation } from "./src/graph/operation.ts";
export type { Computed } from "./src/graph/user_operation.ts";
export type { Assumption } from "./src/graph/trace.ts";
export { Placeholder, placeholder, type PlaceholderOptions } from "./src/graph/placeholder.ts";
export { type AbstractVariable, Variable, type VariableOptions } from "./src/graph/variable.ts";
export { type Feed, type Feeds, type Fetched, Session, type SessionOptions } from "./src/graph/session.ts";
export { postorder } from "./src/graph/traverse.ts";
export {
  computeGradients,
  type GradientRule,
  gradients,
  type OperationClass,
  RegisterGradient,
} from "./src/graph/gradients.ts";

export * from "./src/ops/mod.ts";

export { checkpoint } from "./src/transforms/checkpoint.ts";
export {
  compile,
  type Compiled,
  type CompiledFunction,
  type CompileOptions,
  type CompileStats,
} from "./src/transforms/compile.ts";
export type {
  CannotCompile,
  CompiledArguments,
  HasNumber,
  HasNumberPosition,
  NumberPositions,
  NumberRefusal,
  WithNumbers,
  WithoutNumbers,
} from "./src/transforms/number_parameters.ts";
export { grad, type GradientArguments, type Gradients, type GradOptions, valueAndGrad } from "./src/transforms/grad.ts";

export * as workers from "./compiler/runtime/threads/workers.ts";
export * as train from "./src/train/mod.ts";
export * as random from "./src/ops/random.ts";

export { gunzip, readIdx, type ReadOptions } from "./src/data/idx.ts";

endOwnCode(() => new Error("the library ends here"));
