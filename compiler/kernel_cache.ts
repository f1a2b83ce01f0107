/**
 * Generated functions, each made once: kernels with the same text are the same functions.
 * @module
 */
import { LruCache } from "../src/lru_cache.ts";
import { type JsKernel, type JsText, makeKernel } from "./emit/load_js.ts";

/** A kernel takes about 5 KB, and a program that is in use has its own hold on what it needs. */
const capacity = 512;
const kernels = new LruCache<string, JsKernel>(capacity);

/** The functions of a kernel's text. */
export function loadKernel(text: JsText): JsKernel {
  const { source, finish } = text;
  const key = finish === undefined ? source : `${source}\n${finish}`;
  let kernel = kernels.get(key);
  if (kernel === undefined) kernels.set(key, kernel = makeKernel(text));
  return kernel;
}

let allowed: boolean | undefined;

/** Whether this environment allows JavaScript to be generated; a page may forbid it by its content security policy. */
export function canGenerateCode(): boolean {
  return allowed ??= generates();
}

function generates(): boolean {
  try {
    return new Function("return true")() === true;
  } catch {
    return false;
  }
}
