/**
 * Lowering of maps and rows: a cluster of operations to a kernel.
 * @module
 */
import type { ReductionName } from "../../../src/ops/table.ts";
import type { Value } from "../../../src/value.ts";
import { type Frame, givesIndex, type Member } from "../../fusion/frame.ts";
import type { Cluster } from "../../fusion/fuse.ts";
import { type Access, type Id, newSection, type Section } from "../kernel.ts";
import { collapseAxes, type LoopAxes } from "../joined_axes.ts";
import { assignPasses, findSpills, isElementMember } from "../../fusion/passes.ts";
import { type FrameAccess, KernelBuilder, kernelName, type LoweringContext } from "../kernel_builder.ts";
import type { Lowered } from "../kernel_kind.ts";
import type { LoopKernel } from "./kernel.ts";

/** Turns a cluster whose frame is a map or a row into a kernel. */
export function lowerLoops(cluster: Cluster, context: LoweringContext): Lowered[] {
  const { frame } = cluster;
  const members = [...cluster.members.values()];
  const { passOf, passes } = assignPasses(cluster, context);
  const spilled = findSpills(cluster, context, passOf, passes);
  const builder = new KernelBuilder(cluster, context, innerAxesOf(frame));
  const stored = (member: Member): boolean => context.isNeeded(member.node) || spilled.has(member.node);
  const after = newSection();
  const total = newSection();
  const sections: { before: Section; loop: Section }[] = [];
  const totals = new Set<Id>();
  const finished = new Set<Value>(); // stored in an earlier pass
  const reduce = (member: Member, section: Section, row: Section): Id => {
    const id = addReduction(builder, member, section, row, finished);
    if (member.level === "total") totals.add(id);
    return id;
  };
  for (let pass = 0; pass < passes; pass++) {
    const before = newSection();
    const loop = newSection();
    sections.push({ before, loop });
    builder.passValues = new Map();
    const reduced: [Member, Id][] = [];
    for (const member of members) {
      if (member.inputLevel !== "element" || passOf.get(member.node) !== pass) continue;
      if (isElementMember(member)) {
        if (stored(member)) {
          loop.stores.push({
            access: builder.resultAccess(member),
            arg: builder.value(member, loop, before, finished),
          });
        }
      } else {
        reduced.push([member, reduce(member, loop, before)]);
      }
    }
    // A reduction's result is known once its pass has ended.
    for (const [member, id] of reduced) builder.lasting.set(member.node, id);
    for (const member of members) {
      if (isElementMember(member) && passOf.get(member.node) === pass && stored(member)) finished.add(member.node);
    }
  }
  builder.passValues = new Map();
  for (const member of members) {
    if (member.level === "row" && stored(member)) {
      after.stores.push({ access: builder.resultAccess(member), arg: builder.value(member, after, after, finished) });
    } else if (member.level === "total" && member.inputLevel === "row") {
      builder.lasting.set(member.node, reduce(member, after, after));
    }
  }
  for (const member of members) {
    if (member.level === "total" && stored(member)) {
      total.stores.push({ access: builder.resultAccess(member), arg: builder.value(member, total, total, finished) });
    }
  }
  const axes = collapseAxes(frame, builder.accesses.list.map((access) => access.strides));
  const kernel: LoopKernel = {
    kind: "loops",
    name: kernelName(cluster),
    outer: axes.outer.sizes,
    inner: axes.inner.sizes,
    lanes: isReducedLast(frame) ? "inner" : "outer",
    parts: frame.shape.find((size, axis) => frame.reduced[axis] && size !== 1) ?? 1,
    arrays: builder.accesses.buffers.length,
    accesses: builder.accesses.list.map((access, index) => withAxes(access, index, axes)),
    checks: builder.checks,
    prologue: builder.prologue,
    passes: sections,
    after,
    totals,
    total,
  };
  return [{ kernel, buffers: builder.accesses.buffers }];
}

function withAxes(access: FrameAccess, index: number, axes: LoopAxes): Access {
  const { array, dtype, offset } = access;
  return { array, dtype, offset, outer: axes.outer.strides[index]!, inner: axes.inner.strides[index]! };
}

/** Whether the last axis, those of length 1 left out, is one that the inner loops walk. */
function isReducedLast(frame: Frame): boolean {
  const last = frame.shape.findLastIndex((size) => size !== 1);
  return frame.kind !== "row" || last < 0 || frame.reduced[last]!;
}

/** The axes that the inner loops walk: in a row those that are reduced, elsewhere all. */
function innerAxesOf(frame: Frame): readonly boolean[] {
  return frame.kind === "row" ? frame.reduced : frame.shape.map(() => true);
}

function addReduction(
  builder: KernelBuilder,
  member: Member,
  section: Section,
  row: Section,
  spilled: ReadonlySet<Value>,
): Id {
  const { node } = member;
  const name = node.name as ReductionName; // all reductions are in the op table
  const isIndex = givesIndex(node);
  const input = node.inputNodes[0]!;
  const dtype = isIndex ? input.type!.dtype : node.type!.dtype;
  const arg = builder.operand(member, input, dtype, section, row, spilled);
  const id = builder.newId();
  section.reductions.push({ id, name, isIndex, dtype, arg });
  return id;
}
