/**
 * Elements by their index: gather, its transpose scatter, and sorting.
 * @module
 */
import { isInteger } from "../dtype.ts";
import { axis as axisKind, boolean, count, operand } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { optional, required } from "../public/signature.ts";
import { countedFromFront, equalShapes, formatShape, normalizeAxis, type Shape, sizeOf, stridesOf } from "../shape.ts";
import { tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { type Operand, type Result, Value } from "../value.ts";
import { convertNumber } from "./elementwise.ts";
import { flatten, typeWithShape } from "./movement.ts";
import { fromNested } from "./nested.ts";
import { forEachLine, stridedOffsets } from "./geometry/offsets.ts";
import { apply } from "../graph/apply.ts";
import { type Composite, type Op, operandError } from "./op.ts";
import type { CheckOp, GatherOp, HostOp, ScatterOp } from "./primitive.ts";

/** Indices as an operation takes them: numbers written in the program become int32, and have to be whole. */
export function toIndices<I extends Operand>(indices: I, name: string): I {
  if (indices instanceof Value) return indices;
  const literal: Operand = indices;
  const numbers = fromNested(literal, "float64", name);
  if (hasBoolean(literal)) {
    throw new TypeError(`Cannot ${name}: the indices are booleans; where() chooses by a condition`);
  }
  const fraction = numbers.data.find((index) => !Number.isInteger(index));
  if (fraction !== undefined) throw new TypeError(`Cannot ${name}: the index ${fraction} is not a whole number`);
  return fromNested(literal, "int32", name) as Operand as I; // a Tensor in place of its numbers: Result<…> is the same
}

function hasBoolean(nested: unknown): boolean {
  return typeof nested === "boolean" || Array.isArray(nested) && nested.some(hasBoolean);
}

/** Throws unless the indices among `inputs` are integers. */
export function checkIndices(name: string, indices: TensorType, inputs: readonly TensorType[]): void {
  if (indices.weak !== undefined || !isInteger(indices.dtype)) {
    throw operandError(TypeError, name, inputs, `the indices have to be integers; convert them with astype("int32")`);
  }
}

function indexRangeError(index: number, length: number, action: string): string {
  return `Cannot ${action}: index ${index} is out of range for length ${length}`;
}

/** The place that an index, which may count from the end, names on an axis of this length. */
function locate(index: number, length: number, action: string): number {
  if (index < -length || index >= length) throw new RangeError(indexRangeError(index, length, action));
  return index < 0 ? index + length : index;
}

/** What lies before and after an axis, as numbers of elements. */
function around(shape: Shape, axis: number): { outer: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), inner: sizeOf(shape.slice(axis + 1)) };
}

function takeAction(x: TensorType, along: number): string {
  return `take from axis ${along} of ${x}`;
}

const takeOp: GatherOp<{ axis: number }> = {
  name: "take",
  lowering: "gather",
  infer([x, indices], { axis }) {
    checkIndices("take", indices!, [x!, indices!]);
    const along = normalizeAxis(axis, x!.shape.length, `take ${x} and ${indices}`);
    return typeWithShape(x!, x!.shape.toSpliced(along, 1, ...indices!.shape));
  },
  canonical: (attributes, [x]) => countedFromFront(attributes, x!.shape.length),
  compute(output, [x, indices], { axis }) {
    const along = normalizeAxis(axis, x!.rank, "take");
    const length = x!.shape[along]!;
    const { outer, inner } = around(x!.shape, along);
    const places = Array.from(indices!.data, (index) => locate(index, length, takeAction(x!.type, along)));
    let next = 0;
    for (let block = 0; block < outer; block++) {
      for (const place of places) {
        for (let each = 0; each < inner; each++) output[next++] = x!.data[(block * length + place) * inner + each]!;
      }
    }
  },
  indexMessage(index, [x], { axis }) {
    const along = normalizeAxis(axis, x!.shape.length, "take");
    return indexRangeError(index, x!.shape[along]!, takeAction(x!, along));
  },
  gradient({ inputs: [x, indices], attributes, gradient }) {
    const axis = normalizeAxis(attributes.axis, x!.rank, "take");
    return [scatterAdd(indices!, gradient, { axis, length: x!.shape[axis]! }), undefined];
  },
};

/** What {@linkcode checkIndex} asks of indices, and how it says that one fails: `Cannot {action}: the {noun} 3 is not …`. */
export type IndexRule = { readonly length: number; readonly noun: string; readonly action: string };

/** The message for an index that breaks the rule. */
export function brokenRule(index: number, { length, noun, action }: IndexRule): string {
  return `Cannot ${action}: the ${noun} ${index} is not between 0 and ${length - 1}`;
}

