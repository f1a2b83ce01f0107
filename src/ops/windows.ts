/**
 * Windows that slide along axes: a movement, which convolution and pooling are made of, and what undoes it in gradients.
 * @module
 */
import { axis as axisKind, operand, recordsOf, wholeFrom } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { type OptionKinds, required } from "../public/signature.ts";
import { normalizeAxis, type Shape, stridesOf } from "../shape.ts";
import type { TensorType } from "../tensor_type.ts";
import type { Operand, Result, Value } from "../value.ts";
import { padBetween, permuteDims, reshape, slice, typeWithShape } from "./movement.ts";
import { stridedOffsets } from "./geometry/offsets.ts";
import { apply } from "../graph/apply.ts";
import { type Op, operandError } from "./op.ts";
import type { ViewOp } from "./primitive.ts";

/** Windows along one axis. */
export interface WindowOptions {
  /** The axis; a negative one counts from the end. */
  readonly axis: number;
  /** How many elements a window has. */
  readonly size: number;
  /** How far apart windows begin. Default 1. */
  readonly stride?: number;
  /** How far apart the elements of a window lie. Default 1: next to each other. */
  readonly dilation?: number;
}

/** Windows as operations are applied with them. */
export type Window = Required<WindowOptions>;
type WindowsAttributes = { readonly windows: readonly Window[] };

/** From the first element of a window to its last, both counted. */
export function spanOf({ size, dilation }: { readonly size: number; readonly dilation: number }): number {
  return (size - 1) * dilation + 1;
}

/** How many windows an axis of this length has; below 1 where it is shorter than one. */
export function countWindows(length: number, window: Omit<Window, "axis">): number {
  return Math.floor((length - spanOf(window)) / window.stride) + 1;
}

/** The windows of a tensor of this shape, their axes counted from the front. */
function resolveWindows(shape: Shape, { windows }: WindowsAttributes): Window[] {
  return windows.map((window) => ({ ...window, axis: normalizeAxis(window.axis, shape.length, "take windows") }));
}

function inferWindows(x: TensorType, attributes: WindowsAttributes): TensorType {
  const shape = [...x.shape];
  const fail = (reason: string): Error => operandError(RangeError, "take windows of", [x], reason);
  const windows = resolveWindows(shape, attributes);
  for (const [index, { axis, ...window }] of windows.entries()) {
    if (windows.findIndex((other) => other.axis === axis) < index) throw fail(`axis ${axis} is named twice`);
    const count = countWindows(shape[axis]!, window);
    if (count < 1) throw fail(`a window spans ${spanOf(window)} elements, and axis ${axis} has ${shape[axis]}`);
    shape[axis] = count;
  }
  return typeWithShape(x, [...windows.map(({ size }) => size), ...shape]);
}

const windowsOp: ViewOp<WindowsAttributes> = {
  name: "windows",
  lowering: "view",
  infer: ([x], attributes) => inferWindows(x!, attributes),
  canonical: (attributes, [x]) => ({ windows: resolveWindows(x!.shape, attributes) }),
  compute(output, [x], attributes, type) {
    const strides = stridesOf(x!.shape);
    const windows = resolveWindows(x!.shape, attributes);
    const within = windows.map(({ axis, dilation }) => strides[axis]! * dilation);
    const between = strides.map((own, axis) => own * (windows.find((window) => window.axis === axis)?.stride ?? 1));
    const offsets = stridedOffsets(type.shape, [...within, ...between], 0);
    for (let index = 0; index < output.length; index++) output[index] = x!.data[offsets[index]!]!;
  },
  view(input, from, _to, attributes) {
    const strides = [...input.strides];
    const within = resolveWindows(from, attributes).map(({ axis, stride, dilation }) => {
      const own = input.strides[axis]!;
      strides[axis] = own * stride;
      return own * dilation;
    });
    return { offset: input.offset, strides: [...within, ...strides] };
  },
  gradient: ({ inputs: [x], attributes, gradient }) => [fold(gradient, x!.shape, resolveWindows(x!.shape, attributes))],
};

/** The table's entries of this family. */
export const windowsOps = { windows: windowsOp } satisfies Record<string, Op>;

/** Whether windows that follow each other along an axis have nothing in common, nor lie between each other's elements. */
function areApart(window: Window): boolean {
  return window.stride >= spanOf(window);
}

