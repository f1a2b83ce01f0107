/**
 * Passes: which pass over a row computes what, and what one pass writes down for a later one.
 * @module
 */
import type { Value } from "../../src/value.ts";
import type { FusedOp } from "./iteration_space.ts";
import type { Cluster } from "./fuse.ts";
import type { LoweringContext } from "../kernel/kernel_builder.ts";
import { isCheap, kernelKind } from "./kinds.ts";

/** Whether an op computes an element from elements: no reduction, and not only once per row. */
export function isElementOp(op: FusedOp): boolean {
  const kind = kernelKind(op.node);
  return op.scope === "element" && (kind === "elementwise" || kind === "gather");
}

/**
 * The pass in which each op that works on elements is computed: the first after everything it needs of its row
 * is known.
 */
export function assignStages(
  cluster: Cluster,
  context: Pick<LoweringContext, "viewOf">,
): { passOf: Map<Value, number>; passes: number } {
  const passOf = new Map<Value, number>();
  /** For what is known per row: the first pass that may use it. */
  const knownFrom = new Map<Value, number>();
  let passes = 1;
  for (const op of cluster.ops.values()) {
    let pass = 0;
    for (const input of op.node.inputNodes) {
      const { source } = context.viewOf(input);
      pass = Math.max(pass, passOf.get(source) ?? 0, knownFrom.get(source) ?? 0);
    }
    if (op.inputScope === "element") {
      passOf.set(op.node, pass);
      passes = Math.max(passes, pass + 1);
      if (op.scope !== "element") knownFrom.set(op.node, pass + 1);
    } else {
      knownFrom.set(op.node, pass);
    }
  }
  return { passOf, passes };
}

/** Costly ops that a later pass needs again: they are written down in the pass that computes them first. */
export function findSpills(
  cluster: Cluster,
  context: LoweringContext,
  passOf: ReadonlyMap<Value, number>,
  passes: number,
): Set<Value> {
  const spilled = new Set<Value>();
  for (let pass = 1; pass < passes; pass++) {
    const seen = new Set<Value>();
    const demand = (node: Value): void => {
      const op = cluster.ops.get(node);
      if (op === undefined || seen.has(node) || !isElementOp(op)) return;
      seen.add(node);
      if (passOf.get(node)! < pass && (context.isNeeded(node) || !isCheap(op.node.op))) {
        spilled.add(node);
        return;
      }
      for (const input of op.node.inputNodes) demand(context.viewOf(input).source);
    };
    for (const op of cluster.ops.values()) {
      if (op.inputScope !== "element" || passOf.get(op.node) !== pass) continue;
      if (isElementOp(op)) demand(op.node);
      else demand(context.viewOf(op.node.inputNodes[0]!).source);
    }
  }
  return spilled;
}
