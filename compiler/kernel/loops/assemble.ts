/**
 * Assembly: concat and pad, as one copy per piece into its place in the result.
 * @module
 */
import type { DType } from "../../../src/dtype.ts";
import type { AssembleOp } from "../../../src/ops/primitive.ts";
import type { Strided } from "../../../src/ops/geometry/strided.ts";
import { type Shape, stridesOf } from "../../../src/shape.ts";
import type { LoopKernel } from "./kernel.ts";
import { type IndexMap, newSection } from "../kernel.ts";
import { tensorOver } from "../../../src/tensor.ts";
import { TensorType } from "../../../src/tensor_type.ts";
import type { Buffer } from "../../program/program_builder.ts";
import type { Cluster } from "../../fusion/clusters.ts";
import type { LoweringContext } from "../kernel_builder.ts";
import { aloneOperation, type Lowered } from "../kernel_kind.ts";
import { collapseAxes } from "../joined_axes.ts";
import { shapeOf } from "../../passes/view.ts";

/** The kernels that put an operation's result together. */
export function assemble(cluster: Cluster, context: LoweringContext): Lowered[] {
  const node = aloneOperation(cluster);
  const { op, attributes, inputNodes } = node;
  const shape = shapeOf(node);
  const { fill, pieces } = (op as AssembleOp).assembly(inputNodes.map(shapeOf), shape, attributes); // its kind says so
  const to = { buffer: context.bufferOf(node), dtype: node.type!.dtype };
  const copies = pieces.map((piece, index) => {
    const input = inputNodes[index]!; // there is a piece for each
    const { source, offset, strides } = context.viewOf(input);
    const from = { buffer: context.bufferOf(source), dtype: source.type!.dtype, offset, strides };
    return copyKernel(`${op.name}_piece`, shapeOf(input), from, { ...to, ...piece });
  });
  if (fill === undefined) return copies;
  const from = {
    buffer: context.addBuffer(fillOf(fill)),
    dtype: "float64",
    offset: 0,
    strides: shape.map(() => 0),
  } as const;
  return [copyKernel(`${op.name}_fill`, shape, from, { ...to, offset: 0, strides: stridesOf(shape) }), ...copies];
}

/** A buffer that holds one number. */
function fillOf(value: number): Buffer {
  const type = new TensorType("float64", []);
  return { kind: "constant", tensor: tensorOver(new Float64Array([value]), type), type };
}

interface PieceLocation extends Strided {
  readonly buffer: number;
  readonly dtype: DType;
}

/** A kernel that copies a box of elements, converting them. */
function copyKernel(name: string, shape: Shape, from: PieceLocation, to: PieceLocation): Lowered {
  const axes = collapseAxes({ kind: "map", shape, reduced: [] }, [from.strides, to.strides]);
  const access = (place: PieceLocation, index: number): IndexMap => ({
    array: index,
    dtype: place.dtype,
    offset: place.offset,
    outer: axes.outer.strides[index]!,
    inner: axes.inner.strides[index]!,
  });
  const loop = newSection();
  loop.steps.push({ kind: "load", id: 0, access: 0 }, { kind: "cast", id: 1, from: from.dtype, to: to.dtype, arg: 0 });
  loop.stores.push({ access: 1, arg: 1 });
  const kernel: LoopKernel = {
    kind: "loops",
    name,
    outer: axes.outer.sizes,
    inner: axes.inner.sizes,
    lanes: "inner",
    parts: 1,
    arrays: 2,
    indexMaps: [access(from, 0), access(to, 1)],
    checks: [],
    prologue: newSection(),
    stages: [{ before: newSection(), loop }],
    after: newSection(),
    totals: new Set(),
    total: newSection(),
  };
  return { kernel, buffers: [from.buffer, to.buffer] };
}
