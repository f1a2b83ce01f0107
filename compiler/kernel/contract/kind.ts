/**
 * What the compiler has to know of contractions.
 * @module
 */
import { sizeOf } from "../../../src/shape.ts";
import { sectionOperations, sectionWork, weights } from "../cost.ts";
import { firstTooLong } from "../joined_axes.ts";
import type { KernelKind } from "../kernel_kind.ts";
import { sectionKey } from "../section_key.ts";
import { effectsOfOperands, effectsOfSection } from "../memory_effects.ts";
import type { ContractKernel } from "./kernel.ts";

/** How many numbers the result has. */
function resultSize({ outer, lhsFree: rows, rhsFree: columns }: ContractKernel): number {
  return sizeOf([...outer, ...rows, ...columns]);
}

/** Sums of products. */
export const contractKind: KernelKind<ContractKernel> = {
  key: ({ prologue, lhsFree: rows, rhsFree: columns, contracting: depth, left, right, dtype, result, epilogue }) => [
    sectionKey(prologue),
    rows.length,
    columns.length,
    depth.length,
    left,
    right,
    dtype,
    result,
    sectionKey(epilogue),
  ],
  uses: ({ indexMaps: accesses, prologue, left, right, epilogue }) => [
    ...effectsOfSection(accesses, prologue, -1),
    ...effectsOfOperands(accesses, [left, right]),
    ...effectsOfSection(accesses, epilogue, 0),
  ],
  work: (kernel) =>
    resultSize(kernel) * (sizeOf(kernel.contracting) * weights.multiplyAdd + sectionWork(kernel.epilogue)),
  operations: (kernel) => resultSize(kernel) * (2 * sizeOf(kernel.contracting) + sectionOperations(kernel.epilogue)),
  tooLong: ({ outer, lhsFree: rows, rhsFree: columns, contracting: depth }) =>
    firstTooLong([outer, rows, columns, depth].map(sizeOf)),
};
