/**
 * Pooling: windows of the input, each reduced to its largest element or its mean.
 *
 * Windows are taken as a view, and the axes that are reduced come before all others, so that neighbours along the last
 * axis can be computed side by side.
 * @module
 */
import { dtypeInfo, isFloating } from "../dtype.ts";
import { boolean, operand, wholesFrom } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { type OptionKinds, required } from "../public/signature.ts";
import { equalShapes, formatShape, type Shape, sizeOf } from "../shape.ts";
import { type Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import type { Operand, Result, Value } from "../value.ts";
import { where } from "./arithmetic.ts";
import type { Padding } from "./geometry/movement.ts";
import { broadcastTo, pad, permuteDims, reshape, slice } from "./movement.ts";
import { apply } from "../graph/apply.ts";
import { type Composite, type Op, refusal } from "./op.ts";
import {
  axesOfLayout,
  checkSlide,
  forEachIndex,
  parsePerAxis,
  parseSlide,
  type PerAxis,
  shapeInLayout,
  type Slide,
  type SlideAttributes,
  slideKinds,
  type SlideOptions,
  slideOver,
} from "./geometry/window_options.ts";
import { fold, foldOrder, type Window, windows } from "./windows.ts";

/** Options of pooling. */
export interface PoolOptions extends SlideOptions {
  /** How many elements a window has along each spatial axis. */
  readonly size: PerAxis;
  /** How far apart windows begin. By default one begins where the last one ends. */
  readonly stride?: PerAxis;
}

/** Options of an average. */
export interface AveragePoolOptions extends PoolOptions {
  /** Whether the zeros of the padding count as elements, as they do by default. */
  readonly countIncludePadding?: boolean;
}

/** What pooling is applied with. */
export type PoolAttributes = SlideAttributes & { readonly size: readonly number[] };

/** What a pooling of averages is applied with. */
export type AverageAttributes = PoolAttributes & { readonly countIncludePadding: boolean };

/** How windows lie; throws where they do not fit, or one has nothing but padding in it. */
function checkPool(shape: Shape, attributes: PoolAttributes): Slide {
  const { layout, size } = attributes;
  const fail = (reason: string): Error => refusal(RangeError, reason);
  if (shape.length !== layout.length) throw fail(`it needs ${layout.length} axes: ${layout}`);
  const slide = slideOver(shape, size, attributes);
  checkSlide(slide, attributes);
  const axis = windowElementsOf(slide, attributes).findIndex((counts) => counts.includes(0));
  if (axis >= 0) {
    const place = axesOfLayout(layout).spatial[axis];
    throw fail(`a window has nothing but the padding [${slide.padding[axis]}] of axis ${place} in it`);
  }
  return slide;
}

/** For each spatial axis and each window along it, how many elements that are not padding it has. */
function windowElementsOf(
  { lengths, sizes, padding, counts }: Slide,
  { stride, dilation }: SlideAttributes,
): number[][] {
  return counts.map((count, axis) =>
    Array.from({ length: count }, (_, window) => {
      const first = window * stride[axis]! - padding[axis]![0];
      const places = Array.from({ length: sizes[axis]! }, (_, place) => first + place * dilation[axis]!);
      return places.filter((place) => place >= 0 && place < lengths[axis]!).length;
    })
  );
}

/** The padding of all axes. */
function paddingOf(rank: number, { padding }: Slide, layout: SlideAttributes["layout"]): Padding {
  const { spatial } = axesOfLayout(layout);
  return Array.from({ length: rank }, (_, axis) => padding[spatial.indexOf(axis)] ?? [0, 0] as const);
}

/** `x` with elements of `value` around it, if any are to be. */
function padded(x: Value, padding: Padding, value: number): Value {
  return padding.some(([before, after]) => before + after > 0) ? pad(x, padding, { value }) : x;
}

/** For each spatial axis, its windows. */
function windowsOf({ size, stride, dilation, layout }: PoolAttributes): Window[] {
  return axesOfLayout(layout).spatial.map((axis, index) => ({
    axis,
    size: size[index]!,
    stride: stride[index]!,
    dilation: dilation[index]!,
  }));
}

/** What is smaller than every element: what maxima are padded with. */
function lowest({ dtype }: Value): number {
  return dtypeInfo(dtype).min;
}

/** Throws unless the gradient, and the result, have the shape that pooling makes of `x`. */
function checkPooled(x: Shape, results: readonly Value[], { layout }: PoolAttributes, { counts }: Slide): void {
  const shape = shapeInLayout(layout, x[0]!, x[axesOfLayout(layout).channel]!, counts);
  if (results.some((each) => !equalShapes(each.shape, shape))) {
    throw refusal(RangeError, `the result of pooling has the shape ${formatShape(shape)}`);
  }
}

const maxPoolOp: Composite<PoolAttributes> = {
  name: "maxPool",
  title: ({ layout }) => `maxPool${layout.length - 2}d`,
  decompose([x], attributes) {
    const padding = paddingOf(x!.rank, checkPool(x!.shape, attributes), attributes.layout);
    const list = windowsOf(attributes);
    return windows(padded(x!, padding, lowest(x!)), list).max(list.map((_, axis) => axis));
  },
  gradient({ inputs: [x], output, attributes, gradient }) {
    return [isFloating(x!.dtype) ? apply(maxPoolGradientOp, [x!, output, gradient], attributes) : undefined];
  },
};

/** The numbers 0, 1, …, under a shape. */
function windowNumbers(shape: Shape): Tensor {
  return tensorOver(Int32Array.from({ length: sizeOf(shape) }, (_, index) => index), new TensorType("int32", shape));
}

/**
 * From what was pooled, the result, and the gradient with respect to it. That goes to the first element of each window that
 * is the largest. What is computed for the elements of windows has its axes in the order in which it is put together: where
 * windows are apart, that is the order of `x`.
 */
const maxPoolGradientOp: Composite<PoolAttributes> = {
  name: "maxPoolGradient",
  decompose(inputs, attributes) {
    const [x, output, gradient] = inputs as readonly [Value, Value, Value]; // it has three operands
    const { rank } = x;
    const slide = checkPool(x.shape, attributes);
    checkPooled(x.shape, [output, gradient], attributes, slide);
    const padding = paddingOf(rank, slide, attributes.layout);
    const whole = padded(x, padding, lowest(x));
    const list = windowsOf(attributes);
    const elements = windowNumbers([...attributes.size, ...new Array<number>(rank).fill(1)]);
    const isLargest = windows(whole, list).equal(output);
    const first = where(isLargest, elements, elements.size).min(list.map((_, axis) => axis));

    const order = foldOrder(rank, list);
    const isOfWindow = (axis: number): boolean => axis < list.length;
    const spread = (each: Value): Value =>
      reshape(each, order.map((axis) => isOfWindow(axis) ? 1 : each.shape[axis - list.length]!));
    const chosen = spread(first).equal(
      windowNumbers(order.map((axis) => isOfWindow(axis) ? attributes.size[axis]! : 1)),
    );
    const parts = where(chosen, spread(gradient), 0);
    const ofWhole = fold(permuteDims(parts, order.map((_, axis) => order.indexOf(axis))), whole.shape, list);
    return withoutPadding(ofWhole, padding, x.shape);
  },
};

/** `x` over the number of elements of each window. */
function divided(x: Value, slide: Slide, padding: Padding, attributes: AverageAttributes): Value {
  const isPadded = padding.some(([before, after]) => before + after > 0);
  return x.div(attributes.countIncludePadding || !isPadded ? sizeOf(attributes.size) : countsOf(slide, attributes));
}

const averagePoolOp: Composite<AverageAttributes> = {
  name: "averagePool",
  title: ({ layout }) => `averagePool${layout.length - 2}d`,
  decompose([operand], attributes) {
    const x = isFloating(operand!.dtype) ? operand! : operand!.astype("float32");
    const slide = checkPool(x.shape, attributes);
    const padding = paddingOf(x.rank, slide, attributes.layout);
    const list = windowsOf(attributes);
    const sum = windows(padded(x, padding, 0), list).sum(list.map((_, axis) => axis));
    return divided(sum, slide, padding, attributes);
  },
  gradient({ inputs: [x], attributes, gradient }) {
    const ofPooled = { ...attributes, shape: x!.shape };
    return [isFloating(x!.dtype) ? apply(averagePoolGradientOp, [gradient], ofPooled) : undefined];
  },
};

/** What the gradient of a pooling of averages is applied with: with the shape of what was pooled. */
export type AverageGradientAttributes = AverageAttributes & { readonly shape: Shape };

/** Every element of a window takes its share of the gradient with respect to the result. */
const averagePoolGradientOp: Composite<AverageGradientAttributes> = {
  name: "averagePoolGradient",
  decompose([gradient], attributes) {
    const { shape } = attributes;
    const slide = checkPool(shape, attributes);
    checkPooled(shape, [gradient!], attributes, slide);
    const padding = paddingOf(shape.length, slide, attributes.layout);
    const list = windowsOf(attributes);
    const shares = divided(gradient!, slide, padding, attributes);
    const kept = reshape(shares, [...list.map(() => 1), ...shares.shape]);
    const spread = broadcastTo(kept, [...attributes.size, ...shares.shape]);
    const whole = shape.map((length, axis) => padding[axis]![0] + length + padding[axis]![1]);
    return withoutPadding(fold(spread, whole, list), padding, shape);
  },
};

/** What is left of `x`, of shape `shape` but for its padding. */
function withoutPadding(x: Value, padding: Padding, shape: Shape): Value {
  if (equalShapes(x.shape, shape)) return x;
  const start = padding.map(([before]) => before);
  return slice(x, start, shape.map((length, axis) => start[axis]! + length));
}

/** How many elements that are not padding each window has, over the spatial axes and those after them. */
function countsOf(slide: Slide, attributes: AverageAttributes): Tensor {
  const elements = windowElementsOf(slide, attributes);
  const counts: number[] = [];
  forEachIndex(slide.counts, (index) => {
    counts.push(index.reduce((product, each, axis) => product * elements[axis]![each]!, 1));
  });
  const shape = shapeInLayout(attributes.layout, 1, 1, slide.counts);
  return tensorOver(Float32Array.from(counts), new TensorType("float32", shape));
}

/** The table's entries of this family, for any number of axes. */
export const poolingOps = {
  maxPool: maxPoolOp,
  maxPoolGradient: maxPoolGradientOp,
  averagePool: averagePoolOp,
  averagePoolGradient: averagePoolGradientOp,
} satisfies Record<string, Op>;

function poolKinds(axes: number): OptionKinds<PoolOptions> {
  return { ...slideKinds(axes), size: required(wholesFrom(1)) };
}

function averageKinds(axes: number): OptionKinds<AveragePoolOptions> {
  return { ...poolKinds(axes), countIncludePadding: boolean };
}

function parsePool({ size, stride = size, ...options }: PoolOptions, axes: number, action: string): PoolAttributes {
  const sizes = parsePerAxis(size, axes, "size", action);
  return { ...parseSlide({ ...options, stride }, axes, action), size: sizes };
}

function parseAverage(options: AveragePoolOptions, axes: number, action: string): AverageAttributes {
  return { ...parsePool(options, axes, action), countIncludePadding: options.countIncludePadding ?? true };
}

/**
 * The largest element of each window of `x`, which has shape [batch, channels, width] (or, in the layout `"NWC"`,
 * [batch, width, channels]). Any dtype. Padding is smaller than any number, so it is never the largest; the gradient
 * goes to the first of several that are. The width of the result is `⌊(width + padding − span) / stride⌋ + 1`, where a
 * window spans `(size − 1)·dilation + 1`. Throws a RangeError when a window does not fit or would have nothing but padding
 * in it. For the largest of all elements, take {@linkcode max} along the spatial axes.
 *
 * NumPy –, PyTorch `torch.nn.functional.max_pool1d`, TensorFlow.js `tf.pool`.
 *
 * @example
 * ```ts
 * import { maxPool1d } from "@tensorloom/tensorloom";
 *
 * console.log(maxPool1d([[[1, 5, 2, 3]]], { size: 2 }).toArray()); // [[[5, 3]]]
 * console.log(maxPool1d([[[1, 5, 2, 3]]], { size: 3, stride: 1, padding: 1 }).toArray()); // [[[5, 5, 5, 3]]]
 * ```
 */
export const maxPool1d: <X extends Operand>(x: X, options: PoolOptions) => Result<X> = publicFunction(
  { name: "maxPool1d", positional: { x: operand }, options: poolKinds(1) },
  (x, options) => apply(maxPoolOp, [x], parsePool(options, 1, "maxPool1d")),
);

/**
 * {@linkcode maxPool1d} over two axes: `x` has shape [batch, channels, height, width], or
 * [batch, height, width, channels] in the layout `"NHWC"`.
 *
 * NumPy –, PyTorch `torch.nn.functional.max_pool2d`, TensorFlow.js `tf.maxPool`.
 *
 * @example
 * ```ts
 * import { maxPool2d } from "@tensorloom/tensorloom";
 *
 * console.log(maxPool2d([[[[1, 2, 3, 4], [5, 6, 7, 8]]]], { size: 2 }).toArray()); // [[[[6, 8]]]]
 * ```
 */
export const maxPool2d: <X extends Operand>(x: X, options: PoolOptions) => Result<X> = publicFunction(
  { name: "maxPool2d", positional: { x: operand }, options: poolKinds(2) },
  (x, options) => apply(maxPoolOp, [x], parsePool(options, 2, "maxPool2d")),
);

/**
 * {@linkcode maxPool1d} over three axes: `x` has shape [batch, channels, depth, height, width], or
 * [batch, depth, height, width, channels] in the layout `"NDHWC"`.
 *
 * NumPy –, PyTorch `torch.nn.functional.max_pool3d`, TensorFlow.js `tf.maxPool3d`.
 */
export const maxPool3d: <X extends Operand>(x: X, options: PoolOptions) => Result<X> = publicFunction(
  { name: "maxPool3d", positional: { x: operand }, options: poolKinds(3) },
  (x, options) => apply(maxPoolOp, [x], parsePool(options, 3, "maxPool3d")),
);

/**
 * The mean of each window of `x`, which has shape [batch, channels, width] (or, in the layout `"NWC"`,
 * [batch, width, channels]). Integers give float32. Padding is zeros, which count as elements unless
 * `countIncludePadding` is false. The width of the result is `⌊(width + padding − span) / stride⌋ + 1`, where a window
 * spans `(size − 1)·dilation + 1`. Throws a RangeError when a window does not fit or would have nothing but padding in it.
 * For the mean of all elements, take {@linkcode mean} along the spatial axes.
 *
 * NumPy –, PyTorch `torch.nn.functional.avg_pool1d`, TensorFlow.js `tf.pool`.
 *
 * @example
 * ```ts
 * import { averagePool1d } from "@tensorloom/tensorloom";
 *
 * console.log(averagePool1d([[[1, 5, 2, 4]]], { size: 2 }).toArray()); // [[[3, 3]]]
 * ```
 */
export const averagePool1d: <X extends Operand>(x: X, options: AveragePoolOptions) => Result<X> = publicFunction(
  { name: "averagePool1d", positional: { x: operand }, options: averageKinds(1) },
  (x, options) => apply(averagePoolOp, [x], parseAverage(options, 1, "averagePool1d")),
);

/**
 * {@linkcode averagePool1d} over two axes: `x` has shape [batch, channels, height, width], or
 * [batch, height, width, channels] in the layout `"NHWC"`.
 *
 * NumPy –, PyTorch `torch.nn.functional.avg_pool2d`, TensorFlow.js `tf.avgPool`.
 *
 * @example
 * ```ts
 * import { averagePool2d } from "@tensorloom/tensorloom";
 *
 * const x = [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]];
 * console.log(averagePool2d(x, { size: 2, stride: 1 }).toArray()); // [[[[3, 4], [6, 7]]]]
 * ```
 */
export const averagePool2d: <X extends Operand>(x: X, options: AveragePoolOptions) => Result<X> = publicFunction(
  { name: "averagePool2d", positional: { x: operand }, options: averageKinds(2) },
  (x, options) => apply(averagePoolOp, [x], parseAverage(options, 2, "averagePool2d")),
);

/**
 * {@linkcode averagePool1d} over three axes: `x` has shape [batch, channels, depth, height, width], or
 * [batch, depth, height, width, channels] in the layout `"NDHWC"`.
 *
 * NumPy –, PyTorch `torch.nn.functional.avg_pool3d`, TensorFlow.js `tf.avgPool3d`.
 */
export const averagePool3d: <X extends Operand>(x: X, options: AveragePoolOptions) => Result<X> = publicFunction(
  { name: "averagePool3d", positional: { x: operand }, options: averageKinds(3) },
  (x, options) => apply(averagePoolOp, [x], parseAverage(options, 3, "averagePool3d")),
);
