/**
 * The order in which a graph is computed.
 * @module
 */
import { valueOrList } from "../public/kinds.ts";
import { checkCall, signed } from "../public/public_function.ts";
import { planOf } from "../public/signature.ts";
import { Value } from "../value.ts";
import { Operation } from "./operation.ts";
import { OperationOutput } from "./output.ts";

/** The nodes a value is computed from; one of several results is computed by its operation. */
export function inputsOf(node: Value): readonly Value[] {
  if (node instanceof Operation) return node.inputNodes;
  return node instanceof OperationOutput ? [node.operation] : [];
}

const plan = planOf({ name: "postorder", action: "put nodes in order", positional: { roots: valueOrList } });
signed(postorder, plan);

/**
 * Everything that the roots, one node or several, are computed from, and the roots: inputs before consumers, each node
 * exactly once. It is the order in which a graph is computed, which Sabinasz's text calls `traverse_postorder`.
 *
 * @example
 * ```ts
 * import { Graph, placeholder, postorder } from "@tensorloom/tensorloom";
 *
 * new Graph().asDefault(() => {
 *   const x = placeholder({ name: "x" });
 *   const y = x.square();
 *   const z = y.add(x);
 *   const order = postorder(z);
 *   console.log(order.indexOf(x), order.indexOf(y), order.indexOf(z)); // 0 1 2
 * });
 * ```
 */
export function postorder(roots: Value | readonly Value[]): Value[] {
  checkCall(plan, postorder, arguments.length, roots);
  return postorderUntil(roots instanceof Value ? [roots] : roots, new Set());
}

/** The same without what only nodes among `ends` are computed from. */
export function postorderUntil(roots: readonly Value[], ends: ReadonlySet<Value>): Value[] {
  // A loop, so that a graph may be deeper than the call stack.
  const order: Value[] = [];
  const seen = new Set<Value>();
  const stack: Value[] = [];
  const nexts: number[] = []; // which input of each node on the stack comes next
  for (const root of roots) {
    let node: Value | undefined = root;
    while (node !== undefined) {
      if (!seen.has(node)) {
        seen.add(node);
        stack.push(node);
        nexts.push(0);
      }
      node = undefined;
      while (node === undefined && stack.length > 0) {
        const top = stack.length - 1;
        node = ends.has(stack[top]!) ? undefined : inputsOf(stack[top]!)[nexts[top]!++];
        if (node !== undefined) continue;
        order.push(stack.pop()!);
        nexts.pop();
      }
    }
  }
  return order;
}
