/**
 * checkpoint: a function whose intermediate results are computed once more for its gradient, instead of being kept.
 * @module
 */
import { type GraphFunction, traceFunction, withoutCaptures } from "../graph/function.ts";
import type { Graph } from "../graph/graph.ts";
import { Assign, isNode } from "../graph/operation.ts";
import { graphFor, nodeIn, recordMulti } from "../graph/recording.ts";
import { activeTrace, AddingByHand, withTrace } from "../graph/trace.ts";
import { checkpointOp } from "../ops/checkpoint_op.ts";
import { none } from "../ops/op.ts";
import { callUser } from "../public/caller.ts";
import { fn as fnKind } from "../public/kinds.ts";
import { checkCall, signed, variadic } from "../public/public_function.ts";
import { planOf } from "../public/signature.ts";
import { Tensor } from "../tensor.ts";
import { flatten, type Structure, unflatten } from "../tree.ts";
import { Value } from "../value.ts";
import { checkSynchronous, functionName } from "./trace.ts";

const plan = planOf({ name: "checkpoint", positional: { fn: fnKind } });
signed(checkpoint, plan);

/**
 * The same function, whose gradient takes less memory and more time: what `fn` computes on the way to its results is not
 * kept for the backward pass, which computes it once more from the arguments, and from the Variables and whatever else
 * `fn` uses, as they were. Random numbers are the same both times, so that dropout leaves out the same elements.
 *
 * Arguments and results are trees; a Variable that `fn` assigns is assigned once. Checkpointing each layer of a deep
 * network keeps what passes from layer to layer, and of what is inside them that of one at a time (Chen et al., "Training
 * Deep Nets with Sublinear Memory Cost", 2016). It makes a difference inside `compile` and in a graph that is built by
 * hand, where the memory of a whole program is planned; elsewhere `fn` is called as it is.
 *
 * @example
 * ```ts
 * import { checkpoint, compile, grad, tensor, type Value } from "@tensorloom/tensorloom";
 *
 * const layer = checkpoint((x: Value) => x.exp().sin().exp());
 * const slope = compile(grad((x: Value) => layer(layer(x)).sum()));
 * console.log(slope(tensor([0])).item().toFixed(4)); // -4.7297
 * ```
 */
export function checkpoint<A extends readonly unknown[] = Value[], R = unknown>(
  fn: (...args: A) => R,
): (...args: A) => R {
  checkCall(plan, checkpoint, arguments.length, fn);
  const name = functionName(fn);
  const checkpointed = (...args: A): R => {
    const trace = activeTrace();
    const nodes = flatten(args).leaves.filter((leaf) => leaf instanceof Value);
    const graph = graphFor(nodes, name) ?? trace?.graph;
    // Where everything is computed as it is called, there is nothing that the backward pass could compute once more.
    if (graph === undefined || graph.values !== undefined) return callUser(() => fn(...args));
    const record = (): unknown => recordCheckpoint(graph, name, fn as (...args: readonly unknown[]) => unknown, args);
    // The results have the structure of what fn returned.
    return (trace === undefined ? withTrace(new AddingByHand(graph, "a graph"), record) : record()) as R;
  };
  return Object.defineProperty(variadic(checkpointed), "name", { value: name });
}

/** Records a call as one operation. */
function recordCheckpoint(
  graph: Graph,
  name: string,
  fn: (...args: readonly unknown[]) => unknown,
  args: readonly unknown[],
): unknown {
  const { leaves, paths, structure } = flatten(args);
  const isInput = leaves.map((leaf) => leaf instanceof Value && isNode(leaf));
  const inputs = leaves.filter((_, index) => isInput[index]).map((leaf) => nodeIn(graph, leaf as Value)); // those leaves are nodes
  const names = paths.filter((_, index) => isInput[index]);
  const parameters = inputs.map(({ type }, index) => ({
    name: `argument${names[index]!.slice(1).replace("]", "")}`,
    type,
  }));
  let returned: { readonly leaves: readonly unknown[]; readonly structure: Structure } | undefined;
  const recorded = traceFunction(name, parameters, (nodes, { graph }) => {
    let next = 0;
    const given = leaves.map((leaf, index) => isInput[index] ? nodes[next++] : leaf);
    const result = callUser(() => fn(...unflatten(structure, given) as readonly unknown[])); // the arguments are an array
    checkSynchronous(result, name);
    returned = flatten(result);
    return returned.leaves.filter(isOutput).map((leaf) => nodeIn(graph, leaf));
  }, { description: `the checkpointed function ${name}`, isBody: true });
  const { body, captured } = withoutCaptures(recorded);
  const results = recordMulti(graph, checkpointOp, [...inputs, ...captured], none, [body]);
  const assigned = assignAround(body, results.slice(body.outputs.length));
  let next = 0;
  return unflatten(
    returned!.structure, // it was recorded just now
    returned!.leaves.map((leaf) => {
      if (!isOutput(leaf)) return leaf;
      const result = results[next++];
      return leaf instanceof Assign ? assigned.get(leaf) ?? result : result;
    }),
  );
}

/** What is computed by the function; a tensor is what it is. */
function isOutput(leaf: unknown): leaf is Value {
  return leaf instanceof Value && !(leaf instanceof Tensor);
}

/** Assigns around a function what it assigns. Returns what became of each assignment. */
function assignAround({ assigns }: GraphFunction, values: readonly Value[]): Map<Assign, Value> {
  return new Map(assigns.map((assign, index) => [assign, assign.variable.assign(values[index]!)]));
}
