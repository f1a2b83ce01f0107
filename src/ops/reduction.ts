/**
 * What reductions have in common: axes, shapes, and plain loops over the elements that make one.
 * @module
 */
import type { DType } from "../dtype.ts";
import { normalizeAxes, type Shape, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { resultDType, resultWeakness, TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import { convertNumber } from "./elementwise.ts";
import { stridedOffsets } from "./geometry/offsets.ts";
import { type Entry, operandError } from "./op.ts";
import type { ReduceOp } from "./primitive.ts";

/** The attributes of every reduction. */
export interface ReduceAttributes extends Readonly<Record<string, unknown>> {
  /** The axes that are reduced, of which negative ones count from the back; all axes where it is left out. */
  readonly axes?: readonly number[];
  /** Whether the reduced axes stay, with length 1. */
  readonly keepDims: boolean;
}

/** Which axes a reduction takes: one, several, or all where it is null or left out. Negative ones count from the back. */
export type Axes = number | readonly number[] | null;

/** Options of a reduction. */
export interface ReduceOptions {
  /** Keep the reduced axes, with length 1. Default false. */
  readonly keepDims?: boolean;
}

/** What the shapes of a reduction are. */
export interface ReducedAxes {
  readonly axes: readonly number[];
  /** The shape with every reduced axis of length 1. */
  readonly kept: Shape;
  /** The result's shape. */
  readonly shape: Shape;
  /** How many elements make one. */
  readonly count: number;
}

/** Which axes are reduced, and what becomes of the shape; `name` is for errors. */
export function reduction(name: string, shape: Shape, { axes: given, keepDims }: ReduceAttributes): ReducedAxes {
  const axes = normalizeAxes(given, shape.length, name);
  const kept = shape.map((length, axis) => axes.includes(axis) ? 1 : length);
  return {
    axes,
    kept,
    shape: keepDims ? kept : shape.filter((_, axis) => !axes.includes(axis)),
    count: axes.reduce((count, axis) => count * shape[axis]!, 1),
  };
}

/** Calls `visit` for each element of the result, with the elements it is made of, in row-major order. */
export function forEachGroup(
  name: string,
  x: Tensor,
  attributes: ReduceAttributes,
  visit: (index: number, group: readonly number[]) => void,
): void {
  const { shape } = x.type;
  const { axes, kept } = reduction(name, shape, attributes);
  const strides = stridesOf(shape);
  const starts = stridedOffsets(kept, strides, 0);
  const steps = stridedOffsets(axes.map((axis) => shape[axis]!), axes.map((axis) => strides[axis]!), 0);
  starts.forEach((start, index) => visit(index, Array.from(steps, (step) => x.data[start + step]!)));
}

/** The result's dtype, from that of the operand. */
export type DTypeRule = (dtype: DType) => DType;

function infer(name: string, x: TensorType, attributes: ReduceAttributes, dtypeRule: DTypeRule): TensorType {
  const { shape } = reduction(`${name} ${x}`, x.shape, attributes);
  const dtype = dtypeRule(resultDType([x])!); // one operand always has a dtype
  return new TensorType(dtype, shape, dtype === "float64" ? resultWeakness([x]) : undefined);
}

/** The attributes of a reduction with its axes counted from the front, ascending. */
export function canonicalAxes<A extends ReduceAttributes>(
  name: string,
): (attributes: A, inputs: readonly TensorType[]) => A {
  return ({ axes, ...rest }, [x]) => {
    const canonical: unknown = { axes: normalizeAxes(axes, x!.shape.length, name), ...rest };
    return canonical as A; // the same members, in one order
  };
}

/** A reduction of the table. */
export function reduceOp<Name extends string>(
  name: Name,
  dtypeRule: DTypeRule,
  /** One element of the result from those it is made of; it is wrapped to the result's dtype. */
  reduce: (group: readonly number[], dtype: DType) => number,
  rules: Pick<Entry<ReduceAttributes>, "gradient"> = {},
): ReduceOp<Name, ReduceAttributes> {
  return {
    name,
    lowering: "reduce",
    infer: ([x], attributes) => infer(name, x!, attributes, dtypeRule),
    canonical: canonicalAxes(name),
    compute(output, [x], attributes, { dtype }) {
      forEachGroup(name, x!, attributes, (index, group) => output[index] = convertNumber(reduce(group, dtype), dtype));
    },
    givesIndex: false,
    ...rules,
  };
}

/** A reduction that picks one of the elements, so that there must be one. */
export function selectingReduction<Name extends string>(
  name: Name,
  dtypeRule: DTypeRule,
  reduce: (group: readonly number[]) => number,
  rules: Pick<Entry<ReduceAttributes>, "gradient"> = {},
): ReduceOp<Name, ReduceAttributes> {
  const op = reduceOp(name, dtypeRule, reduce, rules);
  return {
    ...op,
    infer(inputs, attributes) {
      const type = op.infer(inputs, attributes);
      if (type.size > 0 && inputs[0]!.size === 0) {
        throw operandError(RangeError, name, inputs, "there are no elements to choose from");
      }
      return type;
    },
  };
}

/** A reduction's result, or its gradient, stretched to the shape of the operand again. */
export function broadcastBack(name: string, reduced: Value, x: Value, attributes: ReduceAttributes): Value {
  return reduced.reshape(reduction(name, x.shape, attributes).kept).broadcastTo(x.shape);
}

/** The attributes of a reduction, from what its function was given. */
export function attributesOf(axis: Axes | undefined, { keepDims = false }: ReduceOptions = {}): ReduceAttributes {
  if (axis === undefined || axis === null) return { keepDims };
  return { axes: typeof axis === "number" ? [axis] : [...axis], keepDims };
}
