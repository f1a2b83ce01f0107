/**
 * The values of a kernel while it is built: each is computed once, where it first holds. What never changes is loaded
 * before all loops, what holds for a row before the row's passes, and everything else in the pass that needs it.
 * @module
 */
import type { DType } from "../../src/dtype.ts";
import type { TableOperation } from "../../src/graph/operation.ts";
import type { IndexingOp } from "../../src/ops/primitive.ts";
import type { Intrinsic } from "../../src/ops/table.ts";
import type { Value } from "../../src/value.ts";
import { accessStrides, type FusedOp, gatherStrides } from "../fusion/iteration_space.ts";
import type { Cluster } from "../fusion/fuse.ts";
import { type Id, type IndexCheck, newSection, type Section } from "./kernel.ts";
import { kernelKind } from "../fusion/kinds.ts";
import type { Buffer } from "../program/program_builder.ts";
import type { View } from "../passes/view.ts";

/** What lowering needs to know of the whole program. */
export interface LoweringContext {
  viewOf(node: Value): View;
  /** Whether a node is a single number that every kernel computes for itself. */
  isRematerialized(node: Value): boolean;
  /** Whether a node's result is needed outside of its cluster. */
  isNeeded(node: Value): boolean;
  /** The number of the program's buffer for a node's array; makes one if there is none. */
  bufferOf(node: Value): number;
  /** The number of one more of the program's buffers, which no node has. */
  addBuffer(buffer: Buffer): number;
}

/** A name that says what the kernel does: its operations in order, shortened. */
export function kernelName(cluster: Cluster): string {
  const named = [...cluster.ops.values()].filter(({ node }) => node.op.lowering !== "convert");
  const names = named.map(({ node }) => node.name);
  const shown = names.length > 6 ? [...names.slice(0, 5), `${names.length - 5}more`] : names;
  return shown.length === 0 ? "copy" : shown.join("_");
}

/** An access over the axes of a space, before those are collapsed. */
export interface SpaceIndexMap {
  readonly array: number;
  readonly dtype: DType;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Arrays and accesses of one kernel, each listed once. */
class Accesses {
  readonly list: SpaceIndexMap[] = [];
  readonly buffers: number[] = [];
  readonly #known = new Map<string, number>();

  add(buffer: number, dtype: DType, offset: number, strides: readonly number[]): number {
    const array = this.#arrayOf(buffer);
    const key = `${array} ${offset} ${strides.join()}`;
    let index = this.#known.get(key);
    if (index === undefined) this.#known.set(key, index = this.list.push({ array, dtype, offset, strides }) - 1);
    return index;
  }

  /** An access over axes of its own, which nothing else has a use for. */
  addOperand(buffer: number, dtype: DType, offset: number, strides: readonly number[]): number {
    return this.list.push({ array: this.#arrayOf(buffer), dtype, offset, strides }) - 1;
  }

  #arrayOf(buffer: number): number {
    const known = this.buffers.indexOf(buffer);
    return known < 0 ? this.buffers.push(buffer) - 1 : known;
  }
}

/** Computes ops on demand, each once per scope, and notes the steps. */
export class KernelBuilder {
  readonly accesses = new Accesses();
  readonly checks: IndexCheck[] = [];
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

  /** The access to all of an op's result. */
  resultAccess(op: FusedOp): number {
    return this.accesses.add(this.#context.bufferOf(op.node), op.node.type!.dtype, 0, op.strides);
  }

  /** The value of an op's operand, brought to `dtype`. `row` takes the steps that only depend on the row. */
  operand(op: FusedOp, input: Value, dtype: DType, section: Section, row: Section, spilled: ReadonlySet<Value>): Id {
    const view = this.#context.viewOf(input);
    const producer = this.#cluster.ops.get(view.source);
    let id: Id;
    if (producer !== undefined) {
      id = this.value(producer, section, row, spilled);
    } else if (this.#context.isRematerialized(view.source)) {
      id = this.#number(view.source as TableOperation); // only operations are computed again
    } else {
      const strides = accessStrides(input, view, op, this.#cluster.space);
      id = this.#load(
        this.accesses.add(this.#context.bufferOf(view.source), view.source.type!.dtype, view.offset, strides),
        section,
        row,
      );
    }
    return this.convert(id, view.source.type!.dtype, dtype, section, row);
  }

  /** A single number that this kernel computes for itself, before its loops. */
  #number(node: TableOperation): Id {
    const known = this.lasting.get(node);
    if (known !== undefined) return known;
    const { prologue } = this;
    const strides = this.#cluster.space.shape.map(() => 0);
    const args = node.inputNodes.map((input, index) => {
      const { source, offset } = this.#context.viewOf(input);
      const arg = this.#context.isRematerialized(source)
        ? this.#number(source as TableOperation) // only operations are computed again
        : this.#load(
          this.accesses.add(this.#context.bufferOf(source), source.type!.dtype, offset, strides),
          prologue,
          prologue,
        );
      return this.convert(arg, source.type!.dtype, operandDType(node, index), prologue, prologue);
    });
    const id = this.#applied(node, args, prologue);
    this.lasting.set(node, id);
    return id;
  }

  /** The element that an access finds. What this kernel itself has `written`, in an earlier pass, is no prologue's to load. */
  #load(access: number, section: Section, row: Section, written = false): Id {
    const { strides } = this.accesses.list[access]!;
    const key = `load ${access}`;
    const known = this.lasting.get(key) ?? this.passValues.get(key);
    if (known !== undefined) return known;
    const id = this.newId();
    const varies = (axis: number): boolean => strides[axis] !== 0 && this.#cluster.space.shape[axis] !== 1;
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
    // The result of a reduction is no step; it is known to the row that comes after.
    const home = [section, this.prologue].find((each) => each.steps.some((step) => step.id === id)) ?? row;
    const cast = this.newId();
    home.steps.push({ kind: "cast", id: cast, from, to, arg: id });
    (home === section && section !== row ? this.passValues : this.lasting).set(key, cast);
    return cast;
  }

