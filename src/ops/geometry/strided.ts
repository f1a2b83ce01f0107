/**
 * Strided walks through an array: what movements of elements come to without moving any.
 * @module
 */
import { type Shape, sizeOf } from "../../shape.ts";

/** Where the elements of a shape lie in an array: at an offset plus the index along each axis times a stride. */
export interface Strided {
  readonly offset: number;
  /** One per axis. */
  readonly strides: readonly number[];
}

/**
 * The strides that show elements of shape `from`, lying at `strides`, as shape `to`; undefined where no strides can.
 * Axes are split and joined in groups of equal size, and a joined group must be evenly spaced.
 */
export function reshapeStrides(from: Shape, strides: readonly number[], to: Shape): number[] | undefined {
  if (sizeOf(to) === 0) return to.map(() => 0);
  const old = from.map((size, axis) => ({ size, stride: strides[axis]! })).filter(({ size }) => size !== 1);
  const result: number[] = new Array<number>(to.length).fill(0);
  let next = 0;
  for (let axis = 0; axis < to.length;) {
    if (to[axis] === 1) {
      axis++;
      continue;
    }
    let [groupEnd, newSize] = [axis + 1, to[axis]!];
    let [oldEnd, oldSize] = [next + 1, old[next]!.size];
    while (newSize !== oldSize) {
      if (newSize < oldSize) newSize *= to[groupEnd++]!;
      else oldSize *= old[oldEnd++]!.size;
    }
    for (let index = next; index + 1 < oldEnd; index++) {
      if (old[index]!.stride !== old[index + 1]!.stride * old[index + 1]!.size) return undefined;
    }
    let stride = old[oldEnd - 1]!.stride;
    for (let index = groupEnd - 1; index >= axis; index--) {
      result[index] = stride;
      stride *= to[index]!;
    }
    axis = groupEnd;
    next = oldEnd;
  }
  return result;
}
