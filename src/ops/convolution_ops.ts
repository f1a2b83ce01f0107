/**
 * Convolutions, and their transposes: windows of the input, contracted with weights over channels and places in a window.
 *
 * All are `pad`, `windows`, `permuteDims` and `contract`: in a compiled program the windows are no more than a way to
 * read the padded input. A transposed convolution is the gradient of a convolution with respect to its input, and the
 * other way round. It slides over its input, too, by weights that are turned around.
 * @module
 */
import { isFloating } from "../dtype.ts";
import { equalShapes, type Shape } from "../shape.ts";
import type { Value } from "../value.ts";
import { contract } from "./contract.ts";
import type { Padding } from "./geometry/movement.ts";
import { padBetween, permuteDims, reshape, slice } from "./movement.ts";
import { apply } from "../graph/apply.ts";
import { type Composite, type Op, refusal } from "./op.ts";
import {
  axesOfLayout,
  checkSlide,
  type Layout,
  shapeInLayout,
  type Slide,
  type SlideAttributes,
  slideOver,
} from "./geometry/window_options.ts";
import { spanOf, windows } from "./windows.ts";

/** What a convolution is applied with. */
export type ConvolutionAttributes = SlideAttributes & { readonly groups: number };

/** What a transposed convolution is applied with. */
export type TransposeAttributes = Omit<ConvolutionAttributes, "padding"> & {
  readonly padding: Padding;
  readonly outputPadding: readonly number[];
};

/** Throws unless ranks, groups and dtypes fit, and the input has the channels that the weights are for. */
function checkOperands(
  x: Value,
  w: Value,
  { layout, groups }: Pick<ConvolutionAttributes, "layout" | "groups">,
  isTransposed: boolean,
): void {
  const fail = (reason: string): Error => refusal(RangeError, reason);
  const rank = layout.length;
  if (x.rank !== rank) throw fail(`the input needs ${rank} axes: ${layout}`);
  if (w.rank !== rank) {
    const names = [...(isTransposed ? ["in", "out / groups"] : ["out", "in / groups"]), ...[...layout].slice(1)];
    throw fail(`the weights need ${rank} axes: ${names.filter((each) => each !== "C").join(", ")}`);
  }
  if (w.shape[0]! % groups !== 0) throw fail(`${groups} groups do not divide the ${w.shape[0]} of the weights' axis 0`);
  if (w.shape.slice(2).includes(0)) throw fail("the weights have an empty window");
  const channels = x.shape[axesOfLayout(layout).channel]!;
  const expected = isTransposed ? w.shape[0]! : groups * w.shape[1]!;
  if (channels !== expected) throw fail(`the input has ${channels} channels, and the weights are for ${expected}`);
  if (x.dtype === "bool" || w.dtype === "bool") {
    throw refusal(TypeError, "it is not defined for bool; convert with astype()");
  }
}

/** The input of a convolution in groups and windows, and where its axes are: `k` those within a window, `o` those of windows. */
interface Windowed {
  readonly value: Value;
  readonly n: number;
  readonly g: number;
  readonly c: number;
  readonly k: readonly number[];
  readonly o: readonly number[];
}

function windowed(x: Value, sizes: Shape, padding: Padding, attributes: ConvolutionAttributes): Windowed {
  const { layout, groups, stride, dilation } = attributes;
  const { channel, spatial } = axesOfLayout(layout);
  const pairs = x.shape.map((_, axis) => padding[spatial.indexOf(axis)] ?? [0, 0] as const);
  const padded = padBetween(x, pairs);
  const split = reshape(padded, padded.shape.toSpliced(channel, 1, groups, x.shape[channel]! / groups));
  const axes = spatial.map((axis) => axis < channel ? axis : axis + 1);
  const options = axes.map((axis, index) => ({
    axis,
    size: sizes[index]!,
    stride: stride[index]!,
    dilation: dilation[index]!,
  }));
  const moved = (axis: number): number => axis + spatial.length;
  return {
    value: windows(split, options),
    n: moved(0),
    g: moved(channel),
    c: moved(channel + 1),
    k: spatial.map((_, index) => index),
    o: axes.map(moved),
  };
}

