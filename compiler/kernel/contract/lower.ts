/**
 * Lowering of contractions. The axes of rows, columns and depth come as the operation has them, and go joined: a
 * product of matrices has one of each, a convolution, whose operand is a view of windows, has more.
 * @module
 */
import { type ContractAxes, resolveContractAxes } from "../../../src/ops/contract.ts";
import type { Value } from "../../../src/value.ts";
import type { Cluster } from "../../fusion/fuse.ts";
import type { ContractKernel } from "./kernel.ts";
import { newSection } from "../kernel.ts";
import { KernelBuilder, kernelName, type LoweringContext } from "../kernel_builder.ts";
import { kernelKind } from "../../fusion/kinds.ts";
import { joinAxes } from "../joined_axes.ts";
import type { Lowered } from "../kernel_kind.ts";
import { shapeOf } from "../../passes/view.ts";

/** Turns a cluster around a contraction into a kernel. */
export function lowerContract(cluster: Cluster, context: LoweringContext): Lowered[] {
  const { shape } = cluster.space;
  const ops = [...cluster.ops.values()];
  const root = ops.find((op) => kernelKind(op.node) === "contract")!; // that is what makes it a contraction
  const [x, y] = root.node.inputNodes as [Value, Value]; // a contraction has two operands
  const { rows, depth, columns } = resolveContractAxes(root.node.attributes as ContractAxes); // what contract is applied with
  const stacked = shape.length - rows - columns;
  const builder = new KernelBuilder(cluster, context, shape.map(() => true));

  /** Strides over the stacked axes, aligned at the last one, and those of the operand's own axes. */
  const operandAccess = (operand: Value, own: number): number => {
    const view = context.viewOf(operand);
    const lengths = shapeOf(operand);
    const missing = stacked - (lengths.length - own);
    const outer = shape.slice(0, stacked).map((_, axis) =>
      axis < missing || lengths[axis - missing] === 1 ? 0 : view.strides[axis - missing]!
    );
    const strides = [...outer, ...view.strides.slice(lengths.length - own)];
    return builder.accesses.addOperand(
      context.bufferOf(view.source),
      view.source.type!.dtype,
      view.offset,
      strides,
    );
  };
  const left = operandAccess(x, rows + depth);
  const right = operandAccess(y, depth + columns);
  const result = builder.newId();
  builder.lasting.set(root.node, result);
  const epilogue = newSection();
  for (const op of ops) {
    if (!context.isNeeded(op.node)) continue;
    const arg = op === root ? result : builder.value(op, epilogue, epilogue, new Set());
    epilogue.stores.push({ access: builder.resultAccess(op), arg });
  }

  const { list, buffers } = builder.accesses;
  /** Joins the axes of one group. `axesOf` says which of an access' strides are over them; undefined where none is. */
  const group = (lengths: readonly number[], axesOf: (access: number) => readonly number[] | undefined) => {
    const users = list.map((_, index) => index).filter((index) => axesOf(index) !== undefined);
    const joined = joinAxes(lengths, users.map((index) => axesOf(index)!.map((axis) => list[index]!.strides[axis]!)));
    return {
      sizes: joined.sizes,
      stridesOf: (index: number): readonly number[] => joined.strides[users.indexOf(index)]!,
    };
  };
  const lengthsOf = (axes: readonly number[]): number[] => axes.map((axis) => shape[axis]!);
  // Where the right operand stays the same from one contraction of the stack to the next, they are one with more rows.
  const isRow = (axis: number): boolean => list[right]!.strides[axis] === 0;
  const stack = axisRange(0, stacked);
  const outerAxes = stack.filter((axis) => !isRow(axis));
  const rowAxes = [...stack.filter(isRow), ...axisRange(stacked, rows)];
  const columnAxes = axisRange(stacked + rows, columns);
  const axes = {
    outer: group(lengthsOf(outerAxes), () => outerAxes),
    rows: group(lengthsOf(rowAxes), (index) => index === right ? undefined : rowAxes),
    columns: group(
      lengthsOf(columnAxes),
      (index) => index === left ? undefined : index === right ? axisRange(stacked + depth, columns) : columnAxes,
    ),
    depth: group(shapeOf(x).slice(shapeOf(x).length - depth), (index) => {
      return index === left
        ? axisRange(stacked + rows, depth)
        : index === right
        ? axisRange(stacked, depth)
        : undefined;
    }),
  };
  const kernel: ContractKernel = {
    kind: "contract",
    name: kernelName(cluster),
    outer: axes.outer.sizes,
    lhsFree: axes.rows.sizes,
    rhsFree: axes.columns.sizes,
    contracting: axes.depth.sizes,
    arrays: buffers.length,
    indexMaps: list.map(({ array, dtype, offset }, index) => {
      const first = index === right ? axes.depth : axes.rows;
      const second = index === left ? axes.depth : axes.columns;
      const inner = [...first.stridesOf(index), ...second.stridesOf(index)];
      return { array, dtype, offset, outer: axes.outer.stridesOf(index), inner };
    }),
    checks: builder.checks,
    left,
    right,
    dtype: root.node.type!.dtype,
    result,
    prologue: builder.prologue,
    epilogue,
  };
  return [{ kernel, buffers }];
}

/** `count` whole numbers from `start` on. */
function axisRange(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start + index);
}
