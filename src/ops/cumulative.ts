/**
 * Running sums and products along an axis.
 * @module
 */
import { type DType, isInteger } from "../dtype.ts";
import { apply } from "../graph/apply.ts";
import { axis as axisKind, boolean, operand } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { type Kinds, optional, type OptionKinds } from "../public/signature.ts";
import { normalizeAxis, sizeOf } from "../shape.ts";
import { resultDType, resultWeakness, TensorType } from "../tensor_type.ts";
import type { Operand, Result, Value } from "../value.ts";
import { flip } from "./arrangement.ts";
import { convertNumber } from "./elementwise.ts";
import { concat, slice } from "./movement.ts";
import { forEachLine } from "./geometry/offsets.ts";
import { type Entry, type Op, operandError } from "./op.ts";
import type { CumulativeOp } from "./primitive.ts";
import { wide } from "./reduce.ts";

/** The attributes of both operations. */
export type CumulativeAttributes = {
  /** May be left out where there is only one. */
  readonly axis?: number;
  readonly includeInitial?: boolean;
  readonly reverse?: boolean;
};

/** Options of {@linkcode cumulativeSum} and {@linkcode cumulativeProd}. */
export interface CumulativeOptions {
  /** Begin with the result of no elements, 0 or 1, so that there is one result more than there are elements. Default false. */
  readonly includeInitial?: boolean;
  /** Begin with the last element, so that each result is that of an element and all after it. Default false. */
  readonly reverse?: boolean;
}

/** The axis that is meant, counted from the front. */
function axisOf(name: string, x: TensorType, { axis }: CumulativeAttributes): number {
  const rank = x.shape.length;
  if (rank === 0) throw operandError(RangeError, name, [x], "a single number has no axis to go along");
  if (axis === undefined && rank > 1) {
    throw operandError(RangeError, name, [x], `of ${rank} axes, the one to go along has to be named`);
  }
  return normalizeAxis(axis ?? 0, rank, `${name} ${x}`);
}

function cumulativeOp(
  name: string,
  combines: CumulativeOp["combines"],
  gradient: NonNullable<Entry<CumulativeAttributes>["gradient"]>,
): CumulativeOp<CumulativeAttributes> {
  const initial = combines === "sum" ? 0 : 1;
  const combine = (x: number, y: number, dtype: DType): number =>
    combines === "sum" ? isInteger(dtype) ? x + y | 0 : x + y : isInteger(dtype) ? Math.imul(x, y) : x * y;
  return {
    name,
    lowering: "cumulative",
    combines,
    infer([x], attributes) {
      const axis = axisOf(name, x!, attributes);
      const shape = x!.shape.with(axis, x!.shape[axis]! + (attributes.includeInitial ? 1 : 0));
      const dtype = wide(resultDType([x!])!); // one operand always has a dtype
      return new TensorType(dtype, shape, dtype === "float64" ? resultWeakness([x!]) : undefined);
    },
    canonical: ({ axis, includeInitial = false, reverse = false }, [x]) => ({
      axis: axisOf(name, x!, axis === undefined ? {} : { axis }),
      includeInitial,
      reverse,
    }),
    compute(output, [x], attributes, { dtype, shape }) {
      const { includeInitial = false, reverse = false } = attributes;
      const axis = axisOf(name, x!.type, attributes);
      const lines: number[][] = [];
      forEachLine(x!.shape, axis, (places) => lines.push(Array.from(places, (place) => x!.data[place]!)));
      let line = 0;
      forEachLine(shape, axis, (places) => {
        const results = reverse ? places.toReversed() : places;
        const elements = reverse ? lines[line]!.reverse() : lines[line]!;
        line++;
        let total = initial;
        if (includeInitial) output[results[0]!] = initial;
        elements.forEach((element, index) => {
          total = combine(total, element, dtype);
          output[results[index + (includeInitial ? 1 : 0)]!] = convertNumber(total, dtype);
        });
      });
    },
    gradient(context) {
      // The result of no elements depends on none.
      const { axis, includeInitial, reverse } = context.attributes as Required<CumulativeAttributes>; // they are canonical
      if (!includeInitial) return gradient(context);
      const last = context.gradient.shape[axis]! - 1;
      const [start, stop] = reverse ? [0, last] : [1, last + 1];
      return gradient({ ...context, gradient: along(context.gradient, axis, start, stop) });
    },
  };
}

