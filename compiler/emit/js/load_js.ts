/**
 * The text of a kernel as functions. Any thread can load it: all that is sent there is text and names.
 * @module
 */
import type { TypedArray } from "../../../src/dtype.ts";
import { LruCache } from "../../../src/lru_cache.ts";
import { jsHelpers } from "./js_helpers.ts";
import type { Bindings, LaunchArguments, LoadedKernel } from "../load_kernel.ts";

/** A kernel as a function: computes its units from `begin` to `end`, and leaves its partial results in `partials`. */
type JsFunction = (
  arrays: readonly TypedArray[],
  args: Int32Array,
  begin: number,
  end: number,
  partials?: TypedArray,
  place?: number,
) => void;

/** Makes a kernel's results of what `count` calls have left in `partials`. */
type JsFinalize = (
  arrays: readonly TypedArray[],
  args: Int32Array,
  partials: TypedArray,
  count: number,
) => void;

/** A kernel's text, and what it needs to become functions. */
export interface JsText {
  readonly target: "js";
  /** What stack traces call it. */
  readonly name: string;
  readonly source: string;
  /** The text of its {@linkcode JsFinalize}, if its calls leave something. */
  readonly finalize: string | undefined;
  /** The functions that the texts call, by their names in {@linkcode jsHelpers}. */
  readonly helpers: readonly string[];
}

/** The functions of a kernel. */
class JsKernel implements LoadedKernel {
  readonly #run: JsFunction;
  readonly #finalize: JsFinalize | undefined;

  constructor(run: JsFunction, finalize: JsFinalize | undefined) {
    this.#run = run;
    this.#finalize = finalize;
  }

  run(
    { arrays }: Bindings,
    { args }: LaunchArguments,
    begin: number,
    end: number,
    partials: TypedArray | undefined,
    slot: number,
  ): void {
    const run = this.#run;
    if (partials === undefined) run(arrays, args, begin, end);
    else run(arrays, args, begin, end, partials, slot);
  }

  finalize({ arrays }: Bindings, { args }: LaunchArguments, partials: TypedArray, count: number): void {
    this.#finalize?.(arrays, args, partials, count);
  }
}

/** A kernel takes about 5 KB, and a program that is in use has its own hold on what it needs. */
const capacity = 512;
const kernels = new LruCache<string, JsKernel>(capacity);

/** The functions of a kernel's text: the same ones for the same text. */
export function loadJs(text: JsText): LoadedKernel {
  const key = keyOfJs(text);
  let kernel = kernels.get(key);
  if (kernel === undefined) kernels.set(key, kernel = makeKernel(text));
  return kernel;
}

/** What is equal for texts that are the same functions. */
export function keyOfJs({ source, finalize }: JsText): string {
  return finalize === undefined ? source : `${source}\n${finalize}`;
}

/** V8 keeps all code that it was given as text until memory runs short, unless there is a tagged template in it. */
const uncached = "if (false) String.raw``;";

function makeKernel(text: JsText): JsKernel {
  const { name, helpers } = text;
  const make = (source: string): unknown => {
    // The text is our own: names in it are escaped, and numbers of the program's are parameters.
    const text = `"use strict";\n${uncached}\nreturn ${source}\n//# sourceURL=tensorloom/${name}.js`;
    const factory = new Function(...helpers, text);
    return factory(...helpers.map((helper) => jsHelpers[helper]));
  };
  return new JsKernel(
    make(text.source) as JsFunction, // the text is that of one function, with these parameters
    text.finalize === undefined ? undefined : make(text.finalize) as JsFinalize,
  );
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
