/**
 * The training problems of Sabinasz's text, with the random numbers that `golden.json` was made with.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Value } from "../../mod.ts";
import golden from "./golden.json" with { type: "json" };

export { golden };

/** Rows of numbers. */
export type Matrix = readonly (readonly number[])[];

/** mulberry32: numbers in [0, 1). */
export function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let bits = Math.imul(state ^ state >>> 15, 1 | state);
    bits = bits + Math.imul(bits ^ bits >>> 7, 61 | bits) ^ bits;
    return ((bits ^ bits >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Normal numbers, by Box and Muller, in pairs. */
export function normals(seed: number): () => number {
  const next = uniforms(seed);
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const result = spare;
      spare = undefined;
      return result;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

const rowsOf = (count: number, next: () => number, at: readonly number[], scale = 1): Matrix =>
  Array.from({ length: count }, () => at.map((center) => center + scale * next()));

/** Points, their classes one-hot, and the parameters to start from. */
export interface Problem {
  readonly points: Matrix;
  readonly classes: Matrix;
  readonly initial: readonly (Matrix | readonly number[])[];
}

/** 50 points on either side of a line. The blue ones are class 0 and come first. */
export function perceptronProblem(seed: number): Problem {
  const next = normals(seed);
  const red = rowsOf(50, next, [-2, -2]);
  const blue = rowsOf(50, next, [2, 2]);
  return { ...labelled(blue, red), initial: [rowsOf(2, next, [0, 0]), [next(), next()]] };
}

/** Four clusters that no line separates. The blue ones are class 0 and come first. */
export function clustersProblem(seed: number): Problem {
  const next = normals(seed);
  const cluster = (x: number, y: number): Matrix => rowsOf(25, next, [x, y], 0.2);
  const red = [...cluster(0, 0), ...cluster(1, 1)];
  const blue = [...cluster(0, 1), ...cluster(1, 0)];
  const layer = (): [Matrix, number[]] => [rowsOf(2, next, [0, 0]), [next(), next()]];
  return { ...labelled(blue, red), initial: [...layer(), ...layer()] };
}

function labelled(blue: Matrix, red: Matrix): { points: Matrix; classes: Matrix } {
  return { points: [...blue, ...red], classes: [...blue.map(() => [1, 0]), ...red.map(() => [0, 1])] };
}

/**
 * Asserts that numbers agree, each to `tolerance` of its own size, or of `scale` where that is more: of 1 unless given,
 * and of 0 for numbers that must agree in every digit however small they are.
 */
export function assertClose(
  actual: Value | readonly number[],
  expected: unknown,
  tolerance: number,
  scale: number = 1,
): void {
  const numbers = [expected].flat(Infinity) as number[]; // nested arrays of numbers
  const values = "data" in actual ? [...actual.data] : actual;
  assertEquals(values.length, numbers.length);
  values.forEach((value, index) => {
    const allowed = tolerance * Math.max(Math.abs(numbers[index]!), scale);
    assert(
      Math.abs(value - numbers[index]!) <= allowed,
      `element ${index} is ${value}, and ${numbers[index]} was expected, to ${allowed}`,
    );
  });
}
