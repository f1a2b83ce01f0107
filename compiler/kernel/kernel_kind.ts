/**
 * Kinds of kernels: what the compiler has to know of each, beside the code that targets have for it.
 * @module
 */
import type { Operation, TableOperation } from "../../src/graph/operation.ts";
import type { Cluster } from "../fusion/clusters.ts";
import type { View } from "../passes/view.ts";
import type { LoweringContext } from "./kernel_builder.ts";
import type { Kernel } from "./kernel.ts";
import type { MemoryEffect } from "./memory_effects.ts";

/** One kind of kernel. */
export interface KernelKind<K extends Kernel> {
  /** What the code of a kernel follows from, beside its sizes and what kernels of all kinds have. */
  key(kernel: K): readonly (number | string)[];
  /** Every load and store. */
  memoryEffects(kernel: K): readonly MemoryEffect[];
  /** An estimate of what it costs, in simple operations, see cost.ts. */
  work(kernel: K): number;
  /** Additions, multiplications and calls of functions; a multiplication with its addition counts as two. */
  operations(kernel: K): number;
  /** A length that its code would have to count and cannot, if there is one. */
  tooLong(kernel: K): number | undefined;
}

/** A kernel, and the program's buffers that its arrays are. */
export interface Lowered {
  readonly kernel: Kernel;
  readonly buffers: readonly number[];
}

/** How operations that are computed together become kernels. */
export interface Lowering {
  /** The kernels, in the order in which they run. */
  lower(cluster: Cluster, context: LoweringContext): readonly Lowered[];
  /** Whether an operation can read its operand of this number where it lies; left out where it always can. */
  canRead?(node: Operation, operand: number, view: View): boolean;
}

/** The operation that a cluster is of, where it shares its kernels with nothing. */
export function aloneOperation({ ops }: Cluster): TableOperation {
  const [node] = ops.keys();
  return node as TableOperation; // only what is in the table is lowered
}
