/**
 * The oracles of products.
 * @module
 */
import { isInteger } from "../../src/dtype.ts";
import { at, indicesOf, type Oracle } from "./oracle.ts";

/** A product of numbers; of integers the low 32 bits, which are all that a dtype can hold. */
function product(x: number, y: number, integers: boolean): number {
  return integers ? Math.imul(x, y) : x * y;
}

/** `[…,M,K] × […,K,N]`, with a vector as a row on the left and as a column on the right. */
const matmul: Oracle = (output, [x, y], _attributes, { dtype, shape }) => {
  const [isRow, isColumn] = [x!.rank === 1, y!.rank === 1];
  const depth = x!.shape.at(-1)!;
  const integers = isInteger(dtype);
  indicesOf(shape).forEach((index, place) => {
    const column = isColumn ? [] : [index.at(-1)!];
    const row = isRow ? [] : [index.at(isColumn ? -1 : -2)!];
    const stack = index.slice(0, index.length - row.length - column.length);
    // An operand whose axis is one long, or that has fewer, takes part with what it has.
    const stackOf = (own: readonly number[]): number[] =>
      own.map((length, axis) => length === 1 ? 0 : stack[stack.length - own.length + axis]!);
    let sum = 0;
    for (let inner = 0; inner < depth; inner++) {
      const left = at(x!, [...stackOf(x!.shape.slice(0, -2)), ...row, inner]);
      const right = at(y!, [...stackOf(y!.shape.slice(0, -2)), inner, ...column]);
      sum = integers ? sum + product(left, right, true) | 0 : sum + product(left, right, false);
    }
    output[place] = sum;
  });
};

/** The oracles of this family. */
export const matmulOracles = {
  matmul,
  dot: matmul,
  outer: ((output, [x, y], _attributes, { dtype, shape }) => {
    indicesOf(shape).forEach(([row, column], place) => {
      output[place] = product(x!.data[row!]!, y!.data[column!]!, isInteger(dtype));
    });
  }) as Oracle,
};
