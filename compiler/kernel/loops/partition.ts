/**
 * How the work of a loop kernel is cut into calls.
 *
 * A call computes a range of units. The units of a *map* are elements; those of *rows* are rows. A few long rows are
 * cut into *pieces*: there a unit is a step of the row's first inner axis.
 * @module
 */
import { sizeOf } from "../../../src/shape.ts";
import type { LoopKernel } from "./kernel.ts";
import type { Reduction } from "../kernel.ts";
import { isLongRow } from "../../limits.ts";
import type { WorkPartition } from "../../emit/work_partition.ts";

/** Which units a call computes. */
export type LoopPartition = "elements" | "rows" | "pieces";

/** How the work of a kernel is cut. */
export function loopPartitionOf({ outer, inner, stages, after }: LoopKernel): LoopPartition {
  const reduces = stages.some(({ loop }) => loop.reductions.length > 0) || after.reductions.length > 0;
  if (!reduces && stages.length === 1) return "elements";
  const isLong = inner.length > 0 && isLongRow(sizeOf(outer), sizeOf(inner));
  return stages.length === 1 && isLong ? "pieces" : "rows";
}

/** The units of a kernel, of which so many are never cut apart. */
export function loopWork(
  { outer, inner, parts }: LoopKernel,
  cut: LoopPartition,
  together: number,
): Omit<WorkPartition, "slots"> {
  const [rows, elements] = [sizeOf(outer), sizeOf(inner)];
  switch (cut) {
    case "elements":
      return { units: rows * elements, period: rows * elements, unitWork: 1, together, leastUnits: 1 };
    case "rows":
      return { units: rows, period: rows, unitWork: elements, together, leastUnits: 1 };
    case "pieces":
      return {
        units: rows * inner[0]!,
        period: inner[0]!,
        unitWork: elements / inner[0]!,
        together: inner[0]! / parts,
        leastUnits: 1,
      };
    default:
      return cut satisfies never;
  }
}

/** The reductions that end beyond a call, in the order of the partial results that calls leave of them. */
export function partialReductions({ stages, after, totals }: LoopKernel, cut: LoopPartition): Reduction[] {
  const ofRows = stages.flatMap(({ loop }) => loop.reductions);
  return cut === "pieces" ? ofRows : [...ofRows, ...after.reductions].filter(({ id }) => totals.has(id));
}
