/**
 * New tensors: of numbers, filled, counted, and like others.
 * @module
 */
import { allocate, type DType, dtypeOfArray, isTypedArray, type TypedArray } from "../dtype.ts";
import {
  anything,
  choice,
  count,
  dtype as dtypeKind,
  finite,
  numberOrBoolean,
  operand,
  operands,
  shape as shapeKind,
  whole,
} from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { optional, type OptionKinds } from "../public/signature.ts";
import { checkShape, formatShape, type Shape, sizeOf } from "../shape.ts";
import { type Tensor, tensorOver, withShape } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { type NestedArray, type Operand, type Result, type TensorData, Value } from "../value.ts";
import { where } from "./arithmetic.ts";
import { expandDims } from "./arrangement.ts";
import { checkIndices, toIndices } from "./indexing.ts";
import { broadcastTo, reshape, typeWithShape } from "./movement.ts";
import { fromNested, fromTypedArray, store } from "./nested.ts";
import { apply } from "../graph/apply.ts";
import { type Composite, type Op, refusal } from "./op.ts";

/** Options of the functions that make tensors. */
export interface CreationOptions {
  /** Element type; float32 unless the function says otherwise. */
  readonly dtype?: DType;
}

/** Options of {@linkcode tensor}. */
export interface TensorOptions extends CreationOptions {
  /** How the numbers are arranged: another shape of the same size. */
  readonly shape?: number | Shape;
}

const creationOptions: OptionKinds<CreationOptions> = { dtype: dtypeKind };

/** A fresh tensor whose elements `element` gives, as `dtype` holds them. */
function generate(shape: Shape, dtype: DType, action: string, element: (index: number) => number): Tensor {
  const data = allocate(dtype, sizeOf(shape));
  for (let index = 0; index < data.length; index++) data[index] = store(element(index), dtype, action);
  return tensorOver(data, new TensorType(dtype, shape));
}

/**
 * A tensor of numbers: nested arrays (float32, or bool when all are booleans), a typed array (copied; its own dtype,
 * a Uint8Array is uint8), a Value whose numbers are known, or what `structuredClone` or `postMessage` has made of one.
 * `shape` arranges them in another shape. Throws a TypeError for what holds no numbers, and a RangeError for ragged
 * arrays, for a shape of another size, for numbers that an integer dtype does not hold, and where there is no room.
 *
 * NumPy `np.array`, PyTorch `torch.tensor`, TensorFlow.js `tf.tensor`.
 *
 * @example
 * ```ts
 * import { tensor } from "@tensorloom/tensorloom";
 *
 * console.log(tensor([[1, 2], [3, 4]]).shape); // [2, 2]
 * console.log(tensor(new Int32Array([1, 2, 3, 4]), { shape: [2, 2] }).dtype); // int32
 * ```
 */
export const tensor: (data: Value | NestedArray | TypedArray | TensorData, options?: TensorOptions) => Tensor =
  publicFunction(
    {
      name: "tensor",
      action: "make a tensor",
      positional: { data: anything },
      options: { dtype: dtypeKind, shape: shapeKind } satisfies OptionKinds<TensorOptions>,
    },
    (data, options = {}) => {
      const made = fromData(data, options.dtype);
      if (options.shape === undefined) return made;
      const shape = checkShape(options.shape, "make a tensor");
      if (sizeOf(shape) !== made.size) {
        throw new RangeError(`Cannot make a tensor of shape ${formatShape(shape)}: there are ${made.size} numbers`);
      }
      return withShape(made, new TensorType(made.dtype, shape));
    },
  );

function fromData(data: Value | NestedArray | TypedArray | TensorData, dtype: DType | undefined): Tensor {
  if (data instanceof Value) {
    const numbers = data.concrete("make a tensor of");
    return dtype === undefined || dtype === numbers.dtype
      ? numbers
      : fromTypedArray(numbers.data, dtype, numbers.shape, "make a tensor");
  }
  if (isTypedArray(data)) return fromTypedArray(data, dtype ?? dtypeOfArray(data), [data.length], "make a tensor");
  return fromNested(data, dtype, "make a tensor");
}

/**
 * A tensor of rank 0: float32 for a number, bool for a boolean, unless `dtype` says otherwise. Unlike a plain number
 * it does not take the dtype of the tensor it meets. Throws a RangeError for a number that the dtype does not hold.
 *
 * NumPy `np.array`, PyTorch `torch.tensor`, TensorFlow.js `tf.scalar`.
 */
export const scalar: (value: number | boolean, options?: CreationOptions) => Tensor = publicFunction(
  { name: "scalar", positional: { value: numberOrBoolean }, options: creationOptions },
  (value, options = {}) => full([], value, options),
);

