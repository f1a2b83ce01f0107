/**
 * The oracles of what has an order.
 * @module
 */
import { fromFront, linesOf, type Oracle, type OracleOfSeveral } from "./oracle.ts";

/** Which elements of a line come first, second, …: equal ones in the order they have, NaN last whatever the order. */
export function orderOf(line: readonly number[], descending: boolean): number[] {
  return line.map((_, index) => index).sort((i, j) => {
    const [x, y] = [line[i]!, line[j]!];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return x === y ? 0 : (x < y) === descending ? 1 : -1;
  });
}

type Chosen = { readonly k: number; readonly axis: number; readonly largest: boolean };

/** The first elements of each line in order, and their indices in it. */
export const topKOracle: OracleOfSeveral<Chosen> = ([values, indices], [x], { k, axis, largest }) => {
  const { shape, data } = x!;
  const lines = linesOf(shape.with(fromFront(axis, shape.length), k), axis);
  linesOf(shape, axis).forEach((places, line) => {
    orderOf(places.map((place) => data[place]!), largest).slice(0, k).forEach((index, position) => {
      const to = lines[line]![position]!;
      values![to] = data[places[index]!]!;
      indices![to] = index;
    });
  });
};

/** The oracles of this family. */
export const sortOracles = {
  sort: ((output, [x], { axis, descending }, { shape }) => {
    for (const places of linesOf(shape, axis)) {
      const line = places.map((place) => x!.data[place]!);
      orderOf(line, descending).forEach((index, position) => output[places[position]!] = line[index]!);
    }
  }) as Oracle<{ readonly axis: number; readonly descending: boolean }>,
};
