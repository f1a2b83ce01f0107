/**
 * Sums of products as a kernel computes them, against the same sums in float64: what matmul_shapes.ts and
 * convolution_shapes.ts have in common.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Tensor, tensor } from "../../mod.ts";
import { uniforms } from "../sabinasz/problems.ts";

/** Dtypes whose sums are accumulated each in its own way. */
export type SumType = "float32" | "float64" | "int32";

/** What a sum is expected to be, of how many products, and the sum of their magnitudes. */
export interface Sums {
  readonly values: Float64Array;
  readonly magnitudes: Float64Array;
  readonly terms: number;
}

/** Room for so many sums of so many products. */
export function noSums(length: number, terms: number): Sums {
  return { values: new Float64Array(length), magnitudes: new Float64Array(length), terms };
}

/** Numbers that the dtype has: fractions of either sign, or integers of all 32 bits. */
export function numbersOf(dtype: SumType, length: number, seed: number): Float64Array {
  const next = uniforms(seed);
  return Float64Array.from({ length }, () => {
    const number = 2 * next() - 1;
    return dtype === "int32" ? Math.floor(number * 2 ** 31) : dtype === "float32" ? Math.fround(number) : number;
  });
}

/** They as a tensor. */
export function tensorOf(numbers: Float64Array, dtype: SumType, shape: readonly number[]): Tensor {
  return tensor(numbers, { dtype: "float64", shape }).astype(dtype);
}

/** Adds one product to a sum. Integers wrap around. */
export function addProduct({ values, magnitudes }: Sums, place: number, x: number, y: number, dtype: SumType): void {
  if (dtype === "int32") {
    values[place] = values[place]! + Math.imul(x, y) | 0;
  } else {
    values[place]! += x * y;
    magnitudes[place]! += Math.abs(x * y);
  }
}

/** A float32 sum, however it is ordered, is within so many units in the last place of the sum of its terms' magnitudes. */
const units = 4;

/** The error that arithmetic allows, as a part of the sum of the magnitudes: none for integers. */
function allowed(dtype: SumType, terms: number): number {
  switch (dtype) {
    case "float32":
      // Few terms allow less: each product is rounded, and each addition.
      return Math.min(terms + 1, 2 * units) * 2 ** -24;
    case "float64":
      return 2 * (terms + 1) * 2 ** -53; // both sides are rounded alike
    case "int32":
      return 0;
    default:
      return dtype satisfies never;
  }
}

/** Throws unless a result has the shape, the dtype and the sums that are expected. */
export function checkSums(
  result: Tensor,
  shape: readonly number[],
  dtype: SumType,
  { values, magnitudes, terms }: Sums,
  what: string,
): void {
  assertEquals(`${result.type}`, `${dtype}[${shape.join(",")}]`, what);
  const part = allowed(dtype, terms);
  const { data } = result;
  for (let place = 0; place < values.length; place++) {
    const bound = part * magnitudes[place]!;
    if (Math.abs(data[place]! - values[place]!) <= bound) continue; // NaN is never within
    assert(false, `${what}: element ${place} is ${data[place]}, and ${values[place]} was expected, within ${bound}`);
  }
}

/** A whole number from `least` to `most`, small ones as likely as large ones in proportion. */
export function drawLength(next: () => number, least: number, most: number): number {
  return Math.min(most, Math.floor(least * (most / least) ** next() + next()));
}

/** One of them. */
export function drawOne<T>(next: () => number, choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(next() * choices.length)]!; // a place in the list
}
