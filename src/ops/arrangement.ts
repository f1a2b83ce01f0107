/**
 * Rearrangements built from the primitives of movement: they need the shape of their operand, so they are operations
 * of their own, and a graph can hold them before the shape is known.
 * @module
 */
import { axes, axis as axisKind, count as countKind, operand, operands, wholesFrom } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { optional } from "../public/signature.ts";
import { countedFromFront, equalShapes, normalizeAxes, normalizeAxis, type Shape, sizeOf } from "../shape.ts";
import type { Operand, Result } from "../value.ts";
import { broadcastTo, checkList, concat, permuteDims, reshape, slice } from "./movement.ts";
import { unary } from "./function.ts";
import { apply } from "../graph/apply.ts";
import { type Composite, type Op, refusal } from "./op.ts";

const transposeOp: Composite = {
  name: "transpose",
  gradient: ({ gradient }) => [transpose(gradient)],
  decompose: ([x]) => permuteDims(x!, x!.shape.map((_, axis) => x!.rank - 1 - axis)),
};

/** An operation that only inserts or removes axes of length 1. */
function relabelling<A extends { readonly axis?: number | readonly number[] }>(
  name: string,
  shapeOf: (shape: Shape, attributes: A) => Shape,
  canonical: (attributes: A, shape: Shape) => A,
): Composite<A> {
  return {
    name,
    canonical: (attributes, [x]) => canonical(attributes, x!.shape),
    gradient: ({ inputs: [x], gradient }) => [reshape(gradient, x!.shape)],
    decompose: ([x], attributes) => reshape(x!, shapeOf(x!.shape, attributes)),
  };
}

const expandDimsOp = relabelling<{ axis: number }>(
  "expandDims",
  (shape, { axis }) => shape.toSpliced(normalizeAxis(axis, shape.length + 1, "expandDims"), 0, 1),
  (attributes, shape) => countedFromFront(attributes, shape.length + 1),
);

type SqueezeAttributes = { readonly axis?: number | readonly number[] };

/** The axes that a squeeze removes: those of length 1 where none are named. */
function squeezed(shape: Shape, { axis }: SqueezeAttributes): number[] {
  if (axis === undefined) return [...shape.keys()].filter((each) => shape[each] === 1);
  return normalizeAxes(axis, shape.length, "squeeze");
}

const squeezeOp = relabelling<SqueezeAttributes>(
  "squeeze",
  (shape, attributes) => {
    const axes = squeezed(shape, attributes);
    const wrong = axes.find((axis) => shape[axis] !== 1);
    if (wrong !== undefined) throw refusal(RangeError, `axis ${wrong} has length ${shape[wrong]}, not 1`);
    return shape.filter((_, axis) => !axes.includes(axis));
  },
  (attributes, shape) => ({ axis: squeezed(shape, attributes) }),
);

const stackOp: Composite<{ axis: number }> = {
  name: "stack",
  canonical: (attributes, [x]) => countedFromFront(attributes, x!.shape.length + 1),
  gradient({ inputs, attributes: { axis }, gradient }) {
    const along = normalizeAxis(axis, gradient.rank, "stack");
    const everything = new Array<null>(along).fill(null);
    return inputs.map(({ shape }, index) =>
      reshape(slice(gradient, [...everything, index], [...everything, index + 1]), shape)
    );
  },
  decompose(inputs, { axis }) {
    if (inputs.some((input) => !equalShapes(input.shape, inputs[0]!.shape))) {
      throw refusal(RangeError, "their shapes differ");
    }
    return concat(inputs.map((input) => expandDims(input, axis)), axis);
  },
};

/** Where part `index` starts and stops along the axis that is split. */
function resolvePart(
  shape: Shape,
  { parts, index, axis }: { parts: number | readonly number[]; index: number; axis: number },
): { along: number; start: number; stop: number } {
  const along = normalizeAxis(axis, shape.length, "split");
  const length = shape[along]!;
  if (typeof parts === "number") {
    if (length % parts !== 0) {
      throw refusal(RangeError, `axis ${along} has length ${length}, which ${parts} does not divide`);
    }
    return { along, start: length / parts * index, stop: length / parts * (index + 1) };
  }
  const total = parts.reduce((sum, part) => sum + part, 0);
  if (total !== length) {
    throw refusal(
      RangeError,
      `the parts [${parts.join(",")}] add up to ${total}, and axis ${along} has length ${length}`,
    );
  }
  const start = parts.slice(0, index).reduce((sum, part) => sum + part, 0);
  return { along, start, stop: start + parts[index]! };
}

/** One part of a tensor that is split; `index` says which. */
const splitOp: Composite<{ parts: number | readonly number[]; index: number; axis: number }> = {
  name: "split",
  canonical: (attributes, [x]) => countedFromFront(attributes, x!.shape.length),
  decompose([x], attributes) {
    const { along, start, stop } = resolvePart(x!.shape, attributes);
    const everything = new Array<null>(along).fill(null);
    return slice(x!, [...everything, start], [...everything, stop]);
  },
};

