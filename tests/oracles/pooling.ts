/**
 * The oracles of pooling: the elements of each window, padding left out.
 * @module
 */
import type { AverageAttributes, AverageGradientAttributes, PoolAttributes } from "../../src/ops/pooling.ts";
import { type Shape, sizeOf } from "../../src/shape.ts";
import { at, indicesOf, type Oracle, placeOf } from "./oracle.ts";
import { axesOf, indexIn, windowsOn } from "./windows.ts";

/** What a window of a pooling is: where it lies in the result, and where its elements do in what is pooled. */
interface Pooled {
  readonly index: readonly number[];
  readonly elements: readonly (readonly number[])[];
}

/** The windows of a pooling of a tensor of a shape; `shape` is that of the result. Padding is left out. */
function windowsOf(from: Shape, shape: Shape, { layout, size, ...attributes }: PoolAttributes): Pooled[] {
  const { channel, spatial } = axesOf(layout);
  const windows = windowsOn(from, size, { layout, ...attributes });
  return indicesOf(shape).map((index) => {
    const window = spatial.map((axis) => index[axis]!);
    const inside = indicesOf(size).map((tap) => windows.from(window, tap)).filter((each) => windows.isInside(each));
    return { index, elements: inside.map((each) => indexIn(layout, index[0]!, index[channel]!, each)) };
  });
}

/** Each element of the result is what `reduce` makes of the elements of a window. */
function pooled<A extends PoolAttributes>(reduce: (group: readonly number[], attributes: A) => number): Oracle<A> {
  return (output, [x], attributes, { shape }) => {
    windowsOf(x!.shape, shape, attributes).forEach(({ elements }, place) => {
      output[place] = reduce(elements.map((element) => at(x!, element)), attributes);
    });
  };
}

/** How many elements a window counts as having. */
function countOf(elements: readonly unknown[], { size, countIncludePadding }: AverageAttributes): number {
  return countIncludePadding ? sizeOf(size) : elements.length;
}

/** The oracles of this family. */
export const poolingOracles = {
  maxPool: pooled((group) => group.reduce((largest, value) => Math.max(largest, value), -Infinity)),
  averagePool: pooled<AverageAttributes>((group, attributes) =>
    group.reduce((sum, value) => sum + value, 0) / countOf(group, attributes)
  ),
  maxPoolGradient: ((output, [x, pooled, gradient], attributes) => {
    for (const { index, elements } of windowsOf(x!.shape, pooled!.shape, attributes)) {
      const first = elements.find((element) => at(x!, element) === at(pooled!, index));
      if (first !== undefined) output[placeOf(x!.shape, first)]! += at(gradient!, index);
    }
  }) as Oracle<PoolAttributes>,
  averagePoolGradient: ((output, [gradient], attributes) => {
    const { shape } = attributes;
    for (const { index, elements } of windowsOf(shape, gradient!.shape, attributes)) {
      const share = at(gradient!, index) / countOf(elements, attributes);
      for (const element of elements) output[placeOf(shape, element)]! += share;
    }
  }) as Oracle<AverageGradientAttributes>,
};
