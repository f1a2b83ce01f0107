/**
 * Kernels as data: what one loop nest loads, computes and stores. Emitters turn them into code.
 *
 * ```text
 * loops    := prologue  (for each row: (before; for each inner element: loop)*; after)  total
 * contract := for each tile of the result: acc = Σ a·b over the depth;  epilogue
 * scatter  := for each row of the result: Σ of the updates, in order, whose index names it
 * cumulative := for each line: for each element: total = total ∘ element;  store total
 * section  := step* store* reduction*
 * step     := id = load access | id = gather access index | id = check arg | id = apply op args | id = cast dtype arg
 * ```
 * Sizes, offsets and strides are numbers here; emitters make them parameters, so that kernels that differ only in
 * them are the same code, but for what an emitter says that its code takes advantage of.
 * @module
 */
import type { DType } from "../../src/dtype.ts";
import type { TableOperation } from "../../src/graph/operation.ts";
import type { Intrinsic, ReductionName } from "../../src/ops/table.ts";
import { type ContractKernel, sectionsOfContract } from "./contract/kernel.ts";
import { type CumulativeKernel, sectionsOfCumulative } from "./cumulative/kernel.ts";
import { type LoopKernel, sectionsOfLoops } from "./loops/kernel.ts";
import { type ScatterKernel, sectionsOfScatter } from "./scatter/kernel.ts";

/** The number of a value within a kernel. */
export type Id = number;

/** How a kernel finds elements of one of its arrays: `offset + Σ index·stride`, unless it has `pairs`. */
export interface IndexMap {
  /** Which of the kernel's arrays. */
  readonly array: number;
  readonly dtype: DType;
  readonly offset: number;
  /** One per outer axis of the loop nest. */
  readonly outer: readonly number[];
  /** One per inner axis. */
  readonly inner: readonly number[];
  /**
   * How the last inner axis is walked where that is by no stride: each element is had twice, or two of them by turns; the
   * stride is then 1. No emitter is given such an access: the one for WebAssembly makes them (`loops/wasm_join_patterns.ts`).
   */
  readonly pattern?: "repeated" | "alternating";
}

/** One value computed. */
export type KernelStep =
  | { readonly kind: "load"; readonly id: Id; readonly access: number }
  | {
    /** A load that is moved by an index times a stride. Negative indices count from the end of `length` elements. */
    readonly kind: "gather";
    readonly id: Id;
    readonly access: number;
    readonly index: Id;
    readonly length: number;
    readonly stride: number;
    /** Which of the kernel's checks fails where the index is out of range. */
    readonly check: number;
  }
  /** The argument itself, a whole number from 0 to below `length`; anything else fails the check. */
  | { readonly kind: "check"; readonly id: Id; readonly arg: Id; readonly length: number; readonly check: number }
  | {
    readonly kind: "apply";
    readonly id: Id;
    readonly op: Intrinsic;
    readonly dtype: DType;
    readonly result: DType;
    readonly args: readonly Id[];
  }
  | { readonly kind: "cast"; readonly id: Id; readonly from: DType; readonly to: DType; readonly arg: Id };

/** One value written. */
export interface Store {
  readonly access: number;
  readonly arg: Id;
}

/** One value taken into a running result. */
export interface Reduction {
  readonly id: Id;
  readonly name: ReductionName;
  /** Whether it gives the index of an element. */
  readonly isIndex: boolean;
  /** The dtype it accumulates in. */
  readonly dtype: DType;
  readonly arg: Id;
}

/** What a kernel looks at before it goes on: whether an index is in range. */
export interface IndexCheck {
  /** The operation that asks for it. */
  readonly node: TableOperation;
  /** What that operation says of an index that fails. */
  readonly describe: (index: number) => Error;
}

/** A straight piece of a kernel. */
export interface Section {
  readonly steps: KernelStep[];
  readonly stores: Store[];
  readonly reductions: Reduction[];
}

/** An empty section. */
export function newSection(): Section {
  return { steps: [], stores: [], reductions: [] };
}

/** The accesses of a section, each once. */
export function indexMapsOf(section: Section): number[] {
  const loads = section.steps.flatMap((step) => "access" in step ? [step.access] : []);
  return [...new Set([...loads, ...section.stores.map((store) => store.access)])];
}

/** A kernel that is generated, of any kind; host steps are the program's. */
export type Kernel = LoopKernel | ContractKernel | ScatterKernel | CumulativeKernel;

/** The straight pieces of a kernel, in the order in which they run. */
function sectionsOf(kernel: Kernel): readonly Section[] {
  switch (kernel.kind) {
    case "loops":
      return sectionsOfLoops(kernel);
    case "contract":
      return sectionsOfContract(kernel);
    case "scatter":
      return sectionsOfScatter;
    case "cumulative":
      return sectionsOfCumulative;
    default:
      return kernel satisfies never;
  }
}

/** All steps of a kernel, in the order of its sections. */
export function stepsOf(kernel: Kernel): KernelStep[] {
  return sectionsOf(kernel).flatMap(({ steps }) => steps);
}

/** Whether running a kernel can fail, by an index that is out of range. */
export function canFail(kernel: Kernel): boolean {
  return kernel.checks.length > 0;
}
