/**
 * Reductions: many elements to one, along axes.
 * @module
 */
import { type DType, dtypeInfo, isFloating, isInteger } from "../dtype.ts";
import { axesOrAll, axisOrAll, boolean, finite, operand } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { type Kinds, optional, type OptionKinds } from "../public/signature.ts";
import type { Operand, Result, Value } from "../value.ts";
import { where } from "./arithmetic.ts";
import { concat } from "./movement.ts";
import { apply } from "../graph/apply.ts";
import { type Composite, type Entry, type Op, operandError } from "./op.ts";
import type { ReduceOp } from "./primitive.ts";
import {
  attributesOf,
  type Axes,
  broadcastBack,
  canonicalAxes,
  type DTypeRule,
  type ReduceAttributes,
  reduceOp,
  type ReduceOptions,
  reduction,
  selectingReduction,
} from "./reduction.ts";

export type { Axes, ReduceAttributes, ReduceOptions };

/** The attributes of variance and std. */
export interface VarianceAttributes extends ReduceAttributes {
  /** What is subtracted from the number of elements before dividing by it. */
  readonly correction: number;
}

/** Options of {@linkcode variance} and {@linkcode std}. */
export interface VarianceOptions extends ReduceOptions {
  /** What is subtracted from the number of elements before dividing by it: 1 for the unbiased estimate. Default 0. */
  readonly correction?: number;
}

const same: DTypeRule = (dtype) => dtype;
/** Sums of small integers would overflow too soon: they are 32 bits wide. */
export const wide: DTypeRule = (dtype) =>
  isFloating(dtype) ? dtype : dtypeInfo(dtype).kind === "unsigned" ? "uint32" : "int32";

/** An arg-reduction: the place of an element along one axis, or among all elements. */
function argOp<Name extends string>(
  name: Name,
  better: (candidate: number, best: number) => boolean,
): ReduceOp<Name, ReduceAttributes> {
  const place = (group: readonly number[]): number => {
    let best = 0;
    for (const [index, value] of group.entries()) {
      if (Number.isNaN(group[best])) break;
      if (Number.isNaN(value) || better(value, group[best]!)) best = index;
    }
    return best;
  };
  const op = selectingReduction(name, () => "int32", place);
  return {
    ...op,
    givesIndex: true,
    infer(inputs, attributes) {
      if (attributes.axes !== undefined && attributes.axes.length !== 1) {
        throw operandError(
          RangeError,
          name,
          inputs,
          `it takes one axis, or none for all elements, not [${attributes.axes}]`,
        );
      }
      return op.infer(inputs, attributes);
    },
    // Without an axis they number the elements of the whole tensor.
    canonical: (attributes, inputs) => attributes.axes === undefined ? attributes : op.canonical!(attributes, inputs),
  };
}

/** The gradient of max and min goes to the elements that are the result; where they tie, each takes its share. */
function gradientOfPick(name: string): NonNullable<Entry<ReduceAttributes>["gradient"]> {
  return ({ inputs, output, gradient, attributes }) => {
    const x = inputs[0]!;
    const chosen = x.equal(broadcastBack(name, output, x, attributes));
    const ties = chosen.astype(gradient.dtype).sum(attributes.axes, { keepDims: attributes.keepDims });
    return [where(chosen, broadcastBack(name, gradient.div(ties), x, attributes), 0)];
  };
}

/**
 * The gradient of a product is the product of the others, which x's own division would lose at zeros. So the product
 * is taken as a tree, halves times halves, and walked back: right at zeros, and so are its own gradients.
 */
function gradientOfProduct(x: Value, gradient: Value, attributes: ReduceAttributes): Value {
  const { axes, count } = reduction("prod", x.shape, attributes);
  if (x.size === 0) return x; // as empty as its gradient
  const order = [...x.shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const back = order.map((_, axis) => order.indexOf(axis));
  const rows = x.size / count;
  const permuted = x.permuteDims(order);
  const levels: { readonly width: number; readonly left: Value; readonly right: Value }[] = [];
  let level: Value = permuted.reshape([rows, count]);
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    const half = Math.ceil(width / 2);
    if (width < 2 * half) level = level.pad([[0, 0], [0, 1]], { value: 1 });
    const left = level.slice([0, 0], [rows, half]);
    const right = level.slice([0, half], [rows, 2 * half]);
    levels.push({ width, left, right });
    level = left.mul(right);
  }
  let result: Value = gradient.reshape([rows, 1]);
  for (const { width, left, right } of levels.reverse()) {
    const both = concat([result.mul(right), result.mul(left)], 1);
    result = width < 2 * left.shape[1]! ? both.slice([0, 0], [rows, width]) : both;
  }
  return result.reshape(permuted.shape).permuteDims(back);
}