/**
 * Windows with weights of shape [groups, out…, in, window…], of which `out` are so many axes. The result has shape
 * [batch, groups, out…, windows…], or, with the channels last, [batch, windows…, groups, out…].
 */
function contractWindows({ value, n, g, c, k, o }: Windowed, weights: Value, out: number, layout: Layout): Value {
  const depth = 1 + k.length;
  if (axesOfLayout(layout).channel === 1) {
    return contract(weights, permuteDims(value, [n, g, c, ...k, ...o]), { rows: out, depth, columns: o.length });
  }
  // Each window is a contraction of its own here, so that the result is in order; the compiler joins them.
  const axes = weights.shape.map((_, axis) => axis);
  const right = permuteDims(weights, [0, ...axes.slice(out + 2), out + 1, ...axes.slice(1, out + 1)]);
  return contract(permuteDims(value, [n, ...o, g, ...k, c]), right, { rows: 0, depth, columns: out });
}

/** What the gradient of a convolution with respect to its weights is applied with. */
export type WeightGradientAttributes = Omit<ConvolutionAttributes, "padding"> & {
  readonly padding: Padding;
  /** How many weights there are along each spatial axis. */
  readonly size: Shape;
};

/**
 * The gradient of a convolution with respect to its weights, from what it slides over and from the gradient with respect to
 * its result. That of a transposed convolution is the same, with both in each other's place.
 */
const weightGradientOp: Composite<WeightGradientAttributes> = {
  name: "convolutionWeightGradient",
  decompose([x, upper], attributes) {
    const { layout, groups, padding, size } = attributes;
    const { channel, spatial } = axesOfLayout(layout);
    if (x!.rank !== layout.length || upper!.rank !== layout.length) {
      throw refusal(RangeError, `both need ${layout.length} axes: ${layout}`);
    }
    const [channels, out] = [x!.shape[channel]!, upper!.shape[channel]!];
    if (channels % groups !== 0 || out % groups !== 0) {
      throw refusal(RangeError, `${groups} groups do not divide the ${channels} and ${out} channels`);
    }
    const slide = slideOver(x!.shape, size, attributes);
    checkSlide(slide, attributes);
    const { value, n, g, c, k, o } = windowed(x!, size, padding, attributes);
    const stop: (number | null)[] = value.shape.map(() => null);
    spatial.forEach((axis, index) => stop[o[index]!] = upper!.shape[axis]!);
    const used = o.every((axis) => value.shape[axis] === stop[axis]) ? value : slice(value, stop.map(() => null), stop);
    const split = reshape(upper!, upper!.shape.toSpliced(channel, 1, groups, out / groups));
    const after = (axis: number): number => axis < channel ? axis : axis + 1;
    const left = permuteDims(split, [channel, channel + 1, 0, ...spatial.map(after)]);
    const right = permuteDims(used, [g, n, ...o, c, ...k]);
    const result = contract(left, right, { depth: 1 + o.length, columns: 1 + k.length });
    return reshape(result, [out, channels / groups, ...size]);
  },
};

const convolutionOp: Composite<ConvolutionAttributes> = {
  name: "convolution",
  title: ({ layout }) => `conv${layout.length - 2}d`,
  gradient({ inputs, attributes, gradient, needed }) {
    const [x, w] = inputs as readonly [Value, Value]; // a convolution has two operands
    const { padding, lengths, sizes, counts } = slideOver(x.shape, w.shape.slice(2), attributes);
    const { stride, dilation } = attributes;
    const outputPadding = lengths.map((length, axis) => {
      const [before, after] = padding[axis]!;
      const span = spanOf({ size: sizes[axis]!, dilation: dilation[axis]! });
      return length + before + after - (counts[axis]! - 1) * stride[axis]! - span;
    });
    return [
      needed[0] && isFloating(x.dtype)
        ? x.size === 0 ? x : apply(transposedConvolutionOp, [gradient, w], { ...attributes, padding, outputPadding })
        : undefined,
      needed[1] && isFloating(w.dtype)
        ? apply(weightGradientOp, [x, gradient], { ...attributes, padding, size: sizes })
        : undefined,
    ];
  },
  decompose([x, w], attributes) {
    const { layout, groups } = attributes;
    checkOperands(x!, w!, attributes, false);
    const [out, ing, ...sizes] = w!.shape as readonly [number, number, ...number[]]; // weights have at least three axes
    const slide = slideOver(x!.shape, sizes, attributes);
    checkSlide(slide, attributes);
    const { padding, counts } = slide;
    const weights = reshape(w!, [groups, out / groups, ing, ...sizes]);
    const shape = shapeInLayout(layout, x!.shape[0]!, out, counts);
    return reshape(contractWindows(windowed(x!, sizes, padding, attributes), weights, 1, layout), shape);
  },
};

