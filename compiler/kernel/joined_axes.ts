/**
 * Loop nests: axes of length 1 are dropped, and neighbouring axes that every access walks as one are joined.
 * @module
 */
import type { IterationSpace } from "../fusion/iteration_space.ts";

/** The most elements that a loop can count: kernels do so in 32 bits, with a sign. */
export const longestLoop = 2 ** 31 - 1;

/** The first of these lengths that kernels cannot count. */
export function firstTooLong(lengths: readonly number[]): number | undefined {
  return lengths.find((each) => each > longestLoop);
}

/** The axes of one part of a loop nest: lengths, and for every access its strides. */
export interface JoinedAxes {
  readonly sizes: number[];
  readonly strides: number[][];
}

/** The outer and the inner part of a loop nest. */
export interface LoopAxes {
  readonly outer: JoinedAxes;
  readonly inner: JoinedAxes;
}

/** Splits a space's axes into outer and inner loops and joins what can be joined. */
export function collapseAxes(space: IterationSpace, strides: readonly (readonly number[])[]): LoopAxes {
  const { shape, reduced } = space;
  const axes = shape.map((_, axis) => axis);
  const collapse = (part: readonly number[]): JoinedAxes =>
    joinAxes(part.map((axis) => shape[axis]!), strides.map((each) => part.map((axis) => each[axis]!)));
  if (space.kind === "row") {
    return {
      outer: collapse(axes.filter((axis) => !reduced[axis])),
      inner: collapse(axes.filter((axis) => reduced[axis])),
    };
  }
  // Of a map, the last axis is the inner loop; a map of one axis has no outer loop, and is cut into chunks along it.
  const all = collapse(axes);
  return {
    outer: { sizes: all.sizes.slice(0, -1), strides: all.strides.map((each) => each.slice(0, -1)) },
    inner: { sizes: all.sizes.slice(-1), strides: all.strides.map((each) => each.slice(-1)) },
  };
}

/** Axes of these lengths without those of length 1, and joined where every access walks two neighbours as one. */
export function joinAxes(lengths: readonly number[], strides: readonly (readonly number[])[]): JoinedAxes {
  const sizes: number[] = [];
  const result: number[][] = strides.map(() => []);
  for (const [axis, size] of lengths.entries()) {
    if (size === 1) continue;
    const joins = sizes.length > 0 && sizes.at(-1)! * size <= longestLoop &&
      strides.every((each, index) => result[index]!.at(-1) === each[axis]! * size);
    if (joins) sizes[sizes.length - 1]! *= size;
    else sizes.push(size);
    strides.forEach((each, index) => {
      if (joins) result[index]!.pop();
      result[index]!.push(each[axis]!);
    });
  }
  return { sizes, strides: result };
}
