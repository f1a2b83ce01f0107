/**
 * Movement of elements: the primitives that only say where in its operand each element of a result lies. The compiler
 * lowers them to index maps; everything else that moves elements is built from them in `arrangement.ts`.
 * @module
 */
import type { TypedArray } from "../dtype.ts";
import {
  axis as axisKind,
  axisList,
  number,
  operand,
  operands,
  pairs,
  positions,
  shape as shapeKind,
} from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { optional } from "../public/signature.ts";
import {
  checkShape,
  countedFromFront,
  equalShapes,
  formatShape,
  normalizeAxis,
  type Shape,
  sizeOf,
  stridesOf,
} from "../shape.ts";
import { resultDType, resultWeakness, TensorType } from "../tensor_type.ts";
import type { Operand, Result, Value } from "../value.ts";
import { convertNumber, promotedDType, unbroadcast } from "./elementwise.ts";
import { store } from "./nested.ts";
import { apply } from "../graph/apply.ts";
import { type Op, operandError } from "./op.ts";
import {
  type PadAttributes,
  type Padding,
  resolvePad,
  resolvePermutation,
  resolveReshape,
  resolveSlice,
  type SliceAttributes,
  sliceOffsets,
  spreadLength,
} from "./geometry/movement.ts";
import { broadcastOffsets, stridedOffsets } from "./geometry/offsets.ts";
import type { AssembleOp, ViewOp } from "./primitive.ts";
import { reshapeStrides } from "./geometry/strided.ts";

/** The type of `x` under another shape. A number written in the program becomes float32, as everywhere. */
export function typeWithShape(x: TensorType, shape: Shape): TensorType {
  return new TensorType(resultDType([x])!, shape, resultWeakness([x])); // one type always promotes
}

/** Copies `data[offsets[i]]` to `output[i]`. */
function gather(output: TypedArray, data: TypedArray, offsets: Int32Array): void {
  for (let index = 0; index < output.length; index++) output[index] = data[offsets[index]!]!;
}

const reshapeOp: ViewOp<{ shape: Shape }> = {
  name: "reshape",
  lowering: "view",
  infer: ([x], { shape }) => typeWithShape(x!, resolveReshape(x!, shape)),
  compute: (output, [x]) => output.set(x!.data),
  view({ offset, strides }, from, to) {
    const shown = reshapeStrides(from, strides, to);
    return shown && { offset, strides: shown };
  },
  gradient: ({ inputs: [x], gradient }) => [reshape(gradient, x!.shape)],
};

const permuteDimsOp: ViewOp<{ axes: readonly number[] }> = {
  name: "permuteDims",
  lowering: "view",
  infer: ([x], { axes }) => typeWithShape(x!, resolvePermutation(x!, axes).map((axis) => x!.shape[axis]!)),
  canonical: ({ axes }, [x]) => ({ axes: resolvePermutation(x!, axes) }),
  compute(output, [x], { axes }, type) {
    const strides = stridesOf(x!.shape);
    const permuted = resolvePermutation(x!.type, axes).map((axis) => strides[axis]!);
    gather(output, x!.data, stridedOffsets(type.shape, permuted, 0));
  },
  view: ({ offset, strides }, _from, _to, { axes }) => ({ offset, strides: axes.map((axis) => strides[axis]!) }),
  gradient({ inputs: [x], attributes: { axes }, gradient }) {
    const inverse = new Array<number>(axes.length);
    resolvePermutation(x!.type!, axes).forEach((from, to) => inverse[from] = to); // types are known when differentiating
    return [permuteDims(gradient, inverse)];
  },
};

const broadcastToOp: ViewOp<{ shape: Shape }> = {
  name: "broadcastTo",
  lowering: "view",
  infer([x], { shape }) {
    const leading = shape.length - x!.shape.length;
    if (leading < 0 || x!.shape.some((length, axis) => length !== 1 && length !== shape[leading + axis])) {
      throw operandError(RangeError, "broadcastTo", [x!], `it does not stretch to ${formatShape(shape)}`);
    }
    return typeWithShape(x!, shape);
  },
  compute: (output, [x], _attributes, type) => gather(output, x!.data, broadcastOffsets(x!.shape, type.shape)),
  view({ offset, strides }, from, to) {
    const leading = to.length - from.length;
    const own = (axis: number): number => axis < leading || from[axis - leading] === 1 ? 0 : strides[axis - leading]!;
    return { offset, strides: to.map((_, axis) => own(axis)) };
  },
  gradient: ({ inputs: [x], gradient }) => [unbroadcast(gradient, x!)],
};

