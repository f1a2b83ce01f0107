/**
 * Where movements take elements from: slices, paddings, permutations and other shapes, counted out.
 * @module
 */
import { formatShape, normalizeAxis, type Shape, sizeOf, stridesOf } from "../../shape.ts";
import type { TensorType } from "../../tensor_type.ts";
import { operandError } from "../op.ts";
import { stridedOffsets } from "./offsets.ts";

/** Where a slice lies along each axis, as in Python; null is the end that the step starts from or runs to. */
export type SliceAttributes = {
  readonly start: readonly (number | null)[];
  readonly stop: readonly (number | null)[];
  readonly step: readonly number[];
};

/** How many elements are added before and after each axis. */
export type Padding = readonly (readonly [before: number, after: number])[];

/** What `pad` adds: elements of `value` around each axis and, where `interior` is given, between neighbours along it. */
export type PadAttributes = {
  readonly padding: Padding;
  readonly value: number;
  readonly interior?: readonly number[];
};

/** The shape that `reshape` makes of `x`: one −1 stands for the length that makes the sizes agree. */
export function resolveReshape(x: TensorType, shape: Shape): Shape {
  const open = shape.indexOf(-1);
  const known = sizeOf(shape.filter((length) => length !== -1));
  if (open >= 0 && known === 0) {
    throw operandError(RangeError, "reshape", [x], `the length that ${formatShape(shape)} leaves open could be any`);
  }
  const resolved = open < 0 ? shape : shape.with(open, x.size / known);
  if (sizeOf(resolved) !== x.size || open >= 0 && !Number.isInteger(resolved[open])) {
    throw operandError(
      RangeError,
      "reshape",
      [x],
      `its ${x.size} elements do not fill the shape ${formatShape(shape)}`,
    );
  }
  return resolved;
}

/** The axes of a permutation, counted from the front. */
export function resolvePermutation(x: TensorType, axes: readonly number[]): number[] {
  const resolved = axes.map((axis) => normalizeAxis(axis, x.shape.length, `permuteDims ${x}`));
  if (axes.length !== x.shape.length || new Set(resolved).size !== axes.length) {
    throw operandError(
      RangeError,
      "permuteDims",
      [x],
      `the axes [${axes.join(",")}] do not name each of its axes once`,
    );
  }
  return resolved;
}

/**
 * Where a slice of a tensor of this shape starts, how it steps, and how many elements it has along each axis. Python's
 * rules: negative positions count from the end, and positions past an end are moved to it. A start of an empty axis
 * and a step that is never taken are made 0 and 1.
 */
export function resolveSlice(
  shape: Shape,
  attributes: SliceAttributes,
): { starts: number[]; steps: number[]; sizes: number[] } {
  const starts: number[] = [], steps: number[] = [], sizes: number[] = [];
  for (const [axis, length] of shape.entries()) {
    const step = attributes.step[axis] ?? 1;
    const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
    const locate = (position: number | null | undefined, missing: number): number =>
      position === null || position === undefined
        ? missing
        : Math.min(Math.max(position < 0 ? position + length : position, lowest), highest);
    const start = locate(attributes.start[axis], step > 0 ? lowest : highest);
    const stop = locate(attributes.stop[axis], step > 0 ? highest : lowest);
    const size = Math.max(0, Math.ceil((stop - start) / step));
    starts.push(size === 0 ? 0 : start);
    steps.push(size <= 1 ? 1 : step);
    sizes.push(size);
  }
  return { starts, steps, sizes };
}

/** The places in a row-major tensor of this shape that a slice of it takes, in the order of the slice. */
export function sliceOffsets(shape: Shape, attributes: SliceAttributes): Int32Array {
  const { starts, steps, sizes } = resolveSlice(shape, attributes);
  const strides = stridesOf(shape);
  const first = starts.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
  return stridedOffsets(sizes, steps.map((step, axis) => step * strides[axis]!), first);
}

/** The length of an axis of so many elements with `interior` more between neighbours. */
export function spreadLength(length: number, interior: number): number {
  return length === 0 ? 0 : length + (length - 1) * interior;
}

/** Where the operand of a pad lies in the row-major array of its result. */
export function resolvePad(
  shape: Shape,
  { padding, interior }: PadAttributes,
): { readonly start: number; readonly strides: readonly number[] } {
  const own = stridesOf(shape);
  return {
    start: padding.reduce((sum, [before], axis) => sum + before * own[axis]!, 0),
    strides: own.map((stride, axis) => stride * ((interior?.[axis] ?? 0) + 1)),
  };
}
