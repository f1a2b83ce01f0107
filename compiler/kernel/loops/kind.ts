/**
 * What the compiler has to know of loop kernels.
 * @module
 */
import { sizeOf } from "../../../src/shape.ts";
import { sectionOperations, sectionWork } from "../cost.ts";
import { firstTooLong, longestLoop } from "../joined_axes.ts";
import type { Section } from "../kernel.ts";
import type { KernelKind } from "../kernel_kind.ts";
import { sectionKey } from "../section_key.ts";
import { effectsOfSection, type MemoryEffect } from "../memory_effects.ts";
import { loopPartitionOf } from "./partition.ts";
import type { LoopKernel } from "./kernel.ts";

/** Sums a measure of sections over all times that they run. */
function overLoops({ outer, inner, stages, after }: LoopKernel, measure: (section: Section) => number): number {
  const [rows, elements] = [sizeOf(outer), sizeOf(inner)];
  const ofRow = stages.reduce(
    (sum, { before, loop }) => sum + measure(before) + elements * measure(loop),
    measure(after),
  );
  return rows * ofRow;
}

/** Loops over elements, or over rows and their elements. */
export const loopKind: KernelKind<LoopKernel> = {
  key({ prologue, inner, lanes, stages, after, total, totals }) {
    const ofPasses = stages.flatMap(({ before, loop }) => [sectionKey(before), sectionKey(loop)]);
    return [
      sectionKey(prologue),
      inner.length,
      lanes,
      ...ofPasses,
      sectionKey(after),
      sectionKey(total),
      [...totals].join(),
    ];
  },
  memoryEffects({ indexMaps, prologue, stages, after, total }) {
    const uses: MemoryEffect[] = effectsOfSection(indexMaps, prologue, -1);
    let position = 0;
    for (const { before, loop } of stages) {
      uses.push(...effectsOfSection(indexMaps, before, position++), ...effectsOfSection(indexMaps, loop, position++));
    }
    uses.push(...effectsOfSection(indexMaps, after, position++), ...effectsOfSection(indexMaps, total, position));
    return uses;
  },
  work: (kernel) => overLoops(kernel, sectionWork),
  operations: (kernel) => overLoops(kernel, sectionOperations),
  tooLong(kernel) {
    const { outer, inner } = kernel;
    const cut = loopPartitionOf(kernel);
    switch (cut) {
      case "elements":
        return undefined; // their lengths are those of the result
      case "rows":
        return firstTooLong([sizeOf(outer), ...inner]);
      case "pieces": {
        // Where a piece begins is counted without a sign. A piece is a part of the first axis.
        const steps = sizeOf(outer) * inner[0]!;
        return steps > 2 * longestLoop + 1 ? steps : firstTooLong(inner.slice(1));
      }
      default:
        return cut satisfies never;
    }
  },
};