const sliceOp: ViewOp<SliceAttributes> = {
  name: "slice",
  lowering: "view",
  infer([x], attributes) {
    if (attributes.start.length > x!.shape.length) {
      throw operandError(RangeError, "slice", [x!], `it has no ${attributes.start.length} axes to slice`);
    }
    return typeWithShape(x!, resolveSlice(x!.shape, attributes).sizes);
  },
  compute: (output, [x], attributes) => gather(output, x!.data, sliceOffsets(x!.shape, attributes)),
  view({ offset, strides }, from, to, attributes) {
    const { starts, steps } = resolveSlice(from, attributes);
    const first = starts.reduce((sum, start, axis) => sum + start * strides[axis]!, offset);
    return {
      offset: sizeOf(to) === 0 ? offset : first,
      strides: strides.map((stride, axis) => stride * steps[axis]!),
    };
  },
  gradient({ inputs: [x], attributes, gradient }) {
    const { starts, steps, sizes } = resolveSlice(x!.shape, attributes);
    const everything = steps.map(() => null);
    const forwards = steps.every((step) => step > 0)
      ? gradient
      : slice(gradient, everything, everything, steps.map(Math.sign));
    const interior = steps.map((step) => Math.abs(step) - 1);
    const padding = x!.shape.map((length, axis): readonly [number, number] => {
      const spread = spreadLength(sizes[axis]!, interior[axis]!);
      const first = steps[axis]! > 0 ? starts[axis]! : starts[axis]! + 1 - spread;
      return [first, length - first - spread];
    });
    return [padBetween(forwards, padding, interior)];
  },
};

const padOp: AssembleOp<PadAttributes> = {
  name: "pad",
  lowering: "assemble",
  infer([x], { padding, value, interior }) {
    if (padding.length !== x!.shape.length) {
      throw operandError(RangeError, "pad", [x!], `the padding is for ${padding.length} axes`);
    }
    const type = typeWithShape(
      x!,
      x!.shape.map((length, axis) => {
        const [before, after] = padding[axis]!;
        return before + spreadLength(length, interior?.[axis] ?? 0) + after;
      }),
    );
    store(value, type.dtype, "pad");
    return type;
  },
  compute(output, [x], attributes, type) {
    const { start, strides } = resolvePad(type.shape, attributes);
    output.fill(convertNumber(attributes.value, type.dtype));
    stridedOffsets(x!.shape, strides, start).forEach((offset, index) => output[offset] = x!.data[index]!);
  },
  assembly(_inputs, shape, attributes) {
    const { start, strides } = resolvePad(shape, attributes);
    return { fill: attributes.value, pieces: [{ offset: start, strides }] };
  },
  gradient({ inputs: [x], attributes: { padding, interior = padding.map(() => 0) }, gradient }) {
    const start = padding.map(([before]) => before);
    const stop = x!.shape.map((length, axis) => start[axis]! + spreadLength(length, interior[axis]!));
    return [slice(gradient, start, stop, interior.map((between) => between + 1))];
  },
};

const concatOp: AssembleOp<{ axis: number }> = {
  name: "concat",
  lowering: "assemble",
  infer(inputs, { axis }) {
    const { shape } = inputs[0]!;
    const along = normalizeAxis(axis, shape.length, `concat ${inputs.join(" and ")}`);
    if (inputs.some((input) => !equalShapes(input.shape.with(along, 0), shape.with(along, 0)))) {
      throw operandError(RangeError, "concat", inputs, `their shapes differ in more than axis ${along}`);
    }
    const dtype = promotedDType("concat", inputs);
    const length = inputs.reduce((sum, input) => sum + input.shape[along]!, 0);
    return new TensorType(dtype, shape.with(along, length), resultWeakness(inputs));
  },
  canonical: (attributes, [x]) => countedFromFront(attributes, x!.shape.length),
  compute(output, inputs, { axis }, type) {
    const along = normalizeAxis(axis, type.shape.length, "concat");
    const strides = stridesOf(type.shape);
    let start = 0;
    for (const { shape, data } of inputs) {
      stridedOffsets(shape, strides, start * strides[along]!).forEach((offset, index) => {
        output[offset] = convertNumber(data[index]!, type.dtype);
      });
      start += shape[along]!;
    }
  },
  assembly(inputs, shape, { axis }) {
    const strides = stridesOf(shape);
    let start = 0;
    const pieces = inputs.map((input) => {
      const offset = start * strides[axis]!;
      start += input[axis]!;
      return { offset, strides };
    });
    return { pieces };
  },
  gradient({ inputs, attributes: { axis }, gradient }) {
    const along = normalizeAxis(axis, gradient.rank, "concat");
    const everything = new Array<null>(along).fill(null);
    let start = 0;
    return inputs.map(({ shape }) => {
      const stop = start + shape[along]!;
      const part = slice(gradient, [...everything, start], [...everything, stop]);
      start = stop;
      return part;
    });
  },
};

