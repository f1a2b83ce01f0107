/**
 * Iteration spaces: the loop nest of a kernel, and where an operation is computed in it. Axes of length 1 do not count: shapes
 * correspond when their other axes do, in order.
 * @module
 */
import type { TableOperation } from "../../src/graph/operation.ts";
import { equalShapes, type Shape, stridesOf } from "../../src/shape.ts";
import type { Value } from "../../src/value.ts";
import { type AloneLowering, aloneLowering, kernelKind } from "./kinds.ts";
import { shapeOf, type View } from "../passes/view.ts";

/** How often an op is computed. */
export type Scope = "element" | "row" | "total";

/** The loop nest of a kernel. */
export interface IterationSpace {
  readonly kind: "map" | "row" | "contract" | "host" | AloneLowering;
  readonly shape: Shape;
  /** For rows: whether each axis is reduced, that is walked by the inner loops. */
  readonly reduced: readonly boolean[];
}

/** An operation in a cluster. */
export interface FusedOp {
  readonly node: TableOperation;
  /** Of its result. */
  readonly scope: Scope;
  /** Of what it reads: for a reduction the scope below, otherwise that of the result. */
  readonly inputScope: Scope;
  /** For each axis of what it reads, a gather of its indices, the space's axis that walks it, or −1 where its length is 1. */
  readonly inputAxes: readonly number[];
  /** Where the space's indices find its result in a row-major array of it. */
  readonly strides: readonly number[];
}

/** The loop nest that a node has when it is alone. */
export function ownIterationSpace(node: Value): IterationSpace | undefined {
  const kind = kernelKind(node);
  switch (kind) {
    case "leaf":
    case "view":
      return undefined;
    case "elementwise":
    case "gather":
      return { kind: "map", shape: shapeOf(node), reduced: [] };
    case "reduce": {
      const operation = node as TableOperation; // reductions are entries of the table
      const shape = shapeOf(operation.inputNodes[0]!);
      const axes = reducedAxes(operation);
      return { kind: "row", shape, reduced: shape.map((_, axis) => axes.includes(axis)) };
    }
    case "contract":
    case "host":
      return { kind, shape: shapeOf(node), reduced: [] };
    case "alone":
      return { kind: aloneLowering(node), shape: shapeOf(node), reduced: [] };
    default:
      return kind satisfies never;
  }
}

/** Whether what has this space shares its kernel with nothing. */
export function standsAlone({ kind }: IterationSpace): boolean {
  return kind !== "map" && kind !== "row" && kind !== "contract";
}

/** Whether two spaces are alike, so that ops are placed in one as in the other. */
export function isSameIterationSpace(a: IterationSpace, b: IterationSpace): boolean {
  if (a === b) return true;
  return a.kind === b.kind && equalShapes(a.shape, b.shape) &&
    a.reduced.every((reduced, axis) => reduced === b.reduced[axis]);
}

/** Whether a node is a reduction whose result is the index of an element. */
export function givesIndex({ op }: TableOperation): boolean {
  return op.lowering === "reduce" && op.givesIndex;
}

/** The axes a reduction takes together, counted from the front. */
export function reducedAxes(node: TableOperation): readonly number[] {
  const { shape } = node.inputNodes[0]!.type!;
  const axes = node.attributes["axes"] as readonly number[] | undefined; // what reductions are applied with
  return axes ?? shape.map((_, axis) => axis);
}

/** The space's axes that a scope walks, those of length 1 left out. */
export function walkedAxes(space: IterationSpace, scope: Scope): number[] {
  const axes = space.shape.map((_, axis) => axis).filter((axis) => space.shape[axis] !== 1);
  if (scope === "element") return axes;
  return scope === "row" ? axes.filter((axis) => !space.reduced[axis]) : [];
}

/** The first of the space's axes from `axis` on that a scope walks; its rank when there is none. */
function nextWalked({ shape, reduced }: IterationSpace, scope: Scope, axis: number): number {
  if (scope === "total") return shape.length;
  let next = axis;
  while (next < shape.length && (shape[next] === 1 || scope === "row" && reduced[next]!)) next++;
  return next;
}

/** For each axis of `shape`, the space's axis that walks it at this scope; undefined when they do not correspond. */
function matchAxes(shape: Shape, space: IterationSpace, scope: Scope): number[] | undefined {
  let axis = nextWalked(space, scope, 0);
  const result: number[] = [];
  for (const size of shape) {
    if (size === 1) {
      result.push(-1);
    } else {
      if (space.shape[axis] !== size) return undefined; // there may be none
      result.push(axis);
      axis = nextWalked(space, scope, axis + 1);
    }
  }
  return axis === space.shape.length ? result : undefined;
}

