/**
 * The oracles of what is made in the shape of something else.
 * @module
 */
import { at, indicesOf, type Oracle } from "./oracle.ts";

function triangle(keep: (column: number, end: number) => boolean): Oracle<{ readonly diagonal: number }> {
  return (output, [x], { diagonal }, { shape }) => {
    indicesOf(shape).forEach((index, place) => {
      const [row, column] = index.slice(-2) as [number, number]; // a matrix has both
      output[place] = keep(column, row + diagonal) ? at(x!, index) : 0;
    });
  };
}

/** The oracles of this family. */
export const creationOracles = {
  fullLike: ((output, _inputs, { value }) => output.fill(value)) as Oracle<{ readonly value: number }>,
  meshgrid: ((output, inputs, { index, indexing }, { shape }) => {
    const along = indexing === "xy" && inputs.length > 1 && index < 2 ? 1 - index : index;
    indicesOf(shape).forEach((each, place) => output[place] = inputs[index]!.data[each[along]!]!);
  }) as Oracle<{ readonly index: number; readonly indexing: "xy" | "ij" }>,
  oneHot: ((output, [indices], { classes }) => {
    indices!.data.forEach((index, row) => {
      if (index >= 0 && index < classes) output[row * classes + index] = 1;
    });
  }) as Oracle<{ readonly classes: number }>,
  tril: triangle((column, end) => column <= end),
  triu: triangle((column, end) => column >= end),
};
