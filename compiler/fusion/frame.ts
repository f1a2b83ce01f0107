/**
 * Frames: the loop nest of a kernel, and where an operation is computed in it. Axes of length 1 do not count: shapes
 * correspond when their other axes do, in order.
 * @module
 */
import type { TableOperation } from "../../src/graph/operation.ts";
import { equalShapes, type Shape, stridesOf } from "../../src/shape.ts";
import type { Value } from "../../src/value.ts";
import { type AloneLowering, aloneLowering, kernelKind } from "./kinds.ts";
import { shapeOf, type View } from "../passes/view.ts";

/** How often a member is computed. */
export type Level = "element" | "row" | "total";

/** The loop nest of a kernel. */
export interface Frame {
  readonly kind: "map" | "row" | "contract" | "host" | AloneLowering;
  readonly shape: Shape;
  /** For rows: whether each axis is reduced, that is walked by the inner loops. */
  readonly reduced: readonly boolean[];
}

/** An operation in a cluster. */
export interface Member {
  readonly node: TableOperation;
  /** Of its result. */
  readonly level: Level;
  /** Of what it reads: for a reduction the level below, otherwise that of the result. */
  readonly inputLevel: Level;
  /** For each axis of what it reads, a gather of its indices, the frame's axis that walks it, or −1 where its length is 1. */
  readonly inputAxes: readonly number[];
  /** Where the frame's indices find its result in a row-major array of it. */
  readonly strides: readonly number[];
}

/** The loop nest that a node has when it is alone. */
export function ownFrame(node: Value): Frame | undefined {
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

/** Whether what has this frame shares its kernel with nothing. */
export function standsAlone({ kind }: Frame): boolean {
  return kind !== "map" && kind !== "row" && kind !== "contract";
}

/** Whether two frames are alike, so that members are placed in one as in the other. */
export function isSameFrame(a: Frame, b: Frame): boolean {
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

/** The frame's axes that a level walks, those of length 1 left out. */
export function walkedAxes(frame: Frame, level: Level): number[] {
  const axes = frame.shape.map((_, axis) => axis).filter((axis) => frame.shape[axis] !== 1);
  if (level === "element") return axes;
  return level === "row" ? axes.filter((axis) => !frame.reduced[axis]) : [];
}

/** The first of the frame's axes from `axis` on that a level walks; its rank when there is none. */
function nextWalked({ shape, reduced }: Frame, level: Level, axis: number): number {
  if (level === "total") return shape.length;
  let next = axis;
  while (next < shape.length && (shape[next] === 1 || level === "row" && reduced[next]!)) next++;
  return next;
}

/** For each axis of `shape`, the frame's axis that walks it at this level; undefined when they do not correspond. */
function matchAxes(shape: Shape, frame: Frame, level: Level): number[] | undefined {
  let axis = nextWalked(frame, level, 0);
  const result: number[] = [];
  for (const size of shape) {
    if (size === 1) {
      result.push(-1);
    } else {
      if (frame.shape[axis] !== size) return undefined; // there may be none
      result.push(axis);
      axis = nextWalked(frame, level, axis + 1);
    }
  }
  return axis === frame.shape.length ? result : undefined;
}

/** Strides over a node's own axes as strides over the frame's. */
function frameStrides(strides: readonly number[], axes: readonly number[], rank: number): number[] {
  const result = new Array<number>(rank).fill(0);
  for (let index = 0; index < axes.length; index++) {
    const axis = axes[index]!;
    if (axis >= 0) result[axis] = strides[index]!;
  }
  return result;
}

const levels: readonly Level[] = ["element", "row", "total"];

/** Where a node is computed in a frame; undefined when it does not fit. */
export function placeMember(node: TableOperation, frame: Frame): Member | undefined {
  const place = (level: Level, inputLevel: Level, inputAxes: readonly number[]): Member | undefined => {
    const axes = matchAxes(shapeOf(node), frame, level);
    return axes && memberAt(node, frame, axes, level, inputLevel, inputAxes);
  };
  const kind = kernelKind(node);
  switch (kind) {
    case "elementwise":
    case "gather":
      for (const level of levels) {
        const axes = matchAxes(shapeOf(node), frame, level);
        if (axes !== undefined) {
          return memberAt(node, frame, axes, level, level, kind === "gather" ? indexAxes(node, axes) : axes);
        }
        if (frame.kind !== "row") break;
      }
      return undefined;
    case "contract":
      return frame.kind === "contract" ? place("element", "element", []) : undefined;
    case "reduce": {
      if (frame.kind !== "row") return undefined;
      const shape = shapeOf(node.inputNodes[0]!);
      const axes = reducedAxes(node);
      for (const inputLevel of ["element", "row"] as const) {
        const inputAxes = matchAxes(shape, frame, inputLevel);
        if (inputAxes === undefined) continue;
        const taken = axes.map((axis) => inputAxes[axis]!).filter((axis) => axis >= 0);
        const same = (walked: readonly number[]): boolean =>
          walked.length === taken.length && walked.every((axis) => taken.includes(axis));
        const inner = walkedAxes(frame, "element").filter((axis) => frame.reduced[axis]);
        if (inputLevel === "element" && same(inner)) return place("row", inputLevel, inputAxes);
        // An index is only made within a row.
        if (same(walkedAxes(frame, inputLevel)) && !givesIndex(node)) {
          return place("total", inputLevel, inputAxes);
        }
      }
      return undefined;
    }
    default:
      return unplaced(node);
  }
}

/** A member whose result `axes` of the frame walk. */
function memberAt(
  node: TableOperation,
  frame: Frame,
  axes: readonly number[],
  level: Level,
  inputLevel: Level,
  inputAxes: readonly number[],
): Member {
  const strides = frameStrides(stridesOf(shapeOf(node)), axes, frame.shape.length);
  return { node, level, inputLevel, inputAxes, strides };
}

/** A member that shares its kernel with nothing. */
export function unplaced(node: Value): Member {
  return {
    node: node as TableOperation, // a member is an operation
    level: "element",
    inputLevel: "element",
    inputAxes: [],
    strides: stridesOf(shapeOf(node)),
  };
}

/** The strides over the frame with which a member reads an input. */
export function accessStrides(input: Value, view: View, member: Member, frame: Frame): number[] {
  const shape = shapeOf(input);
  // Operands broadcast: they are aligned with the shape the member works on at the last axis.
  const leading = member.inputAxes.length - shape.length;
  const result = new Array<number>(frame.shape.length).fill(0);
  for (let axis = 0; axis < shape.length; axis++) {
    const walking = shape[axis] === 1 ? -1 : member.inputAxes[leading + axis]!;
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

/** Of the frame's axes that walk the result of a gather, those that come from its indices. */
function indexAxes(node: TableOperation, axes: readonly number[]): number[] {
  const { along, covered } = takenAxis(node);
  return axes.slice(along, along + covered);
}

/** How a gather reads what it takes from: the strides over the frame, and those of the axis which the index walks. */
export function gatherStrides(
  view: View,
  member: Member,
  frame: Frame,
): { strides: number[]; stride: number; length: number } {
  const { along, covered } = takenAxis(member.node);
  const axes = matchAxes(shapeOf(member.node), frame, member.level)!; // that is how it was placed
  const strides = view.strides.toSpliced(along, 1, ...new Array<number>(covered).fill(0));
  return {
    strides: frameStrides(strides, axes, frame.shape.length),
    stride: view.strides[along]!,
    length: shapeOf(member.node.inputNodes[0]!)[along]!,
  };
}
