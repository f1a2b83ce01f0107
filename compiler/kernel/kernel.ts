/**
 * Kernels as data: what one loop nest loads, computes and stores. Emitters turn them into code.
 *
 * ```text
 * loops    := prologue  (for each row: (before; for each inner element: loop)*; after)  total
 * contract := for each tile of the result: acc = Σ a·b over the depth;  epilogue
 * scatter  := for each row of the result: Σ of the updates, in order, whose index names it
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

/** The number of a value within a kernel. */
export type Id = number;

/** How a kernel finds elements of one of its arrays: `offset + Σ index·stride`, unless it has `pairs`. */
export interface Access {
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
   * stride is then 1. No emitter is given such an access: the one for WebAssembly makes them (`loops/wasm_join_pairs.ts`).
   */
  readonly pairs?: "twice" | "byTurns";
}

/** One value computed. */
export type Step =
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
  readonly steps: Step[];
  readonly stores: Store[];
  readonly reductions: Reduction[];
}

/** An empty section. */
export function newSection(): Section {
  return { steps: [], stores: [], reductions: [] };
}

/** Loops over rows and, within a row, one or more passes over its elements. */
export interface LoopKernel {
  readonly kind: "loops";
  readonly name: string;
  /** Lengths of the outer and of the inner axes; each may be empty, which is one row or one element. */
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  /** Whether the last axis that is walked, along which several elements are computed at once, is an inner or an outer one. */
  readonly lanes: "inner" | "outer";
  /** Parts of the first inner axis that a long row may be cut between: its length before axes were joined. */
  readonly parts: number;
  readonly arrays: number;
  readonly accesses: readonly Access[];
  /** The checks that steps name by number. */
  readonly checks: readonly IndexCheck[];
  /** Once: values that do not change. */
  readonly prologue: Section;
  /** Per row: a section, then a loop over the row's elements, any number of times. */
  readonly passes: readonly { readonly before: Section; readonly loop: Section }[];
  /** Per row, at its end. */
  readonly after: Section;
  /** The reductions that run over all rows, not over one. */
  readonly totals: ReadonlySet<Id>;
  /** Once, at the end: what is made of those. */
  readonly total: Section;
}

/**
 * A contraction, or a stack of them, and what is done with each element of the result. The accesses of the operands are
 * used by no step; their inner axes are others than those of the rest.
 */
export interface ContractKernel {
  readonly kind: "contract";
  readonly name: string;
  /** Lengths of the stacked axes. */
  readonly outer: readonly number[];
  /** Lengths of the axes of each group; there may be any number of them, and none is one row, column or product. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly depth: readonly number[];
  readonly arrays: number;
  /** Their inner axes are, group by group, (rows, depth) for the left operand, (depth, columns) for the right, (rows, columns) else. */
  readonly accesses: readonly Access[];
  /** The checks that steps name by number. */
  readonly checks: readonly IndexCheck[];
  readonly left: number;
  readonly right: number;
  /** The dtype it accumulates in. */
  readonly dtype: DType;
  /** The id under which the epilogue finds the sum. */
  readonly result: Id;
  readonly prologue: Section;
  readonly epilogue: Section;
}

/**
 * Rows added up at the places that indices name, in the order of the indices. The result is a whole array, of `length`
 * rows for every place of the outer axes; a row without any updates is zeros. Which index an update has depends on none
 * of the outer axes.
 */
export interface ScatterKernel {
  readonly kind: "scatter";
  readonly name: string;
  /** Lengths of the axes before the one that indices name places of. */
  readonly outer: readonly number[];
  /** Lengths of the axes of the indices. */
  readonly updates: readonly number[];
  /** Length of the axis of a row; none where a row is one number. */
  readonly inner: readonly number[];
  /** Rows that an index may name. */
  readonly length: number;
  readonly arrays: number;
  /** Their inner axes are those of the indices, of the indices and of a row for what is added, of a row for the result. */
  readonly accesses: readonly Access[];
  /** The one check, of the indices. */
  readonly checks: readonly IndexCheck[];
  /** The accesses, by number. */
  readonly result: number;
  readonly indices: number;
  readonly added: number;
}

/** A kernel that is generated; host steps are the program's. */
export type Kernel = LoopKernel | ContractKernel | ScatterKernel;

/** Whether running a kernel can fail, by an index that is out of range. */
export function canFail(kernel: Kernel): boolean {
  return kernel.checks.length > 0;
}

/** All steps of a kernel, in the order of its sections. */
export function stepsOf(kernel: Kernel): Step[] {
  if (kernel.kind === "scatter") return [];
  const sections = kernel.kind === "contract" ? [kernel.prologue, kernel.epilogue] : [
    kernel.prologue,
    ...kernel.passes.flatMap(({ before, loop }) => [before, loop]),
    kernel.after,
    kernel.total,
  ];
  return sections.flatMap(({ steps }) => steps);
}
