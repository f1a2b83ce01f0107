/**
 * Kernels as they are sent from thread to thread, and as functions. Every thread loads them, so nothing here knows how
 * they were written.
 * @module
 */
import type { TypedArray } from "../../src/dtype.ts";
import { type JsText, loadJs } from "./js/load_js.ts";
import { loadWasm, type WasmText } from "./wasm/load_wasm.ts";

/** What each target makes of a kernel: all that a thread needs to have its functions. */
interface Texts {
  readonly js: JsText;
  readonly wasm: WasmText;
}

/** The name of a target. */
export type TargetName = keyof Texts;

/** A kernel's code, of whichever target. */
export type KernelText<Name extends TargetName = TargetName> = {
  [Each in Name]: Texts[Each] & { readonly target: Each };
}[Name];

/** What kernels are called with: a program's arrays, and where it is all described. */
export interface Bindings {
  readonly arrays: readonly TypedArray[];
  /** The addresses of the binding table, and of the numbers of launches; 0 where the arrays are ordinary ones. */
  readonly table: number;
  readonly args: number;
  /** The address of the thread's own memory. */
  readonly scratch: number;
}

/** The numbers that one launch of a kernel is called with. */
export interface LaunchArguments {
  readonly args: Int32Array;
  /** Where they are among those of all launches, in bytes. */
  readonly place: number;
}

/** A kernel's functions, on one thread. */
export interface LoadedKernel {
  /** Computes the units from `begin` to `end`. Partial results, if there are any, are stored in `partials` from `slot` on. */
  run(
    bindings: Bindings,
    launch: LaunchArguments,
    begin: number,
    end: number,
    partials: TypedArray | undefined,
    slot: number,
  ): void;
  /** Makes the results of the partial ones that `count` calls have stored, where they store any. */
  finalize(bindings: Bindings, launch: LaunchArguments, partials: TypedArray, count: number): void;
}

const loaders: {
  readonly [Name in TargetName]: (text: Texts[Name], memory: WebAssembly.Memory | undefined) => LoadedKernel;
} = { js: loadJs, wasm: loadWasm };

/** Makes the functions of a kernel. `memory` is the thread's arena, which kernels of some targets work on. */
export function loadKernel<Name extends TargetName>(
  text: KernelText<Name>,
  memory: WebAssembly.Memory | undefined,
): LoadedKernel {
  return loaders[text.target](text, memory);
}
