/**
 * Kernels in WebAssembly as functions: modules are compiled once, and each thread makes instances of them on the memory
 * that all share.
 * @module
 */
import { importedFunctions, importModule } from "./imports.ts";

/** A kernel's function: the addresses of the binding table and of its numbers, units, partial results, own memory. */
export type WasmRun = (
  table: number,
  args: number,
  begin: number,
  end: number,
  partials: number,
  scratch: number,
) => void;

/** A kernel in a module, and what it is called there. */
export interface WasmText {
  readonly kind: "wasm";
  readonly name: string;
  readonly module: WebAssembly.Module;
  readonly run: string;
  /** The function that makes results of what calls have left, if they leave something. */
  readonly finish: string | undefined;
}

/** The functions of a kernel. */
export interface WasmKernel {
  readonly kind: "wasm";
  readonly run: WasmRun;
  readonly finish: WasmRun | undefined;
}

const instances = new WeakMap<WebAssembly.Module, WebAssembly.Instance>();

/** Makes the functions of a kernel, which work on the memory. A thread has one memory. */
export function loadWasm({ module, run, finish }: WasmText, memory: WebAssembly.Memory): WasmKernel {
  let instance = instances.get(module);
  if (instance === undefined) {
    const imports = { [importModule]: { memory, ...importedFunctions } };
    instances.set(module, instance = new WebAssembly.Instance(module, imports));
  }
  const { exports } = instance;
  return {
    kind: "wasm",
    run: exports[run] as WasmRun, // the writer gave both these parameters
    finish: finish === undefined ? undefined : exports[finish] as WasmRun,
  };
}
