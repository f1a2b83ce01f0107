/**
 * The numbers that scatters are called with, as `emit/wasm/parameters.ts` has those of all kinds of kernel.
 * @module
 */
import type { LaunchParameter } from "../../emit/wasm/parameters.ts";
import { rowBlocks, scatterSizesOf } from "./partition.ts";
import type { ScatterKernel } from "./kernel.ts";
import { columnBlocks, scatterScratch, scatterSlotsOf, sumsOfRow } from "./wasm_blocks.ts";

/** Numbers of a scatter. */
export const ofScatter = {
  length: ({ length }) => length,
  outer: (kernel) => scatterSizesOf(kernel).outer,
  updates: (kernel) => scatterSizesOf(kernel).updates,
  rows: (kernel) => scatterSizesOf(kernel).outer * kernel.length,
  rowBytes: (kernel) => sumsOfRow(kernel) * Float64Array.BYTES_PER_ELEMENT,
  slots: scatterSlotsOf,
  blockRows: (kernel) => rowBlocks(kernel).rows,
  rowBlocks: (kernel) => rowBlocks(kernel).blocks,
  blockColumns: (kernel) => columnBlocks(kernel).columns,
  columnBlocks: (kernel) => columnBlocks(kernel).blocks,
  list: (kernel) => scatterScratch(kernel).list,
} satisfies Record<string, LaunchParameter<ScatterKernel>>;

/** The length of an axis of a scatter's indices. */
export function updatesLength(axis: number): LaunchParameter<ScatterKernel> {
  return ({ updates }) => updates[axis]!;
}
