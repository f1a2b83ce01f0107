/**
 * Loop stages: which loop over a row computes what, and what one writes down for a later one.
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
 * The stage in which each op that works on elements is computed: the first after everything it needs of its row
 * is known.
 */
export function assignStages(
  cluster: Cluster,
  context: Pick<LoweringContext, "viewOf">,
): { stageOf: Map<Value, number>; stages: number } {
  const stageOf = new Map<Value, number>();
  /** For what is known per row: the first stage that may use it. */
  const knownFrom = new Map<Value, number>();
  let stages = 1;
  for (const op of cluster.ops.values()) {
    let stage = 0;
    for (const input of op.node.inputNodes) {
      const { source } = context.viewOf(input);
      stage = Math.max(stage, stageOf.get(source) ?? 0, knownFrom.get(source) ?? 0);
    }
    if (op.inputScope === "element") {
      stageOf.set(op.node, stage);
      stages = Math.max(stages, stage + 1);
      if (op.scope !== "element") knownFrom.set(op.node, stage + 1);
    } else {
      knownFrom.set(op.node, stage);
    }
  }
  return { stageOf, stages };
}

/** Costly ops that a later stage needs again: they are written down in the stage that computes them first. */
export function findSpills(
  cluster: Cluster,
  context: LoweringContext,
  stageOf: ReadonlyMap<Value, number>,
  stages: number,
): Set<Value> {
  const spilled = new Set<Value>();
  for (let stage = 1; stage < stages; stage++) {
    const seen = new Set<Value>();
    const demand = (node: Value): void => {
      const op = cluster.ops.get(node);
      if (op === undefined || seen.has(node) || !isElementOp(op)) return;
      seen.add(node);
      if (stageOf.get(node)! < stage && (context.isNeeded(node) || !isCheap(op.node.op))) {
        spilled.add(node);
        return;
      }
      for (const input of op.node.inputNodes) demand(context.viewOf(input).source);
    };
    for (const op of cluster.ops.values()) {
      if (op.inputScope !== "element" || stageOf.get(op.node) !== stage) continue;
      if (isElementOp(op)) demand(op.node);
      else demand(context.viewOf(op.node.inputNodes[0]!).source);
    }
  }
  return spilled;
}
