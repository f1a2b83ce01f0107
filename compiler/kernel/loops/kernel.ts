/**
 * Loop kernels: maps over elements, and rows with their reductions.
 * @module
 */
import type { Id, IndexCheck, IndexMap, Section } from "../kernel.ts";

/** Loops over rows and, within a row, one or more stages: loops over its elements. */
export interface LoopKernel {
  readonly kind: "loops";
  readonly name: string;
  /** Lengths of the outer and of the inner axes; each may be empty, which is one row or one element. */
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  /** Whether the last axis that is walked, along which several elements are computed at once, is an inner or an outer one. */
  readonly lanes: "inner" | "outer";
  /** Parts of the first inner axis that a long row may be cut between: its length before axes were joined. */
  readonly parts: number;
  readonly arrays: number;
  readonly indexMaps: readonly IndexMap[];
  /** The checks that steps name by number. */
  readonly checks: readonly IndexCheck[];
  /** Once: values that do not change. */
  readonly prologue: Section;
  /** Per row: a section, then a loop over the row's elements, any number of times. */
  readonly stages: readonly { readonly before: Section; readonly loop: Section }[];
  /** Per row, at its end. */
  readonly after: Section;
  /** The reductions that run over all rows, not over one. */
  readonly totals: ReadonlySet<Id>;
  /** Once, at the end: what is made of those. */
  readonly total: Section;
}

/** Its sections, in the order in which they run. */
export function sectionsOfLoops({ prologue, stages, after, total }: LoopKernel): Section[] {
  return [prologue, ...stages.flatMap(({ before, loop }) => [before, loop]), after, total];
}
