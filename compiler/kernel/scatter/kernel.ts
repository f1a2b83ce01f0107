/**
 * Scatters: rows that are added up by index.
 * @module
 */
import type { IndexCheck, IndexMap, Section } from "../kernel.ts";

/**
 * Rows added up at the places that indices name, in the order of the indices. The result is a whole array, of `length`
 * rows for every place of the outer axes; a row without any updates is zeros. Which index an update has depends on none
 * of the outer axes.
 */
export interface ScatterKernel {
  readonly kind: "scatter";
  readonly name: string;
  /** Lengths of the axes before the one that indices name places of. */
  readonly outer: readonly number[];
  /** Lengths of the axes of the indices. */
  readonly updates: readonly number[];
  /** Length of the axis of a row; none where a row is one number. */
  readonly inner: readonly number[];
  /** Rows that an index may name. */
  readonly length: number;
  readonly arrays: number;
  /** Their inner axes are those of the indices, of the indices and of a row for what is added, of a row for the result. */
  readonly indexMaps: readonly IndexMap[];
  /** The one check, of the indices. */
  readonly checks: readonly IndexCheck[];
  /** The accesses, by number. */
  readonly result: number;
  readonly indices: number;
  readonly added: number;
}

/** It has no sections: nothing is computed but the sums. */
export const sectionsOfScatter: readonly Section[] = [];
