/**
 * Cumulative kernels: running sums and products along an axis.
 * @module
 */
import type { DType } from "../../../src/dtype.ts";
import type { IndexCheck, IndexMap, Section } from "../kernel.ts";

/**
 * What a kernel makes of its *lines*, which are walked along the axis. `"whole"`: the running results of each. Long lines
 * are cut into blocks instead, and take two kernels: `"totals"` makes the total of each block but the last of a line, and
 * `"blocks"` combines those before a block, in their order, with the running results within it.
 */
export type CumulativeStage = "whole" | "totals" | "blocks";

/** Running sums or products along an axis. */
export interface CumulativeKernel {
  readonly kind: "cumulative";
  readonly name: string;
  readonly stage: CumulativeStage;
  readonly combines: "sum" | "prod";
  /** Whether the results of a line begin with that of no elements: one step before the first that `result` finds. */
  readonly includesInitial: boolean;
  /** The dtype it accumulates in. */
  readonly dtype: DType;
  /** Lengths of the axes of lines. Where lines are cut, the first is that of their blocks. */
  readonly outer: readonly number[];
  /** Elements of a line, and of a block. */
  readonly length: number;
  readonly block: number;
  readonly arrays: number;
  /** Each has one inner axis, along the line; of totals, that of the blocks of a line. */
  readonly indexMaps: readonly IndexMap[];
  readonly checks: readonly IndexCheck[];
  /** The accesses, by number. */
  readonly operand: number;
  readonly result: number;
  /** The totals of blocks, which only `"blocks"` reads. */
  readonly totals: number | undefined;
}

/** It has no sections: nothing is computed but what is accumulated. */
export const sectionsOfCumulative: readonly Section[] = [];
