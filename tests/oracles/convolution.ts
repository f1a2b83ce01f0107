/**
 * The oracles of convolutions: sums of products, element by element.
 * @module
 */
import { isInteger } from "../../src/dtype.ts";
import type {
  ConvolutionAttributes,
  TransposeAttributes,
  WeightGradientAttributes,
} from "../../src/ops/convolution_ops.ts";
import { at, indicesOf, type Oracle, placeOf } from "./oracle.ts";
import { axesOf, indexIn, windowsOn } from "./windows.ts";

/** `sum` with a product added: of integers the low 32 bits, which are all that a dtype can hold. */
function added(sum: number, x: number, w: number, integers: boolean): number {
  return integers ? sum + Math.imul(x, w) | 0 : sum + x * w;
}

const convolution: Oracle<ConvolutionAttributes> = (output, [x, w], attributes, { dtype, shape }) => {
  const { layout, groups } = attributes;
  const { channel, spatial } = axesOf(layout);
  const [out, within, ...size] = w!.shape as readonly [number, number, ...number[]]; // weights have at least three axes
  const windows = windowsOn(x!.shape, size, attributes);
  indicesOf(shape).forEach((index, place) => {
    const window = spatial.map((axis) => index[axis]!);
    const group = Math.floor(index[channel]! / (out / groups));
    let sum = 0;
    for (const tap of indicesOf(size)) {
      const from = windows.from(window, tap);
      for (let input = 0; input < within; input++) {
        // Padding is a zero like any other: its product with an infinite weight is NaN, as in PyTorch.
        const value = windows.isInside(from) ? at(x!, indexIn(layout, index[0]!, group * within + input, from)) : 0;
        sum = added(sum, value, at(w!, [index[channel]!, input, ...tap]), isInteger(dtype));
      }
    }
    output[place] = sum;
  });
};

/** Every element of the operand adds its products with the weights to a window of the result. */
const transposedConvolution: Oracle<TransposeAttributes> = (output, [x, w], attributes, { dtype, shape }) => {
  const { layout, groups } = attributes;
  const { channel, spatial } = axesOf(layout);
  const [inputs, within, ...size] = w!.shape as readonly [number, number, ...number[]]; // weights have at least three axes
  const windows = windowsOn(shape, size, attributes);
  const sums = new Float64Array(output.length);
  for (const index of indicesOf(x!.shape)) {
    const group = Math.floor(index[channel]! / (inputs / groups));
    for (const tap of indicesOf(size)) {
      const to = windows.from(spatial.map((axis) => index[axis]!), tap);
      if (!windows.isInside(to)) continue;
      for (let each = 0; each < within; each++) {
        const place = placeOf(shape, indexIn(layout, index[0]!, group * within + each, to));
        sums[place] = added(sums[place]!, at(x!, index), at(w!, [index[channel]!, each, ...tap]), isInteger(dtype));
      }
    }
  }
  output.set(sums);
};

/** What every weight meets, times the gradient of what it is added to. */
const weightGradient: Oracle<WeightGradientAttributes> = (output, [x, upper], attributes, { dtype, shape }) => {
  const { layout, groups, size } = attributes;
  const { spatial } = axesOf(layout);
  const [out, within] = shape as readonly [number, number, ...number[]]; // weights have at least three axes
  const windows = windowsOn(x!.shape, size, attributes);
  const uppers = indicesOf([upper!.shape[0]!, ...spatial.map((axis) => upper!.shape[axis]!)]);
  indicesOf(shape).forEach(([to, input, ...tap], place) => {
    const from = Math.floor(to! / (out / groups)) * within + input!;
    let sum = 0;
    for (const [batch, ...window] of uppers) {
      const taken = windows.from(window, tap);
      const value = windows.isInside(taken) ? at(x!, indexIn(layout, batch!, from, taken)) : 0;
      sum = added(sum, value, at(upper!, indexIn(layout, batch!, to!, window)), isInteger(dtype));
    }
    output[place] = sum;
  });
};

/** The oracles of this family. */
export const convolutionOracles = { convolution, transposedConvolution, convolutionWeightGradient: weightGradient };
