/**
 * What kind of kernel computes a primitive.
 * @module
 */
import { GraphNode } from "../../src/graph/node.ts";
import { Operation, TableOperation } from "../../src/graph/operation.ts";
import { isComposite, type Op } from "../../src/ops/op.ts";
import type { Primitive } from "../../src/ops/primitive.ts";
import type { Value } from "../../src/value.ts";

/**
 * What becomes of each way of lowering that shares its kernels with others. Whatever way is not here is one whose operations
 * have kernels of their own.
 */
const shared = {
  elementwise: "elementwise",
  convert: "elementwise",
  check: "elementwise",
  view: "view",
  gather: "gather",
  reduce: "reduce",
  contract: "contract",
  host: "host",
} as const satisfies Partial<Record<Primitive["lowering"], string>>;

/** The ways of lowering whose operations have kernels of their own. */
export type AloneLowering = Exclude<Primitive["lowering"], keyof typeof shared>;

/**
 * What a node is part of: a kernel that loops over elements, over some of them by index, over rows, or over tiles; one that
 * is its own; or a call of `compute`. Leaves and views are part of none.
 */
export type LoweringKind = "leaf" | "alone" | (typeof shared)[keyof typeof shared];

function isAlone(lowering: Primitive["lowering"]): lowering is AloneLowering {
  return !(lowering in shared);
}

/** The kind of kernel a node becomes part of. */
export function kernelKind(node: Value): LoweringKind {
  if (!(node instanceof TableOperation)) {
    return node instanceof GraphNode && !(node instanceof Operation) ? "leaf" : "host";
  }
  const { op } = node;
  if (isComposite(op)) return "host";
  const { lowering } = op;
  if ((lowering === "gather" || lowering === "scatter") && !looksAtIndices(node, lowering)) return "host";
  return isAlone(lowering) ? "alone" : shared[lowering];
}

/** How a node becomes kernels that are its own. */
export function aloneLowering(node: Value): AloneLowering {
  return (node as TableOperation).op.lowering as AloneLowering; // its kind says so
}

/** Whether every index is used for an element of the result. Of an empty result none is, and yet each has to be in range. */
function looksAtIndices(node: TableOperation, kind: "gather" | "scatter"): boolean {
  return node.type!.size > 0 || kind === "gather" && node.inputNodes[1]!.type!.size === 0;
}

/** Whether an operation costs no more than a load, so that computing it again costs less than keeping its result. */
export function isCheap(op: Op): boolean {
  return op.lowering === "convert" || op.lowering === "elementwise" && op.cost === "simple";
}
