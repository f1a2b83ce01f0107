/**
 * Oracles: composites in plain loops, written to be obviously right. Each knows nothing of what its operation is made of.
 * @module
 */
import type { TypedArray } from "../../src/dtype.ts";
import type { Attributes } from "../../src/ops/op.ts";
import { type Shape, sizeOf, stridesOf } from "../../src/shape.ts";
import type { Tensor } from "../../src/tensor.ts";
import type { TensorType } from "../../src/tensor_type.ts";

/** Fills `output`, which starts as zeros and is rounded to the dtype of `type` when it is filled. */
export type Oracle<A extends Attributes = Attributes> = (
  output: TypedArray,
  inputs: readonly Tensor[],
  attributes: A,
  type: TensorType,
) => void;

/** The same for an operation with several results. */
export type OracleOfSeveral<A extends Attributes = Attributes> = (
  outputs: readonly TypedArray[],
  inputs: readonly Tensor[],
  attributes: A,
) => void;

/** An axis, counted from the front. */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Every index of a shape, in row-major order. */
export function indicesOf(shape: Shape): number[][] {
  const strides = stridesOf(shape);
  return Array.from(
    { length: sizeOf(shape) },
    (_, place) => shape.map((length, axis) => Math.floor(place / strides[axis]!) % length),
  );
}

/** Where an element lies in a row-major array. */
export function placeOf(shape: Shape, index: readonly number[]): number {
  return stridesOf(shape).reduce((sum, stride, axis) => sum + index[axis]! * stride, 0);
}

/** An element of a tensor. */
export function at({ shape, data }: Tensor, index: readonly number[]): number {
  return data[placeOf(shape, index)]!;
}

/** The places of the elements of each line along an axis. */
export function linesOf(shape: Shape, axis: number): number[][] {
  const along = fromFront(axis, shape.length);
  return indicesOf(shape.with(along, 1)).map((start) =>
    Array.from({ length: shape[along]! }, (_, each) => placeOf(shape, start.with(along, each)))
  );
}
