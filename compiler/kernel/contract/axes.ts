/**
 * The axes of a contraction, and how its accesses go along them.
 * @module
 */
import type { ContractKernel } from "./kernel.ts";

/** Lengths of the axes that rows, columns and depth are made of. */
export interface DimensionGroups {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly depth: readonly number[];
}

/** The axes of a contraction. */
export function dimensionsOf({ lhsFree, rhsFree, contracting }: ContractKernel): DimensionGroups {
  return { rows: lhsFree, columns: rhsFree, depth: contracting };
}

/** What an access is for: one of the operands, or by its number, what is read or written beside them. */
export type Role = "left" | "right" | number;

/** The groups of axes that an access goes along, the first one first. */
export function groupsOf(role: Role): readonly [keyof DimensionGroups, keyof DimensionGroups] {
  return role === "left" ? ["rows", "depth"] : role === "right" ? ["depth", "columns"] : ["rows", "columns"];
}

/** The number of the access that has a role. The operands may be the same. */
export function accessOf({ left, right }: ContractKernel, role: Role): number {
  return role === "left" ? left : role === "right" ? right : role;
}

/** The strides of an access along one of the groups that it goes along. */
export function stridesOfGroup(kernel: ContractKernel, role: Role, group: keyof DimensionGroups): readonly number[] {
  const { inner } = kernel.indexMaps[accessOf(kernel, role)]!;
  const [first] = groupsOf(role);
  const count = dimensionsOf(kernel)[first].length;
  return group === first ? inner.slice(0, count) : inner.slice(count);
}
