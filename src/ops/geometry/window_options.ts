/**
 * What convolution and pooling have in common: layouts, and the options that say how windows lie on the spatial axes.
 * @module
 */
import { choice, wholesFrom, windowPadding } from "../../public/kinds.ts";
import type { OptionKinds } from "../../public/signature.ts";
import type { Shape } from "../../shape.ts";
import type { Padding } from "./movement.ts";
import { refusal } from "../op.ts";
import { countWindows, spanOf } from "../windows.ts";

/** The order of axes: N is the batch, C the channels, and the others are spatial: depth, height and width. */
export type Layout = "NCW" | "NWC" | "NCHW" | "NHWC" | "NCDHW" | "NDHWC";

/** A number for all spatial axes, or one for each. */
export type PerAxis = number | readonly number[];

/**
 * What is added at the ends of spatial axes: nothing (`"valid"`); as much as it takes for as many windows as there are
 * strides in the axis (`"same"`; what is odd comes at the end); a number; or, for each axis, a number or a pair.
 */
export type WindowPadding =
  | "valid"
  | "same"
  | number
  | readonly (number | readonly [before: number, after: number])[];

/** How windows of given sizes lie, as operations are applied with it. */
export type SlideAttributes = {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: "same" | Padding;
  readonly layout: Layout;
};

/** What a function is given of that. */
export interface SlideOptions {
  /** How far apart windows begin. Default 1. */
  readonly stride?: PerAxis;
  /** How far apart the elements of a window lie. Default 1: next to each other. */
  readonly dilation?: PerAxis;
  /** What is added at the ends of the spatial axes. Default `"valid"`: nothing. */
  readonly padding?: WindowPadding;
  /** The order of axes. By default channels come before spatial axes. */
  readonly layout?: Layout;
}

/** Of 1, 2 and 3 spatial axes: with the channels first, and last. */
const layouts: readonly (readonly [Layout, Layout])[] = [["NCW", "NWC"], ["NCHW", "NHWC"], ["NCDHW", "NDHWC"]];

/** What the options are, for so many spatial axes. How many numbers there are is seen when they are parsed. */
export function slideKinds(axes: number): OptionKinds<SlideOptions> {
  return {
    stride: wholesFrom(1),
    dilation: wholesFrom(1),
    padding: windowPadding,
    layout: choice(...layouts[axes - 1]!), // there are 1 to 3
  };
}

/** Where a layout has its axes. The batch comes first in all. */
export function axesOfLayout(layout: Layout): { readonly channel: number; readonly spatial: readonly number[] } {
  const channel = layout.indexOf("C");
  return { channel, spatial: [...layout].map((_, axis) => axis).filter((axis) => axis > 0 && axis !== channel) };
}

/** A shape in a layout. */
export function shapeInLayout(layout: Layout, batch: number, channels: number, spatial: Shape): Shape {
  return axesOfLayout(layout).channel === 1 ? [batch, channels, ...spatial] : [batch, ...spatial, channels];
}

/** A number for each of `axes` spatial axes. */
export function parsePerAxis(given: PerAxis, axes: number, noun: string, action: string): number[] {
  const list = typeof given === "number" ? new Array<number>(axes).fill(given) : [...given];
  if (list.length !== axes) {
    throw new RangeError(`Cannot ${action}: the ${noun} [${list.join(",")}] is for ${list.length} axes, not ${axes}`);
  }
  return list;
}

/** A pair for each axis; `"same"` depends on lengths, and stays. */
function parsePadding(given: WindowPadding, axes: number, action: string): "same" | Padding {
  if (given === "same") return given;
  const list = given === "valid" ? 0 : given;
  const pairs = (typeof list === "number" ? new Array<number>(axes).fill(list) : list).map((each) =>
    typeof each === "number" ? [each, each] as const : each
  );
  if (pairs.length !== axes) {
    throw new RangeError(`Cannot ${action}: the padding is for ${pairs.length} axes, not ${axes}`);
  }
  return pairs.map(([before, after]) => [before, after]);
}

/** The attributes that options come to, for `axes` spatial axes; `action` is what errors name. */
export function parseSlide(options: SlideOptions, axes: number, action: string): SlideAttributes {
  const { stride = 1, dilation = 1, padding = "valid" } = options;
  const layout = options.layout ?? layouts[axes - 1]![0]; // there are 1 to 3
  return {
    stride: parsePerAxis(stride, axes, "stride", action),
    dilation: parsePerAxis(dilation, axes, "dilation", action),
    padding: parsePadding(padding, axes, action),
    layout,
  };
}

/** How windows lie along each spatial axis. */
export interface Slide {
  /** Lengths of the axes without padding. */
  readonly lengths: Shape;
  readonly sizes: Shape;
  readonly padding: Padding;
  /** How many windows there are. */
  readonly counts: Shape;
}

/** How windows of these sizes lie on a tensor of shape `shape`, or would lie: a count may be below 1. */
export function slideOver(shape: Shape, sizes: Shape, { stride, dilation, padding, layout }: SlideAttributes): Slide {
  const lengths = axesOfLayout(layout).spatial.map((axis) => shape[axis]!);
  const window = (axis: number) => ({ size: sizes[axis]!, stride: stride[axis]!, dilation: dilation[axis]! });
  const resolved = lengths.map((length, axis) => {
    if (padding !== "same") return padding[axis]!;
    const count = Math.ceil(length / stride[axis]!);
    const total = Math.max(0, (count - 1) * stride[axis]! + spanOf(window(axis)) - length);
    return [Math.floor(total / 2), Math.ceil(total / 2)] as const;
  });
  const counts = lengths.map((length, axis) => {
    const [before, after] = resolved[axis]!;
    return countWindows(before + length + after, window(axis));
  });
  return { lengths, sizes, padding: resolved, counts };
}

/** Throws where `slide` has no window along an axis. */
export function checkSlide(
  { lengths, sizes, padding, counts }: Slide,
  { dilation, layout }: SlideAttributes,
): void {
  const axis = counts.findIndex((count) => count < 1);
  if (axis < 0) return;
  const span = spanOf({ size: sizes[axis]!, dilation: dilation[axis]! });
  const [before, after] = padding[axis]!;
  const length = before + lengths[axis]! + after;
  const padded = before + after > 0 ? " with its padding" : "";
  const place = axesOfLayout(layout).spatial[axis];
  throw refusal(RangeError, `a window spans ${span} elements, and axis ${place} has ${length}${padded}`);
}

/** Calls `visit` with every index of `shape`, in row-major order. */
export function forEachIndex(
  shape: Shape,
  visit: (index: readonly number[]) => void,
  first: readonly number[] = [],
): void {
  if (first.length === shape.length) visit(first);
  else for (let next = 0; next < shape[first.length]!; next++) forEachIndex(shape, visit, [...first, next]);
}