const checkIndexOp: CheckOp<IndexRule> = {
  name: "checkIndex",
  lowering: "check",
  infer: ([index]) => index!,
  compute(output, [index], rule) {
    index!.data.forEach((each, place) => {
      if (!Number.isInteger(each) || each < 0 || each >= rule.length) throw new RangeError(brokenRule(each, rule));
      output[place] = each;
    });
  },
  limit: ({ length }) => length,
  indexMessage: (index, _inputs, rule) => brokenRule(index, rule),
  gradient: () => [undefined],
};

/** What {@linkcode scatterAdd} is applied with. */
export type ScatterAttributes = { readonly axis: number; readonly length: number };

/** The shape of `scatterAdd`, and the axis counted from the front. */
export function resolveScatter(
  indices: TensorType,
  updates: TensorType,
  { axis, length }: ScatterAttributes,
): { along: number; shape: Shape } {
  const inputs = [indices, updates];
  const covered = indices.shape.length;
  const along = normalizeAxis(axis, updates.shape.length - covered + 1, `scatterAdd ${inputs.join(" and ")}`);
  if (!equalShapes(updates.shape.slice(along, along + covered), indices.shape)) {
    throw operandError(
      RangeError,
      "scatterAdd",
      inputs,
      `the updates do not have the shape ${formatShape(indices.shape)} of the indices from axis ${along} on`,
    );
  }
  return { along, shape: updates.shape.toSpliced(along, covered, length) };
}

function scatterAction(type: TensorType, along: number): string {
  return `scatterAdd to axis ${along} of ${type}`;
}

const scatterAddOp: ScatterOp<ScatterAttributes> = {
  name: "scatterAdd",
  lowering: "scatter",
  infer([indices, updates], attributes) {
    checkIndices("scatterAdd", indices!, [indices!, updates!]);
    if (updates!.dtype === "bool") {
      throw operandError(TypeError, "scatterAdd", [indices!, updates!], "bools cannot be added; convert with astype()");
    }
    return typeWithShape(updates!, resolveScatter(indices!, updates!, attributes).shape);
  },
  canonical: (attributes, [indices, updates]) => ({
    ...attributes,
    axis: resolveScatter(indices!, updates!, attributes).along,
  }),
  compute(output, [indices, updates], attributes, type) {
    const { along } = resolveScatter(indices!.type, updates!.type, attributes);
    const { length } = attributes;
    const { outer, inner } = around(type.shape, along);
    const places = Array.from(
      indices!.data,
      (index) => locate(index, length, scatterAction(type, along)),
    );
    const sums = new Float64Array(output.length);
    let next = 0;
    for (let block = 0; block < outer; block++) {
      for (const place of places) {
        for (let each = 0; each < inner; each++) {
          sums[(block * length + place) * inner + each]! += updates!.data[next++]!;
        }
      }
    }
    sums.forEach((sum, index) => output[index] = convertNumber(sum, type.dtype));
  },
  indexMessage(index, [indices, updates], attributes) {
    const { along, shape } = resolveScatter(indices!, updates!, attributes);
    return indexRangeError(index, attributes.length, scatterAction(typeWithShape(updates!, shape), along));
  },
  gradient({ inputs: [indices, updates], attributes, gradient }) {
    const { along } = resolveScatter(indices!.type!, updates!.type!, attributes); // types are known when differentiating
    return [undefined, take(gradient, indices!, along)];
  },
};

type SortAttributes = { readonly axis: number; readonly descending: boolean };

/** Which elements of a line come first, second, …: equal ones in the order they have, NaN last whatever the order. */
function sortedOrder(line: readonly number[], descending: boolean): number[] {
  return line.map((_, index) => index).sort((i, j) => {
    const [x, y] = [line[i]!, line[j]!];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return x === y ? 0 : (x < y) === descending ? 1 : -1;
  });
}

const argsortOp: HostOp<SortAttributes> = {
  name: "argsort",
  lowering: "host",
  infer([x], { axis }) {
    normalizeAxis(axis, x!.shape.length, `argsort ${x}`);
    return new TensorType("int32", x!.shape);
  },
  canonical: (attributes, [x]) => countedFromFront(attributes, x!.shape.length),
  compute(output, [x], { axis, descending }) {
    forEachLine(x!.shape, normalizeAxis(axis, x!.rank, "argsort"), (places) => {
      const order = sortedOrder(places.map((place) => x!.data[place]!), descending);
      order.forEach((index, position) => output[places[position]!] = index);
    });
  },
  gradient: () => [undefined],
};

/**
 * The elements of every line of `x` along an axis that `indices` name, in their order. These are of the same shape but
 * along that axis, and each is in range.
 */
export function reorder(x: Value, indices: Value, axis: number): Value {
  const { shape } = x;
  const along = normalizeAxis(axis, shape.length, "sort");
  const strides = stridesOf(shape);
  const lines = new TensorType("int32", shape.with(along, 1));
  const starts = tensorOver(stridedOffsets(lines.shape, strides, 0), lines);
  return take(flatten(x), indices.mul(strides[along]!).add(starts), 0);
}

