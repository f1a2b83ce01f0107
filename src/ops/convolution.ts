/**
 * Convolutions over one, two and three axes, and transposed ones.
 * @module
 */
import { operand, wholeFrom, wholesFrom } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import type { Kinds, OptionKinds } from "../public/signature.ts";
import type { Operand, Result } from "../value.ts";
import { type ConvolutionAttributes, convolutionOps, type TransposeAttributes } from "./convolution_ops.ts";
import { apply } from "../graph/apply.ts";
import {
  parsePerAxis,
  parseSlide,
  type PerAxis,
  slideKinds,
  type SlideOptions,
  type WindowPadding,
} from "./geometry/window_options.ts";

/** Options of a convolution. */
export interface ConvolutionOptions extends SlideOptions {
  /** Into how many groups the channels are split; each group of the result sees its own part of the input. Default 1. */
  readonly groups?: number;
}

/** Options of a transposed convolution. */
export interface ConvolutionTransposeOptions extends ConvolutionOptions {
  /** What the convolution that this is the transpose of has added at the ends: so much less is in the result. */
  readonly padding?: Exclude<WindowPadding, "same">;
  /** How many elements the result has more at the end of each axis: which of the lengths that give one length it is. */
  readonly outputPadding?: PerAxis;
}

function parseConvolution(options: ConvolutionOptions, axes: number, action: string): ConvolutionAttributes {
  return { ...parseSlide(options, axes, action), groups: options.groups ?? 1 };
}

function parseTranspose(options: ConvolutionTransposeOptions, axes: number, action: string): TransposeAttributes {
  const { padding, ...rest } = parseConvolution(options, axes, action);
  if (padding === "same") {
    throw new TypeError(`Cannot ${action}: the padding "same" does not say how long the result is; give numbers`);
  }
  const outputPadding = parsePerAxis(options.outputPadding ?? 0, axes, "outputPadding", action);
  outputPadding.forEach((more, axis) => {
    const [stride, dilation] = [rest.stride[axis]!, rest.dilation[axis]!];
    if (more >= Math.max(stride, dilation)) {
      throw new RangeError(
        `Cannot ${action}: the outputPadding ${more} is not less than the stride ${stride} or the dilation ${dilation}`,
      );
    }
  });
  return { ...rest, padding, outputPadding };
}

const operands: Kinds = { x: operand, w: operand };
function convolutionKinds(axes: number): OptionKinds<ConvolutionOptions> {
  return { ...slideKinds(axes), groups: wholeFrom(1) };
}

function transposeKinds(axes: number): OptionKinds<ConvolutionTransposeOptions> {
  return { ...convolutionKinds(axes), outputPadding: wholesFrom(0) };
}

/**
 * The convolution of `x`, of shape [batch, channels, width] (or, in the layout `"NWC"`, [batch, width, channels]), with
 * weights `w` of shape [out, channels / groups, window]: at every place of the window, the sum of the products of what
 * it covers with each of the `out` weights. As everywhere in deep learning the window is not turned around. Dtypes are
 * promoted; integers wrap around.
 *
 * `stride`, `dilation` and `padding` say how windows lie, and `groups` splits the channels: each group of `out / groups`
 * weights sees its own channels. The width of the result is `⌊(width + padding − span) / stride⌋ + 1`, where a window
 * spans `(window − 1)·dilation + 1`. Throws a RangeError when shapes, groups or options do not fit together, and a
 * TypeError for bool.
 *
 * NumPy –, PyTorch `torch.nn.functional.conv1d`, TensorFlow.js `tf.conv1d`.
 *
 * @example
 * ```ts
 * import { conv1d } from "@tensorloom/tensorloom";
 *
 * console.log(conv1d([[[1, 2, 4, 8]]], [[[-1, 1]]]).toArray()); // [[[1, 2, 4]]]
 * console.log(conv1d([[[1, 2, 4, 8]]], [[[1, 1, 1]]], { padding: "same", stride: 2 }).toArray()); // [[[7, 12]]]
 * ```
 */
export const conv1d: <X extends Operand, W extends Operand>(x: X, w: W, options?: ConvolutionOptions) => Result<X | W> =
  publicFunction(
    { name: "conv1d", positional: operands, options: convolutionKinds(1) },
    (x, w, options = {}) => apply(convolutionOps.convolution, [x, w], parseConvolution(options, 1, "conv1d")),
  );

/**
 * {@linkcode conv1d} over two axes: `x` has shape [batch, channels, height, width], or [batch, height, width, channels]
 * in the layout `"NHWC"`; `w` has shape [out, channels / groups, height, width] in both. With as many groups as there
 * are channels, each channel has weights of its own (a depthwise convolution).
 *
 * NumPy –, PyTorch `torch.nn.functional.conv2d`, TensorFlow.js `tf.conv2d`.
 *
 * @example
 * ```ts
 * import { conv2d, ones } from "@tensorloom/tensorloom";
 *
 * console.log(conv2d(ones([1, 3, 28, 28]), ones([8, 3, 5, 5])).shape); // [1, 8, 24, 24]
 * console.log(conv2d(ones([1, 28, 28, 3]), ones([8, 3, 3, 3]), { padding: 1, stride: 2, layout: "NHWC" }).shape); // [1, 14, 14, 8]
 * ```
 */
