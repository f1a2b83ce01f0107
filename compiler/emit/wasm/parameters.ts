/**
 * Parameters: the numbers that code is called with, as functions of any kernel that is the same code.
 *
 * The code is kept, and its parameters with it. So they are made here, where they close over numbers alone. A function
 * written in a writer would keep the writer, and through its kernel the graph and the arrays of the program that was
 * first to have it.
 * @module
 */
import { dtypeInfo } from "../../../src/dtype.ts";
import { sizeOf } from "../../../src/shape.ts";
import {
  type ContractKernel,
  type Kernel,
  type LoopKernel,
  type ScatterKernel,
  type Step,
  stepsOf,
} from "../../kernel/kernel.ts";
import { type Axes, axesOf, type Role, stridesOfGroup } from "../../kernel/contract/axes.ts";
import type { Argument } from "../emitted.ts";
import { rowBlocks, sizesOf } from "../../kernel/scatter/cut.ts";
import { type Blocks, blocksOf, type ScratchName, scratchOf } from "../../kernel/contract/wasm_blocks.ts";
import { columnBlocks, scatterScratch, slotsOf, sumsOfRow } from "../../kernel/scatter/wasm_blocks.ts";

/** A number, of a kernel. */
export type Parameter<K extends Kernel> = (kernel: K) => number;

/** An array of the kernel. */
export function arrayOf(array: number): (kernel: Kernel) => Argument {
  return () => ({ array });
}

/** So many times a parameter, as of elements in bytes. */
export function scaled<K extends Kernel>(parameter: Parameter<K>, factor: number): Parameter<K> {
  return (kernel) => parameter(kernel) * factor;
}

/** Where an access begins in its array, in bytes. */
export function offsetOf(access: number): Parameter<Kernel> {
  return ({ accesses }) => accesses[access]!.offset * dtypeInfo(accesses[access]!.dtype).bytes;
}

/** A stride of an access, in elements. */
export function outerStride(access: number, axis: number): Parameter<Kernel> {
  return ({ accesses }) => accesses[access]!.outer[axis]!;
}

/** The same along an inner axis; a negative one counts from the end. */
export function innerStride(access: number, axis: number): Parameter<Kernel> {
  return ({ accesses }) => accesses[access]!.inner.at(axis)!;
}

/** The length of an outer axis. */
export function outerLength(axis: number): Parameter<Kernel> {
  return ({ outer }) => outer[axis]!;
}

/** The length of an inner axis. */
export function innerLength(axis: number): Parameter<LoopKernel | ScatterKernel> {
  return ({ inner }) => inner[axis]!;
}

/** A step that has numbers of its own. */
type Indexed = Step & { readonly kind: "gather" | "check" };

/** How many elements a step's index may name; the step is that of this number. */
export function lengthOfStep(index: number): Parameter<Kernel> {
  return (kernel) => (stepsOf(kernel)[index] as Indexed).length; // in kernels of the same key it is of the same kind
}

/** How far a step is moved by an index, in elements. */
export function strideOfStep(index: number): Parameter<Kernel> {
  return (kernel) => (stepsOf(kernel)[index] as Indexed & { readonly kind: "gather" }).stride; // as above
}

/** How many rows a loop kernel has. */
export const rowsOfLoops: Parameter<LoopKernel> = ({ outer }) => sizeOf(outer);

/** A stride of an operand of a contraction, or of an access of its epilogue, in elements. */
export function groupStride(role: Role, group: keyof Axes, axis: number): Parameter<ContractKernel> {
  return (kernel) => stridesOfGroup(kernel, role, group)[axis]!;
}

/** The length of an axis of a contraction. */
export function groupLength(group: keyof Axes, axis: number): Parameter<ContractKernel> {
  return (kernel) => axesOf(kernel)[group][axis]!;
}

/** The sizes of blocks and how many there are. */
type BlockSize = { [Name in keyof Blocks]: Blocks[Name] extends number ? Name : never }[keyof Blocks];

/** How a contraction is cut into blocks. */
export function blockSize(name: BlockSize): Parameter<ContractKernel> {
  return (kernel) => blocksOf(kernel)[name];
}

/** Whether a contraction packs its panels anew for each block: 1 or 0. */
export const forgetsPanels: Parameter<ContractKernel> = (kernel) => blocksOf(kernel).keepsPanels ? 0 : 1;

/** Where something lies in the thread's own memory. */
export function scratchPlace(name: ScratchName): Parameter<ContractKernel> {
  return (kernel) => scratchOf(kernel).places[name];
}

/** Numbers of a scatter. */
export const ofScatter = {
  length: ({ length }) => length,
  outer: (kernel) => sizesOf(kernel).outer,
  updates: (kernel) => sizesOf(kernel).updates,
  rows: (kernel) => sizesOf(kernel).outer * kernel.length,
  rowBytes: (kernel) => sumsOfRow(kernel) * Float64Array.BYTES_PER_ELEMENT,
  slots: slotsOf,
  blockRows: (kernel) => rowBlocks(kernel).rows,
  rowBlocks: (kernel) => rowBlocks(kernel).blocks,
  blockColumns: (kernel) => columnBlocks(kernel).columns,
  columnBlocks: (kernel) => columnBlocks(kernel).blocks,
  list: (kernel) => scatterScratch(kernel).list,
} satisfies Record<string, Parameter<ScatterKernel>>;

/** The length of an axis of a scatter's indices. */
export function updatesLength(axis: number): Parameter<ScatterKernel> {
  return ({ updates }) => updates[axis]!;
}
