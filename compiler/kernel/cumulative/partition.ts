/**
 * How the work of a cumulative kernel is cut into calls, by its sizes alone. A unit is a line, or a block of one. Whoever
 * computes it needs nothing of what others compute at the same time: so there is nothing to combine in the end, and the
 * results are the same whoever computes them.
 * @module
 */
import { sizeOf } from "../../../src/shape.ts";
import type { WorkPartition } from "../../emit/work_partition.ts";
import { isLongRow, tuning } from "../../limits.ts";
import type { CumulativeKernel } from "./kernel.ts";

/** The most blocks of a line: before each, the totals of all that come before are combined once more. */
const maximumBlocks = 64;

/** Lines that are neighbours in the result share cache lines, so that many are computed together. */
export const linesTogether = 16;

/** Whether neighbouring lines lie next to each other in the result. */
function areNeighbours(strides: readonly number[]): boolean {
  return strides.at(-1) === 1;
}

/**
 * Elements of the blocks that lines are cut into: those of a line where there are lines enough, or they are short. The
 * strides are those of the result from line to line.
 */
export function blockOf(lines: number, length: number, strides: readonly number[]): number {
  const groups = areNeighbours(strides) ? Math.ceil(lines / linesTogether) : lines;
  const elements = length * Math.ceil(lines / Math.max(groups, 1));
  if (!isLongRow(groups, elements)) return length;
  const blocks = Math.min(Math.max(Math.floor(elements / tuning.chunkWork), 2), maximumBlocks);
  return Math.ceil(length / blocks);
}

/** The units of a kernel. */
export function cumulativeWork({ stage, outer, block, indexMaps, result }: CumulativeKernel): WorkPartition {
  const units = sizeOf(outer);
  const together = !areNeighbours(indexMaps[result]!.outer) ? 1 : stage === "whole" ? linesTogether : units / outer[0]!;
  return { units, period: units, unitWork: block, together, leastUnits: 1, slots: 0 };
}
