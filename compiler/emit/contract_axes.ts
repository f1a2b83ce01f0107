/**
 * The axes of a contraction, and how its accesses go along them.
 * @module
 */
import type { ContractKernel } from "../kernel.ts";

/** Lengths of the axes that rows, columns and depth are made of. */
export interface Axes {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly depth: readonly number[];
}

/** The axes of a contraction. */
export function axesOf({ rows, columns, depth }: ContractKernel): Axes {
  return { rows: [rows], columns: [columns], depth: [depth] };
}

/** The strides of an access along one of the groups that it goes along. */
export function stridesOfGroup(kernel: ContractKernel, index: number, group: keyof Axes): readonly number[] {
  const { left, right, accesses } = kernel;
  const { inner } = accesses[index]!;
  const first = index === left ? "rows" : index === right ? "depth" : "rows";
  const count = axesOf(kernel)[first].length;
  return group === first ? inner.slice(0, count) : inner.slice(count);
}
