/**
 * Plain data as program text, for the programs that this library prints.
 * @module
 */
import { describeForeign } from "./describe.ts";
import { isTypedArray } from "./dtype.ts";
import { readable } from "./readable.ts";

/**
 * JavaScript's own spelling of numbers, booleans, strings, null, undefined, and arrays and objects of these: read as a
 * program it is the same data again, −0, NaN and infinities among it, which JSON would lose. A typed array is spelled as
 * the list of its numbers. Throws a TypeError for anything else.
 */
export function literal(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "string") return readable(JSON.stringify(value)); // its escapes are JavaScript's
  if (typeof value === "boolean" || value === null || value === undefined) return String(value);
  if (isTypedArray(value)) return literal([...value]);
  if (Array.isArray(value)) return `[${value.map(literal).join(",")}]`;
  if (typeof value === "object") {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      return `{${Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${literal(each)}`).join(",")}}`;
    }
  }
  throw new TypeError(`Cannot print ${describeForeign(value)} in a program: it is no plain data`);
}
