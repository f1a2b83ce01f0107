/**
 * What the compiler has to know of scatters.
 * @module
 */
import { sizeOf } from "../../../src/shape.ts";
import { weights } from "../cost.ts";
import { firstTooLong } from "../joined_axes.ts";
import type { KernelKind } from "../kernel_kind.ts";
import { effectsOfOperands } from "../memory_effects.ts";
import type { ScatterKernel } from "./kernel.ts";

/** How many numbers it adds. */
function additions({ outer, updates, inner }: ScatterKernel): number {
  return sizeOf([...outer, ...updates, ...inner]);
}

/** Rows that are added up by index. */
export const scatterKind: KernelKind<ScatterKernel> = {
  key: ({ updates, inner, result, indices, added }) => [updates.length, inner.length, result, indices, added],
  memoryEffects: ({ indexMaps, indices, added, result }) => [
    ...effectsOfOperands(indexMaps, [indices, added]),
    { access: indexMaps[result]!, writes: true, position: 0 },
  ],
  work(kernel) {
    // It looks at indices, adds, and writes every number of the result.
    const { outer, updates, inner, length } = kernel;
    const results = sizeOf([...outer, length, ...inner]);
    return (sizeOf([...outer, ...updates]) + additions(kernel) + results) * weights.element;
  },
  operations: additions,
  tooLong: ({ outer, updates, inner }) => firstTooLong([outer, updates, inner].map(sizeOf)),
};
