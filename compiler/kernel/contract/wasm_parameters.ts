/**
 * The numbers that contractions are called with, as `emit/wasm/parameters.ts` has those of all kinds of kernel.
 * @module
 */
import type { LaunchParameter } from "../../emit/wasm/parameters.ts";
import { type DimensionGroups, dimensionsOf, type Role, stridesOfGroup } from "./axes.ts";
import type { ContractKernel } from "./kernel.ts";
import { type Blocks, blocksOf, type ScratchName, scratchOf } from "./wasm_blocks.ts";

/** A stride of an operand of a contraction, or of an access of its epilogue, in elements. */
export function groupStride(role: Role, group: keyof DimensionGroups, axis: number): LaunchParameter<ContractKernel> {
  return (kernel) => stridesOfGroup(kernel, role, group)[axis]!;
}

/** The length of an axis of a contraction. */
export function groupLength(group: keyof DimensionGroups, axis: number): LaunchParameter<ContractKernel> {
  return (kernel) => dimensionsOf(kernel)[group][axis]!;
}

/** The sizes of blocks and how many there are. */
type BlockSize = { [Name in keyof Blocks]: Blocks[Name] extends number ? Name : never }[keyof Blocks];

/** How a contraction is cut into blocks. */
export function blockSize(name: BlockSize): LaunchParameter<ContractKernel> {
  return (kernel) => blocksOf(kernel)[name];
}

/** Whether a contraction packs its panels anew for each block: 1 or 0. */
export const forgetsPanels: LaunchParameter<ContractKernel> = (kernel) => blocksOf(kernel).keepsPanels ? 0 : 1;

/** Where something lies in the thread's own memory. */
export function scratchPlace(name: ScratchName): LaunchParameter<ContractKernel> {
  return (kernel) => scratchOf(kernel).places[name];
}
