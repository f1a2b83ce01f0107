// Functions on four float32 values at a time: their largest errors, on a sample of all numbers, and special values.
import { afterEach, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { setWasmFeatures } from "../../compiler/emit/wasm/features.ts";
import { computed, type FunctionName, functions, worstError } from "./vector_math.ts";

/** Units in the last place, as measured on all numbers by vector_math.ts: with fused multiply-add, and without. */
const measured: Readonly<Record<FunctionName, readonly [number, number]>> = {
  exp: [1.0, 1.0],
  expm1: [1.5, 1.5],
  log: [1.5, 1.5],
  log1p: [1.6, 1.6],
  tanh: [1.5, 1.5],
  sigmoid: [2, 2],
  softplus: [2, 2],
  erf: [1.3, 1.4],
  sin: [2.4, 2.4],
  cos: [2.4, 2.4],
  rsqrt: [1.5, 1.5],
};
const names = Object.keys(measured) as FunctionName[]; // its own keys

describe("functions on vectors", () => {
  afterEach(() => setWasmFeatures(undefined));
  for (const relaxed of [true, false]) {
    for (const name of names) {
      const bound = measured[name][relaxed ? 0 : 1];
      it(`${name} is within ${bound} units in the last place${relaxed ? "" : " without fused multiply-add"}`, () => {
        setWasmFeatures({ relaxed });
        const { units, at } = worstError(name, 2053, 17);
        assert(units <= bound, `${units} at ${at}`);
      });
    }
  }

  const specials = [
    0,
    -0,
    2 ** -149,
    -(2 ** -149),
    2 ** -126,
    1,
    -1,
    88.8,
    -104,
    3.4e38,
    -3.4e38,
    Infinity,
    -Infinity,
    NaN,
  ];
  for (const name of names) {
    it(`${name} of special values is what it is in float64, to a unit of subnormals`, () => {
      const numbers = Float32Array.from(specials);
      const results = computed(name, numbers);
      numbers.forEach((x, index) => {
        const exact = Math.fround(functions[name](x));
        const place = `${name} of ${x}`;
        if (!Number.isFinite(exact) || exact === 0) assertEquals(results[index], exact, place);
        else assert(Math.abs(results[index]! - exact) <= Math.max(2 ** -149, 2 ** -22 * Math.abs(exact)), place);
      });
    });
  }
});
