/**
 * The oracles of pooling: the elements of each window, padding left out.
 * @module
 */
import type { AverageAttributes, PoolAttributes } from "../../src/ops/pooling.ts";
import { sizeOf } from "../../src/shape.ts";
import { at, indicesOf, type Oracle } from "./oracle.ts";
import { axesOf, indexIn, windowsOn } from "./windows.ts";

/** Each element of the result is what `reduce` makes of the elements of a window. */
function pooled<A extends PoolAttributes>(reduce: (group: readonly number[], attributes: A) => number): Oracle<A> {
  return (output, [x], attributes, { shape }) => {
    const { layout, size } = attributes;
    const { channel, spatial } = axesOf(layout);
    const windows = windowsOn(x!.shape, size, attributes);
    indicesOf(shape).forEach((index, place) => {
      const window = spatial.map((axis) => index[axis]!);
      const inside = indicesOf(size).map((tap) => windows.from(window, tap)).filter((from) => windows.isInside(from));
      const group = inside.map((from) => at(x!, indexIn(layout, index[0]!, index[channel]!, from)));
      output[place] = reduce(group, attributes);
    });
  };
}

const maxPool = pooled((group) => group.reduce((largest, value) => Math.max(largest, value), -Infinity));
const averagePool = pooled<AverageAttributes>((group, { size, countIncludePadding }) =>
  group.reduce((sum, value) => sum + value, 0) / (countIncludePadding ? sizeOf(size) : group.length)
);

/** The oracles of this family. */
export const poolingOracles = {
  maxPool1d: maxPool,
  maxPool2d: maxPool,
  maxPool3d: maxPool,
  averagePool1d: averagePool,
  averagePool2d: averagePool,
  averagePool3d: averagePool,
};