/**
 * A tensor of `shape` (a number is one axis) with every element `value`: float32 for a number, bool for a boolean,
 * unless `dtype` says otherwise. Throws a RangeError for a number that the dtype does not hold.
 *
 * NumPy `np.full`, PyTorch `torch.full`, TensorFlow.js `tf.fill`.
 *
 * @example
 * ```ts
 * import { full } from "@tensorloom/tensorloom";
 *
 * console.log(full([2, 2], 7).toArray()); // [[7, 7], [7, 7]]
 * ```
 */
export const full: (shape: number | Shape, value: number | boolean, options?: CreationOptions) => Tensor =
  publicFunction(
    { name: "full", positional: { shape: shapeKind, value: numberOrBoolean }, options: creationOptions },
    (shape, value, options = {}) => {
      const dtype = options.dtype ?? (typeof value === "boolean" ? "bool" : "float32");
      const type = new TensorType(dtype, checkShape(shape, "fill a tensor"));
      return tensorOver(allocate(dtype, type.size).fill(store(Number(value), dtype, "fill a tensor")), type);
    },
  );

/**
 * A tensor of `shape` (a number is one axis) with every element 0; float32 unless `dtype` says otherwise.
 *
 * NumPy `np.zeros`, PyTorch `torch.zeros`, TensorFlow.js `tf.zeros`.
 */
export const zeros: (shape: number | Shape, options?: CreationOptions) => Tensor = publicFunction(
  { name: "zeros", positional: { shape: shapeKind }, options: creationOptions },
  (shape, options = {}) => full(shape, 0, options),
);

/**
 * A tensor of `shape` (a number is one axis) with every element 1; float32 unless `dtype` says otherwise.
 *
 * NumPy `np.ones`, PyTorch `torch.ones`, TensorFlow.js `tf.ones`.
 */
export const ones: (shape: number | Shape, options?: CreationOptions) => Tensor = publicFunction(
  { name: "ones", positional: { shape: shapeKind }, options: creationOptions },
  (shape, options = {}) => full(shape, 1, options),
);

/**
 * A matrix with ones on its diagonal and zeros elsewhere; float32 unless `dtype` says otherwise.
 *
 * NumPy `np.eye`, PyTorch `torch.eye`, TensorFlow.js `tf.eye`.
 *
 * @example
 * ```ts
 * import { eye } from "@tensorloom/tensorloom";
 *
 * console.log(eye(2, 3).toArray()); // [[1, 0, 0], [0, 1, 0]]
 * ```
 */
export const eye: (rows: number, columns?: number, options?: CreationOptions) => Tensor = publicFunction(
  { name: "eye", positional: { rows: count, columns: optional(count) }, options: creationOptions },
  (rows, columns = rows, options = {}) => {
    const shape = checkShape([rows, columns], "make an identity matrix");
    const dtype = options.dtype ?? "float32";
    return generate(shape, dtype, "make an identity matrix", (index) => {
      return Math.floor(index / columns) === index % columns ? 1 : 0;
    });
  },
);

/**
 * The numbers from `start` up to, but without, `stop`, by `step`; from 0 when only one is given. float32 unless
 * `dtype` says otherwise. Throws a RangeError for a step of 0, and for numbers that the dtype does not hold.
 *
 * NumPy `np.arange`, PyTorch `torch.arange`, TensorFlow.js `tf.range`.
 *
 * @example
 * ```ts
 * import { arange } from "@tensorloom/tensorloom";
 *
 * console.log(arange(3).toArray(), arange(5, 0, -2).toArray()); // [0, 1, 2] [5, 3, 1]
 * ```
 */
export const arange: (start: number, stop?: number, step?: number, options?: CreationOptions) => Tensor =
  publicFunction(
    {
      name: "arange",
      positional: { start: finite, stop: optional(finite), step: optional(finite) },
      options: creationOptions,
    },
    (start, stop, step = 1, options = {}) => {
      const [first, end] = stop === undefined ? [0, start] : [start, stop];
      if (step === 0) throw new RangeError(`Cannot count from ${first} to ${end} by ${step}: the step must not be 0`);
      const count = Math.max(0, Math.ceil((end - first) / step));
      return generate([count], options.dtype ?? "float32", "arange", (index) => first + index * step);
    },
  );

/**
 * `count` numbers at equal distances, `start` and `stop` the first and the last; float32 unless `dtype` says
 * otherwise. Throws a RangeError unless `count` is a whole number ≥ 0.
 *
 * NumPy `np.linspace`, PyTorch `torch.linspace`, TensorFlow.js `tf.linspace`.
 *
 * @example
 * ```ts
 * import { linspace } from "@tensorloom/tensorloom";
 *
 * console.log(linspace(0, 1, 5).toArray()); // [0, 0.25, 0.5, 0.75, 1]
 * ```
 */
