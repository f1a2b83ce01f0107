/**
 * How the work of a scatter is cut into calls, by its sizes alone. No two calls add to the same number, and each number
 * is added up in the order of the indices.
 *
 * A unit is a block of *rows* of the result: whoever computes it looks at all indices and takes those that name its rows.
 * Where many *updates* go into a few short rows, that would leave little to share, and a unit is one of the updates: calls
 * leave their sums of everything for `finalize`, which adds them up in the order of the calls.
 * @module
 */
import { sizeOf } from "../../../src/shape.ts";
import type { ScatterKernel } from "./kernel.ts";
import { isLongRow, tuning } from "../../limits.ts";
import type { WorkPartition } from "../../emit/work_partition.ts";

/** What the units of a scatter are. */
export type ScatterPartition = "rows" | "updates";

/** Rows of so many numbers are long: looking at an index costs little beside adding them. */
const longRow = 32;

/** Each block of rows is another look at all indices, so there are no more of them. */
const maximumBlocks = 4;

/** A call is for so many times more updates than there are rows, so that what it leaves is little beside what it adds. */
const updatesPerRow = 4;

/** The sizes of a scatter: axes of a kind as one. */
export interface ScatterSizes {
  readonly outer: number;
  readonly updates: number;
  /** Rows of the result, for each place of the outer axes, and numbers of a row. */
  readonly rows: number;
  readonly inner: number;
}

/** The sizes of a kernel. */
export function scatterSizesOf({ outer, updates, length, inner }: ScatterKernel): ScatterSizes {
  return { outer: sizeOf(outer), updates: sizeOf(updates), rows: length, inner: sizeOf(inner) };
}

/** Whether rows are so long that adding one costs more than finding out which it is. */
export function scattersLongRows(kernel: ScatterKernel): boolean {
  return scatterSizesOf(kernel).inner >= Math.min(longRow, tuning.longRow);
}

/** How the work of a kernel is cut. */
export function scatterPartitionOf(kernel: ScatterKernel): ScatterPartition {
  const { outer, updates, rows, inner } = scatterSizesOf(kernel);
  const isFew = !scattersLongRows(kernel) && updates >= 2 * updatesPerRow * rows;
  return isFew && isLongRow(outer, updates * inner) ? "updates" : "rows";
}

/** The rows of a block, and how many blocks there are for each place of the outer axes. */
export function rowBlocks(kernel: ScatterKernel): { readonly rows: number; readonly blocks: number } {
  const { rows, inner } = scatterSizesOf(kernel);
  const most = Math.max(Math.ceil(rows / maximumBlocks), Math.ceil(tuning.chunkWork / inner));
  return { rows: Math.min(rows, most), blocks: Math.ceil(rows / most) };
}

/** The units of a kernel; with updates for units, each call leaves so many numbers. */
export function scatterWorkPartition(kernel: ScatterKernel, slots: number): WorkPartition {
  const { outer, updates, rows, inner } = scatterSizesOf(kernel);
  if (scatterPartitionOf(kernel) === "updates") {
    return {
      units: updates,
      period: updates,
      unitWork: outer * inner,
      together: 1,
      leastUnits: updatesPerRow * rows,
      slots,
    };
  }
  const block = rowBlocks(kernel);
  const units = outer * block.blocks;
  return { units, period: units, unitWork: (updates + block.rows) * inner, together: 1, leastUnits: 1, slots: 0 };
}
