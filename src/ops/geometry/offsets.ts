/**
 * Offsets: where the elements of a shape lie in an array. The reference implementations index by them.
 * @module
 */
import { type Shape, sizeOf, stridesOf } from "../../shape.ts";

/**
 * For every element of `shape`, in row-major order, the place in an operand of shape `from` that broadcasting takes
 * it from.
 */
export function broadcastOffsets(from: Shape, shape: Shape): Int32Array {
  const own = stridesOf(from);
  const strides = shape.map((_, axis) => {
    const source = axis - (shape.length - from.length);
    return source < 0 || from[source] === 1 ? 0 : own[source]!;
  });
  return stridedOffsets(shape, strides, 0);
}

/** For every element of `shape`, in row-major order: `start` plus its index along each axis times that axis' stride. */
export function stridedOffsets(shape: Shape, strides: readonly number[], start: number): Int32Array {
  const offsets = new Int32Array(sizeOf(shape));
  let next = 0;
  const visit = (axis: number, offset: number): void => {
    if (axis === shape.length) offsets[next++] = offset;
    else for (let index = 0; index < shape[axis]!; index++) visit(axis + 1, offset + index * strides[axis]!);
  };
  if (offsets.length > 0) visit(0, start);
  return offsets;
}

/** Calls `visit` with the places of the elements of each line along an axis. */
export function forEachLine(shape: Shape, axis: number, visit: (places: readonly number[]) => void): void {
  const strides = stridesOf(shape);
  for (const start of stridedOffsets(shape.with(axis, 1), strides, 0)) {
    visit(Array.from({ length: shape[axis]! }, (_, index) => start + index * strides[axis]!));
  }
}