/** The table's entries of this family: the primitives of movement. */
export const movementOps = {
  reshape: reshapeOp,
  permuteDims: permuteDimsOp,
  broadcastTo: broadcastToOp,
  slice: sliceOp,
  pad: padOp,
  concat: concatOp,
} satisfies Record<string, Op>;

/**
 * The same elements, in row-major order, under another shape of the same size; a single −1 stands for the length that
 * makes the sizes agree. Any dtype. Throws a RangeError when the sizes differ.
 *
 * NumPy `np.reshape`, PyTorch `torch.reshape`, TensorFlow.js `tf.reshape`.
 *
 * @example
 * ```ts
 * import { reshape } from "@tensorloom/tensorloom";
 *
 * console.log(reshape([1, 2, 3, 4, 5, 6], [2, -1]).toArray()); // [[1, 2, 3], [4, 5, 6]]
 * ```
 */
export const reshape: <X extends Operand>(x: X, shape: number | Shape) => Result<X> = publicFunction(
  { name: "reshape", positional: { x: operand, shape: shapeKind }, method: true },
  (x, shape) => {
    const lengths = typeof shape === "number" ? [shape] : shape;
    checkShape(lengths.map((length) => length === -1 ? 0 : length), `reshape to [${lengths.join(",")}]`);
    if (lengths.indexOf(-1) !== lengths.lastIndexOf(-1)) {
      throw new RangeError(`Cannot reshape to [${lengths.join(",")}]: only one length can be left open by −1`);
    }
    return apply(reshapeOp, [x], { shape: [...lengths] });
  },
);

/**
 * All elements in row-major order along one axis. Any shape and dtype.
 *
 * NumPy `x.flatten`, PyTorch `torch.flatten`, TensorFlow.js `x.flatten`.
 */
export const flatten: <X extends Operand>(x: X) => Result<X> = publicFunction(
  { name: "flatten", positional: { x: operand }, method: true },
  (x) => reshape(x, [-1]),
);

/**
 * The axes of `x` in another order: axis `i` of the result is axis `axes[i]` of `x`. Any dtype. Throws a RangeError
 * when `axes` does not name each axis once; negative ones count from the end.
 *
 * NumPy `np.permute_dims`, PyTorch `torch.permute`, TensorFlow.js `tf.transpose`.
 *
 * @example
 * ```ts
 * import { permuteDims, zeros } from "@tensorloom/tensorloom";
 *
 * console.log(permuteDims(zeros([2, 3, 4]), [2, 0, 1]).shape); // [4, 2, 3]
 * ```
 */
export const permuteDims: <X extends Operand>(x: X, axes: readonly number[]) => Result<X> = publicFunction(
  { name: "permuteDims", positional: { x: operand, axes: axisList }, method: true },
  (x, axes) => {
    return apply(permuteDimsOp, [x], { axes: [...axes] });
  },
);

/**
 * `x` stretched to `shape` by NumPy's rule: axes of length 1, and missing leading ones, are repeated. Any dtype.
 * Throws a RangeError when `x` does not stretch to that shape.
 *
 * NumPy `np.broadcast_to`, PyTorch `torch.broadcast_to`, TensorFlow.js `tf.broadcastTo`.
 *
 * @example
 * ```ts
 * import { broadcastTo } from "@tensorloom/tensorloom";
 *
 * console.log(broadcastTo([1, 2], [2, 2]).toArray()); // [[1, 2], [1, 2]]
 * ```
 */
export const broadcastTo: <X extends Operand>(x: X, shape: number | Shape) => Result<X> = publicFunction(
  { name: "broadcastTo", positional: { x: operand, shape: shapeKind }, method: true },
  (x, shape) => apply(broadcastToOp, [x], { shape: checkShape(shape, "broadcastTo") }),
);

