/**
 * WebAssembly as a target: kernels as functions of modules, four values at a time.
 *
 * Kernels of the same structure are the same function, whatever their sizes (but for a few that code takes advantage of),
 * and each function is made once: those of a program that are new become one module.
 * @module
 */
import { LruCache } from "../../../src/lru_cache.ts";
import type { Kernel, ScatterKernel } from "../../kernel/kernel.ts";
import { kernelKey } from "../../kernel/kernel_key.ts";
import { cutOf } from "../../kernel/loops/cut.ts";
import { tuning } from "../../limits.ts";
import type { Argument, EmittedKernel } from "../emitted.ts";
import type { EmitOptions, Target } from "../target.ts";
import { encodeModule } from "./encode.ts";
import type { WasmFunction } from "./function_builder.ts";
import { Imports } from "./kernel_writer.ts";
import type { WasmText } from "./load_wasm.ts";
import { ContractWriter } from "../../kernel/contract/wasm.ts";
import { ContractLibrary } from "../../kernel/contract/wasm_library.ts";
import { joinPairs } from "../../kernel/loops/wasm_join_pairs.ts";
import { LoopWriter } from "../../kernel/loops/wasm.ts";
import { VectorLibrary } from "./vector_library.ts";
import { printFunction } from "./print.ts";
import { ScatterWriter } from "../../kernel/scatter/wasm.ts";
import { scatterScratch, wasmScatterCut, wasmScatterExtent } from "../../kernel/scatter/wasm_blocks.ts";
import { ScatterListsWriter } from "../../kernel/scatter/wasm_lists.ts";
import { hasSharedMemory } from "../../shared_memory.ts";
import { wasmFeatures } from "./features.ts";

/** A function that was made, and how it is called with the numbers of any kernel that has its key. */
interface Template {
  readonly text: WasmText;
  readonly args: readonly ((kernel: Kernel) => Argument)[];
}

/** What a writer makes of a kernel. */
interface Written {
  readonly main: WasmFunction;
  readonly finish: WasmFunction | undefined;
  readonly args: readonly ((kernel: Kernel) => Argument)[];
}

/** A module takes about 100 KB, however little is in it; a program that is in use has its own hold on what it needs. */
const capacity = 256;
const templates = new LruCache<string, Template>(capacity);

/** Pages of 64 KB that the memory has at least and at most; the arena's are within. */
const memory = { minimumPages: 2, maximumPages: 65536 } as const;

function templateKey(kernel: Kernel, exact: boolean): string {
  const { relaxed } = wasmFeatures();
  return `${exact ? "exact" : ""}${relaxed ? "relaxed" : ""} ${formKey(kernel)} ${kernelKey(kernel)}`;
}

/** How a kernel's work is cut, and the sizes and strides that code takes advantage of. */
function formKey(kernel: Kernel): string {
  switch (kernel.kind) {
    case "loops":
      return LoopWriter.keyOf(kernel);
    case "contract":
      return ContractWriter.keyOf(kernel);
    case "scatter":
      return wasmScatterCut(kernel);
    default:
      return kernel satisfies never;
  }
}

function functionName(kernel: Kernel): string {
  const prefix = kernel.kind !== "loops" ? kernel.kind : cutOf(kernel) === "elements" ? "map" : "row";
  return `${prefix}_${kernel.name.replace(/[^A-Za-z0-9_]/g, "_")}`;
}

/** What the functions of a module share. */
class Shared {
  readonly imports = new Imports();
  readonly contracts = new ContractLibrary(wasmFeatures().relaxed);
  readonly vectors = new VectorLibrary(this.imports, wasmFeatures().relaxed);

  /** The functions that kernels call. */
  get list(): WasmFunction[] {
    return [...this.contracts.list, ...this.vectors.list];
  }
}

function write(kernel: Kernel, name: string, { imports, contracts, vectors }: Shared, exact: boolean): Written {
  if (kernel.kind === "contract") {
    const writer = new ContractWriter(name, kernel, imports, contracts);
    const main = writer.main();
    const finish = writer.leaves
      ? new ContractWriter(`${name}_finish`, kernel, imports, contracts).finish()
      : undefined;
    return { main, finish, args: writer.args };
  }
  if (kernel.kind === "scatter") return writeScatter(kernel, name, imports);
  const writer = new LoopWriter(name, kernel, imports, vectors, { exact });
  const main = writer.main();
  const finish = writer.slots > 0
    ? new LoopWriter(`${name}_finish`, kernel, imports, vectors, { exact }).finish()
    : undefined;
  return { main, finish, args: writer.args };
}

function writeScatter(kernel: ScatterKernel, name: string, imports: Imports): Written {
  if (wasmScatterCut(kernel) === "lists") {
    const writer = new ScatterListsWriter(name, kernel, imports);
    return { main: writer.main(), finish: undefined, args: writer.args };
  }
  const writer = new ScatterWriter(name, kernel, imports);
  const main = writer.main();
  const finish = writer.leaves ? new ScatterWriter(`${name}_finish`, kernel, imports).finish() : undefined;
  return { main, finish, args: writer.args };
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
    const walked = kernel.kind === "loops" ? joinPairs(kernel) : kernel;
    const { main, finish } = write(walked, functionName(kernel), shared, options.exact);
    return [main, ...(finish === undefined ? [] : [finish]), ...shared.list].map(printFunction).join("\n\n");
  },
};

function emitKernels(given: readonly Kernel[], { exact }: EmitOptions): EmittedKernel[] {
  const kernels = given.map((kernel) => kernel.kind === "loops" ? joinPairs(kernel) : kernel);
  const keys = kernels.map((kernel) => templateKey(kernel, exact));
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
    const base = functionName(kernel);
    let name = base;
    for (let number = 2; names.has(name); number++) name = `${base}_${number}`;
    names.add(name);
    made.set(key, write(kernel, name, shared, exact));
  });
  if (made.size > 0) {
    const functions = [...made.values()].flatMap(({ main, finish }) => finish === undefined ? [main] : [main, finish]);
    functions.push(...shared.list);
    const bytes = encodeModule({
      imports: shared.imports.list,
      functions,
      memory: { shared: hasSharedMemory(), ...memory },
    });
    const module = new WebAssembly.Module(bytes);
    for (const [key, { main, finish, args }] of made) {
      const text: WasmText = { target: "wasm", name: main.name, module, run: main.name, finish: finish?.name };
      const template: Template = { text, args };
      found.set(key, template);
      templates.set(key, template);
    }
  }
  return kernels.map((kernel, index) => {
    const { text, args } = found.get(keys[index]!)!; // each was known or has been made
    return { text, args: args.map((each) => each(kernel)), ...needsOf(kernel) };
  });
}

/** How a kernel's work can be cut, and the memory that each thread needs for it. */
function needsOf(kernel: Kernel): Pick<EmittedKernel, "extent" | "scratchBytes"> {
  switch (kernel.kind) {
    case "loops":
      return { extent: LoopWriter.extentOf(kernel), scratchBytes: 0 };
    case "contract":
      return { extent: ContractWriter.extentOf(kernel), scratchBytes: ContractWriter.scratchBytes(kernel) };
    case "scatter":
      return { extent: wasmScatterExtent(kernel), scratchBytes: scatterScratch(kernel).bytes };
    default:
      return kernel satisfies never;
  }
}
