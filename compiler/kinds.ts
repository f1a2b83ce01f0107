/**
 * What kind of kernel computes a primitive.
 * @module
 */
import { GraphNode } from "../src/graph/node.ts";
import { Operation, TableOperation } from "../src/graph/operation.ts";
import { isComposite, type Op } from "../src/ops/op.ts";
import type { Primitive } from "../src/ops/primitive.ts";
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

/** The kind of kernel that each way of lowering makes an op part of. */
const kinds: Readonly<Record<Primitive["lowering"], KernelKind>> = {
  elementwise: "elementwise",
  convert: "elementwise",
  check: "elementwise",
  view: "view",
  gather: "gather",
  reduce: "reduce",
  contract: "contract",
  scatter: "scatter",
  assemble: "assemble",
  host: "host",
};

/** The kind of kernel an op becomes part of; where indices are looked at, it depends on the node. */
function kindOf(op: Op): KernelKind {
  return isComposite(op) ? "host" : kinds[op.lowering];
}

/** The kind of kernel a node becomes part of. */
export function kernelKind(node: Value): KernelKind {
  if (!(node instanceof TableOperation)) {
    return node instanceof GraphNode && !(node instanceof Operation) ? "leaf" : "host";
  }
  const kind = kindOf(node.op);
  return (kind === "gather" || kind === "scatter") && !looksAtIndices(node, kind) ? "host" : kind;
}

/** Whether every index is used for an element of the result. Of an empty result none is, and yet each has to be in range. */
function looksAtIndices(node: TableOperation, kind: "gather" | "scatter"): boolean {
  return node.type!.size > 0 || kind === "gather" && node.inputNodes[1]!.type!.size === 0;
}

/** Whether an operation costs no more than a load, so that computing it again costs less than keeping its result. */
export function isCheap(op: Op): boolean {
  return op.lowering === "convert" || op.lowering === "elementwise" && op.cost === "simple";
}
