/**
 * What emitters make of a kernel.
 * @module
 */
import type { WorkPartition } from "./work_partition.ts";
import type { KernelText } from "./load_kernel.ts";

/** For each number that a kernel is called with: a value, or the program's buffer that is array `array` of the kernel. */
export type Argument = { readonly array: number } | number;

/** A kernel as code, with the numbers that this use of it is called with. */
export interface EmittedKernel<Text extends KernelText = KernelText> {
  readonly args: readonly Argument[];
  /** How its work can be cut. */
  readonly partition: WorkPartition;
  readonly text: Text;
  /** Bytes of the calling thread's own memory that it works in. */
  readonly scratchBytes: number;
}
