/**
 * Lowering of maps and rows: a cluster of operations to a kernel.
 * @module
 */
import type { ReductionName } from "../../../src/ops/table.ts";
import type { Value } from "../../../src/value.ts";
import { type FusedOp, givesIndex, type IterationSpace } from "../../fusion/iteration_space.ts";
import type { Cluster } from "../../fusion/fuse.ts";
import { type Id, type IndexMap, newSection, type Section } from "../kernel.ts";
import { collapseAxes, type LoopAxes } from "../joined_axes.ts";
import { assignStages, findSpills, isElementOp } from "../../fusion/loop_stages.ts";
import { KernelBuilder, kernelName, type LoweringContext, type SpaceIndexMap } from "../kernel_builder.ts";
import type { Lowered } from "../kernel_kind.ts";
import type { LoopKernel } from "./kernel.ts";

/** Turns a cluster whose space is a map or a row into a kernel. */
export function lowerLoops(cluster: Cluster, context: LoweringContext): Lowered[] {
  const { space } = cluster;
  const ops = [...cluster.ops.values()];
  const { stageOf, stages } = assignStages(cluster, context);
  const spilled = findSpills(cluster, context, stageOf, stages);
  const builder = new KernelBuilder(cluster, context, innerAxesOf(space));
  const stored = (op: FusedOp): boolean => context.isNeeded(op.node) || spilled.has(op.node);
  const after = newSection();
  const total = newSection();
  const sections: { before: Section; loop: Section }[] = [];
  const totals = new Set<Id>();
  const finished = new Set<Value>(); // stored in an earlier stage
  const reduce = (op: FusedOp, section: Section, row: Section): Id => {
    const id = addReduction(builder, op, section, row, finished);
    if (op.scope === "total") totals.add(id);
    return id;
  };
  for (let stage = 0; stage < stages; stage++) {
    const before = newSection();
    const loop = newSection();
    sections.push({ before, loop });
    builder.passValues = new Map();
    const reduced: [FusedOp, Id][] = [];
    for (const op of ops) {
      if (op.inputScope !== "element" || stageOf.get(op.node) !== stage) continue;
      if (isElementOp(op)) {
        if (stored(op)) {
          loop.stores.push({
            access: builder.resultAccess(op),
            arg: builder.value(op, loop, before, finished),
          });
        }
      } else {
        reduced.push([op, reduce(op, loop, before)]);
      }
    }
    // A reduction's result is known once its stage has ended.
    for (const [op, id] of reduced) builder.lasting.set(op.node, id);
    for (const op of ops) {
      if (isElementOp(op) && stageOf.get(op.node) === stage && stored(op)) finished.add(op.node);
    }
  }
  builder.passValues = new Map();
  for (const op of ops) {
    if (op.scope === "row" && stored(op)) {
      after.stores.push({ access: builder.resultAccess(op), arg: builder.value(op, after, after, finished) });
    } else if (op.scope === "total" && op.inputScope === "row") {
      builder.lasting.set(op.node, reduce(op, after, after));
    }
  }
  for (const op of ops) {
    if (op.scope === "total" && stored(op)) {
      total.stores.push({ access: builder.resultAccess(op), arg: builder.value(op, total, total, finished) });
    }
  }
  const axes = collapseAxes(space, builder.accesses.list.map((access) => access.strides));
  const kernel: LoopKernel = {
    kind: "loops",
    name: kernelName(cluster),
    outer: axes.outer.sizes,
    inner: axes.inner.sizes,
    lanes: isReducedLast(space) ? "inner" : "outer",
    parts: space.shape.find((size, axis) => space.reduced[axis] && size !== 1) ?? 1,
    arrays: builder.accesses.buffers.length,
    indexMaps: builder.accesses.list.map((access, index) => withAxes(access, index, axes)),
    checks: builder.checks,
    prologue: builder.prologue,
    stages: sections,
    after,
    totals,
    total,
  };
  return [{ kernel, buffers: builder.accesses.buffers }];
}

function withAxes(access: SpaceIndexMap, index: number, axes: LoopAxes): IndexMap {
  const { array, dtype, offset } = access;
  return { array, dtype, offset, outer: axes.outer.strides[index]!, inner: axes.inner.strides[index]! };
}

/** Whether the last axis, those of length 1 left out, is one that the inner loops walk. */
function isReducedLast(space: IterationSpace): boolean {
  const last = space.shape.findLastIndex((size) => size !== 1);
  return space.kind !== "row" || last < 0 || space.reduced[last]!;
}

/** The axes that the inner loops walk: in a row those that are reduced, elsewhere all. */
function innerAxesOf(space: IterationSpace): readonly boolean[] {
  return space.kind === "row" ? space.reduced : space.shape.map(() => true);
}

function addReduction(
  builder: KernelBuilder,
  op: FusedOp,
  section: Section,
  row: Section,
  spilled: ReadonlySet<Value>,
): Id {
  const { node } = op;
  const name = node.name as ReductionName; // all reductions are in the op table
  const isIndex = givesIndex(node);
  const input = node.inputNodes[0]!;
  const dtype = isIndex ? input.type!.dtype : node.type!.dtype;
  const arg = builder.operand(op, input, dtype, section, row, spilled);
  const id = builder.newId();
  section.reductions.push({ id, name, isIndex, dtype, arg });
  return id;
}
