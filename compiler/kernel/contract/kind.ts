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
function resultSize({ outer, lhsFree, rhsFree }: ContractKernel): number {
  return sizeOf([...outer, ...lhsFree, ...rhsFree]);
}

/** Sums of products. */
export const contractKind: KernelKind<ContractKernel> = {
  key: ({ prologue, lhsFree, rhsFree, contracting, left, right, dtype, result, epilogue }) => [
    sectionKey(prologue),
    lhsFree.length,
    rhsFree.length,
    contracting.length,
    left,
    right,
    dtype,
    result,
    sectionKey(epilogue),
  ],
  memoryEffects: ({ indexMaps, prologue, left, right, epilogue }) => [
    ...effectsOfSection(indexMaps, prologue, -1),
    ...effectsOfOperands(indexMaps, [left, right]),
    ...effectsOfSection(indexMaps, epilogue, 0),
  ],
  work: (kernel) =>
    resultSize(kernel) * (sizeOf(kernel.contracting) * weights.multiplyAdd + sectionWork(kernel.epilogue)),
  operations: (kernel) => resultSize(kernel) * (2 * sizeOf(kernel.contracting) + sectionOperations(kernel.epilogue)),
  tooLong: ({ outer, lhsFree, rhsFree, contracting }) =>
    firstTooLong([outer, lhsFree, rhsFree, contracting].map(sizeOf)),
};
