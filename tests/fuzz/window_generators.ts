/**
 * Generators for what slides windows: operands are picked where their rank fits, or made.
 * @module
 */
import type { Shape } from "../../mod.ts";
import type { TensorType } from "../../src/tensor_type.ts";
import {
  axesOfLayout,
  type Layout,
  shapeInLayout,
  type SlideAttributes,
  slideOver,
} from "../../src/ops/geometry/window_options.ts";
import { spanOf } from "../../src/ops/windows.ts";
import { type Application, type Generator, notBool, ranked, type Source } from "./generator_kinds.ts";

const layouts: readonly (readonly [Layout, Layout])[] = [["NCW", "NWC"], ["NCHW", "NHWC"], ["NCDHW", "NDHWC"]];

/** An operand with a batch, channels and so many spatial axes, none of them empty. */
function slidOver(source: Source, axes: number): number {
  const fits = (type: TensorType): boolean =>
    notBool(type) && !type.weak && type.shape.length === axes + 2 && type.size > 0 && type.size <= 100;
  const spatial = Array.from({ length: axes }, () => 2 + source.next(axes === 1 ? 6 : 3));
  return source.pick(fits) ?? source.leaf("float32", [1 + source.next(2), 1 + source.next(3), ...spatial]);
}

/** How windows lie on axes of these lengths; none is longer than its axis with padding. */
function slide(source: Source, lengths: Shape, layout: Layout): SlideAttributes & { readonly size: readonly number[] } {
  const padding = lengths.map(() => [source.next(2), source.next(2)] as const);
  const size = lengths.map((length, axis) =>
    1 + source.next(Math.min(3, length + padding[axis]![0] + padding[axis]![1]))
  );
  const dilation = size.map((size, axis) => {
    const dilation = 1 + source.next(2);
    const [before, after] = padding[axis]!;
    return spanOf({ size, dilation }) <= lengths[axis]! + before + after ? dilation : 1;
  });
  const stride = lengths.map(() => 1 + source.next(3));
  return { size, stride, dilation, padding: source.next(4) === 3 && !size.includes(1) ? "same" : padding, layout };
}

/** A convolution over one axis, two or three, or its transpose. */
export function convolution(isTransposed = false): Generator {
  return (source) => {
    const axes = 1 + source.next(3);
    const x = slidOver(source, axes);
    const { shape, dtype } = source.typeOf(x);
    const layout = layouts[axes - 1]![source.next(2)]!;
    const { channel, spatial } = axesOfLayout(layout);
    const { size, ...attributes } = slide(source, spatial.map((axis) => shape[axis]!), layout);
    const channels = shape[channel]!;
    const groups = source.next(2) === 1 ? channels : 1;
    const others = 1 + source.next(2);
    if (!isTransposed) {
      const w = source.leaf(dtype, [groups * others, channels / groups, ...size]);
      return { inputs: [x, w], attributes: { ...attributes, groups } };
    }
    const w = source.leaf(dtype, [channels, others, ...size]);
    const outputPadding = attributes.stride.map((stride) => source.next(stride));
    // As much less as there may be, or nothing: a result has at least one element along each axis.
    const padding = size.map((size, axis) => {
      const span = spanOf({ size, dilation: attributes.dilation[axis]! });
      return [source.next(span), 0] as const;
    });
    return { inputs: [x, w], attributes: { ...attributes, padding, groups, outputPadding } };
  };
}

/** The gradient of a convolution with respect to its weights, from what it slides over and one for its result. */
export function weightGradient(source: Source): Application {
  const axes = 1 + source.next(3);
  const x = slidOver(source, axes);
  const { shape, dtype } = source.typeOf(x);
  const layout = layouts[axes - 1]![source.next(2)]!;
  const { channel, spatial } = axesOfLayout(layout);
  const { size, ...attributes } = slide(source, spatial.map((axis) => shape[axis]!), layout);
  const { padding, counts } = slideOver(shape, size, attributes);
  const groups = source.next(2) === 1 ? shape[channel]! : 1;
  const upper = source.leaf(dtype, shapeInLayout(layout, shape[0]!, groups * (1 + source.next(2)), counts));
  return { inputs: [x, upper], attributes: { ...attributes, size, padding, groups } };
}