export const linspace: (start: number, stop: number, count: number, options?: CreationOptions) => Tensor =
  publicFunction(
    { name: "linspace", positional: { start: finite, stop: finite, count }, options: creationOptions },
    (start, stop, count, options = {}) => {
      const step = (stop - start) / (count - 1);
      return generate([count], options.dtype ?? "float32", "linspace", (index) => {
        if (index === 0) return start;
        return index === count - 1 ? stop : start + index * step;
      });
    },
  );

const fullLikeOp: Composite<{ value: number; dtype?: DType }> = {
  name: "fullLike",
  gradient: () => [undefined],
  decompose([x], { value, dtype }) {
    const constant = full([], value, { dtype: dtype ?? typeWithShape(x!.type!, []).dtype }); // types are known by now
    return where(x!.equal(x!), constant, constant); // takes the shape of x, and nothing of its numbers
  },
};

/** One of the coordinates of a grid: the operand that `index` says, along its own axis of the grid. */
const meshgridOp: Composite<{ index: number; indexing: "xy" | "ij" }> = {
  name: "meshgrid",
  decompose(inputs, attributes) {
    if (inputs.some((input) => input.rank > 1)) throw refusal(RangeError, "it takes vectors and numbers");
    const { shape, along } = gridShape(inputs, attributes);
    return broadcastTo(reshape(inputs[attributes.index]!, shape.map((_, axis) => axis === along ? -1 : 1)), shape);
  },
};

/** The shape of a grid, and the axis of it that the operand `index` lies along. */
function gridShape(
  inputs: readonly Value[],
  { index, indexing }: { index: number; indexing: "xy" | "ij" },
): { shape: number[]; along: number } {
  const shape = inputs.map((input) => input.size);
  if (indexing === "ij" || shape.length < 2) return { shape, along: index };
  const [columns, rows] = shape as [number, number]; // there are at least two
  return { shape: [rows, columns, ...shape.slice(2)], along: index < 2 ? 1 - index : index };
}

const oneHotOp: Composite<{ classes: number; dtype: DType }> = {
  name: "oneHot",
  gradient: () => [undefined],
  decompose([indices], { classes, dtype }) {
    const { type } = indices!;
    checkIndices("oneHot", type!, [type!]); // types are known when decomposing
    const wide = indices!.dtype === "uint32" ? "uint32" : "int32"; // one that holds every class
    const hot = expandDims(indices!.astype(wide), -1).equal(arange(0, classes, 1, { dtype: wide }));
    return hot.astype(dtype);
  },
};

/** An operation that keeps the elements of matrices on one side of a diagonal and makes the others 0. */
function triangle(name: string, keep: (column: number, diagonal: number) => boolean): Composite<{ diagonal: number }> {
  const kept = (index: number, [rows, columns]: readonly number[], diagonal: number): boolean =>
    keep(index % columns!, Math.floor(index / columns!) % rows! + diagonal);
  const op: Composite<{ diagonal: number }> = {
    name,
    gradient: ({ attributes, gradient }) => [apply(op, [gradient], attributes)],
    decompose([x], { diagonal }) {
      if (x!.rank < 2) throw refusal(RangeError, "it takes matrices, of at least two axes");
      const matrix = x!.shape.slice(-2);
      const mask = generate(matrix, "bool", name, (index) => Number(kept(index, matrix, diagonal)));
      return where(mask, x!, zeros([], { dtype: x!.dtype }));
    },
  };
  return op;
}

const trilOp = triangle("tril", (column, diagonal) => column <= diagonal);
const triuOp = triangle("triu", (column, diagonal) => column >= diagonal);

/** The table's entries of this family: what depends on another value. Plain new tensors need none. */
export const creationOps = {
  fullLike: fullLikeOp,
  meshgrid: meshgridOp,
  oneHot: oneHotOp,
  tril: trilOp,
  triu: triuOp,
} satisfies Record<string, Op>;

/**
 * A tensor of the shape of `x` with every element `value`; of the dtype of `x` unless `dtype` says otherwise. Throws a
 * RangeError for a number that the dtype does not hold.
 *
 * NumPy `np.full_like`, PyTorch `torch.full_like`, TensorFlow.js –.
 */
export const fullLike: <X extends Operand>(x: X, value: number | boolean, options?: CreationOptions) => Result<X> =
  publicFunction(
    { name: "fullLike", positional: { x: operand, value: numberOrBoolean }, options: creationOptions },
    (x, value, options = {}) => {
      const dtype = options.dtype === undefined ? {} : { dtype: options.dtype };
      return apply(fullLikeOp, [x], { value: Number(value), ...dtype });
    },
  );

