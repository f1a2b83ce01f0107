/**
 * The JavaScript functions that modules import. A kernel is also loaded where there is no op table, so this file imports
 * only modules that import nothing.
 * @module
 */
import { scalarHelpers } from "../js/js_helpers.ts";
import { outOfRange } from "../index_fault.ts";
import type { Callable } from "./asm/code.ts";

/** The name under which a module imports its memory and its functions. */
export const importModule = "env";

/** The name of a function of one or two doubles that JavaScript has. */
type MathName = {
  [Name in keyof Math]: Math[Name] extends (x: number, y: number) => number ? Name & string : never;
}[keyof Math];

/** Functions of doubles that it has not, by the name that modules import them under. */
const scalars = {
  ...scalarHelpers,
  softplus: (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  /** The low 32 bits of a number, as an integer with a sign: JavaScript's conversion. */
  toInt32: (x: number): number => x | 0,
};

/** The name of a function of doubles that modules may import. */
export type ImportName = MathName | keyof typeof scalars;

/** How modules declare a function of doubles. */
export function scalarImport(name: ImportName, operands: number): Callable & { readonly result: "f64" } {
  return { name, params: new Array<"f64">(operands).fill("f64"), result: "f64" };
}

/** How modules declare the function that fails an index: the number of the check, and the index. */
export const outOfRangeImport: Callable & { readonly result: undefined } = {
  name: "outOfRange",
  params: ["i32", "f64"],
  result: undefined,
};

/** What a module may import, beside its memory. */
export const importedFunctions: Readonly<Record<string, (...args: never[]) => unknown>> = {
  ...Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(Math)).flatMap(([name, { value }]) =>
      typeof value === "function" ? [[name, value]] : []
    ),
  ),
  ...scalars,
  outOfRange,
};
