/**
 * Views: movement operations as index maps, so that they cost nothing. An element of a view lies, in the row-major
 * array of the node it looks at, at an offset plus its index along each axis times a stride.
 * @module
 */
import type { TableOperation } from "../../src/graph/operation.ts";
import type { ViewOp } from "../../src/ops/primitive.ts";
import type { Strided } from "../../src/ops/geometry/strided.ts";
import { type Shape, sizeOf, stridesOf } from "../../src/shape.ts";
import type { Value } from "../../src/value.ts";

/** How a node's elements are found in the array of `source`. */
export interface View extends Strided {
  readonly source: Value;
  /** What is computed before anything that reads it, beside the source. */
  readonly after?: readonly Value[];
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

/** The view that a node is of what its operand is a view of; undefined for a reshape that has to copy. */
export function composeView(
  { op, attributes, inputNodes: [x, ...others], type }: TableOperation,
  viewOf: (node: Value) => View,
): View | undefined {
  const { view } = op as ViewOp; // the caller has asked for its kind
  const { source, after = [], ...input } = viewOf(x!);
  const found = view(input, shapeOf(x!), type!.shape, attributes); // every type is known
  if (found === undefined) return undefined;
  const waited = others.flatMap((other) => [viewOf(other).source, ...viewOf(other).after ?? []]);
  const all = new Set([...after, ...waited]);
  return { source, ...found, ...(all.size > 0 && { after: [...all] }) };
}

/** Whether the view is all of its source, in order. */
export function isWhole(view: View, shape: Shape): boolean {
  const strides = stridesOf(shape);
  return view.offset === 0 && sizeOf(shape) === view.source.type!.size &&
    shape.every((size, axis) => size === 1 || view.strides[axis] === strides[axis]);
}
