/**
 * What writes the kernels of one kind in WebAssembly.
 * @module
 */
import type { ContractLibrary } from "../../kernel/contract/wasm_library.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Argument, EmittedKernel } from "../emitted.ts";
import type { EmitOptions } from "../target.ts";
import type { WasmFunction } from "./asm/function_builder.ts";
import type { Imports } from "./kernel_writer.ts";
import type { VectorLibrary } from "./vector/vector_library.ts";

/** What is made of a kernel. */
export interface Written {
  readonly main: WasmFunction;
  /** What makes its results of what calls leave, if they leave something. */
  readonly finalize: WasmFunction | undefined;
  readonly args: readonly ((kernel: Kernel) => Argument)[];
}

/** What the functions of a module share. */
export interface ModuleParts {
  readonly imports: Imports;
  readonly contracts: ContractLibrary;
  readonly vectors: VectorLibrary;
}

/** Writes the kernels of one kind. */
export interface KindWriter<K extends Kernel> {
  /** A kernel as it is written; left out where that is the kernel itself. */
  prepare?(kernel: K): K;
  /** How its work is cut, and the sizes and strides that its code takes advantage of: all that is not in its `kernelKey`. */
  key(kernel: K): string;
  /** How its function's name begins. */
  prefix(kernel: K): string;
  write(kernel: K, name: string, parts: ModuleParts, options: EmitOptions): Written;
  /** How its work can be cut, and the memory that each thread needs for it. */
  needs(kernel: K): Pick<EmittedKernel, "partition" | "scratchBytes">;
}
