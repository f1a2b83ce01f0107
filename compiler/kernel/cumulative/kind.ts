/**
 * What the compiler has to know of cumulative kernels.
 * @module
 */
import { sizeOf } from "../../../src/shape.ts";
import { weights } from "../cost.ts";
import { firstTooLong } from "../joined_axes.ts";
import type { KernelKind } from "../kernel_kind.ts";
import { effectsOfOperands, type MemoryEffect } from "../memory_effects.ts";
import type { CumulativeKernel } from "./kernel.ts";

/** How many elements it combines. */
function elementCountOf({ outer, block }: CumulativeKernel): number {
  return sizeOf(outer) * block;
}

/** Running sums and products. */
export const cumulativeKind: KernelKind<CumulativeKernel> = {
  key: ({ stage, combines, includesInitial, dtype, operand, result, totals = "" }) => [
    stage,
    combines,
    `${includesInitial}`,
    dtype,
    operand,
    result,
    totals,
  ],
  memoryEffects({ indexMaps, stage, operand, result, totals }) {
    // An element is read before the result of the same place is written, and read by no other call.
    const read: MemoryEffect = {
      access: indexMaps[operand]!,
      writes: false,
      position: stage === "totals" ? Infinity : 0,
    };
    const written: MemoryEffect = { access: indexMaps[result]!, writes: true, position: 0 };
    return [read, ...effectsOfOperands(indexMaps, totals === undefined ? [] : [totals]), written];
  },
  work: (kernel) =>
    elementCountOf(kernel) * (weights.simple + (kernel.stage === "totals" ? weights.element : 2 * weights.element)),
  operations: elementCountOf,
  tooLong: ({ outer, length }) => firstTooLong([sizeOf(outer), length]),
};