/**
 * A tensor of the shape of `x` with every element 0; of the dtype of `x` unless `dtype` says otherwise.
 *
 * NumPy `np.zeros_like`, PyTorch `torch.zeros_like`, TensorFlow.js `tf.zerosLike`.
 */
export const zerosLike: <X extends Operand>(x: X, options?: CreationOptions) => Result<X> = publicFunction(
  { name: "zerosLike", positional: { x: operand }, options: creationOptions },
  (x, options = {}) => fullLike(x, 0, options),
);

/**
 * A tensor of the shape of `x` with every element 1; of the dtype of `x` unless `dtype` says otherwise.
 *
 * NumPy `np.ones_like`, PyTorch `torch.ones_like`, TensorFlow.js `tf.onesLike`.
 */
export const onesLike: <X extends Operand>(x: X, options?: CreationOptions) => Result<X> = publicFunction(
  { name: "onesLike", positional: { x: operand }, options: creationOptions },
  (x, options = {}) => fullLike(x, 1, options),
);

/**
 * The coordinates of the points of a grid: one tensor per vector, each of as many axes as there are vectors. As in
 * NumPy the first two axes are those of the second and the first vector; `indexing: "ij"` keeps the order of the
 * vectors. Any dtypes. Throws a RangeError for operands that are not vectors or numbers.
 *
 * NumPy `np.meshgrid`, PyTorch `torch.meshgrid`, TensorFlow.js `tf.meshgrid`.
 *
 * @example
 * ```ts
 * import { meshgrid } from "@tensorloom/tensorloom";
 *
 * const [x, y] = meshgrid([[1, 2, 3], [10, 20]]);
 * console.log(x!.toArray(), y!.toArray()); // [[1, 2, 3], [1, 2, 3]] [[10, 10, 10], [20, 20, 20]]
 * ```
 */
export const meshgrid: <X extends Operand>(
  vectors: readonly X[],
  options?: { readonly indexing?: "xy" | "ij" },
) => Result<X>[] = publicFunction(
  { name: "meshgrid", positional: { vectors: operands }, options: { indexing: choice("xy", "ij") } },
  (vectors, options = {}) => {
    const { indexing = "xy" } = options;
    return vectors.map((_, index) => apply(meshgridOp, vectors, { index, indexing }));
  },
);

/**
 * A row of `classes` numbers for every index: 1 at the index, 0 elsewhere; a row of zeros for an index that is no
 * class. The result has the shape of `indices` with one axis more, and is float32 unless `dtype` says otherwise. Throws
 * a TypeError for indices that are not integers.
 *
 * NumPy `np.eye(classes)[indices]`, PyTorch `torch.nn.functional.one_hot`, TensorFlow.js `tf.oneHot`.
 *
 * @example
 * ```ts
 * import { oneHot } from "@tensorloom/tensorloom";
 *
 * console.log(oneHot([2, 0], 3).toArray()); // [[0, 0, 1], [1, 0, 0]]
 * ```
 */
export const oneHot: <X extends Operand>(indices: X, classes: number, options?: CreationOptions) => Result<X> =
  publicFunction(
    { name: "oneHot", positional: { indices: operand, classes: count }, options: creationOptions },
    (indices, classes, options = {}) => {
      return apply(oneHotOp, [toIndices(indices, "oneHot")], { classes, dtype: options.dtype ?? "float32" });
    },
  );

/**
 * The lower triangles of matrices `[…,M,N]`: elements above the given diagonal (0 is the main one, positive ones lie
 * above it) become 0. Any dtype. Throws a RangeError for fewer than two axes.
 *
 * NumPy `np.tril`, PyTorch `torch.tril`, TensorFlow.js `tf.linalg.bandPart`.
 *
 * @example
 * ```ts
 * import { tril } from "@tensorloom/tensorloom";
 *
 * console.log(tril([[1, 2], [3, 4]]).toArray()); // [[1, 0], [3, 4]]
 * ```
 */
export const tril: <X extends Operand>(x: X, diagonal?: number) => Result<X> = publicFunction(
  { name: "tril", positional: { x: operand, diagonal: optional(whole) } },
  (x, diagonal = 0) => {
    return apply(trilOp, [x], { diagonal });
  },
);

/**
 * The upper triangles of matrices `[…,M,N]`: elements below the given diagonal (0 is the main one, positive ones lie
 * above it) become 0. Any dtype. Throws a RangeError for fewer than two axes.
 *
 * NumPy `np.triu`, PyTorch `torch.triu`, TensorFlow.js `tf.linalg.bandPart`.
 */
export const triu: <X extends Operand>(x: X, diagonal?: number) => Result<X> = publicFunction(
  { name: "triu", positional: { x: operand, diagonal: optional(whole) } },
  (x, diagonal = 0) => {
    return apply(triuOp, [x], { diagonal });
  },
);