const flipOp: Composite<{ axis?: number | readonly number[] }> = {
  name: "flip",
  canonical: ({ axis }, [x]) => ({ axis: normalizeAxes(axis, x!.shape.length, "flip") }),
  gradient: ({ attributes: { axis }, gradient }) => [flip(gradient, axis)],
  decompose([x], { axis }) {
    const axes = normalizeAxes(axis, x!.rank, "flip");
    const everything = x!.shape.map(() => null);
    return slice(x!, everything, everything, x!.shape.map((_, each) => axes.includes(each) ? -1 : 1));
  },
};

/** The shape of `x` and the repetitions, both brought to the same rank by leading ones. */
function resolveTile(shape: Shape, repetitions: readonly number[]): { lengths: number[]; times: number[] } {
  const rank = Math.max(shape.length, repetitions.length);
  const align = (list: readonly number[]): number[] => [...new Array<number>(rank - list.length).fill(1), ...list];
  return { lengths: align(shape), times: align(repetitions) };
}

const tileOp: Composite<{ repetitions: readonly number[] }> = {
  name: "tile",
  decompose([x], { repetitions }) {
    const { lengths, times } = resolveTile(x!.shape, repetitions);
    const apart = reshape(x!, lengths.flatMap((length) => [1, length]));
    const repeated = broadcastTo(apart, lengths.flatMap((length, axis) => [times[axis]!, length]));
    return reshape(repeated, lengths.map((length, axis) => length * times[axis]!));
  },
};

/** What `repeat` repeats elements of, and along which axis: without one, the flattened tensor. */
function resolveRepeat(shape: Shape, axis: number | undefined): { shape: Shape; along: number } {
  if (axis === undefined) return { shape: [sizeOf(shape)], along: 0 };
  return { shape, along: normalizeAxis(axis, shape.length, "repeat") };
}

const repeatOp: Composite<{ count: number; axis?: number }> = {
  name: "repeat",
  canonical: ({ count, axis }, [x]) =>
    axis === undefined ? { count } : countedFromFront({ count, axis }, x!.shape.length),
  decompose([x], { count, axis }) {
    const { shape, along } = resolveRepeat(x!.shape, axis);
    const apart = reshape(x!, shape.toSpliced(along + 1, 0, 1));
    const repeated = broadcastTo(apart, shape.toSpliced(along + 1, 0, count));
    return reshape(repeated, shape.with(along, shape[along]! * count));
  },
};

/** The table's entries of this family. */
export const arrangementOps = {
  transpose: transposeOp,
  expandDims: expandDimsOp,
  squeeze: squeezeOp,
  stack: stackOp,
  split: splitOp,
  flip: flipOp,
  tile: tileOp,
  repeat: repeatOp,
} satisfies Record<string, Op>;

/**
 * `x` with its axes in reverse order: the transpose of a matrix. Any shape and dtype; see {@linkcode permuteDims} for
 * other orders.
 *
 * NumPy `np.transpose`, PyTorch `torch.t`, TensorFlow.js `tf.transpose`.
 *
 * @example
 * ```ts
 * import { transpose } from "@tensorloom/tensorloom";
 *
 * console.log(transpose([[1, 2, 3], [4, 5, 6]]).toArray()); // [[1, 4], [2, 5], [3, 6]]
 * ```
 */
export const transpose: <X extends Operand>(x: X) => Result<X> = unary(transposeOp);

/**
 * `x` with an axis of length 1 inserted at `axis` of the result. Any dtype. Throws a RangeError for an axis out of range.
 *
 * NumPy `np.expand_dims`, PyTorch `torch.unsqueeze`, TensorFlow.js `tf.expandDims`.
 */
export const expandDims: <X extends Operand>(x: X, axis: number) => Result<X> = publicFunction(
  { name: "expandDims", positional: { x: operand, axis: axisKind }, method: true },
  (x, axis) => apply(expandDimsOp, [x], { axis }),
);

/**
 * `x` without the axes given (a number or a list), or without all axes of length 1. Any dtype. Throws a RangeError
 * when one of the given axes has another length.
 *
 * NumPy `np.squeeze`, PyTorch `torch.squeeze`, TensorFlow.js `tf.squeeze`.
 *
 * @example
 * ```ts
 * import { squeeze, zeros } from "@tensorloom/tensorloom";
 *
 * console.log(squeeze(zeros([1, 3, 1])).shape, squeeze(zeros([1, 3, 1]), -1).shape); // [3] [1, 3]
 * ```
 */
export const squeeze: <X extends Operand>(x: X, axis?: number | readonly number[]) => Result<X> = publicFunction(
  { name: "squeeze", positional: { x: operand, axis: optional(axes) }, method: true },
  (x, axis) => apply(squeezeOp, [x], axis === undefined ? {} : { axis }),
);

