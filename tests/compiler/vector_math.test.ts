// Functions on four float32 values at a time: their largest errors, on a sample of all numbers, and special values.
import { afterEach, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { setWasmFeatures } from "../../compiler/emit/wasm/asm/features.ts";
import { compile, tensor, type Value } from "../../mod.ts";
import { power } from "../../src/ops/numerics/scalars.ts";
import { computed, type FunctionName, functions, powers, worstError, worstErrorOf, worstPower } from "./vector_math.ts";

/** Units in the last place, as measured on all numbers by vector_math.ts: with fused multiply-add, and without. */
const measured: Readonly<Record<FunctionName, readonly [number, number]>> = {
  exp: [1.02, 1.02],
  expm1: [1.5, 1.5],
  log: [1.53, 1.53],
  log1p: [1.6, 1.6],
  tanh: [1.4, 1.4],
  sigmoid: [2, 2],
  softplus: [2, 2],
  erf: [1.3, 1.4],
  sin: [0.61, 0.61],
  cos: [0.61, 0.61],
  rsqrt: [1.5, 1.5],
};
/** The same for powers. */
const measuredPower = 0.6;
const names = Object.keys(measured) as FunctionName[]; // its own keys

/** Whether a number has the sign of negative ones, as −0 has. */
function isNegative(x: number): boolean {
  return x < 0 || Object.is(x, -0);
}

const powerSpecials = [
  0,
  2 ** -149,
  3 * 2 ** -149,
  2 ** -140,
  2 ** -127,
  2 ** -126,
  1e-30,
  2 ** -25,
  0.25,
  1 / 3,
  0.5,
  1 - 2 ** -24,
  1,
  1 + 2 ** -23,
  1.5,
  2,
  2.5,
  3,
  4,
  5,
  7.5,
  88.5,
  127,
  128,
  149,
  150,
  151,
  2 ** 23 - 0.5,
  2 ** 23 + 1,
  2 ** 24 - 1,
  2 ** 24,
  2 ** 24 + 2,
  1e30,
  2 ** 127,
  3.4028234663852886e38,
  Infinity,
].flatMap((x) => [x, -x]).concat(NaN);

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
    const way = relaxed ? "" : " without fused multiply-add";
    it(`sin and cos are so next to all multiples of ½ π below 2¹⁷${way}`, () => {
      setWasmFeatures({ relaxed });
      const numbers = new Float32Array(6 * Math.ceil(2 ** 17 / (Math.PI / 2)));
      for (let index = 0; index < numbers.length; index += 6) {
        const near = Math.fround(index / 6 * (Math.PI / 2));
        for (const [place, factor] of [1 - 2 ** -23, 1, 1 + 2 ** -23].entries()) {
          numbers[index + place] = near * factor;
          numbers[index + 3 + place] = -near * factor;
        }
      }
      for (const name of ["sin", "cos"] as const) {
        const { units, at } = worstErrorOf(name, numbers);
        assert(units <= measured[name][0], `${name}: ${units} at ${at}`);
      }
    });
    it(`pow is within ${measuredPower} units in the last place${way}`, () => {
      setWasmFeatures({ relaxed });
      const { units, at } = worstPower(1021);
      assert(units <= measuredPower, `${units} at ${at}`);
    });
    for (const emitter of relaxed ? ["js", "wasm"] as const : ["wasm"] as const) {
      it(`pow of all pairs of special values is the op table's, by ${emitter}${way}`, () => {
        setWasmFeatures({ relaxed });
        const pairs = powerSpecials.flatMap((x) => powerSpecials.map((y) => [x, y] as const));
        const [x, y] = [Float32Array.from(pairs, ([x]) => x), Float32Array.from(pairs, ([, y]) => y)];
        powers(x, y, emitter).forEach((result, index) => {
          const exact = power(x[index]!, y[index]!);
          const rounded = Math.fround(exact);
          const place = `${x[index]} to the power of ${y[index]} is ${result}, not ${rounded}`;
          // A power that is a float is that float; others are one of the two next to them.
          if (!Number.isFinite(rounded) || exact === rounded) assert(Object.is(result, rounded), place);
          else assert(Math.abs(result - exact) <= Math.max(2 ** -149, 2 ** -23 * Math.abs(exact)), place);
          assert(isNegative(result) === isNegative(exact), place);
        });
      });
    }
  }

  it("leaves powers of doubles and integers as they are", () => {
    const [x, y] = [tensor([0.1, 2, -3], { dtype: "float64" }), tensor([0.7, -0.3, 3], { dtype: "float64" })];
    const f = compile((x: Value, y: Value) => x.pow(y), { emitter: "wasm" });
    assertEquals(f(x, y).toArray(), [0.1 ** 0.7, 2 ** -0.3, -27]);
    const [a, b] = [tensor([3, -2, 7], { dtype: "int32" }), tensor([4, 5, 0], { dtype: "int32" })];
    assertEquals(f(a, b).toArray(), [81, -32, 1]);
  });

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
        if (!Number.isFinite(exact) || exact === 0) assert(Object.is(results[index], exact), place); // the sign of 0, too
        else assert(Math.abs(results[index]! - exact) <= Math.max(2 ** -149, 2 ** -22 * Math.abs(exact)), place);
      });
    });
  }
});
