/**
 * Which emitter a program's kernels are written by. It follows from its sizes.
 * @module
 */
import type { ExecutorOptions } from "../src/executor.ts";
import { workOf } from "./cost.ts";
import { wasmFeatures } from "./emit/wasm/features.ts";
import type { Kernel } from "./kernel.ts";
import { canGenerateCode } from "./kernel_cache.ts";
import { tuning } from "./limits.ts";

/** What a program's kernels are written in, and the work that was looked at. */
export interface EmitterChoice {
  readonly name: "js" | "wasm";
  /** That of its kernels, as cost.ts estimates it. */
  readonly work: number;
}

/** Chooses the emitter for a program of these kernels. */
export function chooseEmitter(kernels: readonly Kernel[], options: ExecutorOptions): EmitterChoice {
  const work = kernels.reduce((sum, kernel) => sum + workOf(kernel), 0);
  const { emitter = "auto" } = options;
  const asked = emitter === "auto" ? tuning.emitter ?? (work >= tuning.wasmWork ? "wasm" : "js") : emitter;
  // A page may forbid one and allow the other. What WebAssembly has is asked only where it is wanted: that takes a moment.
  const isJs = kernels.length === 0 || canGenerateCode() && (asked === "js" || !wasmFeatures().vectors);
  return { name: isJs ? "js" : "wasm", work };
}
