/**
 * JavaScript as a target: a kernel as the source text of one function.
 *
 * A kernel is called as `kernel(arrays, args, begin, end)`. It finds its arrays in `arrays` and all sizes, offsets and
 * strides in `args`, in the order in which the text asks for them; `begin` and `end` cut its outermost loop into
 * chunks. So kernels of the same structure are the same text, whatever their sizes.
 * @module
 */
import type { Kernel } from "../../kernel/kernel.ts";
import { ContractEmitter } from "../../kernel/contract/js.ts";
import { LoopEmitter } from "../../kernel/loops/js.ts";
import { ScatterEmitter } from "../../kernel/scatter/js.ts";
import { CumulativeEmitter } from "../../kernel/cumulative/js.ts";
import type { EmittedKernel } from "../emitted.ts";
import { canGenerateCode, type JsText, keyOfJs } from "./load_js.ts";
import type { EmitOptions, Target } from "../target.ts";

/** JavaScript on ordinary arrays: no copies, and no start-up. */
export const jsTarget: Target = {
  name: "js",
  language: "JavaScript",
  extension: "js",
  memory: "arrays",
  available: () => canGenerateCode() || "this page forbids JavaScript to be generated",
  supports: () => true,
  cost: (work) => work,
  emit(kernels, options) {
    const texts = new Map<string, JsText>();
    return kernels.map((kernel) => {
      const emitted = emitKernel(kernel, options);
      const key = keyOfJs(emitted.text);
      const known = texts.get(key);
      if (known !== undefined) return { ...emitted, text: known };
      texts.set(key, emitted.text);
      return emitted;
    });
  },
  print(kernel, options) {
    const { source, finalize } = emitKernel(kernel, options).text;
    return finalize === undefined ? source : `${source}\n\n${finalize}`;
  },
};

function emitKernel(kernel: Kernel, { exact }: EmitOptions): EmittedKernel<JsText> {
  switch (kernel.kind) {
    case "loops":
      return new LoopEmitter(kernel, exact).emit();
    case "contract":
      return new ContractEmitter(kernel, exact).emit();
    case "scatter":
      return new ScatterEmitter(kernel, exact).emit();
    case "cumulative":
      return new CumulativeEmitter(kernel, exact).emit();
    default:
      return kernel satisfies never;
  }
}
