/**
 * What passes share: every pass is a function from graph to graph, and rebuilds the nodes it does not care about.
 * @module
 */
import { copyOperation } from "../src/graph/copy_operation.ts";
import { Graph } from "../src/graph/graph.ts";
import { Constant, VariableRead } from "../src/graph/leaf.ts";
import { Assign, Operation, TableOperation } from "../src/graph/operation.ts";
import { Placeholder } from "../src/graph/placeholder.ts";
import { recordNode, type Trace, withTrace } from "../src/graph/recording.ts";
import { postorder } from "../src/graph/traverse.ts";
import { Variable } from "../src/graph/variable.ts";
import type { GraphFunction } from "../src/ops/op.ts";
import type { Value } from "../src/value.ts";

/** What a pass makes of one node, from what it has made of the node's inputs; `rebuild` makes the same node again. */
export type Rewrite = (node: TableOperation, inputs: readonly Value[], rebuild: () => Value) => Value;

/** What some passes do besides. */
export interface RewriteOptions {
  /** What everything that `rewrite` records goes through. */
  readonly replace?: Trace["replace"];
  /** What a user's operation is given for one of its inputs. */
  readonly pass?: (input: Value) => Value;
}

/**
 * A new graph function that computes the same, with every operation of the op table passed through `rewrite`. Nodes
 * that nothing needs are left behind. What is read after an assignment becomes the value that was assigned.
 */
export function rewriteGraph(
  source: GraphFunction,
  rewrite: Rewrite,
  { replace, pass }: RewriteOptions = {},
): GraphFunction {
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
    if (node instanceof TableOperation) {
      const inputNodes = copiesOf(node, copies);
      return rewrite(node, inputNodes, () => rebuild(node, graph, inputNodes));
    }
    if (node instanceof Variable) return graph.read(node);
    if (node instanceof VariableRead) return graph.read(node.variable);
    if (node instanceof Constant) return graph.capture(node.tensor);
    const operation = node as Operation; // placeholders were copied above; what remains computes
    const inputNodes = copiesOf(operation, copies);
    if (operation instanceof Assign) return inputNodes[0]!;
    return copyOperation(operation, graph, pass === undefined ? inputNodes : inputNodes.map(pass));
  };
  const trace: Trace = {
    graph,
    name: source.name,
    reads: new Map(),
    origin: { site: undefined },
    ...(replace && { replace }),
  };
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

function copiesOf({ inputNodes }: Operation, copies: ReadonlyMap<Value, Value>): Value[] {
  const result = new Array<Value>(inputNodes.length);
  for (let index = 0; index < inputNodes.length; index++) result[index] = copies.get(inputNodes[index]!)!; // inputs come first
  return result;
}

/** The same node in another graph. Where its inputs have kept their types, it keeps its own, which need not be inferred. */
function rebuild(node: TableOperation, graph: Graph, inputs: readonly Value[]): TableOperation {
  const isSame = inputs.every((input, index) => input.type === node.inputNodes[index]!.type);
  return recordNode(graph, node.op, inputs, node.attributes, isSame ? node.type : undefined);
}
