/**
 * Tensor: a Value that holds its numbers.
 * @module
 */
import { type DType, dtypeInfo, dtypeOfArray, isDetached, isTypedArray, type TypedArray } from "./dtype.ts";
import { formatTensor } from "./format.ts";
import { describeForeign } from "./describe.ts";
import { fromCaller } from "./public/caller.ts";
import { publicMembers } from "./public/public_function.ts";
import { type Shape, stridesOf } from "./shape.ts";
import { TensorType } from "./tensor_type.ts";
import { type NestedArray, type TensorData, Value } from "./value.ts";

/** What {@linkcode tensorOver} tells the constructor: nobody else can. */
const checked = Symbol("checked");

/**
 * Numbers in a row-major array with a shape: immutable, collected like any other object, never freed by hand.
 * Made by {@linkcode tensor} and its relatives, and by every operation that runs eagerly.
 *
 * @example
 * ```ts
 * import { tensor } from "@tensorloom/tensorloom";
 *
 * const x = tensor([[1, 2], [3, 4]]);
 * console.log(x.matmul(x).toArray()); // [[7, 10], [15, 22]]
 * ```
 */
export class Tensor extends Value {
  // These are fields of every tensor's own: deep equality compares them, and structuredClone copies them.
  /** Length of each axis. */
  declare readonly shape: Shape;
  /** Element type. */
  declare readonly dtype: DType;
  /** The elements in row-major order. Read only: a tensor's numbers never change. */
  declare readonly data: TypedArray;
  readonly #type: TensorType;

  /**
   * Takes over `data`, which nobody may write to afterwards; most code calls {@linkcode tensor} instead. The array must
   * be of the class and length that the type says. One that others could change or take away is copied: one in shared
   * memory, in a resizable buffer, or of another realm. Throws a TypeError for what is no such array or no type, and a
   * RangeError for another number of elements, a bool that is neither 0 nor 1, and a buffer that was transferred.
   */
  constructor(data: TypedArray, type: TensorType);
  constructor(data: TypedArray, type: TensorType, known?: typeof checked) {
    super();
    const own = known === checked ? data : checkedData(data, type);
    this.shape = type.shape;
    this.dtype = type.dtype;
    this.data = own;
    this.#type = type;
  }

  /** Dtype and shape. */
  override get type(): TensorType {
    // A Proxy around a tensor, as Vue's reactive makes them, only has the fields.
    return #type in this ? this.#type : typeOfFields(this);
  }

  /** The single element of a tensor of size 1. */
  override item(): number {
    const data = elementsOf(this);
    if (data.length !== 1) {
      throw new RangeError(`Cannot read .item() of ${this.type}: it has ${data.length} elements, not 1`);
    }
    return data[0]!;
  }

  /** The elements as nested arrays; booleans for dtype bool. */
  override toArray(): NestedArray {
    const { shape, dtype } = this;
    const data = elementsOf(this);
    const strides = stridesOf(shape);
    const read = (axis: number, offset: number): NestedArray => {
      if (axis === shape.length) return dtype === "bool" ? data[offset] !== 0 : data[offset]!;
      return Array.from({ length: shape[axis]! }, (_, index) => read(axis + 1, offset + index * strides[axis]!));
    };
    return read(0, 0);
  }

  /** Itself: a tensor always holds its numbers. */
  override concrete(_action: string): Tensor {
    return this;
  }

  /** How errors call it: by its type. */
  override describe(): string {
    return `a tensor of ${this.type}`;
  }

  /** The numbers as NumPy prints them, with long axes summarised. */
  override toString(): string {
    return formatTensor(this);
  }

  /** Shown by Jupyter. */
  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/plain": this.toString() };
  }
}

function typeOfFields({ dtype, shape }: TensorData): TensorType {
  return new TensorType(dtype, shape);
}

/** What a tensor that a user makes holds. */
function checkedData(data: TypedArray, type: TensorType): TypedArray {
  try {
    return ownData(data, type);
  } catch (error) {
    throw fromCaller(error, Tensor);
  }
}

/** `data`, or a copy of it that nobody else can reach, once it is known to be what `type` says. */
function ownData(data: TypedArray, type: TensorType): TypedArray {
  if (!(type instanceof TensorType)) {
    throw new TypeError(`Cannot make a tensor: its type is ${describeForeign(type)}, not a TensorType of this library`);
  }
  const { array } = dtypeInfo(type.dtype);
  if (!isTypedArray(data) || dtypeInfo(dtypeOfArray(data)).array !== array) {
    throw new TypeError(
      `Cannot make a tensor of ${type}: its elements are stored in a ${array.name}, not in ${describeForeign(data)}`,
    );
  }
  if (isDetached(data)) {
    throw new RangeError(`Cannot make a tensor of ${type}: the buffer of its ${array.name} was transferred or cut`);
  }
  if (data.length !== type.size) {
    throw new RangeError(
      `Cannot make a tensor of ${type}: it takes ${type.size} elements, and there are ${data.length}`,
    );
  }
  if (type.dtype === "bool") {
    const wrong = data.find((element) => element > 1);
    if (wrong !== undefined) {
      throw new RangeError(`Cannot make a tensor of ${type}: a bool is stored as 0 or 1, not as ${wrong}`);
    }
  }
  const { buffer } = data;
  const isOwn = Object.getPrototypeOf(data) === array.prototype && buffer instanceof ArrayBuffer && !buffer.resizable;
  return isOwn ? data : new array(data);
}

/** A tensor over an array that is known to fit the type: what operations make, without the constructor's checks. */
export function tensorOver(data: TypedArray, type: TensorType): Tensor {
  return new (Tensor as CheckedConstructor)(data, type, checked);
}

/** The constructor with the parameter that is nobody else's. */
type CheckedConstructor = new (data: TypedArray, type: TensorType, known: typeof checked) => Tensor;

publicMembers(Tensor.prototype, { name: "tensor.item", positional: {} }, { name: "tensor.toArray", positional: {} });

/** The elements of a tensor that is to be computed with. Throws a RangeError when their buffer was transferred meanwhile. */
export function elementsOf(tensor: Tensor): TypedArray {
  const { data } = tensor;
  if (data[0] === undefined) checkEmpty(tensor); // what was transferred has no elements left
  return data;
}

function checkEmpty({ type }: Tensor): void {
  if (type.size === 0) return;
  throw new RangeError(
    `Cannot read a tensor of ${type}: the buffer of its ${dtypeInfo(type.dtype).array.name} was transferred`,
  );
}

/** A tensor of the same elements under another shape of the same size; the numbers are shared. */
export function withShape(tensor: Tensor, type: TensorType): Tensor {
  return tensorOver(tensor.data, type);
}
