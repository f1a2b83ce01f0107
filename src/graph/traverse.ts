/**
 * The order in which a graph is computed.
 * @module
 */
import type { Value } from "../value.ts";
import { Operation } from "./operation.ts";

/** The nodes a value is computed from. */
export function inputsOf(node: Value): readonly Value[] {
  return node instanceof Operation ? node.inputNodes : [];
}

/**
 * Everything that `roots` are computed from, and the roots: inputs before consumers, each node exactly once. Written
 * as a loop, so that a graph may be deeper than the call stack.
 */
export function postorder(roots: readonly Value[]): Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  const stack: { readonly node: Value; next: number }[] = [];
  const enter = (node: Value): void => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = inputsOf(top.node)[top.next++];
      if (input !== undefined) {
        enter(input);
      } else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
