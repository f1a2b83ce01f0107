/**
 * The oracles of rearrangements: for each index of the result, the index of the operand that is there.
 * @module
 */
import type { Shape } from "../../src/shape.ts";
import { at, fromFront, indicesOf, type Oracle } from "./oracle.ts";

/** The element at every index of the result is that of the first operand at the index that `source` makes of it. */
function moved<A extends Readonly<Record<string, unknown>>>(
  source: (index: readonly number[], from: Shape, attributes: A, to: Shape) => readonly number[],
): Oracle<A> {
  return (output, [x], attributes, { shape }) => {
    indicesOf(shape).forEach((index, place) => output[place] = at(x!, source(index, x!.shape, attributes, shape)));
  };
}

/** The same elements in the same order. */
const copied: Oracle = (output, [x]) => output.set(x!.data);

type Axis = { readonly axis: number };

/** The oracles of this family. */
export const arrangementOracles = {
  transpose: moved((index) => index.toReversed()),
  expandDims: copied,
  squeeze: copied,
  stack: ((output, inputs, { axis }, { shape }) => {
    const along = fromFront(axis, shape.length);
    indicesOf(shape).forEach((index, place) => output[place] = at(inputs[index[along]!]!, index.toSpliced(along, 1)));
  }) as Oracle<Axis>,
  split: moved<{ readonly parts: number | readonly number[]; readonly index: number; readonly axis: number }>(
    (index, from, { parts, index: part, axis }) => {
      const along = fromFront(axis, from.length);
      const before = typeof parts === "number"
        ? from[along]! / parts * part
        : parts.slice(0, part).reduce((sum, each) => sum + each, 0);
      return index.with(along, index[along]! + before);
    },
  ),
  flip: moved<{ readonly axis?: number | readonly number[] }>((index, from, { axis }) => {
    const axes = axis === undefined ? [...from.keys()] : [axis].flat().map((each) => fromFront(each, from.length));
    return index.map((each, at) => axes.includes(at) ? from[at]! - 1 - each : each);
  }),
  tile: moved((index, from) => from.map((length, axis) => index[index.length - from.length + axis]! % length)),
  repeat: ((output, [x], { count, axis }, { shape }) => {
    indicesOf(shape).forEach((index, place) => {
      if (axis === undefined) return output[place] = x!.data[Math.floor(place / count)]!;
      const along = fromFront(axis, shape.length);
      return output[place] = at(x!, index.with(along, Math.floor(index[along]! / count)));
    });
  }) as Oracle<{ readonly count: number; readonly axis?: number }>,
};