/**
 * The order that {@linkcode fold} brings axes into: those of windows next to those that they slide along. Where windows
 * are apart that is the order of the elements themselves. `rank` is that of what windows were taken of.
 */
export function foldOrder(rank: number, windows: readonly Window[]): number[] {
  return Array.from({ length: rank }, (_, axis) => {
    const index = windows.findIndex((window) => window.axis === axis);
    const along = windows.length + axis;
    if (index < 0) return [along];
    return areApart(windows[index]!) ? [along, index] : [index, along];
  }).flat();
}

/**
 * What undoes {@linkcode windows}: a tensor of `shape` in which every element is the sum of `x` over all places in
 * windows where it was taken to. `windows` have their axes counted from the front.
 *
 * Where windows are apart, that is a movement: their elements are set between zeros, and windows one after another.
 * Where they are not, the elements of all windows at one place are a row. Rows that are a little too long, written one
 * after another and read as rows of the right length, are moved along by as much from row to row as the elements
 * are from place to place in a window; then columns are summed.
 */
export function fold(x: Value, shape: Shape, windows: readonly Window[]): Value {
  const padding: [number, number][] = [];
  const interior: number[] = [];
  const merged: number[] = []; // with both axes of a window as one
  const cut: number[] = [];
  const rows: number[] = [];
  const summed: number[] = [];
  const add = (after = 0, between = 0): void => {
    padding.push([0, after]);
    interior.push(between);
  };
  for (const [axis, length] of shape.entries()) {
    const window = windows.find((window) => window.axis === axis);
    const count = x.shape[windows.length + axis]!;
    if (window === undefined) {
      add();
      merged.push(length);
      cut.push(length);
      rows.push(length);
      continue;
    }
    const { size, stride, dilation } = window;
    if (areApart(window)) {
      add();
      add(stride - spanOf(window), dilation - 1);
      merged.push(count * stride);
      cut.push(Math.min(length, count * stride));
      rows.push(Math.min(length, count * stride));
    } else {
      const width = length + dilation;
      add();
      add(width - ((count - 1) * stride + 1), stride - 1);
      merged.push(size * width);
      cut.push(size * length);
      summed.push(rows.length);
      rows.push(size, length);
    }
  }
  const ordered = permuteDims(x, foldOrder(shape.length, windows));
  let result = reshape(padBetween(ordered, padding, interior), merged);
  if (cut.some((length, axis) => length < merged[axis]!)) result = slice(result, cut.map(() => 0), cut);
  if (summed.length > 0) result = reshape(result, rows).sum(summed);
  return padBetween(result, shape.map((length, axis) => [0, length - result.shape[axis]!]));
}

const windowKinds: OptionKinds<WindowOptions> = {
  axis: required(axisKind),
  size: required(wholeFrom(1)),
  stride: wholeFrom(1),
  dilation: wholeFrom(1),
};

/**
 * All windows of given sizes that slide along axes of `x`. The result has an axis for each entry of `options`, of the
 * windows' size, and after them the axes of `x`, of which those given have as many elements as there are windows.
 * Any dtype; inside a compiled program it costs nothing. Throws a RangeError when a window is longer than its axis,
 * for an axis named twice or out of range, and unless sizes, strides and dilations are whole numbers ≥ 1.
 *
 * NumPy `np.lib.stride_tricks.sliding_window_view`, PyTorch `torch.Tensor.unfold`, TensorFlow.js `tf.signal.frame`.
 *
 * @example
 * ```ts
 * import { windows } from "@tensorloom/tensorloom";
 *
 * console.log(windows([1, 2, 3, 4], [{ axis: 0, size: 2 }]).toArray()); // [[1, 2, 3], [2, 3, 4]]
 * console.log(windows([1, 2, 4, 6], [{ axis: 0, size: 2 }]).mean(0).toArray()); // [1.5, 3, 5]
 * ```
 */
export const windows: <X extends Operand>(x: X, options: readonly WindowOptions[]) => Result<X> = publicFunction(
  { name: "windows", action: "take windows", positional: { x: operand, options: recordsOf(windowKinds) } },
  (x, options) => {
    const list = options.map(({ axis, size, stride = 1, dilation = 1 }): Window => ({ axis, size, stride, dilation }));
    return apply(windowsOp, [x], { windows: list });
  },
);
