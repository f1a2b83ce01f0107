/**
 * Kernels in WebAssembly as functions: modules are compiled once, and each thread makes instances of them on the memory
 * that all share.
 * @module
 */
import type { TypedArray } from "../../../src/dtype.ts";
import type { Bindings, LaunchArguments, LoadedKernel } from "../load_kernel.ts";
import { importedFunctions, importModule } from "./imports.ts";

/** A kernel's function: the addresses of the binding table and of its numbers, units, partial results, own memory. */
type LoadedFunction = (
  table: number,
  args: number,
  begin: number,
  end: number,
  partials: number,
  scratch: number,
) => void;

/** A kernel in a module, and what it is called there. */
export interface WasmText {
  readonly target: "wasm";
  readonly name: string;
  readonly module: WebAssembly.Module;
  readonly run: string;
  /** The function that makes results of what calls have left, if they leave something. */
  readonly finalize: string | undefined;
}

/** The functions of a kernel. */
class WasmKernel implements LoadedKernel {
  readonly #run: LoadedFunction;
  readonly #finalize: LoadedFunction | undefined;

  constructor(run: LoadedFunction, finalize: LoadedFunction | undefined) {
    this.#run = run;
    this.#finalize = finalize;
  }

  run(
    { table, args, scratch }: Bindings,
    { place }: LaunchArguments,
    begin: number,
    end: number,
    partials: TypedArray | undefined,
    slot: number,
  ): void {
    const run = this.#run;
    const address = partials === undefined ? 0 : partials.byteOffset + slot * partials.BYTES_PER_ELEMENT;
    run(table, args + place, begin, end, address, scratch);
  }

  finalize({ table, args, scratch }: Bindings, { place }: LaunchArguments, partials: TypedArray, count: number): void {
    const finalize = this.#finalize;
    if (finalize !== undefined) finalize(table, args + place, 0, count, partials.byteOffset, scratch);
  }
}

const instances = new WeakMap<WebAssembly.Module, WebAssembly.Instance>();

/** Makes the functions of a kernel, which work on the memory. A thread has one memory. */
export function loadWasm({ module, run, finalize }: WasmText, memory: WebAssembly.Memory | undefined): LoadedKernel {
  let instance = instances.get(module);
  if (instance === undefined) {
    const imports = { [importModule]: { memory: memory!, ...importedFunctions } }; // these kernels run in the arena
    instances.set(module, instance = new WebAssembly.Instance(module, imports));
  }
  const { exports } = instance;
  return new WasmKernel(
    exports[run] as LoadedFunction, // the writer gave both these parameters
    finalize === undefined ? undefined : exports[finalize] as LoadedFunction,
  );
}
