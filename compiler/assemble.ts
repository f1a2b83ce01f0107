/**
 * Assembly: concat and pad, as one copy per piece into its place in the result.
 * @module
 */
import type { TableOperation } from "../src/graph/operation.ts";
import { type PadAttributes, resolvePad } from "../src/ops/movement.ts";
import { type Shape, stridesOf } from "../src/shape.ts";
import type { Value } from "../src/value.ts";
import { type Access, type LoopKernel, newSection } from "./kernel.ts";
import type { LoweringContext } from "./kernel_builder.ts";
import type { Lowered } from "./lower.ts";
import { collapseAxes } from "./loops.ts";
import { shapeOf } from "./view.ts";

/** What assembly needs of a program. */
export interface AssemblyContext extends LoweringContext {
  constantBuffer(value: number): number;
}

/** The kernels that put `node` together. */
export function assemble(node: TableOperation, context: AssemblyContext): Lowered[] {
  const output = context.bufferOf(node);
  const shape = shapeOf(node);
  const strides = stridesOf(shape);
  const piece = (input: Value, start: number, places: readonly number[] = strides): Lowered => {
    const view = context.viewOf(input);
    return copyKernel(`${node.name}_piece`, shapeOf(input), {
      buffer: context.bufferOf(view.source),
      dtype: view.source.type!.dtype,
      offset: view.offset,
      strides: view.strides,
    }, { buffer: output, dtype: node.type!.dtype, offset: start, strides: places });
  };
  if (node.name === "concat") {
    const given = node.attributes["axis"] as number; // what concat is applied with
    const axis = given < 0 ? given + shape.length : given;
    let start = 0;
    return node.inputNodes.map((input) => {
      const kernel = piece(input, start * strides[axis]!);
      start += shapeOf(input)[axis]!;
      return kernel;
    });
  }
  const attributes = node.attributes as PadAttributes; // what pad is applied with
  const fill = copyKernel("pad_fill", shape, {
    buffer: context.constantBuffer(attributes.value),
    dtype: "float64",
    offset: 0,
    strides: shape.map(() => 0),
  }, { buffer: output, dtype: node.type!.dtype, offset: 0, strides });
  const inside = resolvePad(shape, attributes);
  return [fill, piece(node.inputNodes[0]!, inside.start, inside.strides)];
}

interface Place {
  readonly buffer: number;
  readonly dtype: Access["dtype"];
  readonly offset: number;
  readonly strides: readonly number[];
}

/** A kernel that copies a box of elements, converting them. */
function copyKernel(name: string, shape: Shape, from: Place, to: Place): Lowered {
  const axes = collapseAxes({ kind: "map", shape, reduced: [] }, [from.strides, to.strides]);
  const access = (place: Place, index: number): Access => ({
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
    accesses: [access(from, 0), access(to, 1)],
    checks: [],
    prologue: newSection(),
    passes: [{ before: newSection(), loop }],
    after: newSection(),
    totals: new Set(),
    total: newSection(),
  };
  return { kernel, buffers: [from.buffer, to.buffer] };
}
