/**
 * Where windows lie, for the oracles of convolution and pooling.
 * @module
 */
import type { Shape } from "../../src/shape.ts";
import type { SlideAttributes } from "../../src/ops/geometry/window_options.ts";

/** How windows lie along the spatial axes. */
export interface Windows {
  /** Lengths of the axes without padding. */
  readonly lengths: Shape;
  /** Where an element of a window lies in the operand; outside of it for padding. */
  from(window: readonly number[], tap: readonly number[]): number[];
  /** Whether there is an element, and not padding. */
  isInside(place: readonly number[]): boolean;
}

/** Where a layout has its channels, and its spatial axes. The batch comes first. */
export function axesOf(layout: string): { readonly channel: number; readonly spatial: readonly number[] } {
  const channel = layout.indexOf("C");
  return { channel, spatial: [...layout].map((_, axis) => axis).filter((axis) => axis > 0 && axis !== channel) };
}

/** An index in a layout: of the batch, the channel, and a place. */
export function indexIn(layout: string, batch: number, channel: number, place: readonly number[]): number[] {
  return axesOf(layout).channel === 1 ? [batch, channel, ...place] : [batch, ...place, channel];
}

/** The windows of a size on a tensor of a shape. */
export function windowsOn(shape: Shape, size: Shape, attributes: SlideAttributes): Windows {
  const { stride, dilation, padding, layout } = attributes;
  const lengths = axesOf(layout).spatial.map((axis) => shape[axis]!);
  const before = lengths.map((length, axis) => {
    if (padding !== "same") return padding[axis]![0];
    const last = (Math.ceil(length / stride[axis]!) - 1) * stride[axis]! + (size[axis]! - 1) * dilation[axis]!;
    return Math.floor(Math.max(0, last + 1 - length) / 2);
  });
  return {
    lengths,
    from: (window, tap) =>
      window.map((each, axis) => each * stride[axis]! + tap[axis]! * dilation[axis]! - before[axis]!),
    isInside: (place) => place.every((each, axis) => each >= 0 && each < lengths[axis]!),
  };
}
