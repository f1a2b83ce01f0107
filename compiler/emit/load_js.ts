/**
 * The text of a kernel as functions. Any thread can load it: all that is sent there is text and names.
 * @module
 */
import type { TypedArray } from "../../src/dtype.ts";
import { jsHelpers } from "./js_helpers.ts";

/** A kernel as a function: computes its units from `begin` to `end`, and leaves its partial results in `partials`. */
export type JsFunction = (
  arrays: readonly TypedArray[],
  args: Int32Array,
  begin: number,
  end: number,
  partials?: TypedArray,
  place?: number,
) => void;

/** Makes a kernel's results of what `count` calls have left in `partials`. */
export type JsFinish = (
  arrays: readonly TypedArray[],
  args: Int32Array,
  partials: TypedArray,
  count: number,
) => void;

/** A kernel's text, and what it needs to become functions. */
export interface JsText {
  readonly kind: "js";
  /** What stack traces call it. */
  readonly name: string;
  readonly source: string;
  /** The text of its {@linkcode JsFinish}, if its calls leave something. */
  readonly finish: string | undefined;
  /** The functions that the texts call, by their names in {@linkcode jsHelpers}. */
  readonly helpers: readonly string[];
}

/** The functions of a kernel. */
export interface JsKernel {
  readonly kind: "js";
  readonly run: JsFunction;
  readonly finish: JsFinish | undefined;
}

/** V8 keeps all code that it was given as text until memory runs short, unless there is a tagged template in it. */
const uncached = "if (false) String.raw``;";

/** Makes the functions of a kernel's text. */
export function makeKernel(text: JsText): JsKernel {
  const { name, helpers } = text;
  const make = (source: string): unknown => {
    // The text is our own: names in it are escaped, and numbers of the program's are parameters.
    const text = `"use strict";\n${uncached}\nreturn ${source}\n//# sourceURL=tensorloom/${name}.js`;
    const factory = new Function(...helpers, text);
    return factory(...helpers.map((helper) => jsHelpers[helper]));
  };
  return {
    kind: "js",
    run: make(text.source) as JsFunction, // the text is that of one function, with these parameters
    finish: text.finish === undefined ? undefined : make(text.finish) as JsFinish,
  };
}