function sumOf(group: readonly number[], dtype: DType): number {
  let total = 0;
  if (isInteger(dtype)) { for (const value of group) total = total + value | 0; // wraps, as the low 32 bits of the sum do
   } else for (const value of group) total += value;
  return total;
}

function maxOf(group: readonly number[]): number {
  return group.reduce((largest, value) => Math.max(largest, value), -Infinity);
}

function minOf(group: readonly number[]): number {
  return group.reduce((smallest, value) => Math.min(smallest, value), Infinity);
}

function productOf(group: readonly number[], dtype: DType): number {
  let product = 1;
  if (isInteger(dtype)) { for (const value of group) product = Math.imul(product, value); }
  else for (const value of group) product *= value;
  return product;
}

/** The operand of a statistic, in the dtype that its result has. */
function asFloating(x: Value): Value {
  return isFloating(x.dtype) ? x : x.astype("float32");
}

const meanOp: Composite<ReduceAttributes> = {
  name: "mean",
  canonical: canonicalAxes("mean"),
  decompose([x], { axes, keepDims }) {
    const { count } = reduction("mean", x!.shape, { ...(axes && { axes }), keepDims });
    return asFloating(x!).sum(axes, { keepDims }).div(count);
  },
  gradient({ inputs: [x], gradient, attributes }) {
    const { count } = reduction("mean", x!.shape, attributes);
    return [broadcastBack("mean", gradient.div(count), x!, attributes)];
  },
};

const varianceOp: Composite<VarianceAttributes> = {
  name: "variance",
  canonical: canonicalAxes("variance"),
  decompose([x], attributes) {
    const { axes, keepDims } = attributes;
    return deviation(x!, attributes).square().sum(axes, { keepDims }).div(degreesOfFreedom(x!, attributes));
  },
  gradient({ inputs: [x], gradient, attributes }) {
    const scaled = gradient.mul(2).div(degreesOfFreedom(x!, attributes));
    return [broadcastBack("variance", scaled, x!, attributes).mul(deviation(x!, attributes))];
  },
};

const stdOp: Composite<VarianceAttributes> = {
  name: "std",
  canonical: canonicalAxes("std"),
  decompose: ([x], { axes, ...options }) => x!.variance(axes, options).sqrt(),
};

const logSumExpOp: Composite<ReduceAttributes> = {
  name: "logSumExp",
  canonical: canonicalAxes("logSumExp"),
  decompose([operand], attributes) {
    const { axes, keepDims } = attributes;
    const x = asFloating(operand!);
    if (x.size === 0) return x.exp().sum(axes, { keepDims }).log();
    const largest = x.max(axes, { keepDims: true });
    const shift = where(largest.isFinite(), largest, 0); // ∞ − ∞ would be NaN
    const total = x.sub(shift).exp().sum(axes, { keepDims }).log();
    return total.add(shift.reshape(total.shape));
  },
  gradient({ inputs: [x], output, gradient, attributes }) {
    // The sum of no probability at all has weights exp(−∞ − 0) = 0, not exp(−∞ + ∞).
    const safe = where(output.equal(-Infinity), 0, output);
    const weights = x!.sub(broadcastBack("logSumExp", safe, x!, attributes)).exp();
    return [broadcastBack("logSumExp", gradient, x!, attributes).mul(weights)];
  },
};

/** The table's entries of this family. */
export const reduceOps = {
  sum: reduceOp("sum", wide, sumOf, {
    gradient: ({ inputs: [x], gradient, attributes }) => [broadcastBack("sum", gradient, x!, attributes)],
  }),
  prod: reduceOp("prod", wide, productOf, {
    gradient: ({ inputs: [x], gradient, attributes }) => [gradientOfProduct(x!, gradient, attributes)],
  }),
  max: selectingReduction("max", same, maxOf, { gradient: gradientOfPick("max") }),
  min: selectingReduction("min", same, minOf, { gradient: gradientOfPick("min") }),
  argmax: argOp("argmax", (candidate, best) => candidate > best),
  argmin: argOp("argmin", (candidate, best) => candidate < best),
  any: reduceOp("any", () => "bool", (group) => group.some((value) => value !== 0) ? 1 : 0),
  all: reduceOp("all", () => "bool", (group) => group.every((value) => value !== 0) ? 1 : 0),
  mean: meanOp,
  variance: varianceOp,
  std: stdOp,
  logSumExp: logSumExpOp,
} satisfies Record<string, Op>;