/** How the windows of the convolution lie on the result of its transpose, whose input has shape `shape`. */
function slideOfTranspose(shape: Shape, sizes: Shape, attributes: TransposeAttributes): Slide {
  const { stride, dilation, padding, outputPadding, layout } = attributes;
  const counts = axesOfLayout(layout).spatial.map((axis) => shape[axis]!);
  const lengths = counts.map((count, axis) => {
    const [before, after] = padding[axis]!;
    const span = spanOf({ size: sizes[axis]!, dilation: dilation[axis]! });
    return (count - 1) * stride[axis]! + span - before - after + outputPadding[axis]!;
  });
  return { lengths, sizes, padding, counts };
}

/** It is the gradient of a convolution with respect to its input, too. */
const transposedConvolutionOp: Composite<TransposeAttributes> = {
  name: "transposedConvolution",
  title: ({ layout }) => `convTranspose${layout.length - 2}d`,
  gradient({ inputs, attributes, gradient, needed }) {
    const [x, w] = inputs as readonly [Value, Value]; // a convolution has two operands
    const { outputPadding: _, ...convolution } = attributes;
    const ofInput = (): Value => {
      const whole = apply(convolutionOp, [gradient, w], convolution);
      // What was added at the end may have made room for more windows.
      return equalShapes(whole.shape, x.shape) ? whole : slice(whole, x.shape.map(() => 0), x.shape);
    };
    return [
      needed[0] && isFloating(x.dtype) ? ofInput() : undefined,
      needed[1] && isFloating(w.dtype)
        ? apply(weightGradientOp, [gradient, x], { ...convolution, size: w.shape.slice(2) })
        : undefined,
    ];
  },
  decompose([x, w], attributes) {
    const { layout, groups } = attributes;
    checkOperands(x!, w!, attributes, true);
    const [ins, outg, ...sizes] = w!.shape as readonly [number, number, ...number[]]; // weights have at least three axes
    const slide = slideOfTranspose(x!.shape, sizes, attributes);
    const empty = slide.lengths.findIndex((length, axis) => length < 1 || slide.counts[axis]! < 1);
    if (empty >= 0) {
      const axis = axesOfLayout(layout).spatial[empty];
      throw refusal(RangeError, `the padding [${attributes.padding[empty]}] leaves nothing of axis ${axis}`);
    }
    const phases = phasesOf(slide, attributes);
    const { spatial } = axesOfLayout(layout);
    const apart = spread(x!, spatial, phases.map(({ around }) => around), phases.map(({ apart }) => apart));
    const still = { ...attributes, stride: sizes.map(() => 1) };
    const slid = windowed(apart, phases.map(({ places }) => places), sizes.map(() => [0, 0]), still);

    const missing = phases.map(({ given, places }, axis) => [0, given * places - sizes[axis]!] as const);
    const whole = padBetween(w!, [[0, 0], [0, 0], ...missing]);
    const split = reshape(whole, [
      groups,
      ins / groups,
      outg,
      ...phases.flatMap(({ given, places }) => [places, given]),
    ]);
    const everything = split.shape.map(() => null);
    const turned = slice(
      split,
      everything,
      everything,
      split.shape.map((_, axis) => axis > 2 && axis % 2 === 1 ? -1 : 1),
    );
    const places = phases.map((_, axis) => 3 + 2 * axis);
    const weights = permuteDims(turned, [0, 2, ...places.map((axis) => axis + 1), 1, ...places]);
    const result = contractWindows(slid, weights, 1 + places.length, layout);
    return mergePhases(result, phases, layout, shapeInLayout(layout, x!.shape[0]!, groups * outg, slide.lengths));
  },
};