/**
 * The part of `x` that Python writes as `x[start:stop:step]`: a number is for the first axis, a list for the leading
 * axes. Negative positions count from the end, null is the end itself, and a negative step goes backwards. Any dtype.
 * Throws a RangeError for a step of 0 and for more positions than axes.
 *
 * NumPy `x[start:stop:step]`, PyTorch `x[start:stop:step]`, TensorFlow.js `tf.stridedSlice`.
 *
 * @example
 * ```ts
 * import { slice } from "@tensorloom/tensorloom";
 *
 * console.log(slice([1, 2, 3, 4, 5], 1, -1).toArray()); // [2, 3, 4]
 * console.log(slice([[1, 2], [3, 4]], [null, 1], null).toArray()); // [[2], [4]]
 * console.log(slice([1, 2, 3], null, null, -1).toArray()); // [3, 2, 1]
 * ```
 */
export const slice: <X extends Operand>(
  x: X,
  start: number | null | readonly (number | null)[],
  stop?: number | null | readonly (number | null)[],
  step?: number | readonly number[],
) => Result<X> = publicFunction(
  {
    name: "slice",
    positional: { x: operand, start: positions, stop: optional(positions), step: optional(positions) },
    method: true,
  },
  (x, start, stop = [], step = []) => {
    const lists = [start, stop, step].map((each) => typeof each === "number" || each === null ? [each] : [...each]);
    const axes = Math.max(...lists.map((list) => list.length));
    const [starts, stops, steps] = lists.map((list) => Array.from({ length: axes }, (_, axis) => list[axis] ?? null));
    const strides = steps!.map((each) => each ?? 1);
    if (strides.includes(0)) throw new RangeError("Cannot slice: a step is 0");
    return apply(sliceOp, [x], { start: starts!, stop: stops!, step: strides });
  },
);

/**
 * `x` with elements of `value` (0 unless given) added before and after each axis. Any dtype. Throws a RangeError when
 * the padding is not a pair of whole numbers ≥ 0 per axis, or `value` is out of the dtype's range.
 *
 * NumPy `np.pad`, PyTorch `torch.nn.functional.pad`, TensorFlow.js `tf.pad`.
 *
 * @example
 * ```ts
 * import { pad } from "@tensorloom/tensorloom";
 *
 * console.log(pad([1, 2], [[1, 2]]).toArray()); // [0, 1, 2, 0, 0]
 * ```
 */
export const pad: <X extends Operand>(
  x: X,
  padding: readonly (readonly [before: number, after: number])[],
  options?: { value?: number },
) => Result<X> = publicFunction(
  { name: "pad", positional: { x: operand, padding: pairs }, options: { value: number }, method: true },
  (x, padding, options = {}) => {
    return apply(padOp, [x], {
      padding: padding.map(([before, after]) => [before, after] as const),
      value: options.value ?? 0,
    });
  },
);

/**
 * `pad` by zeros, of which there are also so many between neighbours along each axis; `x` itself where there are none.
 * Of the library's own use.
 */
export function padBetween(x: Value, padding: Padding, interior: readonly number[] = []): Value {
  const isParted = interior.some((between) => between > 0);
  if (!isParted && padding.every(([before, after]) => before + after === 0)) return x;
  return apply(padOp, [x], isParted ? { padding, value: 0, interior } : { padding, value: 0 });
}

/** A list of operands that is not empty. */
export function checkList(list: readonly Operand[], name: string): void {
  if (list.length === 0) throw new RangeError(`Cannot ${name}: the list is empty`);
}

/**
 * Tensors one after another along an axis that they have; their other axes agree. Dtypes are promoted. Throws a
 * RangeError when the shapes do not fit, and a TypeError when no dtype holds all.
 *
 * NumPy `np.concatenate`, PyTorch `torch.cat`, TensorFlow.js `tf.concat`.
 *
 * @example
 * ```ts
 * import { concat } from "@tensorloom/tensorloom";
 *
 * console.log(concat([[[1, 2]], [[3, 4], [5, 6]]]).toArray()); // [[1, 2], [3, 4], [5, 6]]
 * ```
 */
export const concat: <X extends Operand>(list: readonly X[], axis?: number) => Result<X> = publicFunction(
  { name: "concat", positional: { list: operands, axis: optional(axisKind) } },
  (list, axis = 0) => {
    checkList(list, "concat");
    return apply(concatOp, list, { axis });
  },
);