  /** The value of an op. Those of earlier passes in `spilled` are loaded back; reductions are known already. */
  value(op: FusedOp, section: Section, row: Section, spilled: ReadonlySet<Value>): Id {
    const { node } = op;
    const known = this.lasting.get(node) ?? this.passValues.get(node);
    if (known !== undefined) return known;
    if (spilled.has(node)) return this.#load(this.resultAccess(op), section, row, true);
    // What is the same for the whole row is computed before the loop, not in it.
    const home = op.scope === "element" ? section : row;
    const id = kernelKind(node) === "gather"
      ? this.#gather(op, home, row, spilled)
      : this.#apply(op, home, row, spilled);
    (home === section && section !== row ? this.passValues : this.lasting).set(node, id);
    return id;
  }

  #apply(op: FusedOp, section: Section, row: Section, spilled: ReadonlySet<Value>): Id {
    const { node } = op;
    const args = node.inputNodes.map((input, index) =>
      this.operand(op, input, operandDType(node, index), section, row, spilled)
    );
    return this.#applied(node, args, section);
  }

  /** The value of an element-wise node, from operands of the dtypes that it takes them in. */
  #applied(node: TableOperation, args: readonly Id[], section: Section): Id {
    const { op } = node;
    const [arg] = args as [Id]; // every one has an operand
    if (op.lowering === "convert") return arg; // it was brought to the dtype just now
    const id = this.newId();
    if (op.lowering === "check") {
      const length = op.limit(node.attributes);
      section.steps.push({ kind: "check", id, arg, length, check: this.#check(node) });
    } else {
      // Reductions are known when they are asked for, and a contraction is set at the start: what remains is an intrinsic, and
      // all of them are in the op table.
      const intrinsic = op as Intrinsic;
      const dtype = operandDType(node, args.length - 1);
      section.steps.push({ kind: "apply", id, op: intrinsic, dtype, result: node.type!.dtype, args });
    }
    return id;
  }

  #gather(op: FusedOp, section: Section, row: Section, spilled: ReadonlySet<Value>): Id {
    const { node } = op;
    const [x, indices] = node.inputNodes as readonly [Value, Value]; // a gather has two operands
    const index = this.operand(op, indices, indices.type!.dtype, section, row, spilled);
    const view = this.#context.viewOf(x);
    const { strides, stride, length } = gatherStrides(view, op, this.#cluster.space);
    const access = this.accesses.add(this.#context.bufferOf(view.source), x.type!.dtype, view.offset, strides);
    const id = this.newId();
    section.steps.push({ kind: "gather", id, access, index, length, stride, check: this.#check(node) });
    return id;
  }

  /** The number of a node's check. */
  #check(node: TableOperation): number {
    const known = this.checks.findIndex((check) => check.node === node);
    return known >= 0 ? known : this.checks.push(indexCheck(node)) - 1;
  }
}

/** The check of a node that looks at indices. */
export function indexCheck(node: TableOperation): IndexCheck {
  const types = node.inputNodes.map((input) => input.type!); // every type of a program is known
  const op = node.op as IndexingOp; // it asks for a check
  return { node, describe: (index) => new RangeError(op.indexMessage(index, types, node.attributes)) };
}

/** The dtype that an element-wise operation takes an operand in. */
function operandDType({ op, inputNodes, type }: TableOperation, operand: number): DType {
  if (op.lowering !== "elementwise") return type!.dtype; // of conversions and checks
  return op.operandDType(inputNodes.map((input) => input.type!), operand);
}