/** How a transposed convolution goes about one axis. */
interface Phases {
  /** Elements of the result that lie next to each other are computed by different weights, every `count` weights of them all. */
  readonly count: number;
  /** For so many of them there are weights. The others are 0. */
  readonly given: number;
  /** How many of the weights each of them takes. */
  readonly places: number;
  /** How far apart elements of the input are set, with zeros between them. */
  readonly apart: number;
  /** What is added around it; less than none cuts elements off. */
  readonly around: readonly [number, number];
  /** Where the result begins among what is computed. */
  readonly start: number;
}

/**
 * Between elements that a stride sets apart lie zeros, and multiplying them is no use. So neighbours in the result,
 * which meet different weights, are computed as if they were channels. With a dilation as well, zeros are multiplied.
 */
function phasesOf({ lengths, sizes, padding, counts }: Slide, { stride, dilation }: TransposeAttributes): Phases[] {
  return lengths.map((length, axis) => {
    const count = dilation[axis] === 1 ? stride[axis]! : 1;
    const apart = stride[axis]! / count;
    const places = Math.ceil(sizes[axis]! / count);
    const [before] = padding[axis]!;
    const first = Math.floor(before / count);
    const last = Math.ceil((length + before) / count) - 1;
    const end = (counts[axis]! - 1) * apart;
    const around = [(places - 1) * dilation[axis]! - first, last - end] as const;
    return { count, given: Math.min(count, sizes[axis]!), places, apart, around, start: before - first * count };
  });
}

/** The result of a transposed convolution, from what {@linkcode contractWindows} makes of it in phases. */
function mergePhases(x: Value, phases: readonly Phases[], layout: Layout, shape: Shape): Value {
  if (phases.every(({ count }) => count === 1)) return reshape(x, shape);
  const { channel, spatial } = axesOfLayout(layout);
  const axes = phases.length;
  const order = channel === 1
    ? [0, 1, 2, ...phases.flatMap((_, axis) => [3 + axes + axis, 3 + axis])]
    : [0, ...phases.flatMap((_, axis) => [1 + axis, 3 + axes + axis]), 1 + axes, 2 + axes];
  const lengths = phases.map(({ count }, axis) => count * x.shape[(channel === 1 ? 3 + axes : 1) + axis]!);
  const zeros = order.map((axis) => {
    const phase = phases[axis - (channel === 1 ? 3 : 3 + axes)];
    return [0, phase === undefined ? 0 : phase.count - phase.given] as const;
  });
  const ordered = padBetween(permuteDims(x, order), zeros);
  const merged = reshape(ordered, shapeInLayout(layout, shape[0]!, shape[channel]!, lengths));
  const start = shape.map((_, axis) => phases[spatial.indexOf(axis)]?.start ?? 0);
  const stop = shape.map((length, axis) => start[axis]! + length);
  return equalShapes(merged.shape, shape) ? merged : slice(merged, start, stop);
}

/** `x` with its elements `stride` apart along some axes, and so many zeros around them; less than none cuts elements off. */
function spread(x: Value, axes: readonly number[], around: Padding, stride: readonly number[]): Value {
  const of = <T>(list: readonly T[], axis: number, missing: T): T => list[axes.indexOf(axis)] ?? missing;
  const padding = x.shape.map((_, axis) => {
    const [before, after] = of(around, axis, [0, 0]);
    return [Math.max(before, 0), Math.max(after, 0)] as const;
  });
  const padded = padBetween(x, padding, x.shape.map((_, axis) => of(stride, axis, 1) - 1));
  if (around.every(([before, after]) => before >= 0 && after >= 0)) return padded;
  const start = x.shape.map((_, axis) => Math.max(0, -of(around, axis, [0, 0])[0]));
  const stop = padded.shape.map((length, axis) => length + Math.min(0, of(around, axis, [0, 0])[1]));
  return slice(padded, start, stop);
}

/** The table's entries of this family, for any number of axes. */
export const convolutionOps = {
  convolution: convolutionOp,
  transposedConvolution: transposedConvolutionOp,
  convolutionWeightGradient: weightGradientOp,
} satisfies Record<string, Op>;
