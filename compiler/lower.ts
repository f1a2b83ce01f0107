/**
 * Lowering: a cluster of operations to a kernel.
 * @module
 */
import type { Value } from "../src/value.ts";
import type { Frame, Member } from "./frame.ts";
import type { Cluster } from "./fuse.ts";
import {
  type Access,
  type ContractKernel,
  type Id,
  type Kernel,
  newSection,
  type ReductionName,
  type Section,
} from "./kernel.ts";
import { isCheap, kernelKind } from "./kinds.ts";
import { collapseAxes, type LoopAxes } from "./loops.ts";
import { shapeOf } from "./view.ts";
import { type FrameAccess, KernelBuilder, type LoweringContext } from "./kernel_builder.ts";

/** A kernel, and the program's buffers that its arrays are. */
export interface Lowered {
  readonly kernel: Kernel;
  readonly buffers: readonly number[];
}

/** Turns a cluster into a kernel. */
export function lower(cluster: Cluster, context: LoweringContext): Lowered {
  return cluster.frame.kind === "contract" ? lowerContract(cluster, context) : lowerLoops(cluster, context);
}

/** A name that says what the kernel does: its operations in order, shortened. */
export function kernelName(cluster: Cluster): string {
  const names = [...cluster.members.values()].map((member) => member.node.name).filter((name) => name !== "cast");
  const shown = names.length > 6 ? [...names.slice(0, 5), `${names.length - 5}more`] : names;
  return shown.length === 0 ? "copy" : shown.join("_");
}

function lowerLoops(cluster: Cluster, context: LoweringContext): Lowered {
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
  const reduce = (member: Member, section: Section, row: Section): Id => {
    const id = addReduction(builder, member, section, row, finished);
    if (member.level === "total") totals.add(id);
    return id;
  };
  const finished = new Set<Value>(); // stored in an earlier pass
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
  return {
    buffers: builder.accesses.buffers,
    kernel: {
      kind: "loops",
      name: kernelName(cluster),
      outer: axes.outer.sizes,
      inner: axes.inner.sizes,
      arrays: builder.accesses.buffers.length,
      accesses: builder.accesses.list.map((access, index) => withAxes(access, index, axes)),
      prologue: builder.prologue,
      passes: sections,
      after,
      totals,
      total,
    },
  };
}

function withAxes(access: FrameAccess, index: number, axes: LoopAxes): Access {
  const { array, dtype, offset } = access;
  return { array, dtype, offset, outer: axes.outer.strides[index]!, inner: axes.inner.strides[index]! };
}

function isElementMember(member: Member): boolean {
  return member.level === "element" && kernelKind(member.node) === "elementwise";
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
  const name = node.name as ReductionName; // kernelKind told that it is one
  const input = node.inputNodes[0]!;
  const ofElements = name === "argmax" || name === "argmin";
  const dtype = ofElements ? input.type!.dtype : node.type!.dtype;
  const arg = builder.operand(member, input, dtype, section, row, spilled);
  const id = builder.newId();
  section.reductions.push({ id, name, dtype, arg });
  return id;
}

/**
 * The pass in which each member that works on elements is computed: the first after everything it needs of its row
 * is known.
 */
function assignPasses(cluster: Cluster, context: LoweringContext): { passOf: Map<Value, number>; passes: number } {
  const passOf = new Map<Value, number>();
  /** For what is known per row: the first pass that may use it. */
  const knownFrom = new Map<Value, number>();
  let passes = 1;
  for (const member of cluster.members.values()) {
    let pass = 0;
    for (const input of member.node.inputNodes) {
      const { source } = context.viewOf(input);
      pass = Math.max(pass, passOf.get(source) ?? 0, knownFrom.get(source) ?? 0);
    }
    if (member.inputLevel === "element") {
      passOf.set(member.node, pass);
      passes = Math.max(passes, pass + 1);
      if (member.level !== "element") knownFrom.set(member.node, pass + 1);
    } else {
      knownFrom.set(member.node, pass);
    }
  }
  return { passOf, passes };
}

/** Costly members that a later pass needs again: they are written down in the pass that computes them first. */
function findSpills(
  cluster: Cluster,
  context: LoweringContext,
  passOf: ReadonlyMap<Value, number>,
  passes: number,
): Set<Value> {
  const spilled = new Set<Value>();
  for (let pass = 1; pass < passes; pass++) {
    const seen = new Set<Value>();
    const demand = (node: Value): void => {
      const member = cluster.members.get(node);
      if (member === undefined || seen.has(node) || !isElementMember(member)) return;
      seen.add(node);
      if (passOf.get(node)! < pass && (context.isNeeded(node) || !isCheap(member.node.name))) {
        spilled.add(node);
        return;
      }
      for (const input of member.node.inputNodes) demand(context.viewOf(input).source);
    };
    for (const member of cluster.members.values()) {
      if (member.inputLevel !== "element" || passOf.get(member.node) !== pass) continue;
      if (isElementMember(member)) demand(member.node);
      else demand(context.viewOf(member.node.inputNodes[0]!).source);
    }
  }
  return spilled;
}

function lowerContract(cluster: Cluster, context: LoweringContext): Lowered {
  const { frame } = cluster;
  const members = [...cluster.members.values()];
  const root = members.find((member) => kernelKind(member.node) === "contract")!; // that is what makes it a contraction
  const rank = frame.shape.length;
  const [x, y] = root.node.inputNodes as [Value, Value]; // a contraction has two operands
  const builder = new KernelBuilder(cluster, context, frame.shape.map(() => true));
  const dtype = root.node.type!.dtype;
  const depth = shapeOf(x).at(-1)!;
  const outerSizes = frame.shape.slice(0, -2);

  /** Strides over the stacked axes, aligned at the last one, and those of the two matrix axes. */
  const operandAccess = (operand: Value): { access: number; matrix: readonly number[] } => {
    const view = context.viewOf(operand);
    const shape = shapeOf(operand);
    const leading = rank - shape.length;
    const outer = outerSizes.map((_, axis) =>
      axis < leading || shape[axis - leading] === 1 ? 0 : view.strides[axis - leading]!
    );
    const matrix = view.strides.slice(-2);
    const access = builder.accesses.add(context.bufferOf(view.source), view.source.type!.dtype, view.offset, [
      ...outer,
      ...matrix,
    ]);
    return { access, matrix };
  };
  const left = operandAccess(x).access;
  const right = operandAccess(y).access;
  const result = builder.newId();
  builder.lasting.set(root.node, result);
  const epilogue = newSection();
  for (const member of members) {
    if (!context.isNeeded(member.node)) continue;
    const arg = member === root ? result : builder.value(member, epilogue, epilogue, new Set());
    epilogue.stores.push({ access: builder.resultAccess(member), arg });
  }
  const kernel: ContractKernel = {
    kind: "contract",
    name: kernelName(cluster),
    outer: outerSizes,
    rows: frame.shape[rank - 2]!,
    columns: frame.shape[rank - 1]!,
    depth,
    arrays: builder.accesses.buffers.length,
    accesses: builder.accesses.list.map(({ array, dtype, offset, strides }) => ({
      array,
      dtype,
      offset,
      outer: strides.slice(0, -2),
      inner: strides.slice(-2),
    })),
    left,
    right,
    dtype,
    result,
    prologue: builder.prologue,
    epilogue,
  };
  return { kernel, buffers: builder.accesses.buffers };
}
