/**
 * Gradients against central differences, in float64, along one random direction.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { grad, type Tensor, tensor, type Value } from "../../mod.ts";

/** Numbers in (−1, 1) that are the same in every run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let bits = Math.imul(state ^ state >>> 15, 1 | state);
    bits = bits + Math.imul(bits ^ bits >>> 7, 61 | bits) ^ bits;
    return ((bits ^ bits >>> 14) >>> 0) / 2 ** 31 - 1;
  };
}

/** A float64 tensor of numbers in (low, high), the same in every run. */
export function randomTensor(shape: readonly number[], low = -1, high = 1, seed = 1): Tensor {
  const next = randomNumbers(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  const numbers = Float64Array.from({ length: size }, () => low + (high - low) * (next() + 1) / 2);
  return tensor(numbers, { shape, dtype: "float64" });
}

/**
 * Asserts that the gradient of `fn` is right at `inputs`, which must be floating: that every gradient has its input's
 * shape and dtype, and that their sum along a random direction is what central differences give. The elements of
 * what `fn` returns are weighted at random, so that errors in them do not cancel. With `order: 2` the derivative
 * along that direction is differentiated once more, and checked in the same way.
 */
export function checkGradient(
  fn: (...xs: Value[]) => Value,
  inputs: readonly Tensor[],
  options: { readonly order?: 1 | 2; readonly tolerance?: number } = {},
): void {
  const { order = 1, tolerance = 1e-7 } = options;
  const xs = inputs.map((input) => input.astype("float64"));
  const weights = randomTensor(fn(...xs).shape, 0.5, 1.5, 2);
  const loss = (values: readonly Value[]): Value => fn(...values).mul(weights).sum();
  compare(loss, xs, tolerance);
  if (order === 2) compare(along(loss, xs.map((x, index) => randomTensor(x.shape, -1, 1, 20 + index))), xs, tolerance);
}

/** The derivative of `loss` along a direction, as a function of where it is taken. */
function along(loss: (xs: readonly Value[]) => Value, directions: readonly Tensor[]): (xs: readonly Value[]) => Value {
  return (xs) => {
    const gradients: readonly Value[] = grad(loss)(xs);
    return gradients.map((gradient, index) => gradient.mul(directions[index]!).sum()).reduce((a, b) => a.add(b));
  };
}

function compare(loss: (xs: readonly Value[]) => Value, xs: readonly Tensor[], tolerance: number): void {
  const gradients: readonly Value[] = grad(loss)(xs);
  const directions = xs.map((x, index) => randomTensor(x.shape, -1, 1, 10 + index));
  let derivative = 0;
  let scale = 0;
  gradients.forEach((gradient, index) => {
    assertEquals(gradient.shape, xs[index]!.shape);
    assertEquals(gradient.dtype, "float64");
    const terms = Array.from(gradient.data, (value, place) => value * directions[index]!.data[place]!);
    derivative += terms.reduce((sum, term) => sum + term, 0);
    scale += terms.reduce((sum, term) => sum + Math.abs(term), 0);
  });
  const at = (step: number): number => loss(xs.map((x, index) => x.add(directions[index]!.mul(step)))).item();
  const h = 1e-3; // the error of the five-point formula is of order h⁴
  const difference = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  const allowed = tolerance * Math.max(1, scale, Math.abs(at(0)));
  assert(
    Math.abs(derivative - difference) <= allowed,
    `the gradient along the direction is ${derivative}, central differences give ${difference}, ${allowed} apart is allowed`,
  );
}
