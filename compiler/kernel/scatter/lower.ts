/**
 * Lowering of scatters: rows of updates added up by index. The axes of the indices may be any number, and lie anywhere;
 * the axes of a row go as one, which has one stride.
 * @module
 */
import type { TableOperation } from "../../../src/graph/operation.ts";
import { resolveScatter, type ScatterAttributes } from "../../../src/ops/indexing.ts";
import { stridesOf } from "../../../src/shape.ts";
import type { Value } from "../../../src/value.ts";
import type { ScatterKernel } from "./kernel.ts";
import type { IndexMap } from "../kernel.ts";
import { indexCheck, type LoweringContext } from "../kernel_builder.ts";
import { joinAxes, type JoinedAxes } from "../joined_axes.ts";
import { aloneOperation, type Lowered, type Lowering } from "../kernel_kind.ts";
import { shapeOf, type View } from "../../passes/view.ts";

/** Which axes of what a scatter adds are those of the indices: from `along` on, to before `rest`. */
function scatterAxesOf(node: TableOperation): { readonly along: number; readonly rest: number } {
  const [indices, added] = node.inputNodes as readonly [Value, Value]; // a scatter has two operands
  // What scatterAdd is applied with; every type of a program is known.
  const { along } = resolveScatter(indices.type!, added.type!, node.attributes as ScatterAttributes);
  return { along, rest: along + shapeOf(indices).length };
}

/** The axes of a row, of the result and of what is added: joined as far as both can be walked as one. */
function rowAxes(node: TableOperation, view: View): JoinedAxes {
  const { rest } = scatterAxesOf(node);
  const shape = shapeOf(node.inputNodes[1]!).slice(rest);
  return joinAxes(shape, [stridesOf(shape), view.strides.slice(rest)]);
}

/** Whether a scatter can add up rows where they lie: there is one stride from each of their numbers to the next. */
function canAddRowsOf(node: TableOperation, view: View): boolean {
  return rowAxes(node, view).sizes.length <= 1;
}

/** Turns a scatter into a kernel. */
function lowerScatter(node: TableOperation, context: LoweringContext): Lowered {
  const [indices, added] = node.inputNodes as readonly [Value, Value]; // a scatter has two operands
  const { along, rest } = scatterAxesOf(node);
  const { length } = node.attributes as ScatterAttributes; // what scatterAdd is applied with
  const views = { indices: context.viewOf(indices), added: context.viewOf(added) };
  const outer = joinAxes(shapeOf(node).slice(0, along), [
    stridesOf(shapeOf(node)).slice(0, along),
    views.added.strides.slice(0, along),
  ]);
  const updates = joinAxes(shapeOf(indices), [views.indices.strides, views.added.strides.slice(along, rest)]);
  const inner = rowAxes(node, views.added);
  const buffers: number[] = [];
  const access = (source: Value, offset: number, ofOuter: readonly number[], ofInner: readonly number[]): IndexMap => {
    const buffer = context.bufferOf(source);
    const known = buffers.indexOf(buffer);
    return {
      array: known < 0 ? buffers.push(buffer) - 1 : known,
      dtype: source.type!.dtype, // every type of a program is known
      offset,
      outer: ofOuter,
      inner: ofInner,
    };
  };
  const accesses = [
    access(node, 0, outer.strides[0]!, inner.strides[0]!),
    access(views.indices.source, views.indices.offset, outer.sizes.map(() => 0), updates.strides[0]!),
    access(views.added.source, views.added.offset, outer.strides[1]!, [...updates.strides[1]!, ...inner.strides[1]!]),
  ];
  const kernel: ScatterKernel = {
    kind: "scatter",
    name: node.name,
    outer: outer.sizes,
    updates: updates.sizes,
    inner: inner.sizes,
    length,
    arrays: buffers.length,
    indexMaps: accesses,
    checks: [indexCheck(node)],
    result: 0,
    indices: 1,
    added: 2,
  };
  return { kernel, buffers };
}

/** A scatter is a kernel by itself. */
export const scatterLowering: Lowering = {
  lower: (cluster, context) => [lowerScatter(aloneOperation(cluster), context)],
  // Indices may lie anywhere.
  canRead: (node, operand, view) => operand === 0 || canAddRowsOf(node as TableOperation, view), // scattering is in the table
};
