/**
 * The oracles of statistics: for each group of elements, one number.
 * @module
 */
import { fromFront, indicesOf, type Oracle, placeOf } from "./oracle.ts";

type Statistic = { readonly axes?: readonly number[]; readonly correction?: number };

/** Each element of the result is what `reduce` makes of the elements of a group. */
function statistic(reduce: (group: readonly number[], correction: number) => number): Oracle<Statistic> {
  return (output, [x], { axes: given, correction = 0 }) => {
    const { shape, data } = x!;
    const axes = given?.map((axis) => fromFront(axis, shape.length)) ?? [...shape.keys()];
    const kept = shape.map((length, axis) => axes.includes(axis) ? 1 : length);
    const groups = indicesOf(kept).map((): number[] => []);
    indicesOf(shape).forEach((index, place) => {
      groups[placeOf(kept, index.map((each, axis) => axes.includes(axis) ? 0 : each))]!.push(data[place]!);
    });
    groups.forEach((group, place) => output[place] = reduce(group, correction));
  };
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0);
const meanOf = (numbers: readonly number[]): number => sumOf(numbers) / numbers.length;

function varianceOf(numbers: readonly number[], correction: number): number {
  const mean = meanOf(numbers);
  return sumOf(numbers.map((each) => (each - mean) ** 2)) / Math.max(numbers.length - correction, 0);
}

function logSumExpOf(numbers: readonly number[]): number {
  const largest = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  const shift = Number.isFinite(largest) ? largest : 0;
  return shift + Math.log(sumOf(numbers.map((each) => Math.exp(each - shift))));
}

/** The oracles of this family. */
export const reduceOracles = {
  mean: statistic(meanOf),
  variance: statistic(varianceOf),
  std: statistic((group, correction) => Math.sqrt(varianceOf(group, correction))),
  logSumExp: statistic(logSumExpOf),
};
