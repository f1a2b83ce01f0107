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
import "./src/ops/methods.ts";

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
export type { Axes, ReduceOptions, VarianceOptions } from "./src/ops/reduce.ts";
export { Tensor } from "./src/tensor.ts";

export type { Capture, GraphFunction } from "./src/graph/function.ts";
export { Graph } from "./src/graph/graph.ts";
export type { Constant, Leaf, VariableRead } from "./src/graph/leaf.ts";
export { GraphNode } from "./src/graph/node.ts";
export { type Assign, Operation } from "./src/graph/operation.ts";
export type { Computed } from "./src/graph/user_operation.ts";
export type { Assumption } from "./src/graph/trace.ts";
export { Placeholder, placeholder, type PlaceholderOptions } from "./src/graph/placeholder.ts";
export { type StandIn, Variable, type VariableOptions } from "./src/graph/variable.ts";
export { type Feed, type Feeds, type Fetched, Session, type SessionOptions } from "./src/graph/session.ts";
export { postorder } from "./src/graph/traverse.ts";
export {
  computeGradients,
  type GradientRule,
  gradients,
  type OperationClass,
  RegisterGradient,
} from "./src/graph/gradients.ts";

export {
  arange,
  type CreationOptions,
  eye,
  full,
  fullLike,
  linspace,
  meshgrid,
  oneHot,
  ones,
  onesLike,
  scalar,
  tensor,
  type TensorOptions,
  tril,
  triu,
  zeros,
  zerosLike,
} from "./src/ops/creation.ts";
export {
  abs,
  add,
  astype,
  clip,
  div,
  floorDiv,
  maximum,
  minimum,
  mod,
  mul,
  neg,
  pow,
  reciprocal,
  sign,
  square,
  sub,
  where,
} from "./src/ops/arithmetic.ts";
export {
  acos,
  asin,
  atan,
  atan2,
  ceil,
  cos,
  cosh,
  erf,
  exp,
  expm1,
  floor,
  log,
  log1p,
  relu,
  round,
  rsqrt,
  sigmoid,
  sin,
  sinh,
  softplus,
  sqrt,
  tan,
  tanh,
} from "./src/ops/math.ts";
export {
  equal,
  greater,
  greaterEqual,
  isFinite,
  isInf,
  isNaN,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  notEqual,
} from "./src/ops/logic.ts";
export { all, any, argmax, argmin, logSumExp, max, mean, min, prod, std, sum, variance } from "./src/ops/reduce.ts";
export { dot, matmul, outer } from "./src/ops/matmul.ts";
export { broadcastTo, concat, flatten, pad, permuteDims, reshape, slice } from "./src/ops/movement.ts";
export { expandDims, flip, repeat, split, squeeze, stack, tile, transpose } from "./src/ops/arrangement.ts";
export {
  conv1d,
  conv2d,
  conv3d,
  type ConvolutionOptions,
  type ConvolutionTransposeOptions,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
} from "./src/ops/convolution.ts";
export {
  averagePool1d,
  averagePool2d,
  averagePool3d,
  type AveragePoolOptions,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  type PoolOptions,
} from "./src/ops/pooling.ts";
export type { Layout, PerAxis, SlideOptions, WindowPadding } from "./src/ops/window_options.ts";
export { type WindowOptions, windows } from "./src/ops/windows.ts";
export { argsort, scatterAdd, sort, take } from "./src/ops/indexing.ts";
export { topK, type TopKOptions } from "./src/ops/top_k.ts";
export { gelu, type GeluOptions } from "./src/ops/gelu.ts";
export { crossEntropy, logSoftmax, meanSquaredError, softmax } from "./src/ops/neural.ts";
export * from "./src/ops/aliases.ts";

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

export * as workers from "./compiler/runtime/workers.ts";
export * as train from "./src/train/mod.ts";
export * as random from "./src/ops/random.ts";

export { gunzip, readIdx, type ReadOptions } from "./src/data/idx.ts";

endOwnCode(() => new Error("the library ends here"));