export const conv2d: <X extends Operand, W extends Operand>(x: X, w: W, options?: ConvolutionOptions) => Result<X | W> =
  publicFunction(
    { name: "conv2d", positional: operands, options: convolutionKinds(2) },
    (x, w, options = {}) => apply(convolutionOps.convolution, [x, w], parseConvolution(options, 2, "conv2d")),
  );

/**
 * {@linkcode conv1d} over three axes: `x` has shape [batch, channels, depth, height, width], or
 * [batch, depth, height, width, channels] in the layout `"NDHWC"`; `w` has shape
 * [out, channels / groups, depth, height, width] in both.
 *
 * NumPy –, PyTorch `torch.nn.functional.conv3d`, TensorFlow.js `tf.conv3d`.
 */
export const conv3d: <X extends Operand, W extends Operand>(x: X, w: W, options?: ConvolutionOptions) => Result<X | W> =
  publicFunction(
    { name: "conv3d", positional: operands, options: convolutionKinds(3) },
    (x, w, options = {}) => apply(convolutionOps.convolution, [x, w], parseConvolution(options, 3, "conv3d")),
  );

/**
 * The transpose of {@linkcode conv1d}, which is the gradient of that with respect to its input: every element of `x`
 * adds its product with the weights to a window of the result. `x` has shape [batch, channels, width] (or
 * [batch, width, channels] in the layout `"NWC"`) and `w` has shape [channels, out / groups, window]. Dtypes are
 * promoted; integers wrap around.
 *
 * The result is `(width − 1)·stride + span − padding + outputPadding` wide, where a window spans
 * `(window − 1)·dilation + 1`. Where the stride does not divide the window, a compiled program takes weights that are not
 * there for 0: next to what an infinite element adds, it may leave NaN. Throws a RangeError when shapes, groups or options do not fit together, and a TypeError
 * for bool.
 *
 * NumPy –, PyTorch `torch.nn.functional.conv_transpose1d`, TensorFlow.js –.
 *
 * @example
 * ```ts
 * import { convTranspose1d } from "@tensorloom/tensorloom";
 *
 * console.log(convTranspose1d([[[1, 2, 3]]], [[[1, 10]]]).toArray()); // [[[1, 12, 23, 30]]]
 * console.log(convTranspose1d([[[1, 2, 3]]], [[[1, 10]]], { stride: 2 }).toArray()); // [[[1, 10, 2, 20, 3, 30]]]
 * ```
 */
export const convTranspose1d: <X extends Operand, W extends Operand>(
  x: X,
  w: W,
  options?: ConvolutionTransposeOptions,
) => Result<X | W> = publicFunction(
  { name: "convTranspose1d", positional: operands, options: transposeKinds(1) },
  (x, w, options = {}) =>
    apply(convolutionOps.transposedConvolution, [x, w], parseTranspose(options, 1, "convTranspose1d")),
);

/**
 * {@linkcode convTranspose1d} over two axes: `x` has shape [batch, channels, height, width], or
 * [batch, height, width, channels] in the layout `"NHWC"`; `w` has shape [channels, out / groups, height, width] in both.
 *
 * NumPy –, PyTorch `torch.nn.functional.conv_transpose2d`, TensorFlow.js `tf.conv2dTranspose`.
 *
 * @example
 * ```ts
 * import { convTranspose2d, ones } from "@tensorloom/tensorloom";
 *
 * const options = { stride: 2, padding: 1, outputPadding: 1 };
 * console.log(convTranspose2d(ones([1, 8, 14, 14]), ones([8, 3, 3, 3]), options).shape); // [1, 3, 28, 28]
 * ```
 */
export const convTranspose2d: <X extends Operand, W extends Operand>(
  x: X,
  w: W,
  options?: ConvolutionTransposeOptions,
) => Result<X | W> = publicFunction(
  { name: "convTranspose2d", positional: operands, options: transposeKinds(2) },
  (x, w, options = {}) =>
    apply(convolutionOps.transposedConvolution, [x, w], parseTranspose(options, 2, "convTranspose2d")),
);

/**
 * {@linkcode convTranspose1d} over three axes: `x` has shape [batch, channels, depth, height, width], or
 * [batch, depth, height, width, channels] in the layout `"NDHWC"`; `w` has shape
 * [channels, out / groups, depth, height, width] in both.
 *
 * NumPy –, PyTorch `torch.nn.functional.conv_transpose3d`, TensorFlow.js `tf.conv3dTranspose`.
 */
export const convTranspose3d: <X extends Operand, W extends Operand>(
  x: X,
  w: W,
  options?: ConvolutionTransposeOptions,
) => Result<X | W> = publicFunction(
  { name: "convTranspose3d", positional: operands, options: transposeKinds(3) },
  (x, w, options = {}) =>
    apply(convolutionOps.transposedConvolution, [x, w], parseTranspose(options, 3, "convTranspose3d")),
);
