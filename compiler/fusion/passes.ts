/**
 * Passes: which pass over a row computes what, and what one pass writes down for a later one.
 * @module
 */
import type { Value } from "../../src/value.ts";
import type { Member } from "./frame.ts";
import type { Cluster } from "./fuse.ts";
import type { LoweringContext } from "../kernel/kernel_builder.ts";
import { isCheap, kernelKind } from "./kinds.ts";

/** Whether a member computes an element from elements: no reduction, and not only once per row. */
export function isElementMember(member: Member): boolean {
  const kind = kernelKind(member.node);
  return member.level === "element" && (kind === "elementwise" || kind === "gather");
}

/**
 * The pass in which each member that works on elements is computed: the first after everything it needs of its row
 * is known.
 */
export function assignPasses(
  cluster: Cluster,
  context: Pick<LoweringContext, "viewOf">,
): { passOf: Map<Value, number>; passes: number } {
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
      const member = cluster.members.get(node);
      if (member === undefined || seen.has(node) || !isElementMember(member)) return;
      seen.add(node);
      if (passOf.get(node)! < pass && (context.isNeeded(node) || !isCheap(member.node.op))) {
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
