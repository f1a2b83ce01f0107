/**
 * Views: movement operations as index maps, so that they cost nothing. An element of a view lies, in the row-major
 * array of the node it looks at, at an offset plus its index along each axis times a stride.
 * @module
 */
import type { TableOperation } from "../src/graph/operation.ts";
import { resolveSlice } from "../src/ops/movement.ts";
import { resolveWindows } from "../src/ops/windows.ts";
import { type Shape, sizeOf, stridesOf } from "../src/shape.ts";
import type { Value } from "../src/value.ts";

/** How a node's elements are found in the array of `source`. */
export interface View {
  readonly source: Value;
  readonly offset: number;
  /** One per axis of the node. */
  readonly strides: readonly number[];
}

/** The shape of a node in a graph whose types are known. */
export function shapeOf(node: Value): Shape {
  return node.type!.shape;
}

/** A node seen as itself. */
export function wholeView(source: Value): View {
  return { source, offset: 0, strides: stridesOf(shapeOf(source)) };
}

/** What any node is a view of: what `views` says, or itself. */
export function viewer(views: ReadonlyMap<Value, View>): (node: Value) => View {
  const whole = new Map<Value, View>();
  return (node) => {
    let view = views.get(node) ?? whole.get(node);
    if (view === undefined) whole.set(node, view = wholeView(node));
    return view;
  };
}

/** The view that a movement node is of what `input` is a view of; undefined for a reshape that has to copy. */
export function composeView(node: TableOperation, input: View): View | undefined {
  const from = shapeOf(node.inputNodes[0]!);
  const to = shapeOf(node);
  switch (node.name) {
    case "permuteDims": {
      const axes = node.attributes["axes"] as readonly number[]; // what permuteDims is applied with
      return { ...input, strides: axes.map((axis) => input.strides[axis < 0 ? axis + from.length : axis]!) };
    }
    case "broadcastTo": {
      const leading = to.length - from.length;
      return {
        ...input,
        strides: to.map((_, axis) => axis < leading || from[axis - leading] === 1 ? 0 : input.strides[axis - leading]!),
      };
    }
    case "slice": {
      const { starts, steps } = resolveSlice(from, node.attributes as Parameters<typeof resolveSlice>[1]); // what slice is applied with
      let { offset } = input;
      starts.forEach((start, axis) => offset += start * input.strides[axis]!);
      return {
        ...input,
        offset: sizeOf(to) === 0 ? input.offset : offset,
        strides: input.strides.map((stride, axis) => stride * steps[axis]!),
      };
    }
    case "windows": {
      const { windows } = node.attributes as Parameters<typeof resolveWindows>[1]; // what windows is applied with
      const strides = [...input.strides];
      const across = resolveWindows(from, { windows }).map(({ axis, stride, dilation }) => {
        const own = input.strides[axis]!;
        strides[axis] = own * stride;
        return own * dilation;
      });
      return { ...input, strides: [...across, ...strides] };
    }
    default: {
      const strides = reshapeStrides(from, input.strides, to);
      return strides && { ...input, strides };
    }
  }
}

/**
 * The strides that show elements of shape `from`, lying at `strides`, as shape `to`; undefined where no strides can.
 * Axes are split and joined in groups of equal size, and a joined group must be evenly spaced.
 */
function reshapeStrides(from: Shape, strides: readonly number[], to: Shape): number[] | undefined {
  if (sizeOf(to) === 0) return to.map(() => 0);
  const old = from.map((size, axis) => ({ size, stride: strides[axis]! })).filter(({ size }) => size !== 1);
  const result: number[] = new Array<number>(to.length).fill(0);
  let next = 0;
  for (let axis = 0; axis < to.length;) {
    if (to[axis] === 1) {
      axis++;
      continue;
    }
    let [groupEnd, newSize] = [axis + 1, to[axis]!];
    let [oldEnd, oldSize] = [next + 1, old[next]!.size];
    while (newSize !== oldSize) {
      if (newSize < oldSize) newSize *= to[groupEnd++]!;
      else oldSize *= old[oldEnd++]!.size;
    }
    for (let index = next; index + 1 < oldEnd; index++) {
      if (old[index]!.stride !== old[index + 1]!.stride * old[index + 1]!.size) return undefined;
    }
    let stride = old[oldEnd - 1]!.stride;
    for (let index = groupEnd - 1; index >= axis; index--) {
      result[index] = stride;
      stride *= to[index]!;
    }
    axis = groupEnd;
    next = oldEnd;
  }
  return result;
}

/** Whether the view is all of its source, in order. */
export function isWhole(view: View, shape: Shape): boolean {
  const strides = stridesOf(shape);
  return view.offset === 0 && sizeOf(shape) === view.source.type!.size &&
    shape.every((size, axis) => size === 1 || view.strides[axis] === strides[axis]);
}
