/**
 * Lowering: a cluster of operations to a kernel.
 * @module
 */
import type { DType } from "../src/dtype.ts";
import type { ElementwiseOp } from "../src/ops/elementwise.ts";
import type { Value } from "../src/value.ts";
import { accessStrides, type Cluster, type Frame, type Member } from "./fuse.ts";
import {
  type Access,
  type ContractKernel,
  type Id,
  type Kernel,
  newSection,
  type ReductionName,
  type Section,
} from "./kernel.ts";
import { kernelKind } from "./kinds.ts";
import { collapseAxes, type LoopAxes } from "./loops.ts";
import { shapeOf, type View } from "./view.ts";

/** What lowering needs to know of the whole program. */
export interface LoweringContext {
  viewOf(node: Value): View;
  /** Whether a node's result is needed outside of its cluster. */
  isNeeded(node: Value): boolean;
  /** The number of the program's buffer for a node's array; makes one if there is none. */
  bufferOf(node: Value): number;
}

/** A kernel, and the program's buffers that its arrays are. */
export interface Lowered {
  readonly kernel: Kernel;
  readonly buffers: readonly number[];
}

/** Operations so cheap that a later pass computes them again rather than loading them. */
const cheap = new Set([
  "add",
  "sub",
  "mul",
  "neg",
  "abs",
  "cast",
  "where",
  "maximum",
  "minimum",
  "sign",
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
  "logicalAnd",
  "logicalOr",
  "logicalNot",
  "logicalXor",
  "relu",
]);

/** An access over the axes of a frame, before those are collapsed. */
interface FrameAccess {
  readonly array: number;
  readonly dtype: DType;
  readonly offset: number;
  readonly strides: readonly number[];
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

/** Arrays and accesses of one kernel, each listed once. */
class Accesses {
  readonly list: FrameAccess[] = [];
  readonly buffers: number[] = [];
  readonly #known = new Map<string, number>();

  add(buffer: number, dtype: DType, offset: number, strides: readonly number[]): number {
    let array = this.buffers.indexOf(buffer);
    if (array < 0) array = this.buffers.push(buffer) - 1;
    const key = `${array} ${offset} ${strides.join()}`;
    let index = this.#known.get(key);
    if (index === undefined) this.#known.set(key, index = this.list.push({ array, dtype, offset, strides }) - 1);
    return index;
  }
}

/** Computes members on demand, each once per scope, and notes the steps. */
class Builder {
  readonly accesses = new Accesses();
  readonly prologue: Section = newSection();
  readonly #cluster: Cluster;
  readonly #context: LoweringContext;
  readonly #innerAxes: readonly boolean[];
  /** Values that hold for the whole kernel or for a row; those of the present pass are in `passValues`. */
  readonly lasting = new Map<Value | string, Id>();
  passValues = new Map<Value | string, Id>();
  #next = 0;

  constructor(cluster: Cluster, context: LoweringContext, innerAxes: readonly boolean[]) {
    this.#cluster = cluster;
    this.#context = context;
    this.#innerAxes = innerAxes;
  }

  newId(): Id {
    return this.#next++;
  }

  /** The access to all of a member's result. */
  resultAccess(member: Member): number {
    return this.accesses.add(this.#context.bufferOf(member.node), member.node.type!.dtype, 0, member.strides);
  }

  /** The value of a member's operand, brought to `dtype`. `row` takes the steps that only depend on the row. */
  operand(member: Member, input: Value, dtype: DType, section: Section, row: Section, spilled: ReadonlySet<Value>): Id {
    const view = this.#context.viewOf(input);
    const producer = this.#cluster.members.get(view.source);
    let id: Id;
    if (producer !== undefined) {
      id = this.value(producer, section, row, spilled);
    } else {
      const strides = accessStrides(input, view, member, this.#cluster.frame);
      id = this.#load(
        this.accesses.add(this.#context.bufferOf(view.source), view.source.type!.dtype, view.offset, strides),
        section,
        row,
      );
    }
    return this.convert(id, view.source.type!.dtype, dtype, section, row);
  }

  /** The element that an access finds. What this kernel itself has `written`, in an earlier pass, is no prologue's to load. */
  #load(access: number, section: Section, row: Section, written = false): Id {
    const { strides } = this.accesses.list[access]!;
    const key = `load ${access}`;
    const known = this.lasting.get(key) ?? this.passValues.get(key);
    if (known !== undefined) return known;
    const id = this.newId();
    const varies = (axis: number): boolean => strides[axis] !== 0 && this.#cluster.frame.shape[axis] !== 1;
    const step = { kind: "load", id, access } as const;
    if (!written && !strides.some((_, axis) => varies(axis))) {
      this.lasting.set(key, id);
      this.prologue.steps.push(step);
    } else if (section !== row && !strides.some((_, axis) => this.#innerAxes[axis] && varies(axis))) {
      this.lasting.set(key, id);
      row.steps.push(step);
    } else {
      (section === row ? this.lasting : this.passValues).set(key, id);
      section.steps.push(step);
    }
    return id;
  }

  /** `id` in another dtype, next to where it was computed. */
  convert(id: Id, from: DType, to: DType, section: Section, row: Section): Id {
    if (from === to) return id;
    const key = `cast ${id} ${to}`;
    const known = this.lasting.get(key) ?? this.passValues.get(key);
    if (known !== undefined) return known;
    const home = [this.prologue, row].find((each) => each.steps.some((step) => step.id === id)) ?? section;
    const cast = this.newId();
    home.steps.push({ kind: "cast", id: cast, from, to, arg: id });
    (home === section && section !== row ? this.passValues : this.lasting).set(key, cast);
    return cast;
  }

  /** The value of a member. Those of earlier passes in `spilled` are loaded back; reductions are known already. */
  value(member: Member, section: Section, row: Section, spilled: ReadonlySet<Value>): Id {
    const { node } = member;
    const known = this.lasting.get(node) ?? this.passValues.get(node);
    if (known !== undefined) return known;
    if (spilled.has(node)) return this.#load(this.resultAccess(member), section, row, true);
    // What is the same for the whole row is computed before the loop, not in it.
    const home = member.level === "element" ? section : row;
    let id: Id;
    if (node.name === "cast") {
      const [input] = node.inputNodes as [Value]; // a cast has one input
      id = this.operand(member, input, node.type!.dtype, home, row, spilled);
    } else {
      const op = node.op as ElementwiseOp; // reductions are known when they are asked for, and a contraction is set at the start
      const types = node.inputNodes.map((input) => input.type!);
      const dtype = op.operandDType(types);
      const args = node.inputNodes.map((input, index) =>
        this.operand(member, input, op.name === "where" && index === 0 ? "bool" : dtype, home, row, spilled)
      );
      id = this.newId();
      home.steps.push({ kind: "apply", id, op, dtype, result: node.type!.dtype, args });
    }
    (home === section && section !== row ? this.passValues : this.lasting).set(node, id);
    return id;
  }
}

function lowerLoops(cluster: Cluster, context: LoweringContext): Lowered {
  const { frame } = cluster;
  const members = [...cluster.members.values()];
  const { passOf, passes } = assignPasses(cluster, context);
  const spilled = findSpills(cluster, context, passOf, passes);
  const builder = new Builder(cluster, context, innerAxesOf(frame));
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
  builder: Builder,
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
      if (passOf.get(node)! < pass && (context.isNeeded(node) || !cheap.has(member.node.name))) {
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
  const builder = new Builder(cluster, context, frame.shape.map(() => true));
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
    const arg = member === root ? result : builder.value(member, epilogue, newSection(), new Set());
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
