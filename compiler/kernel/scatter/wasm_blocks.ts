/**
 * How a scatter is divided in WebAssembly, and what it needs of its thread's own memory. By sizes alone.
 * @module
 */
import { dtypeInfo } from "../../../src/dtype.ts";
import type { ScatterKernel } from "./kernel.ts";
import { alignment, roundUp } from "../../runtime/threads/protocol.ts";
import type { WorkPartition } from "../../emit/work_partition.ts";
import {
  rowBlocks,
  type ScatterPartition,
  scatterPartitionOf,
  scatterSizesOf,
  scattersLongRows,
  scatterWorkPartition,
} from "./partition.ts";
import { laneCount } from "../../emit/wasm/vector/lanes.ts";

/** How a scatter is done here: long rows one after the other, each from a list of its updates. */
export type WasmScatterCut = ScatterPartition | "lists";

/** Every call looks at all indices to list the updates of its rows, so there are no more of them. */
const maximumCalls = 8;

/** Fewer rows than this are cut into blocks of columns, so that there is something to share. */
const fewRows = 8;

/** How the work of a kernel is cut. */
export function wasmScatterCut(kernel: ScatterKernel): WasmScatterCut {
  return scattersLongRows(kernel) ? "lists" : scatterPartitionOf(kernel);
}

/** The columns of a block, and how many blocks a row has. No two blocks have a cache line of a row in common. */
export function columnBlocks(kernel: ScatterKernel): { readonly columns: number; readonly blocks: number } {
  const { outer, rows, inner } = scatterSizesOf(kernel);
  const line = alignment / dtypeInfo(kernel.indexMaps[kernel.result]!.dtype).bytes;
  const most = outer * rows < fewRows ? roundUp(Math.ceil(inner / maximumCalls), line) : inner;
  return { columns: Math.min(inner, most), blocks: Math.ceil(inner / most) };
}

/** How many doubles the sums of a row take: whole vectors, unless it is one. */
export function sumsOfRow(kernel: ScatterKernel): number {
  return kernel.inner.length === 0 ? 1 : roundUp(scatterSizesOf(kernel).inner, laneCount);
}

/** How many numbers a call leaves that has some of the updates. */
export function scatterSlotsOf(kernel: ScatterKernel): number {
  const { outer, rows } = scatterSizesOf(kernel);
  return wasmScatterCut(kernel) === "updates" ? roundUp(outer * rows * sumsOfRow(kernel), laneCount) : 0;
}

/** How the work of a kernel can be cut. */
export function wasmScatterWork(kernel: ScatterKernel): WorkPartition {
  if (wasmScatterCut(kernel) !== "lists") return scatterWorkPartition(kernel, scatterSlotsOf(kernel));
  const { outer, updates, rows } = scatterSizesOf(kernel);
  const { columns, blocks } = columnBlocks(kernel);
  const units = outer * blocks * rows;
  return {
    units,
    period: units,
    unitWork: (updates / rows + 1) * columns,
    together: 1,
    leastUnits: Math.ceil(units / maximumCalls),
    slots: 0,
  };
}

/** Where parts of the thread's own memory begin, and how large it is, in bytes. */
export interface ScatterScratch {
  /** For each row, where in the list its updates end. */
  readonly ends: number;
  /** Where each update lies, those of a row together. */
  readonly list: number;
  readonly bytes: number;
}

/** What a kernel needs of its thread's own memory: sums of a block of rows, or a list of updates. */
export function scatterScratch(kernel: ScatterKernel): ScatterScratch {
  const { updates, rows } = scatterSizesOf(kernel);
  switch (wasmScatterCut(kernel)) {
    case "updates":
      return { ends: 0, list: 0, bytes: 0 };
    case "rows": {
      const sums = roundUp((rowBlocks(kernel).rows + 1) * sumsOfRow(kernel), laneCount); // one row is for those of others
      return { ends: 0, list: 0, bytes: sums * Float64Array.BYTES_PER_ELEMENT };
    }
    case "lists": {
      const list = roundUp(rows, laneCount) * Int32Array.BYTES_PER_ELEMENT;
      return { ends: 0, list, bytes: list + updates * Int32Array.BYTES_PER_ELEMENT };
    }
  }
}
