/**
 * Decomposition: operations that are defined by others become those others, until only primitives are left.
 * @module
 */
import { TableOperation } from "../src/graph/operation.ts";
import { postorder } from "../src/graph/traverse.ts";
import type { GraphFunction } from "../src/ops/op.ts";
import { rewriteGraph } from "./pass.ts";

/** The same graph function in the compiler's primitives. */
export function decompose(source: GraphFunction): GraphFunction {
  let result = source;
  while (postorder([...result.outputs, ...result.assigns]).some(isComposite)) {
    result = rewriteGraph(result, (node, inputs, rebuild) => node.op.decompose?.(inputs, node.attributes) ?? rebuild());
  }
  return result;
}

function isComposite(node: unknown): boolean {
  return node instanceof TableOperation && node.op.decompose !== undefined;
}
