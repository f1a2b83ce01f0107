/**
 * How a contraction is divided: into blocks of its result, each a unit of work, and along its depth into what is packed
 * at a time; by sizes alone. And what of it can be read or stored where it lies.
 * @module
 */
import { sizeOf } from "../../../src/shape.ts";
import { dtypeInfo } from "../../../src/dtype.ts";
import type { ContractKernel } from "./kernel.ts";
import type { WorkPartition } from "../../emit/work_partition.ts";
import { joinAxes } from "../joined_axes.ts";
import { dimensionsOf, stridesOfGroup } from "./axes.ts";
import { alignment, roundUp } from "../../runtime/threads/protocol.ts";
import { laneCount } from "../../emit/wasm/vector/lanes.ts";

/** Rows of a tile that is kept in registers, with three vectors of columns; one with fewer columns has twice as many. */
export const tileRows = 3;

/** Depths that are packed at a time, about: a panel of the right operand is then within the first-level cache. */
const depthStep = 512;

/** The most rows of a block: they stay in the second-level cache while all panels of the right operand pass by. */
const maximumRows = 96;

/** The most elements of panels that are kept, which are read from further away, but once; and of a block's sums. */
const packedElements = 2 ** 18;
const blockElements = 2 ** 16;

/** The most columns of a block, which a list of their places is kept of. */
const maximumColumns = 2048;

/** A contraction of so many multiplications is worth dividing among threads, into so many units at least. */
const dividedWork = 2 ** 18;
const leastUnits = 4;

/** Multiplications that take as long as one element of a map. */
const multiplicationsPerElement = 8;

/** The least depth that is cut into units, and how many times deeper than high and wide a contraction then is. */
const cutDepth = 1024;
const deepness = 4;

/** A contraction in blocks. */
export interface Blocks {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Of a block. */
  readonly blockRows: number;
  readonly blockColumns: number;
  readonly blockDepth: number;
  /** How many blocks there are. */
  readonly rowBlocks: number;
  readonly columnBlocks: number;
  readonly depthBlocks: number;
  readonly stacks: number;
  /** Whether a unit is a block of depths: calls then leave sums of their part of the depth. */
  readonly cutsDepth: boolean;
  /** Whether the left operand is packed. */
  readonly packsRows: boolean;
  /** Whether tiles are stored as they are where the result is to be, and nothing more is done with them. */
  readonly storesTiles: boolean;
  /** Whether panels of the right operand stay packed, for other blocks of rows. */
  readonly keepsPanels: boolean;
}

/** How many times four columns a tile has at most. */
export function tileGroups({ dtype }: ContractKernel): 1 | 3 {
  return dtype === "float64" ? 1 : 3; // four doubles are two vectors
}

/** What sums are accumulated in: integers in 32 bits. */
export type SumType = "float32" | "float64" | "int32";

/** What the sums of a contraction are accumulated in. */
export function sumTypeOf({ dtype }: ContractKernel): SumType {
  return dtype === "float32" || dtype === "float64" ? dtype : "int32";
}

function sumBytesOf(kernel: ContractKernel): number {
  return dtypeInfo(sumTypeOf(kernel)).bytes;
}

/** Whether the rows of the left operand can be read where they lie: numbers as they are added up, one depth after the other. */
function canReadRows(kernel: ContractKernel): boolean {
  const { dtype } = kernel.indexMaps[kernel.left]!;
  const along = stridesOfGroup(kernel, "left", "depth");
  return dtype === sumTypeOf(kernel) && along.length === 1 && along[0] === 1;
}

/**
 * Whether nothing is done with sums but that they are stored, those of a row next to each other and rows at equal distances,
 * whatever axes they have.
 */
function canStoreTiles(kernel: ContractKernel): boolean {
  const { steps, stores } = kernel.epilogue;
  const [store, ...others] = stores;
  if (store === undefined || others.length > 0 || steps.length > 0 || store.arg !== kernel.result) return false;
  if (kernel.indexMaps[store.access]!.dtype !== kernel.dtype) return false;
  if (dtypeInfo(kernel.dtype).bytes !== sumBytesOf(kernel)) return false;
  /** How far it is from one row or column to the next; undefined where that differs. */
  const evenStride = (group: "rows" | "columns"): number | undefined => {
    const { strides: [strides] } = joinAxes(dimensionsOf(kernel)[group], [stridesOfGroup(kernel, store.access, group)]);
    return strides!.length === 1 ? strides![0] : undefined; // there were strides of one access
  };
  return evenStride("rows") !== undefined && evenStride("columns") === 1;
}

/** Parts of `length` that are no longer than `most`, as equal as multiples of `step` can be; one when it is 0. */
function partOf(length: number, most: number, step: number): number {
  const parts = Math.max(1, Math.ceil(length / Math.max(step, most)));
  return Math.max(step, roundUp(Math.ceil(length / parts), step));
}