/** Pooling over one axis, two or three. */
export function pooling(isAverage = false): Generator {
  return (source): Application => {
    const x = slidOver(source, 1 + source.next(3));
    return { inputs: [x], attributes: poolingOf(source, source.typeOf(x).shape, isAverage) };
  };
}

/** The gradient of a pooling of maxima: numbers that are often equal, and a gradient for each window. */
export function maxPoolGradient(source: Source): Application {
  const { shape } = source.typeOf(slidOver(source, 1 + source.next(3)));
  const attributes = poolingOf(source, shape, false);
  const pooled = pooledShape(shape, attributes);
  if (pooled === undefined) return undefined;
  const few = (): number => source.next(3);
  const inputs = [
    source.leaf("float32", shape, few),
    source.leaf("float32", pooled, few),
    source.leaf("float32", pooled),
  ];
  return { inputs, attributes };
}

/** The gradient of a pooling of averages: one for each window. */
export function averagePoolGradient(source: Source): Application {
  const { shape, dtype } = source.typeOf(slidOver(source, 1 + source.next(3)));
  const attributes = poolingOf(source, shape, true);
  const pooled = pooledShape(shape, attributes);
  if (pooled === undefined) return undefined;
  const gradient = source.leaf(dtype === "float64" ? dtype : "float32", pooled);
  return { inputs: [gradient], attributes: { ...attributes, shape } };
}

type Pooling = SlideAttributes & { readonly size: Shape; readonly countIncludePadding?: boolean };

/** The shape of the result, where windows fit. */
function pooledShape(shape: Shape, attributes: Pooling): Shape | undefined {
  const { layout, size } = attributes;
  const { counts } = slideOver(shape, size, attributes);
  if (counts.some((count) => count < 1)) return undefined;
  return shapeInLayout(layout, shape[0]!, shape[axesOfLayout(layout).channel]!, counts);
}

/** How windows of a pooling lie on a shape. */
function poolingOf(source: Source, shape: Shape, isAverage: boolean): Pooling {
  const layout = layouts[shape.length - 3]![source.next(2)]!;
  const lengths = axesOfLayout(layout).spatial.map((axis) => shape[axis]!);
  const { padding, ...attributes } = slide(source, lengths, layout);
  // Next to each other and with no more padding than all but one element, so that no window is all padding.
  const inside = attributes.size.map((size) => [Math.min(source.next(2), size - 1), 0] as const);
  const near = padding !== "same" && padding.every(([before, after]) => before + after === 0);
  const rest = near ? { ...attributes, padding } : { ...attributes, dilation: lengths.map(() => 1), padding: inside };
  return isAverage ? { ...rest, countIncludePadding: source.next(2) === 0 } : rest;
}

/** Windows along one axis or two. */
export function sliding(source: Source): Application {
  const x = source.pick((type) => ranked(type) && !type.weak && type.size > 0 && type.size <= 60);
  if (x === undefined) return undefined;
  const { shape } = source.typeOf(x);
  const first = source.next(shape.length);
  const axes = source.next(2) === 1 && shape.length > 1 ? [first, (first + 1) % shape.length] : [first];
  const { size, stride, dilation } = slide(source, axes.map((axis) => shape[axis]!), "NCW");
  const windows = axes.map((axis, index) => {
    const length = shape[axis]!;
    const within = Math.min(size[index]!, length);
    const apart = spanOf({ size: within, dilation: dilation[index]! }) <= length ? dilation[index]! : 1;
    return {
      axis: source.next(3) === 2 ? axis - shape.length : axis,
      size: within,
      stride: stride[index]!,
      dilation: apart,
    };
  });
  return { inputs: [x], attributes: { windows } };
}

/** A contraction of several axes: the second operand is made to fit the first. */
export function contraction(source: Source): Application {
  const x = source.pick((type) => notBool(type) && !type.weak && ranked(type) && type.size <= 100);
  if (x === undefined) return undefined;
  const { shape, dtype } = source.typeOf(x);
  const depth = source.next(shape.length + 1);
  const rows = source.next(shape.length - depth + 1);
  const stack = shape.slice(0, shape.length - depth - rows);
  const columns = Array.from({ length: source.next(3) }, () => 1 + source.next(3));
  const shared = [stack, stack.map(() => 1), stack.slice(1)][source.next(3)]!;
  const y = source.leaf(dtype, [...shared, ...shape.slice(shape.length - depth), ...columns]);
  return { inputs: [x, y], attributes: { rows, depth, columns: columns.length } };
}
