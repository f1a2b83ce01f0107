/**
 * Contractions: sums of products, and what follows for each of them.
 * @module
 */
import type { DType } from "../../../src/dtype.ts";
import type { Id, IndexCheck, IndexMap, Section } from "../kernel.ts";

/**
 * A contraction, or a batch of them, and what is done with each element of the result. The accesses of the operands are
 * used by no step; their inner axes are others than those of the rest.
 */
export interface ContractKernel {
  readonly kind: "contract";
  readonly name: string;
  /** Lengths of the batch dimensions. */
  readonly outer: readonly number[];
  /** Sizes of the dimensions of each group; there may be any number of them, and none is one row, column or product. */
  readonly lhsFree: readonly number[];
  readonly rhsFree: readonly number[];
  readonly contracting: readonly number[];
  readonly arrays: number;
  /** Their inner axes are, group by group, (rows, depth) for the left operand, (depth, columns) for the right, (rows, columns) else. */
  readonly indexMaps: readonly IndexMap[];
  /** The checks that steps name by number. */
  readonly checks: readonly IndexCheck[];
  readonly left: number;
  readonly right: number;
  /** The dtype it accumulates in. */
  readonly dtype: DType;
  /** The id under which the epilogue finds the sum. */
  readonly result: Id;
  readonly prologue: Section;
  readonly epilogue: Section;
}

/** Its sections, in the order in which they run. */
export function sectionsOfContract({ prologue, epilogue }: ContractKernel): Section[] {
  return [prologue, epilogue];
}
