/**
 * Expected values of the element-wise operations and reductions: elementwise.json holds what NumPy 2.4 and SciPy 1.17
 * return for the arrays listed there, in float64 unless an integer dtype is named (unary: numpy's ufuncs, and
 * scipy.special.expit and erf, logaddexp(0, x) for softplus; variance: numpy.var; logSumExp: scipy.special.logsumexp).
 * NaN, the infinities and −0 are strings, since JSON has none of them.
 * @module
 */
import { assert } from "@std/assert";
import type { NestedArray, Value } from "../../mod.ts";
import golden from "./elementwise.json" with { type: "json" };

export { golden };

type Stored = number | string | boolean | readonly Stored[];

/** Stored numbers as nested arrays. */
export function restore(stored: Stored): NestedArray {
  if (typeof stored === "string") return Number(stored);
  return typeof stored === "object" ? stored.map(restore) : stored;
}

/** Asserts that all elements are equal, zeros by their sign too, or within a relative tolerance. */
export function assertNumbers(actual: Value, expected: NestedArray, tolerance = 0, message = ""): void {
  const numbers = ([expected] as unknown[]).flat(Infinity).map(Number); // the type of a flat nested array is beyond tsc
  assert(actual.size === numbers.length, `${message}: ${actual.size} elements, ${numbers.length} expected`);
  numbers.forEach((number, index) => {
    const value = actual.data[index]!;
    const close = Object.is(value, number) ||
      tolerance > 0 && Math.abs(value - number) <= tolerance * Math.abs(number) ||
      value === number && actual.dtype !== "float64";
    assert(close, `${message}: element ${index} is ${value}, ${number} expected`);
  });
}