/**
 * Tensors of one shape side by side along a new axis of the result. Dtypes are promoted. Throws a RangeError when the
 * shapes differ, and a TypeError when no dtype holds all.
 *
 * NumPy `np.stack`, PyTorch `torch.stack`, TensorFlow.js `tf.stack`.
 *
 * @example
 * ```ts
 * import { stack } from "@tensorloom/tensorloom";
 *
 * console.log(stack([[1, 2], [3, 4]], 1).toArray()); // [[1, 3], [2, 4]]
 * ```
 */
export const stack: <X extends Operand>(list: readonly X[], axis?: number) => Result<X> = publicFunction(
  { name: "stack", positional: { list: operands, axis: optional(axisKind) } },
  (list, axis = 0) => {
    checkList(list, "stack");
    return apply(stackOp, list, { axis });
  },
);

/**
 * The parts of `x` along an axis: a number of equal parts, or parts of the lengths listed. Any dtype. Throws a
 * RangeError when the number does not divide the axis, or the lengths do not add up to it.
 *
 * NumPy `np.split`, PyTorch `torch.tensor_split`, TensorFlow.js `tf.split`.
 *
 * @example
 * ```ts
 * import { split } from "@tensorloom/tensorloom";
 *
 * const [left, right] = split([[1, 2, 3], [4, 5, 6]], [1, 2], 1);
 * console.log(left!.toArray(), right!.toArray()); // [[1], [4]] [[2, 3], [5, 6]]
 * ```
 */
export const split: <X extends Operand>(x: X, parts: number | readonly number[], axis?: number) => Result<X>[] =
  publicFunction(
    { name: "split", positional: { x: operand, parts: wholesFrom(0), axis: optional(axisKind) }, method: true },
    (x, parts, axis = 0) => {
      const count = typeof parts === "number" ? parts : parts.length;
      if (count === 0) throw new RangeError("Cannot split: there are 0 parts");
      const attribute = typeof parts === "number" ? parts : [...parts];
      return Array.from({ length: count }, (_, index) => apply(splitOp, [x], { parts: attribute, index, axis }));
    },
  );

/**
 * `x` with the order of elements reversed along an axis, a list of axes, or all of them. Any shape and dtype. Throws a
 * RangeError for an axis out of range.
 *
 * NumPy `np.flip`, PyTorch `torch.flip`, TensorFlow.js `tf.reverse`.
 *
 * @example
 * ```ts
 * import { flip } from "@tensorloom/tensorloom";
 *
 * console.log(flip([[1, 2], [3, 4]], 1).toArray()); // [[2, 1], [4, 3]]
 * ```
 */
export const flip: <X extends Operand>(x: X, axis?: number | readonly number[]) => Result<X> = publicFunction(
  { name: "flip", positional: { x: operand, axis: optional(axes) }, method: true },
  (x, axis) => apply(flipOp, [x], axis === undefined ? {} : { axis }),
);

/**
 * `x` laid out `repetitions` times along each axis, aligned at the last one as in NumPy. Any dtype. Throws a RangeError
 * unless the repetitions are whole numbers ≥ 0.
 *
 * NumPy `np.tile`, PyTorch `torch.tile`, TensorFlow.js `tf.tile`.
 *
 * @example
 * ```ts
 * import { tile } from "@tensorloom/tensorloom";
 *
 * console.log(tile([1, 2], [2, 2]).toArray()); // [[1, 2, 1, 2], [1, 2, 1, 2]]
 * ```
 */
export const tile: <X extends Operand>(x: X, repetitions: number | readonly number[]) => Result<X> = publicFunction(
  { name: "tile", positional: { x: operand, repetitions: wholesFrom(0) }, method: true },
  (x, repetitions) => {
    const list = typeof repetitions === "number" ? [repetitions] : [...repetitions];
    return apply(tileOp, [x], { repetitions: list });
  },
);

/**
 * Every element of `x` repeated `count` times along an axis, or, without one, those of the flattened tensor. Any
 * dtype. Throws a RangeError unless `count` is a whole number ≥ 0.
 *
 * NumPy `np.repeat`, PyTorch `torch.repeat_interleave`, TensorFlow.js –.
 *
 * @example
 * ```ts
 * import { repeat } from "@tensorloom/tensorloom";
 *
 * console.log(repeat([1, 2], 2).toArray()); // [1, 1, 2, 2]
 * ```
 */
export const repeat: <X extends Operand>(x: X, count: number, axis?: number) => Result<X> = publicFunction(
  { name: "repeat", positional: { x: operand, count: countKind, axis: optional(axisKind) }, method: true },
  (x, count, axis) => {
    return apply(repeatOp, [x], axis === undefined ? { count } : { count, axis });
  },
);