/** How far each element is from the mean along the axes. */
function deviation(x: Value, { axes }: ReduceAttributes): Value {
  const numbers = asFloating(x);
  return numbers.sub(numbers.mean(axes, { keepDims: true }));
}

/** What the sum of squared deviations is divided by. */
function degreesOfFreedom(x: Value, attributes: VarianceAttributes): number {
  return Math.max(reduction("variance", x.shape, attributes).count - attributes.correction, 0);
}

const reduceArguments: Kinds = { x: operand, axis: optional(axesOrAll) };
const argArguments: Kinds = { x: operand, axis: optional(axisOrAll) };
const reduceOptions: OptionKinds<ReduceOptions> = { keepDims: boolean };
const varianceOptions: OptionKinds<VarianceOptions> = { keepDims: boolean, correction: finite };

/**
 * The sum of the elements along the axes, or along all where they are null or left out; 0 of none. Floats keep their dtype, bool and integers give int32, unsigned
 * ones uint32, and wrap around. Throws, as all reductions do, a RangeError for an axis that is out of range or named
 * twice, and a TypeError for one that is no whole number.
 *
 * NumPy `np.sum`, PyTorch `torch.sum`, TensorFlow.js `tf.sum`.
 *
 * @example
 * ```ts
 * import { sum } from "@tensorloom/tensorloom";
 *
 * console.log(sum([[1, 2], [3, 4]]).item()); // 10
 * console.log(sum([[1, 2], [3, 4]], 0).toArray()); // [4, 6]
 * ```
 */
export const sum: <X extends Operand>(x: X, axis?: Axes, options?: ReduceOptions) => Result<X> = publicFunction(
  { name: "sum", positional: reduceArguments, options: reduceOptions, method: true },
  (x, axis, options) => apply(reduceOps.sum, [x], attributesOf(axis, options)),
);

/**
 * The product of the elements along the axes; 1 of none. Its dtype is that of {@linkcode sum}.
 *
 * NumPy `np.prod`, PyTorch `torch.prod`, TensorFlow.js `tf.prod`.
 */
export const prod: <X extends Operand>(x: X, axis?: Axes, options?: ReduceOptions) => Result<X> = publicFunction(
  { name: "prod", positional: reduceArguments, options: reduceOptions, method: true },
  (x, axis, options) => apply(reduceOps.prod, [x], attributesOf(axis, options)),
);

/**
 * The largest element along the axes, of the dtype of `x`; NaN if there is one. The gradient goes to the largest
 * elements in equal shares. Throws a RangeError where there is no element.
 *
 * NumPy `np.max`, PyTorch `torch.amax`, TensorFlow.js `tf.max`.
 *
 * @example
 * ```ts
 * import { max } from "@tensorloom/tensorloom";
 *
 * console.log(max([[1, 5], [3, 4]], 1, { keepDims: true }).toArray()); // [[5], [4]]
 * ```
 */
export const max: <X extends Operand>(x: X, axis?: Axes, options?: ReduceOptions) => Result<X> = publicFunction(
  { name: "max", positional: reduceArguments, options: reduceOptions, method: true },
  (x, axis, options) => apply(reduceOps.max, [x], attributesOf(axis, options)),
);

/**
 * The smallest element along the axes, of the dtype of `x`; NaN if there is one. The gradient goes to the smallest
 * elements in equal shares. Throws a RangeError where there is no element.
 *
 * NumPy `np.min`, PyTorch `torch.amin`, TensorFlow.js `tf.min`.
 */
export const min: <X extends Operand>(x: X, axis?: Axes, options?: ReduceOptions) => Result<X> = publicFunction(
  { name: "min", positional: reduceArguments, options: reduceOptions, method: true },
  (x, axis, options) => apply(reduceOps.min, [x], attributesOf(axis, options)),
);

/**
 * The place, as an int32, of the first largest element along an axis, or among all elements in row-major order. A NaN
 * counts as the largest. Throws a RangeError where there is no element.
 *
 * NumPy `np.argmax`, PyTorch `torch.argmax`, TensorFlow.js `tf.argMax`.
 *
 * @example
 * ```ts
 * import { argmax } from "@tensorloom/tensorloom";
 *
 * console.log(argmax([[1, 5], [4, 3]], 1).toArray()); // [1, 0]
 * ```
 */
export const argmax: <X extends Operand>(x: X, axis?: number | null, options?: ReduceOptions) => Result<X> =
  publicFunction(
    { name: "argmax", positional: argArguments, options: reduceOptions, method: true },
    (x, axis, options) => apply(reduceOps.argmax, [x], attributesOf(axis, options)),
  );