/** The part of a value from `start` to before `stop` on an axis. */
function along(x: Value, axis: number, start: number, stop: number): Value {
  const ofAxis = (place: number): (number | null)[] => x.shape.map((_, each) => each === axis ? place : null);
  return slice(x, ofAxis(start), ofAxis(stop));
}

/**
 * The gradient of a running product. That of element `k` is the product of those before it, times the sum over the results
 * from there on of their gradients times the elements between: `s(k) = g(k) + x(k + 1)·s(k + 1)`. These are found without a
 * division, which would lose them at zeros: the functions `s ↦ g + x·s` are composed with ever more of those after them.
 */
function gradientOfRunningProduct(x: Value, gradient: Value, axis: number): Value {
  const length = x.shape[axis]!;
  if (sizeOf(x.shape) === 0) return gradient;
  let sums = gradient;
  let factors = along(x, axis, 1, length);
  for (let distance = 1; distance < length; distance *= 2) {
    const head = along(sums, axis, 0, length - distance).add(factors.mul(along(sums, axis, distance, length)));
    sums = concat([head, along(sums, axis, length - distance, length)], axis);
    if (2 * distance < length) {
      factors = along(factors, axis, 0, length - 2 * distance).mul(along(factors, axis, distance, length - distance));
    }
  }
  return sums.mul(along(cumulativeProd(x, axis, { includeInitial: true }), axis, 0, length));
}

/** The table's entries of this family. */
export const cumulativeOps = {
  cumulativeSum: cumulativeOp("cumulativeSum", "sum", ({ gradient, attributes: { axis, reverse } }) => [
    cumulativeSum(gradient, axis, { reverse: !reverse }),
  ]),
  cumulativeProd: cumulativeOp("cumulativeProd", "prod", ({ inputs: [x], gradient, attributes }) => {
    const { axis, reverse } = attributes as Required<CumulativeAttributes>; // they are canonical
    if (!reverse) return [gradientOfRunningProduct(x!, gradient, axis)];
    return [flip(gradientOfRunningProduct(flip(x!, axis), flip(gradient, axis), axis), axis)];
  }),
} satisfies Record<string, Op>;

const positional: Kinds = { x: operand, axis: optional(axisKind) };
const options: OptionKinds<CumulativeOptions> = { includeInitial: boolean, reverse: boolean };

function cumulativeAttributesOf(
  axis: number | undefined,
  { includeInitial = false, reverse = false }: CumulativeOptions = {},
): CumulativeAttributes {
  return { ...(axis !== undefined && { axis }), includeInitial, reverse };
}

/**
 * The sums of each element and all before it along an axis, which may be left out where there is only one. The shape stays,
 * and the dtype is that of {@linkcode sum}. Throws a RangeError for an axis that is out of range, or missing.
 *
 * NumPy `np.cumulative_sum`, PyTorch `torch.cumsum`, TensorFlow.js `tf.cumsum`.
 *
 * @example
 * ```ts
 * import { cumulativeSum } from "@tensorloom/tensorloom";
 *
 * console.log(cumulativeSum([1, 2, 3]).toArray()); // [1, 3, 6]
 * console.log(cumulativeSum([[1, 2], [3, 4]], 1, { reverse: true }).toArray()); // [[3, 2], [7, 4]]
 * console.log(cumulativeSum([1, 2, 3], 0, { includeInitial: true }).toArray()); // [0, 1, 3, 6]
 * ```
 */
export const cumulativeSum: <X extends Operand>(x: X, axis?: number, options?: CumulativeOptions) => Result<X> =
  publicFunction(
    { name: "cumulativeSum", positional, options, method: true },
    (x, axis, options) => apply(cumulativeOps.cumulativeSum, [x], cumulativeAttributesOf(axis, options)),
  );

/**
 * The products of each element and all before it along an axis, as {@linkcode cumulativeSum} has the sums. The gradient is
 * right where elements are 0, too.
 *
 * NumPy `np.cumulative_prod`, PyTorch `torch.cumprod`, TensorFlow.js `tf.cumprod`.
 *
 * @example
 * ```ts
 * import { cumulativeProd } from "@tensorloom/tensorloom";
 *
 * console.log(cumulativeProd([1, 2, 3, 4]).toArray()); // [1, 2, 6, 24]
 * ```
 */
export const cumulativeProd: <X extends Operand>(x: X, axis?: number, options?: CumulativeOptions) => Result<X> =
  publicFunction(
    { name: "cumulativeProd", positional, options, method: true },
    (x, axis, options) => apply(cumulativeOps.cumulativeProd, [x], cumulativeAttributesOf(axis, options)),
  );
