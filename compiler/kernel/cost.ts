/**
 * What running code costs, by counting: its operations, and its work, an estimate that weighs them and the memory they move.
 * @module
 */
import type { Cost } from "../../src/ops/primitive.ts";
import type { Section } from "./kernel.ts";

/**
 * Work is counted in simple operations, such as an addition. Reading or writing an element counts as two of them, and a
 * function such as `exp` as 16. One takes about half a nanosecond on a thread of an x86-64 machine of the years around
 * 2020; only the order of the numbers counts.
 */
export const weights: Readonly<Record<Cost | "element" | "multiplyAdd", number>> = {
  element: 2,
  simple: 1,
  expensive: 16,
  multiplyAdd: 1,
};

/** The work of running a section once. */
export function sectionWork({ steps, stores, reductions }: Section): number {
  let work = stores.length * weights.element;
  for (const step of steps) {
    if (step.kind === "apply") work += weights[step.op.cost];
    else if (step.kind !== "cast") work += weights.element;
  }
  return work + reductions.length * weights.simple;
}

/** The operations of running a section once. */
export function sectionOperations({ steps, reductions }: Section): number {
  return steps.filter(({ kind }) => kind === "apply").length + reductions.length;
}
