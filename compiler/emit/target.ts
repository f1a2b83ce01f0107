/**
 * Targets: all that the compiler knows of a code generator. How its code becomes functions is known to every thread, and
 * stands in `load_kernel.ts`.
 * @module
 */
import type { Kernel } from "../kernel/kernel.ts";
import type { EmittedKernel } from "./emitted.ts";
import type { TargetName } from "./load_kernel.ts";

/** How kernels are written. */
export interface EmitOptions {
  /** Whether every operation is rounded to its dtype, and reductions keep their order, whatever else a kernel does. */
  readonly exact: boolean;
}

/** One language that kernels are written in. */
export interface Target {
  readonly name: TargetName;
  /** What the language is called. */
  readonly language: string;
  /** How the name of a file with {@linkcode print}ed kernels ends. */
  readonly extension: string;
  /** Where its kernels find their arrays: in ordinary ones, or only in the arena, on however many threads. */
  readonly memory: "arrays" | "arena";
  /** Whether its code can run here; if not, why. */
  available(): true | string;
  /** Whether it can write a kernel. */
  supports(kernel: Kernel): boolean;
  /** What a program of so much work, as cost.ts estimates it, costs in this language: running it, and getting ready to. */
  cost(work: number): number;
  /** Kernels as code. Those that are the same code have the same text, that very object. */
  emit(kernels: readonly Kernel[], options: EmitOptions): EmittedKernel[];
  /** The code of a kernel, for people to read. */
  print(kernel: Kernel, options: EmitOptions): string;
}