/** Strides over a node's own axes as strides over the space's. */
function spaceStrides(strides: readonly number[], axes: readonly number[], rank: number): number[] {
  const result = new Array<number>(rank).fill(0);
  for (let index = 0; index < axes.length; index++) {
    const axis = axes[index]!;
    if (axis >= 0) result[axis] = strides[index]!;
  }
  return result;
}

const scopes: readonly Scope[] = ["element", "row", "total"];

/** Where a node is computed in a space; undefined when it does not fit. */
export function fusedOpIn(node: TableOperation, space: IterationSpace): FusedOp | undefined {
  const place = (scope: Scope, inputScope: Scope, inputAxes: readonly number[]): FusedOp | undefined => {
    const axes = matchAxes(shapeOf(node), space, scope);
    return axes && fusedOpAt(node, space, axes, scope, inputScope, inputAxes);
  };
  const kind = kernelKind(node);
  switch (kind) {
    case "elementwise":
    case "gather":
      for (const scope of scopes) {
        const axes = matchAxes(shapeOf(node), space, scope);
        if (axes !== undefined) {
          return fusedOpAt(node, space, axes, scope, scope, kind === "gather" ? indexAxes(node, axes) : axes);
        }
        if (space.kind !== "row") break;
      }
      return undefined;
    case "contract":
      return space.kind === "contract" ? place("element", "element", []) : undefined;
    case "reduce": {
      if (space.kind !== "row") return undefined;
      const shape = shapeOf(node.inputNodes[0]!);
      const axes = reducedAxes(node);
      for (const inputScope of ["element", "row"] as const) {
        const inputAxes = matchAxes(shape, space, inputScope);
        if (inputAxes === undefined) continue;
        const taken = axes.map((axis) => inputAxes[axis]!).filter((axis) => axis >= 0);
        const same = (walked: readonly number[]): boolean =>
          walked.length === taken.length && walked.every((axis) => taken.includes(axis));
        const inner = walkedAxes(space, "element").filter((axis) => space.reduced[axis]);
        if (inputScope === "element" && same(inner)) return place("row", inputScope, inputAxes);
        // An index is only made within a row.
        if (same(walkedAxes(space, inputScope)) && !givesIndex(node)) {
          return place("total", inputScope, inputAxes);
        }
      }
      return undefined;
    }
    default:
      return unplaced(node);
  }
}

/** An op whose result `axes` of the space walk. */
function fusedOpAt(
  node: TableOperation,
  space: IterationSpace,
  axes: readonly number[],
  scope: Scope,
  inputScope: Scope,
  inputAxes: readonly number[],
): FusedOp {
  const strides = spaceStrides(stridesOf(shapeOf(node)), axes, space.shape.length);
  return { node, scope, inputScope, inputAxes, strides };
}

/** An op that shares its kernel with nothing. */
export function unplaced(node: Value): FusedOp {
  return {
    node: node as TableOperation, // an op is an operation
    scope: "element",
    inputScope: "element",
    inputAxes: [],
    strides: stridesOf(shapeOf(node)),
  };
}

/** The strides over the space with which an op reads an input. */
export function accessStrides(input: Value, view: View, op: FusedOp, space: IterationSpace): number[] {
  const shape = shapeOf(input);
  // Operands broadcast: they are aligned with the shape the op works on at the last axis.
  const leading = op.inputAxes.length - shape.length;
  const result = new Array<number>(space.shape.length).fill(0);
  for (let axis = 0; axis < shape.length; axis++) {
    const walking = shape[axis] === 1 ? -1 : op.inputAxes[leading + axis]!;
    if (walking >= 0) result[walking] = view.strides[axis]!;
  }
  return result;
}

/** The axis that a gather takes from, and how many axes of indices take its place. */
function takenAxis(node: TableOperation): { along: number; covered: number } {
  const [, indices] = node.inputNodes as readonly [Value, Value]; // take has two operands
  const along = node.attributes["axis"] as number; // what take is applied with
  return { along, covered: shapeOf(indices).length };
}

/** Of the space's axes that walk the result of a gather, those that come from its indices. */
function indexAxes(node: TableOperation, axes: readonly number[]): number[] {
  const { along, covered } = takenAxis(node);
  return axes.slice(along, along + covered);
}

/** How a gather reads what it takes from: the strides over the space, and those of the axis which the index walks. */
export function gatherStrides(
  view: View,
  op: FusedOp,
  space: IterationSpace,
): { strides: number[]; stride: number; length: number } {
  const { along, covered } = takenAxis(op.node);
  const axes = matchAxes(shapeOf(op.node), space, op.scope)!; // that is how it was placed
  const strides = view.strides.toSpliced(along, 1, ...new Array<number>(covered).fill(0));
  return {
    strides: spaceStrides(strides, axes, space.shape.length),
    stride: view.strides[along]!,
    length: shapeOf(op.node.inputNodes[0]!)[along]!,
  };
}
