/**
 * Tensor: a Value that holds its numbers.
 * @module
 */
import type { TypedArray } from "./dtype.ts";
import { formatTensor } from "./format.ts";
import { stridesOf } from "./shape.ts";
import type { TensorType } from "./tensor_type.ts";
import { type NestedArray, Value } from "./value.ts";

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
  readonly #type: TensorType;
  readonly #data: TypedArray;

  /** Takes over `data`, which nobody may write to afterwards. Most code calls {@linkcode tensor} instead. */
  constructor(data: TypedArray, type: TensorType) {
    super();
    if (data.length !== type.size) {
      throw new RangeError(
        `Cannot make a tensor of ${type}: it takes ${type.size} elements, and there are ${data.length}`,
      );
    }
    this.#type = type;
    this.#data = data;
  }

  /** Dtype and shape. */
  override get type(): TensorType {
    return this.#type;
  }

  /** The elements in row-major order; read only. */
  override get data(): TypedArray {
    return this.#data;
  }

  /** The single element of a tensor of size 1. */
  override item(): number {
    if (this.#data.length !== 1) {
      throw new RangeError(`Cannot read .item() of ${this.#type}: it has ${this.#data.length} elements, not 1`);
    }
    return this.#data[0]!;
  }

  /** The elements as nested arrays; booleans for dtype bool. */
  override toArray(): NestedArray {
    const { shape, dtype } = this.#type;
    const data = this.#data;
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
    return `a tensor of ${this.#type}`;
  }

  /** The numbers as NumPy prints them, with long axes summarised. */
  override toString(): string {
    return formatTensor(this);
  }

  /** What `JSON.stringify` writes: the nested arrays; shape and dtype are not kept. */
  toJSON(): NestedArray {
    return this.toArray();
  }

  /** Shown by Jupyter. */
  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/plain": this.toString() };
  }
}

/** A tensor of the same elements under another shape of the same size; the numbers are shared. */
export function withShape(tensor: Tensor, type: TensorType): Tensor {
  return new Tensor(tensor.data, type);
}
