/**
 * What passes share: every pass is a function from graph to graph, and rebuilds the nodes it does not care about.
 * @module
 */
import { copyOperation } from "../src/graph/copy_operation.ts";
import { Graph } from "../src/graph/graph.ts";
import { Assign, Operation, Read, TableOperation } from "../src/graph/operation.ts";
import { Placeholder } from "../src/graph/placeholder.ts";
import { recordOperation, type Trace, withTrace } from "../src/graph/recording.ts";
import { postorder } from "../src/graph/traverse.ts";
import { Variable } from "../src/graph/variable.ts";
import type { GraphFunction } from "../src/ops/op.ts";
import type { Value } from "../src/value.ts";

/** What a pass makes of one node, from what it has made of the node's inputs; `rebuild` makes the same node again. */
export type Rewrite = (node: TableOperation, inputs: readonly Value[], rebuild: () => Value) => Value;

/**
 * A new graph function that computes the same, with every operation of the op table passed through `rewrite`. Nodes
 * that nothing needs are left behind. What is read after an assignment becomes the value that was assigned.
 */
export function rewriteGraph(source: GraphFunction, rewrite: Rewrite): GraphFunction {
  const graph = new Graph();
  const copies = new Map<Value, Value>();
  const assigns: Assign[] = [];
  const inputs = source.inputs.map((placeholder) => {
    const copy = new Placeholder(graph, { name: placeholder.name }, placeholder.type);
    copies.set(placeholder, copy);
    return copy;
  });
  const landing = new Set<Value>(source.assigns);
  const copyOf = (node: Value): Value => {
    if (node instanceof Variable) return graph.read(node);
    if (node instanceof Read) {
      return node.source instanceof Variable ? graph.read(node.source) : graph.capture(node.source);
    }
    const operation = node as Operation; // placeholders were copied above; what remains computes
    const inputNodes = operation.inputNodes.map((input) => copies.get(input)!);
    if (operation instanceof Assign) return inputNodes[0]!;
    if (!(operation instanceof TableOperation)) return copyOperation(operation, graph, inputNodes);
    const rebuild = (): Value => recordOperation(graph, operation.op, inputNodes, operation.attributes);
    return rewrite(operation, inputNodes, rebuild);
  };
  const trace: Trace = { graph, name: source.name, reads: new Map(), origin: { site: undefined } };
  withTrace(trace, () => {
    for (const node of postorder([...source.outputs, ...source.assigns])) {
      if (node instanceof Operation) trace.origin = node;
      if (!copies.has(node)) copies.set(node, copyOf(node));
      if (landing.has(node)) assigns.push(new Assign(graph, (node as Assign).variable, copies.get(node)!)); // landing holds Assigns
    }
  });
  const outputs = source.outputs.map((output) => copies.get(output)!);
  return { ...source, graph, inputs, outputs, assigns };
}
