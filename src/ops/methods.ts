/**
 * The operations as methods of Value: what they are called there, and how they get there.
 * @module
 */
import type { DType } from "../dtype.ts";
import { isNode } from "../graph/operation.ts";
import type { Shape } from "../shape.ts";
import { methodOf, variadic } from "../public/public_function.ts";
import { Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { type Operand, type Result, Value } from "../value.ts";
import * as arithmetic from "./arithmetic.ts";
import * as arrangement from "./arrangement.ts";
import { gelu, type GeluOptions } from "./gelu.ts";
import * as indexing from "./indexing.ts";
import * as logic from "./logic.ts";
import * as math from "./math.ts";
import * as matrix from "./matmul.ts";
import * as movement from "./movement.ts";
import * as neural from "./neural.ts";
import * as reduce from "./reduce.ts";

/** The operations as methods; each is the function of the same name with this value as its first argument. */
export interface Methods {
  /** `this + other`. */
  add<Y extends Operand>(other: Y): Result<this | Y>;
  /** `this − other`. */
  sub<Y extends Operand>(other: Y): Result<this | Y>;
  /** `this · other`, element by element. */
  mul<Y extends Operand>(other: Y): Result<this | Y>;
  /** `this / other`; integers give float32. */
  div<Y extends Operand>(other: Y): Result<this | Y>;
  /** `this` to the power of `exponent`. */
  pow<Y extends Operand>(exponent: Y): Result<this | Y>;
  /** The larger of the two; NaN if either is. */
  maximum<Y extends Operand>(other: Y): Result<this | Y>;
  /** The smaller of the two; NaN if either is. */
  minimum<Y extends Operand>(other: Y): Result<this | Y>;
  /** The remainder of {@linkcode Methods.floorDiv}; it has the sign of `divisor`. */
  mod<Y extends Operand>(divisor: Y): Result<this | Y>;
  /** The quotient rounded down. */
  floorDiv<Y extends Operand>(divisor: Y): Result<this | Y>;
  /** `−this`. */
  neg(): Result<this>;
  /** The magnitude. */
  abs(): Result<this>;
  /** −1, 0 or 1; NaN for NaN. */
  sign(): Result<this>;
  /** `this · this`. */
  square(): Result<this>;
  /** `1 / this`. */
  reciprocal(): Result<this>;
  /** The nearest number between `min` and `max`. */
  clip<Min extends Operand, Max extends Operand>(min: Min, max: Max): Result<this | Min | Max>;
  /** The same numbers in another dtype. */
  astype(dtype: DType): Result<this>;

  /** Square root. */
  sqrt(): Result<this>;
  /** `1 / √this`. */
  rsqrt(): Result<this>;
  /** `e` to the power of this. */
  exp(): Result<this>;
  /** `exp(this) − 1`, exact near 0. */
  expm1(): Result<this>;
  /** Natural logarithm. */
  log(): Result<this>;
  /** `log(1 + this)`, exact near 0. */
  log1p(): Result<this>;
  /** Sine, of radians. */
  sin(): Result<this>;
  /** Cosine, of radians. */
  cos(): Result<this>;
  /** Tangent, of radians. */
  tan(): Result<this>;
  /** Angle in [−π/2, π/2] whose sine this is. */
  asin(): Result<this>;
  /** Angle in [0, π] whose cosine this is. */
  acos(): Result<this>;
  /** Angle in [−π/2, π/2] whose tangent this is. */
  atan(): Result<this>;
  /** Angle of the point (x, this), in [−π, π]. */
  atan2<X extends Operand>(x: X): Result<this | X>;
  /** Hyperbolic sine. */
  sinh(): Result<this>;
  /** Hyperbolic cosine. */
  cosh(): Result<this>;
  /** Hyperbolic tangent. */
  tanh(): Result<this>;
  /** `1 / (1 + exp(−this))`. */
  sigmoid(): Result<this>;
  /** `log(1 + exp(this))`. */
  softplus(): Result<this>;
  /** `max(this, 0)`. */
  relu(): Result<this>;
  /** The error function. */
  erf(): Result<this>;
  /** The whole number below. */
  floor(): Result<this>;
  /** The whole number above. */
  ceil(): Result<this>;
  /** The nearest whole number; halves go to the even one. */
  round(): Result<this>;

  /** Where both are equal; NaN equals nothing. */
  equal<Y extends Operand>(other: Y): Result<this | Y>;
  /** Where they differ. */
  notEqual<Y extends Operand>(other: Y): Result<this | Y>;
  /** `this < other`. */
  less<Y extends Operand>(other: Y): Result<this | Y>;
  /** `this ≤ other`. */
  lessEqual<Y extends Operand>(other: Y): Result<this | Y>;
  /** `this > other`. */
  greater<Y extends Operand>(other: Y): Result<this | Y>;
  /** `this ≥ other`. */
  greaterEqual<Y extends Operand>(other: Y): Result<this | Y>;
  /** Where both hold (are not 0). */
  logicalAnd<Y extends Operand>(other: Y): Result<this | Y>;
  /** Where at least one holds. */
  logicalOr<Y extends Operand>(other: Y): Result<this | Y>;
  /** Where exactly one holds. */
  logicalXor<Y extends Operand>(other: Y): Result<this | Y>;
  /** Where this does not hold (is 0). */
  logicalNot(): Result<this>;
  /** Where this is NaN. */
  isNaN(): Result<this>;
  /** Where this is neither NaN nor infinite. */
  isFinite(): Result<this>;
  /** Where this is infinite. */
  isInf(): Result<this>;

  /** Sum along the axes. */
  sum(axis?: reduce.Axes, options?: reduce.ReduceOptions): Result<this>;
  /** Product along the axes. */
  prod(axis?: reduce.Axes, options?: reduce.ReduceOptions): Result<this>;
  /** Largest element along the axes. */
  max(axis?: reduce.Axes, options?: reduce.ReduceOptions): Result<this>;
  /** Smallest element along the axes. */
  min(axis?: reduce.Axes, options?: reduce.ReduceOptions): Result<this>;
  /** Mean along the axes. */
  mean(axis?: reduce.Axes, options?: reduce.ReduceOptions): Result<this>;
  /** Mean squared distance from the mean; divides by N − `correction`, which is 0 by default. */
  variance(axis?: reduce.Axes, options?: reduce.VarianceOptions): Result<this>;
  /** Standard deviation: the square root of {@linkcode Methods.variance}. */
  std(axis?: reduce.Axes, options?: reduce.VarianceOptions): Result<this>;
  /** `log(sum(exp(this)))`, which does not overflow. */
  logSumExp(axis?: reduce.Axes, options?: reduce.ReduceOptions): Result<this>;
  /** Index of the (first) largest element along one axis, or among all elements; int32. */
  argmax(axis?: number | null, options?: reduce.ReduceOptions): Result<this>;
  /** Index of the (first) smallest element along one axis, or among all elements; int32. */
  argmin(axis?: number | null, options?: reduce.ReduceOptions): Result<this>;
  /** Whether any element along the axes holds (is not 0). */
  any(axis?: reduce.Axes, options?: reduce.ReduceOptions): Result<this>;
  /** Whether all elements along the axes hold (are not 0). */
  all(axis?: reduce.Axes, options?: reduce.ReduceOptions): Result<this>;

  /** Matrix product, over the last two axes; earlier axes broadcast. */
  matmul<Y extends Operand>(other: Y): Result<this | Y>;
  /** Sum of products over the last axis of this and the last but one of `other`. */
  dot<Y extends Operand>(other: Y): Result<this | Y>;
  /** Every product of an element of this vector and one of `other`. */
  outer<Y extends Operand>(other: Y): Result<this | Y>;

  /** The same elements under another shape; one length may be −1, and follows from the size. */
  reshape(shape: number | Shape): Result<this>;
  /** All elements along one axis. */
  flatten(): Result<this>;
  /** The axes in another order. */
  permuteDims(axes: readonly number[]): Result<this>;
  /** The last two axes exchanged. */
  transpose(): Result<this>;
  /** A new axis of length 1. */
  expandDims(axis: number): Result<this>;
  /** Without the given axes of length 1, or without all such axes. */
  squeeze(axis?: number | readonly number[]): Result<this>;
  /** Repeated along axes of length 1, and along new leading axes, up to `shape`. */
  broadcastTo(shape: number | Shape): Result<this>;
  /** The elements from `start` up to `stop` by `step`, per axis, as NumPy counts. */
  slice(
    start: number | null | readonly (number | null)[],
    stop?: number | null | readonly (number | null)[],
    step?: number | readonly number[],
  ): Result<this>;
  /** With `[before, after]` more elements at the ends of each axis. */
  pad(padding: readonly (readonly [number, number])[], options?: { readonly value?: number }): Result<this>;
  /** Reversed along the axes. */
  flip(axis?: number | readonly number[]): Result<this>;
  /** The whole repeated along each axis. */
  tile(repetitions: number | readonly number[]): Result<this>;
  /** Each element repeated `count` times along an axis, or along the flattened tensor. */
  repeat(count: number, axis?: number): Result<this>;
  /** Cut along an axis into so many equal parts, or into parts of the sizes given. */
  split(countOrSizes: number | readonly number[], axis?: number): Result<this>[];
  /** The slices along an axis (the first by default) that integer `indices` name. */
  take<I extends Operand>(indices: I, axis?: number): Result<this | I>;

  /** `exp(this)`, scaled to sum to 1 along an axis (the last by default). */
  softmax(axis?: number): Result<this>;
  /** The logarithm of {@linkcode Methods.softmax}. */
  logSoftmax(axis?: number): Result<this>;
  /** `this · Φ(this)`, with the distribution function of the normal distribution, or an approximation of it. */
  gelu(options?: GeluOptions): Result<this>;

  /** The parts along the first axis, one after another. A tensor of rank 0 has none: it cannot be iterated over. */
  [Symbol.iterator](): IterableIterator<Result<this>>;
}

/** Of every method, the function that does it. */
const table: { readonly [Name in Exclude<keyof Methods, symbol>]: (x: Value, ...rest: never[]) => unknown } = {
  add: arithmetic.add,
  sub: arithmetic.sub,
  mul: arithmetic.mul,
  div: arithmetic.div,
  pow: arithmetic.pow,
  maximum: arithmetic.maximum,
  minimum: arithmetic.minimum,
  mod: arithmetic.mod,
  floorDiv: arithmetic.floorDiv,
  neg: arithmetic.neg,
  abs: arithmetic.abs,
  sign: arithmetic.sign,
  square: arithmetic.square,
  reciprocal: arithmetic.reciprocal,
  clip: arithmetic.clip,
  astype: arithmetic.astype,
  sqrt: math.sqrt,
  rsqrt: math.rsqrt,
  exp: math.exp,
  expm1: math.expm1,
  log: math.log,
  log1p: math.log1p,
  sin: math.sin,
  cos: math.cos,
  tan: math.tan,
  asin: math.asin,
  acos: math.acos,
  atan: math.atan,
  atan2: math.atan2,
  sinh: math.sinh,
  cosh: math.cosh,
  tanh: math.tanh,
  sigmoid: math.sigmoid,
  softplus: math.softplus,
  relu: math.relu,
  erf: math.erf,
  floor: math.floor,
  ceil: math.ceil,
  round: math.round,
  equal: logic.equal,
  notEqual: logic.notEqual,
  less: logic.less,
  lessEqual: logic.lessEqual,
  greater: logic.greater,
  greaterEqual: logic.greaterEqual,
  logicalAnd: logic.logicalAnd,
  logicalOr: logic.logicalOr,
  logicalXor: logic.logicalXor,
  logicalNot: logic.logicalNot,
  isNaN: logic.isNaN,
  isFinite: logic.isFinite,
  isInf: logic.isInf,
  sum: reduce.sum,
  prod: reduce.prod,
  max: reduce.max,
  min: reduce.min,
  mean: reduce.mean,
  variance: reduce.variance,
  std: reduce.std,
  logSumExp: reduce.logSumExp,
  argmax: reduce.argmax,
  argmin: reduce.argmin,
  any: reduce.any,
  all: reduce.all,
  matmul: matrix.matmul,
  dot: matrix.dot,
  outer: matrix.outer,
  reshape: movement.reshape,
  flatten: movement.flatten,
  permuteDims: movement.permuteDims,
  transpose: arrangement.transpose,
  expandDims: arrangement.expandDims,
  squeeze: arrangement.squeeze,
  broadcastTo: movement.broadcastTo,
  slice: movement.slice,
  pad: movement.pad,
  flip: arrangement.flip,
  tile: arrangement.tile,
  repeat: arrangement.repeat,
  split: arrangement.split,
  take: indexing.take,
  softmax: neural.softmax,
  logSoftmax: neural.logSoftmax,
  gelu,
};

/** Adds a method that does not show up when a value's properties are listed. */
function define(name: string | symbol, method: (this: Value, ...rest: never[]) => unknown): void {
  Object.defineProperty(Value.prototype, name, { value: method, writable: true, configurable: true });
}

for (const [name, operation] of Object.entries(table)) define(name, methodOf(operation));

/** Methods of version 0.1.0 that are functions only, so that a bundler leaves out those that a program does not import. */
const removed = [
  "windows",
  ...[1, 2, 3].flatMap((axes) => [`conv${axes}d`, `convTranspose${axes}d`, `maxPool${axes}d`, `averagePool${axes}d`]),
];
for (const name of removed) {
  define(
    name,
    variadic(() => {
      throw new TypeError(`Cannot call ${name} as a method: it is a function, ${name}(x, …)`);
    }),
  );
}

/** The parts of nodes that were iterated over. */
const partsOf = new WeakMap<Value, Value[]>();

/** The parts along the first axis. Those of a node are the same nodes each time: frameworks find it equal to itself by them. */
function* parts(this: Value): Generator<Value> {
  const { shape } = this;
  const rest = shape.slice(1);
  if (this instanceof Tensor) {
    const type = new TensorType(this.dtype, rest);
    for (let index = 0; index < shape[0]!; index++) {
      yield tensorOver(this.data.slice(index * type.size, (index + 1) * type.size), type);
    }
    return;
  }
  const known = isNode(this) ? partsOf.get(this) ?? [] : [];
  if (isNode(this)) partsOf.set(this, known);
  for (let index = 0; index < shape[0]!; index++) {
    yield known[index] ??= this.slice([index], [index + 1]).reshape(rest);
  }
}

// A single number has no iterator: what asks for one, as test frameworks do to compare, then compares its fields.
Object.defineProperty(Value.prototype, Symbol.iterator, {
  get(this: Value) {
    return this.type?.shape.length === 0 ? undefined : parts;
  },
  configurable: true,
});
