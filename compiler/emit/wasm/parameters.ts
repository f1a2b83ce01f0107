/**
 * Parameters: the numbers that code is called with, as functions of any kernel that is the same code.
 *
 * The code is kept, and its parameters with it. So they are made here, where they close over numbers alone. A function
 * written in a writer would keep the writer, and through its kernel the graph and the arrays of the program that was
 * first to have it.
 * @module
 */
import { dtypeInfo } from "../../../src/dtype.ts";
import { type Kernel, type KernelStep, stepsOf } from "../../kernel/kernel.ts";
import type { Argument } from "../emitted.ts";

/** A number, of a kernel. */
export type LaunchParameter<K extends Kernel> = (kernel: K) => number;

/** An array of the kernel. */
export function arrayOf(array: number): (kernel: Kernel) => Argument {
  return () => ({ array });
}

/** So many times a parameter, as of elements in bytes. */
export function scaled<K extends Kernel>(parameter: LaunchParameter<K>, factor: number): LaunchParameter<K> {
  return (kernel) => parameter(kernel) * factor;
}

/** Where an access begins in its array, in bytes. */
export function offsetOf(access: number): LaunchParameter<Kernel> {
  return ({ indexMaps }) => indexMaps[access]!.offset * dtypeInfo(indexMaps[access]!.dtype).bytes;
}

/** A stride of an access, in elements. */
export function outerStride(access: number, axis: number): LaunchParameter<Kernel> {
  return ({ indexMaps }) => indexMaps[access]!.outer[axis]!;
}

/** The same along an inner axis; a negative one counts from the end. */
export function innerStride(access: number, axis: number): LaunchParameter<Kernel> {
  return ({ indexMaps }) => indexMaps[access]!.inner.at(axis)!;
}

/** The length of an outer axis. */
export function outerLength(axis: number): LaunchParameter<Kernel> {
  return ({ outer }) => outer[axis]!;
}

/** The length of an inner axis. */
export function innerLength(axis: number): LaunchParameter<Extract<Kernel, { readonly inner: readonly number[] }>> {
  return ({ inner }) => inner[axis]!;
}

/** A step that has numbers of its own. */
type Indexed = KernelStep & { readonly kind: "gather" | "check" };

/** How many elements a step's index may name; the step is that of this number. */
export function lengthOfStep(index: number): LaunchParameter<Kernel> {
  return (kernel) => (stepsOf(kernel)[index] as Indexed).length; // in kernels of the same key it is of the same kind
}

/** How far a step is moved by an index, in elements. */
export function strideOfStep(index: number): LaunchParameter<Kernel> {
  return (kernel) => (stepsOf(kernel)[index] as Indexed & { readonly kind: "gather" }).stride; // as above
}
