/**
 * What kind of kernel computes a primitive.
 * @module
 */
import { GraphNode } from "../src/graph/node.ts";
import { Operation, TableOperation } from "../src/graph/operation.ts";
import type { ElementwiseOp } from "../src/ops/elementwise.ts";
import type { Value } from "../src/value.ts";

/**
 * Loops over elements, some of them by index, rows with reductions, contractions, sums by index, pieces put together, or
 * a call of `compute`.
 */
export type KernelKind =
  | "leaf"
  | "view"
  | "elementwise"
  | "gather"
  | "reduce"
  | "contract"
  | "scatter"
  | "assemble"
  | "host";

const reductionNames = ["sum", "max", "min", "prod", "argmax", "argmin", "any", "all"] as const;

/** What a reduction does with its elements. */
export type ReductionName = typeof reductionNames[number];

const reductions: ReadonlySet<string> = new Set(reductionNames);
const views = new Set(["reshape", "permuteDims", "broadcastTo", "slice", "windows"]);
const assemblies = new Set(["concat", "pad"]);

/** Whether an entry of the op table works on one element at a time. */
function isElementwise(op: TableOperation["op"]): op is ElementwiseOp {
  return "scalar" in op;
}

/** Whether a reduction gives the index of an element, not a value. */
export function isArgReduction(name: string): name is "argmax" | "argmin" {
  return name === "argmax" || name === "argmin";
}

/** The kinds of the ops that were looked at. */
const kinds = new Map<TableOperation["op"], KernelKind>();

/** The kind of kernel an op becomes part of; where indices are looked at, it depends on the node. */
export function kindOf(op: TableOperation["op"]): KernelKind {
  let kind = kinds.get(op);
  if (kind === undefined) kinds.set(op, kind = findKind(op));
  return kind;
}

/** The kind of kernel a node becomes part of. */
export function kernelKind(node: Value): KernelKind {
  if (!(node instanceof TableOperation)) {
    return node instanceof GraphNode && !(node instanceof Operation) ? "leaf" : "host";
  }
  const kind = kindOf(node.op);
  return (kind === "gather" || kind === "scatter") && !looksAtIndices(node, kind) ? "host" : kind;
}

function findKind(op: TableOperation["op"]): KernelKind {
  const { name } = op;
  if (name === "cast" || name === "checkIndex" || isElementwise(op)) return "elementwise";
  if (reductions.has(name)) return "reduce";
  if (views.has(name)) return "view";
  if (name === "contract") return "contract";
  if (name === "take") return "gather";
  if (name === "scatterAdd") return "scatter";
  return assemblies.has(name) ? "assemble" : "host";
}

/** Whether every index is used for an element of the result. Of an empty result none is, and yet each has to be in range. */
function looksAtIndices(node: TableOperation, kind: "gather" | "scatter"): boolean {
  return node.type!.size > 0 || kind === "gather" && node.inputNodes[1]!.type!.size === 0;
}

/** Operations so cheap that computing one again costs less than keeping its result. */
const cheap = new Set(
  "add sub mul neg abs cast where maximum minimum sign equal notEqual less lessEqual greater greaterEqual logicalAnd logicalOr logicalNot logicalXor relu"
    .split(" "),
);

/** Whether an element-wise operation costs no more than a load. */
export function isCheap(name: string): boolean {
  return cheap.has(name);
}
