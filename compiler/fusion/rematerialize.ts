/**
 * Single numbers that every kernel computes for itself.
 * @module
 */
import type { TableOperation } from "../../src/graph/operation.ts";
import type { Value } from "../../src/value.ts";
import { isCheap, kernelKind, type LoweringKind } from "./kinds.ts";
import { maximumRematerialized } from "../limits.ts";
import type { View } from "../passes/view.ts";

const readsArrays: ReadonlySet<LoweringKind> = new Set(["host", "alone", "contract", "gather"]);

/**
 * Single numbers made of arguments, Variables and constants by cheap operations, such as a learning rate in another
 * dtype: a kernel of their own would cost more than computing them again wherever they are read. `results` are
 * nodes that leave the program.
 */
export function findRematerialized(
  order: readonly Value[],
  results: ReadonlySet<Value>,
  viewOf: (node: Value) => View,
): Set<Value> {
  const stored = new Set(results);
  // What is read as an array has to be one.
  for (const node of order) {
    const kind = kernelKind(node);
    if (readsArrays.has(kind)) {
      for (const input of (node as TableOperation).inputNodes) stored.add(viewOf(input).source); // only operations are of these kinds
    }
  }
  const rematerialized = new Set<Value>();
  const work = new Map<Value, number>(); // how many operations it takes to compute each again
  for (const node of order) {
    if (kernelKind(node) !== "elementwise" || node.type!.size !== 1 || stored.has(node)) continue;
    const operation = node as TableOperation; // element-wise nodes are operations
    const known = (input: Value): boolean => {
      const { source } = viewOf(input);
      return kernelKind(source) === "leaf" && source.type!.size === 1 || rematerialized.has(source);
    };
    if (!isCheap(operation.op) || !operation.inputNodes.every(known)) continue;
    const operations = operation.inputNodes.reduce((sum, input) => sum + (work.get(viewOf(input).source) ?? 0), 1);
    if (operations > maximumRematerialized) continue;
    work.set(node, operations);
    rematerialized.add(node);
  }
  return rematerialized;
}