const sortOp: Composite<SortAttributes> = {
  name: "sort",
  canonical: (attributes, [x]) => countedFromFront(attributes, x!.shape.length),
  gradient({ inputs: [x], attributes: { axis, descending }, gradient }) {
    // Sorting the order itself gives the inverse permutation: where each element of x went.
    return [reorder(gradient, argsort(argsort(x!, axis, { descending }), axis), axis)];
  },
  decompose: ([x], { axis, descending }) => reorder(x!, argsort(x!, axis, { descending }), axis),
};

/** The table's entries of this family. */
export const indexingOps = {
  take: takeOp,
  checkIndex: checkIndexOp,
  scatterAdd: scatterAddOp,
  argsort: argsortOp,
  sort: sortOp,
} satisfies Record<string, Op>;

/**
 * The elements of `x` that `indices` name along an axis, 0 unless given: the result has the shape of `x` with that
 * axis replaced by the axes of `indices`. Any dtype; the indices are integers, negative ones count from the end.
 * Throws a RangeError for an index or axis out of range, and a TypeError for indices that are not integers.
 *
 * NumPy `np.take`, PyTorch `torch.index_select`, TensorFlow.js `tf.gather`.
 *
 * @example
 * ```ts
 * import { take } from "@tensorloom/tensorloom";
 *
 * console.log(take([[1, 2], [3, 4], [5, 6]], [2, 0], 0).toArray()); // [[5, 6], [1, 2]]
 * ```
 */
export const take: <X extends Operand, I extends Operand>(x: X, indices: I, axis?: number) => Result<X | I> =
  publicFunction(
    { name: "take", positional: { x: operand, indices: operand, axis: optional(axisKind) }, method: true },
    (x, indices, axis = 0) => apply(takeOp, [x, toIndices(indices, "take")], { axis }),
  );

/**
 * The indices themselves, for other operations to be made of: whoever computes them throws the rule's RangeError where
 * one is not a whole number from 0 to below `length`.
 */
export function checkIndex(indices: Value, rule: IndexRule): Value {
  return apply(checkIndexOp, [indices], rule);
}

/**
 * The transpose of {@linkcode take}: zeros with `length` elements along `axis`, and every update added at the place
 * that its index names, in the order of the indices. `updates` has the axes of `indices` in the place of that axis.
 * Throws a RangeError for an index out of range and where the shapes do not fit.
 *
 * NumPy `np.add.at`, PyTorch `torch.index_add`, TensorFlow.js `tf.unsortedSegmentSum`.
 *
 * @example
 * ```ts
 * import { scatterAdd } from "@tensorloom/tensorloom";
 *
 * console.log(scatterAdd([0, 2, 0], [1, 2, 3], { length: 3 }).toArray()); // [4, 0, 2]
 * ```
 */
export const scatterAdd: <I extends Operand, U extends Operand>(
  indices: I,
  updates: U,
  options: { length: number; axis?: number },
) => Result<I | U> = publicFunction(
  {
    name: "scatterAdd",
    positional: { indices: operand, updates: operand },
    options: { length: required(count), axis: axisKind },
  },
  (indices, updates, options) => {
    const { length, axis = 0 } = options;
    return apply(scatterAddOp, [toIndices(indices, "scatterAdd"), updates], { axis, length });
  },
);

/**
 * The indices that sort `x` along an axis, the last unless given; int32, of the shape of `x`. Equal elements keep
 * their order and NaN comes last, ascending or descending. Throws a RangeError for an axis out of range.
 *
 * NumPy `np.argsort`, PyTorch `torch.argsort`, TensorFlow.js `tf.topk`.
 *
 * @example
 * ```ts
 * import { argsort } from "@tensorloom/tensorloom";
 *
 * console.log(argsort([3, 1, 2]).toArray()); // [1, 2, 0]
 * ```
 */
export const argsort: <X extends Operand>(x: X, axis?: number, options?: { descending?: boolean }) => Result<X> =
  publicFunction(
    { name: "argsort", positional: { x: operand, axis: optional(axisKind) }, options: { descending: boolean } },
    (x, axis = -1, options = {}) => apply(argsortOp, [x], { axis, descending: options.descending ?? false }),
  );

/**
 * `x` sorted along an axis, the last unless given; any dtype, NaN last, ascending or descending. Throws a RangeError
 * for an axis out of range.
 *
 * NumPy `np.sort`, PyTorch `torch.sort`, TensorFlow.js `tf.topk`.
 *
 * @example
 * ```ts
 * import { sort } from "@tensorloom/tensorloom";
 *
 * console.log(sort([3, 1, 2], -1, { descending: true }).toArray()); // [3, 2, 1]
 * ```
 */
export const sort: <X extends Operand>(x: X, axis?: number, options?: { descending?: boolean }) => Result<X> =
  publicFunction(
    { name: "sort", positional: { x: operand, axis: optional(axisKind) }, options: { descending: boolean } },
    (x, axis = -1, options = {}) => apply(sortOp, [x], { axis, descending: options.descending ?? false }),
  );
