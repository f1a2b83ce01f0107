/**
 * WebAssembly as a target: kernels as functions of modules, four values at a time.
 *
 * Kernels of the same structure are the same function, whatever their sizes (but for a few that code takes advantage of),
 * and each function is made once: those of a program that are new become one module.
 * @module
 */
import { LruCache } from "../../../src/lru_cache.ts";
import { contractWriter } from "../../kernel/contract/wasm.ts";
import { ContractLibrary } from "../../kernel/contract/wasm_library.ts";
import { cumulativeWriter } from "../../kernel/cumulative/wasm.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { kernelKey } from "../../kernel/kernel_key.ts";
import { loopWriter } from "../../kernel/loops/wasm.ts";
import { scatterWriter } from "../../kernel/scatter/wasm.ts";
import { tuning } from "../../limits.ts";
import { hasSharedMemory } from "../../runtime/shared_memory.ts";
import type { Argument, EmittedKernel } from "../emitted.ts";
import type { EmitOptions, Target } from "../target.ts";
import { encodeModule } from "./asm/encode.ts";
import { wasmFeatures } from "./asm/features.ts";
import type { WasmFunction } from "./asm/function_builder.ts";
import { Imports } from "./kernel_writer.ts";
import type { KindWriter, ModuleParts, Written } from "./kind_writer.ts";
import type { WasmText } from "./load_wasm.ts";
import { printFunction } from "./asm/print.ts";
import { VectorLibrary } from "./vector/vector_library.ts";

/** A function that was made, and how it is called with the numbers of any kernel that has its key. */
interface Template {
  readonly text: WasmText;
  readonly args: readonly ((kernel: Kernel) => Argument)[];
}

/** What writes each kind of kernel. */
const writers: { readonly [Kind in Kernel["kind"]]: KindWriter<Extract<Kernel, { readonly kind: Kind }>> } = {
  loops: loopWriter,
  contract: contractWriter,
  scatter: scatterWriter,
  cumulative: cumulativeWriter,
};

/** What writes a kernel of this kind. */
function writerOf({ kind }: Kernel): KindWriter<Kernel> {
  return writers[kind];
}

/** A module takes about 100 KB, however little is in it; a program that is in use has its own hold on what it needs. */
const capacity = 256;
const templates = new LruCache<string, Template>(capacity);

/** Pages of 64 KB that the memory has at least and at most; the arena's are within. */
const memory = { minimumPages: 2, maximumPages: 65536 } as const;

function templateKey(kernel: Kernel, exact: boolean): string {
  const { relaxed } = wasmFeatures();
  return `${exact ? "exact" : ""}${relaxed ? "relaxed" : ""} ${writerOf(kernel).key(kernel)} ${kernelKey(kernel)}`;
}

function kernelFunctionName(kernel: Kernel): string {
  return `${writerOf(kernel).prefix(kernel)}_${kernel.name.replace(/[^A-Za-z0-9_]/g, "_")}`;
}

/** What the functions of a module share. */
class Shared implements ModuleParts {
  readonly imports = new Imports();
  readonly contracts = new ContractLibrary(wasmFeatures().relaxed);
  readonly vectors = new VectorLibrary(this.imports, wasmFeatures().relaxed);

  /** The functions that kernels call. */
  get list(): WasmFunction[] {
    return [...this.contracts.list, ...this.vectors.list];
  }
}

function prepared(kernel: Kernel): Kernel {
  return writerOf(kernel).prepare?.(kernel) ?? kernel;
}

/** WebAssembly with vectors, in the arena. Code runs twice as fast, but takes a module to be compiled and copies. */
export const wasmTarget: Target = {
  name: "wasm",
  language: "WebAssembly",
  extension: "wat",
  memory: "arena",
  available: () => wasmFeatures().vectors || "there is no WebAssembly with vectors here",
  supports: () => true,
  cost: (work) => (tuning.wasmWork + work) / 2,
  emit: emitKernels,
  print(kernel, options) {
    const shared = new Shared();
    const { main, finalize } = writerOf(kernel).write(prepared(kernel), kernelFunctionName(kernel), shared, options);
    return [main, ...(finalize === undefined ? [] : [finalize]), ...shared.list].map(printFunction).join("\n\n");
  },
};

function emitKernels(given: readonly Kernel[], options: EmitOptions): EmittedKernel[] {
  const kernels = given.map(prepared);
  const keys = kernels.map((kernel) => templateKey(kernel, options.exact));
  /** Of all kernels, whatever the cache has forgotten by the end. */
  const found = new Map<string, Template>();
  const shared = new Shared();
  const made = new Map<string, Written>();
  const names = new Set<string>();
  kernels.forEach((kernel, index) => {
    const key = keys[index]!;
    if (found.has(key) || made.has(key)) return;
    const known = templates.get(key);
    if (known !== undefined) {
      found.set(key, known);
      return;
    }
    const base = kernelFunctionName(kernel);
    let name = base;
    for (let number = 2; names.has(name); number++) name = `${base}_${number}`;
    names.add(name);
    made.set(key, writerOf(kernel).write(kernel, name, shared, options));
  });
  if (made.size > 0) {
    const functions = [...made.values()].flatMap(({ main, finalize }) =>
      finalize === undefined ? [main] : [main, finalize]
    );
    functions.push(...shared.list);
    const bytes = encodeModule({
      imports: shared.imports.list,
      functions,
      memory: { shared: hasSharedMemory(), ...memory },
    });
    const module = new WebAssembly.Module(bytes);
    for (const [key, { main, finalize, args }] of made) {
      const text: WasmText = { target: "wasm", name: main.name, module, run: main.name, finalize: finalize?.name };
      const template: Template = { text, args };
      found.set(key, template);
      templates.set(key, template);
    }
  }
  return kernels.map((kernel, index) => {
    const { text, args } = found.get(keys[index]!)!; // each was known or has been made
    return { text, args: args.map((each) => each(kernel)), ...writerOf(kernel).needs(kernel) };
  });
}
