/**
 * Generated functions, each made once: kernels with the same text are the same function.
 * @module
 */
import type { TypedArray } from "../src/dtype.ts";
import { LruCache } from "../src/lru_cache.ts";
import type { EmittedKernel } from "./emit/js.ts";

/** A kernel that can be called: computes its units from `begin` to `end`. */
export interface JsKernel {
  (arrays: readonly TypedArray[], args: Int32Array, begin: number, end: number): void;
  /** The source it was made from. */
  readonly text: string;
}

const capacity = 4096;
const kernels = new LruCache<string, JsKernel>(capacity);

/** The function of an emitted kernel. */
export function loadKernel(emitted: EmittedKernel): JsKernel {
  let kernel = kernels.get(emitted.source);
  if (kernel === undefined) {
    const names = [...emitted.helpers.keys()];
    // The text is our own: names in it are escaped, and numbers of the program's are parameters.
    const factory = new Function(
      ...names,
      `"use strict";\nreturn ${emitted.source}\n//# sourceURL=tensorloom/${emitted.name}.js`,
    );
    const made = factory(...emitted.helpers.values()) as JsKernel; // the text is that of one function
    kernel = Object.assign(made, { text: emitted.source });
    kernels.set(emitted.source, kernel);
  }
  return kernel;
}

/** Whether this environment allows code to be generated; a page may forbid it by its content security policy. */
export function canGenerateCode(): boolean {
  try {
    return new Function("return true")() === true;
  } catch {
    return false;
  }
}
