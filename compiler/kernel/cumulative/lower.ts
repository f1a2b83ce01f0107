/**
 * Lowering of cumulative operations. Their operand is read where it lies, along whatever axis and from whichever end.
 * @module
 */
import { isFloating } from "../../../src/dtype.ts";
import type { CumulativeAttributes } from "../../../src/ops/cumulative.ts";
import type { CumulativeOp } from "../../../src/ops/primitive.ts";
import { sizeOf, stridesOf } from "../../../src/shape.ts";
import { TensorType } from "../../../src/tensor_type.ts";
import type { Cluster } from "../../fusion/clusters.ts";
import { shapeOf } from "../../passes/view.ts";
import { joinAxes } from "../joined_axes.ts";
import type { IndexMap } from "../kernel.ts";
import type { LoweringContext } from "../kernel_builder.ts";
import { aloneOperation, type Lowered } from "../kernel_kind.ts";
import { blockOf } from "./partition.ts";
import type { CumulativeKernel } from "./kernel.ts";

/** Turns a cumulative operation into a kernel, or into two where its lines are cut into blocks. */
export function lowerCumulative(cluster: Cluster, context: LoweringContext): Lowered[] {
  const node = aloneOperation(cluster);
  const { axis, includeInitial, reverse } = node.attributes as Required<CumulativeAttributes>; // as they are once canonical
  const x = node.inputNodes[0]!; // it has one operand
  const view = context.viewOf(x);
  const shape = shapeOf(x);
  const length = shape[axis]!;
  const strides = stridesOf(shapeOf(node));
  const isOfLines = (_: number, each: number): boolean => each !== axis;
  const lines = joinAxes(shape.filter(isOfLines), [view.strides.filter(isOfLines), strides.filter(isOfLines)]);
  const count = sizeOf(lines.sizes);
  const block = blockOf(count, length, lines.strides[1]!);
  const blocks = Math.max(1, Math.ceil(length / Math.max(block, 1)));
  const { dtype } = node.type!; // every type is known
  const common = {
    kind: "cumulative",
    combines: (node.op as CumulativeOp).combines, // its lowering says so
    dtype: isFloating(dtype) ? "float64" : dtype,
    length,
    block,
    checks: [],
    operand: 0,
    result: 1,
  } as const;
  /** The access to what lies so along the axis, and so along those of lines; from the other end where that is asked for. */
  const alongLines = (
    array: number,
    dtype: IndexMap["dtype"],
    start: number,
    step: number,
    own: number[],
  ): IndexMap => {
    const along = reverse ? -step : step;
    return {
      array,
      dtype,
      offset: start + (reverse ? (length - 1) * step : 0),
      outer: blocks > 1 ? [along * block, ...own] : own,
      inner: [along],
    };
  };
  const source = view.source.type!.dtype;
  const operand = alongLines(0, source, view.offset, view.strides[axis]!, lines.strides[0]!);
  const step = strides[axis]!;
  const result = alongLines(1, dtype, includeInitial && !reverse ? step : 0, step, lines.strides[1]!);
  const buffers = [context.bufferOf(view.source), context.bufferOf(node)];
  if (blocks === 1) {
    const kernel: CumulativeKernel = {
      ...common,
      name: node.name,
      stage: "whole",
      includesInitial: includeInitial,
      outer: lines.sizes,
      arrays: 2,
      indexMaps: [operand, result],
      totals: undefined,
    };
    return [{ kernel, buffers }];
  }
  // Totals of the same block lie next to each other, as lines often do.
  const totals = context.addBuffer({ kind: "scratch", type: new TensorType(common.dtype, [blocks - 1, count]) });
  const ofTotals = { dtype: common.dtype, offset: 0, inner: [count] };
  const first: CumulativeKernel = {
    ...common,
    name: `${node.name}_totals`,
    stage: "totals",
    includesInitial: false,
    outer: [blocks - 1, ...lines.sizes],
    arrays: 2,
    indexMaps: [operand, { ...ofTotals, array: 1, outer: [count, ...stridesOf(lines.sizes)] }],
    totals: undefined,
  };
  const second: CumulativeKernel = {
    ...common,
    name: node.name,
    stage: "blocks",
    includesInitial: includeInitial,
    outer: [blocks, ...lines.sizes],
    arrays: 3,
    indexMaps: [operand, result, { ...ofTotals, array: 2, outer: [0, ...stridesOf(lines.sizes)] }],
    totals: 2,
  };
  return [{ kernel: first, buffers: [buffers[0]!, totals] }, { kernel: second, buffers: [...buffers, totals] }];
}
