/**
 * Kernels as they are sent from thread to thread, and as functions.
 * @module
 */
import { type JsKernel, type JsText, makeKernel } from "./load_js.ts";
import { loadWasm, type WasmKernel, type WasmText } from "./wasm/load_wasm.ts";

/** What a thread needs to make a kernel's functions. */
export type KernelText = JsText | WasmText;

/** The functions of a kernel. */
export type LoadedKernel = JsKernel | WasmKernel;

/** Makes the functions of a kernel, on a thread that has this memory. */
export function loadKernelText(text: KernelText, memory: WebAssembly.Memory): LoadedKernel {
  return text.kind === "js" ? makeKernel(text) : loadWasm(text, memory);
}

/** What is equal for kernels that are the same functions. */
export function codeKey(text: KernelText): unknown {
  return text.kind === "js" ? `${text.source}\n${text.finish ?? ""}` : text;
}