/** Divides a contraction. */
export function blocksOf(kernel: ContractKernel): Blocks {
  const [rows, columns, depth] = contractSizesOf(kernel);
  const stacks = sizeOf(kernel.outer);
  const width = tileGroups(kernel) * laneCount;
  const bytes = sumTypeOf(kernel) === "float64" ? 2 : 1; // a double takes the room of two
  let blockRows = partOf(rows, maximumRows, tileRows);
  const mostColumns = Math.min(
    Math.floor(packedElements / bytes / depthStep),
    Math.floor(blockElements / bytes / blockRows),
    maximumColumns,
  );
  let blockColumns = partOf(columns, Math.floor(mostColumns / width) * width, width);
  const count = (length: number, part: number): number => Math.ceil(length / part);
  const units = (): number => stacks * count(rows, blockRows) * count(columns, blockColumns);
  const isDivided = stacks * rows * columns * depth >= dividedWork;
  const cutsDepth = isDivided && units() === 1 && depth >= Math.max(cutDepth, deepness * (rows + columns));
  if (isDivided && !cutsDepth) {
    while (units() < leastUnits) {
      // Blocks beside each other pack the same rows, those below each other the same columns: what is less is packed twice.
      const byColumns = blockColumns >= 4 * width && (rows <= columns || blockRows < 8 * tileRows);
      if (byColumns) blockColumns = roundUp(Math.ceil(blockColumns / 2), width);
      else if (blockRows >= 8 * tileRows) blockRows = roundUp(Math.ceil(blockRows / 2), tileRows);
      else break;
    }
  }
  const packsRows = !canReadRows(kernel);
  const blockDepth = Math.max(1, depth <= depthStep * 5 / 4 ? depth : partOf(depth, depthStep, 4));
  const rowBlocks = count(rows, blockRows);
  return {
    rows,
    columns,
    depth,
    packsRows,
    storesTiles: !cutsDepth && canStoreTiles(kernel),
    keepsPanels: blockDepth >= depth && rowBlocks > 1, // every one of a stack has a right operand of its own
    blockRows,
    blockColumns,
    blockDepth,
    rowBlocks,
    columnBlocks: count(columns, blockColumns),
    depthBlocks: count(depth, blockDepth),
    stacks,
    cutsDepth,
  };
}

/** Rows, columns and depth of a contraction. */
function contractSizesOf(
  { lhsFree, rhsFree, contracting }: ContractKernel,
): readonly [number, number, number] {
  return [sizeOf(lhsFree), sizeOf(rhsFree), sizeOf(contracting)];
}

/** How the work of a contraction can be cut into calls. */
export function contractWork(kernel: ContractKernel): WorkPartition {
  const { blockRows, blockColumns, depth, blockDepth, rowBlocks, columnBlocks, depthBlocks, stacks, cutsDepth } =
    blocksOf(kernel);
  const units = cutsDepth ? depthBlocks : stacks * rowBlocks * columnBlocks;
  const unitDepth = cutsDepth ? blockDepth : Math.max(1, depth);
  const bytes = sumBytesOf(kernel);
  return {
    units,
    period: units,
    together: 1,
    unitWork: blockRows * blockColumns * unitDepth / multiplicationsPerElement,
    leastUnits: 1,
    slots: cutsDepth ? blockRows * blockColumns * bytes / Float64Array.BYTES_PER_ELEMENT : 0,
  };
}

/** What a call keeps in its thread's own memory: a block's sums, packed operands, and where lines and depths lie. */
export const scratchNames = [
  "sums",
  "left",
  "right",
  "leftLines",
  "packedLines",
  "rightLines",
  "leftDepths",
  "rightDepths",
] as const;

/** One of them. */
export type ScratchName = typeof scratchNames[number];

/** Where a contraction keeps what in a thread's own memory, in bytes, and how much it needs. */
export function scratchOf(kernel: ContractKernel): {
  readonly places: Readonly<Record<ScratchName, number>>;
  readonly bytes: number;
} {
  const { blockRows, blockColumns, blockDepth, packsRows, keepsPanels, cutsDepth } = blocksOf(kernel);
  const sumBytes = sumBytesOf(kernel);
  const sizes: Readonly<Record<ScratchName, number>> = {
    sums: cutsDepth ? 0 : blockRows * blockColumns * sumBytes,
    left: packsRows ? roundUp(blockRows, laneCount) * blockDepth * sumBytes : 0,
    right: (keepsPanels ? blockColumns : Math.min(blockColumns, tileGroups(kernel) * laneCount)) * blockDepth *
      sumBytes,
    leftLines: (blockRows + tileRows) * Int32Array.BYTES_PER_ELEMENT,
    packedLines: packsRows ? (blockRows + tileRows) * Int32Array.BYTES_PER_ELEMENT : 0,
    rightLines: blockColumns * Int32Array.BYTES_PER_ELEMENT,
    leftDepths: packsRows ? blockDepth * Int32Array.BYTES_PER_ELEMENT : 0,
    rightDepths: blockDepth * Int32Array.BYTES_PER_ELEMENT,
  };
  let bytes = 0;
  const entries = scratchNames.map((name) => {
    const place = bytes;
    bytes += roundUp(sizes[name]);
    return [name, place] as const;
  });
  // There is an entry for each name. Tables are read a few numbers further than they go.
  return { places: Object.fromEntries(entries) as Record<ScratchName, number>, bytes: bytes + alignment };
}
