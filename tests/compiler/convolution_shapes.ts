/**
 * Convolutions over two axes, of all sizes: compiled to WebAssembly, against loops in float64.
 * @module
 */
import { compile, conv2d, permuteDims, type Value } from "../../mod.ts";
import { uniforms } from "../sabinasz/problems.ts";
import {
  addProduct,
  checkSums,
  drawLength,
  drawOne,
  noSums,
  numbersOf,
  type Sums,
  type SumType,
  tensorOf,
} from "./shape_check.ts";

/** A convolution; both strides are alike, and so is what is added at all four sides. */
export interface Convolution {
  readonly batch: number;
  readonly channels: number;
  readonly out: number;
  readonly height: number;
  readonly width: number;
  readonly windowHeight: number;
  readonly windowWidth: number;
  readonly stride: number;
  readonly padding: number;
  readonly layout: "NCHW" | "NHWC";
  readonly dtype: SumType;
}

/** The name of a length of one. */
export type ConvolutionLength = "batch" | "channels" | "out" | "height" | "width" | "windowHeight" | "windowWidth";

/** How far each length goes. A window reaches across the whole input, and further. */
export const longest: Readonly<Record<ConvolutionLength, number>> = {
  batch: 40,
  channels: 130,
  out: 130,
  height: 130,
  width: 130,
  windowHeight: 11,
  windowWidth: 12,
};

const small: Convolution = {
  batch: 2,
  channels: 3,
  out: 5,
  height: 9,
  width: 10,
  windowHeight: 3,
  windowWidth: 3,
  stride: 1,
  padding: 1,
  layout: "NCHW",
  dtype: "float32",
};

/** One length from 1 on, `step` apart, and the others small. */
export function convolutionsAlong(
  length: ConvolutionLength,
  step = 1,
  changes: Partial<Convolution> = {},
): Convolution[] {
  const values = Array.from({ length: Math.ceil(longest[length] / step) }, (_, index) => 1 + step * index);
  return values.map((value) => ({ ...small, ...changes, [length]: value }));
}

/** So many convolutions of any lengths, up to about a million multiplications, of all layouts, strides and paddings. */
export function randomConvolutions(count: number, seed: number): Convolution[] {
  const next = uniforms(seed);
  return Array.from({ length: count }, () => {
    for (;;) {
      const drawn: Convolution = {
        batch: drawLength(next, 1, 8),
        channels: drawLength(next, 1, 130),
        out: drawLength(next, 1, 130),
        height: drawLength(next, 1, 130),
        width: drawLength(next, 1, 130),
        windowHeight: drawLength(next, 1, 7),
        windowWidth: drawLength(next, 1, 7),
        stride: drawOne(next, [1, 1, 2, 3]),
        padding: drawOne(next, [0, 1, 2, 3]),
        layout: drawOne(next, ["NCHW", "NHWC"]),
        dtype: drawOne(next, ["float32", "float32", "float64", "int32"]),
      };
      const [height, width] = resultOf(drawn);
      const { batch, channels, out, windowHeight, windowWidth } = drawn;
      const fits = height > 0 && width > 0;
      if (fits && batch * channels * out * height * width * windowHeight * windowWidth <= 2 ** 20) return drawn;
    }
  });
}

/** The height and width of the result. */
function resultOf(convolution: Convolution): readonly [number, number] {
  const { height, width, windowHeight, windowWidth, stride, padding } = convolution;
  const count = (length: number, window: number): number => Math.floor((length + 2 * padding - window) / stride) + 1;
  return [count(height, windowHeight), count(width, windowWidth)];
}

function expectedOf(x: Float64Array, w: Float64Array, convolution: Convolution): Sums {
  const { batch, channels, out, height, width, windowHeight, windowWidth, stride, padding, dtype } = convolution;
  const [resultHeight, resultWidth] = resultOf(convolution);
  const sums = noSums(batch * out * resultHeight * resultWidth, channels * windowHeight * windowWidth);
  let place = 0;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < out; o++) {
      for (let i = 0; i < resultHeight; i++) {
        for (let j = 0; j < resultWidth; j++, place++) {
          for (let c = 0; c < channels; c++) {
            for (let k = 0; k < windowHeight; k++) {
              const row = i * stride + k - padding;
              if (row < 0 || row >= height) continue;
              for (let l = 0; l < windowWidth; l++) {
                const column = j * stride + l - padding;
                if (column < 0 || column >= width) continue;
                const value = x[((n * channels + c) * height + row) * width + column]!;
                const weight = w[((o * channels + c) * windowHeight + k) * windowWidth + l]!;
                addProduct(sums, place, value, weight, dtype);
              }
            }
          }
        }
      }
    }
  }
  return sums;
}

/** Throws unless a convolution is what loops make of it. */
export function checkConvolution(convolution: Convolution): void {
  const { batch, channels, out, height, width, windowHeight, windowWidth, stride, padding, layout, dtype } =
    convolution;
  const [resultHeight, resultWidth] = resultOf(convolution);
  const x = numbersOf(dtype, batch * channels * height * width, batch + 3 * channels + 5 * height + 7 * width);
  const w = numbersOf(dtype, out * channels * windowHeight * windowWidth, out + 3 * channels + 5 * windowHeight);
  const isLast = layout === "NHWC";
  const convolve = compile((input: Value, weights: Value) => conv2d(input, weights, { stride, padding, layout }), {
    emitter: "wasm",
  });
  const input = tensorOf(x, dtype, [batch, channels, height, width]);
  const weights = tensorOf(w, dtype, [out, channels, windowHeight, windowWidth]);
  const result = convolve(isLast ? permuteDims(input, [0, 2, 3, 1]) : input, weights);
  checkSums(
    isLast ? permuteDims(result, [0, 3, 1, 2]) : result,
    [batch, out, resultHeight, resultWidth],
    dtype,
    expectedOf(x, w, convolution),
    JSON.stringify(convolution),
  );
}