/**
 * The place, as an int32, of the first smallest element along an axis, or among all elements in row-major order. A NaN
 * counts as the smallest. Throws a RangeError where there is no element.
 *
 * NumPy `np.argmin`, PyTorch `torch.argmin`, TensorFlow.js `tf.argMin`.
 */
export const argmin: <X extends Operand>(x: X, axis?: number | null, options?: ReduceOptions) => Result<X> =
  publicFunction(
    { name: "argmin", positional: argArguments, options: reduceOptions, method: true },
    (x, axis, options) => apply(reduceOps.argmin, [x], attributesOf(axis, options)),
  );

/**
 * Whether any element along the axes holds, that is differs from 0; false of none. Bool.
 *
 * NumPy `np.any`, PyTorch `torch.any`, TensorFlow.js `tf.any`.
 */
export const any: <X extends Operand>(x: X, axis?: Axes, options?: ReduceOptions) => Result<X> = publicFunction(
  { name: "any", positional: reduceArguments, options: reduceOptions, method: true },
  (x, axis, options) => apply(reduceOps.any, [x], attributesOf(axis, options)),
);

/**
 * Whether all elements along the axes hold, that is differ from 0; true of none. Bool.
 *
 * NumPy `np.all`, PyTorch `torch.all`, TensorFlow.js `tf.all`.
 */
export const all: <X extends Operand>(x: X, axis?: Axes, options?: ReduceOptions) => Result<X> = publicFunction(
  { name: "all", positional: reduceArguments, options: reduceOptions, method: true },
  (x, axis, options) => apply(reduceOps.all, [x], attributesOf(axis, options)),
);

/**
 * The mean of the elements along the axes; NaN of none. Integers and bool give float32.
 *
 * NumPy `np.mean`, PyTorch `torch.mean`, TensorFlow.js `tf.mean`.
 *
 * @example
 * ```ts
 * import { mean } from "@tensorloom/tensorloom";
 *
 * console.log(mean([[1, 2], [3, 6]], -1).toArray()); // [1.5, 4.5]
 * ```
 */
export const mean: <X extends Operand>(x: X, axis?: Axes, options?: ReduceOptions) => Result<X> = publicFunction(
  { name: "mean", positional: reduceArguments, options: reduceOptions, method: true },
  (x, axis, options) => apply(reduceOps.mean, [x], attributesOf(axis, options)),
);

/**
 * The mean squared distance of the elements along the axes from their mean: their sum divided by N − `correction`.
 * Integers and bool give float32.
 *
 * NumPy `np.var`, PyTorch `torch.var(correction=0)`, TensorFlow.js `tf.moments`.
 *
 * @example
 * ```ts
 * import { variance } from "@tensorloom/tensorloom";
 *
 * console.log(variance([1, 2, 3, 4]).item()); // 1.25
 * ```
 */
export const variance: <X extends Operand>(x: X, axis?: Axes, options?: VarianceOptions) => Result<X> = publicFunction(
  { name: "variance", positional: reduceArguments, options: varianceOptions, method: true },
  (x, axis, options = {}) => {
    const { correction = 0 } = options;
    return apply(reduceOps.variance, [x], { ...attributesOf(axis, options), correction });
  },
);

/**
 * The standard deviation of the elements along the axes: the square root of their {@linkcode variance}. Where all are
 * equal its gradient is 0.
 *
 * NumPy `np.std`, PyTorch `torch.std(correction=0)`, TensorFlow.js `tf.moments`.
 */
export const std: <X extends Operand>(x: X, axis?: Axes, options?: VarianceOptions) => Result<X> = publicFunction(
  { name: "std", positional: reduceArguments, options: varianceOptions, method: true },
  (x, axis, options = {}) => {
    const { correction = 0 } = options;
    return apply(reduceOps.std, [x], { ...attributesOf(axis, options), correction });
  },
);

/**
 * `log(sum(exp(x)))` along the axes, without overflow; −Infinity of none. Integers and bool give float32.
 *
 * NumPy `scipy.special.logsumexp`, PyTorch `torch.logsumexp`, TensorFlow.js `tf.logSumExp`.
 *
 * @example
 * ```ts
 * import { logSumExp } from "@tensorloom/tensorloom";
 *
 * console.log(logSumExp([1000, -1000]).item()); // 1000
 * ```
 */
export const logSumExp: <X extends Operand>(x: X, axis?: Axes, options?: ReduceOptions) => Result<X> = publicFunction(
  { name: "logSumExp", positional: reduceArguments, options: reduceOptions, method: true },
  (x, axis, options) => apply(reduceOps.logSumExp, [x], attributesOf(axis, options)),
);
