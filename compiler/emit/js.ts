/**
 * The JavaScript emitter: a kernel as the source text of one function.
 *
 * A kernel is called as `kernel(arrays, args, begin, end)`. It finds its arrays in `arrays` and all sizes, offsets and
 * strides in `args`, in the order in which the text asks for them; `begin` and `end` cut its outermost loop into
 * chunks. So kernels of the same structure are the same text, whatever their sizes.
 * @module
 */
import type { Kernel } from "../kernel.ts";
import { ContractEmitter } from "./js_contract.ts";
import { LoopEmitter } from "./js_loops.ts";
import { ScatterEmitter } from "./js_scatter.ts";
import type { EmittedKernel } from "./emitted.ts";

/** The text of a kernel. With `exact`, every operation is rounded to its dtype. */
export function emitJs(kernel: Kernel, options: { readonly exact: boolean }): EmittedKernel {
  switch (kernel.kind) {
    case "loops":
      return new LoopEmitter(kernel, options.exact).emit();
    case "contract":
      return new ContractEmitter(kernel, options.exact).emit();
    case "scatter":
      return new ScatterEmitter(kernel, options.exact).emit();
    default:
      return kernel satisfies never;
  }
}
