/**
 * Graphs as readable lines, and what lines and drawings share: which nodes are shown, and what is said of each.
 * @module
 */
import { literal } from "../literal.ts";
import { readable } from "../readable.ts";
import type { TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import type { Graph } from "./graph.ts";
import { Constant, VariableRead } from "./leaf.ts";
import { Assign, Operation, TableOperation } from "./operation.ts";
import { Placeholder } from "./placeholder.ts";
import { inputsOf, postorder } from "./traverse.ts";
import { Variable } from "./variable.ts";

/** What a reader tells nodes apart by. */
export type NodeKind = "placeholder" | "variable" | "constant" | "operation" | "assignment";

/** A node as a reader sees it. */
export interface ShownNode {
  /** What it is, beyond its name. */
  readonly kind: NodeKind;
  /** What it does: the operation's name, or the kind of leaf. */
  readonly word: string;
  /** What it is called, where it has a name of its own; of a constant, its one number; of an assignment, its target. */
  readonly name: string | undefined;
  /** Dtype and shape, where they are known. */
  readonly type: TensorType | undefined;
  /** Where its inputs stand in the list of nodes, an entry per use. */
  readonly inputs: readonly number[];
  /** The parameters that are not tensors, each as `key=value`. */
  readonly attributes: readonly string[];
}

/**
 * Every node of a graph, inputs before consumers. The order follows from what the graph computes, not from when its
 * leaves were made, so that the same computation written by hand and by tracing is shown in the same order.
 */
export function shownOrder(graph: Graph): Value[] {
  const own = graph.variables.filter((variable) => variable.graph === graph);
  const leaves = [...graph.placeholders, ...own, ...graph.leaves];
  const sinks = graph.operations.filter((operation) => operation.consumers.length === 0);
  return postorder([...sinks, ...leaves.filter((leaf) => leaf.consumers.length === 0)]);
}

/** What is shown of every node of a graph, in that order. */
export function shownNodes(graph: Graph): ShownNode[] {
  const nodes = shownOrder(graph);
  const numbers = new Map(nodes.map((node, index) => [node, index]));
  return nodes.map((node) => ({
    ...called(node),
    type: node.type,
    inputs: inputsOf(node).map((input) => numbers.get(input)!), // postorder has the inputs of all its nodes
    attributes: attributesOf(node),
  }));
}

function called(node: Value): Pick<ShownNode, "kind" | "word" | "name"> {
  const variable = node instanceof VariableRead ? node.variable : node;
  if (node instanceof Placeholder) return { kind: "placeholder", word: "placeholder", name: readable(node.name) };
  if (variable instanceof Variable) return { kind: "variable", word: "variable", name: readable(variable.name) };
  if (node instanceof Constant) {
    const { tensor } = node;
    const name = tensor.size === 1 ? `${tensor.item()}` : undefined;
    return { kind: "constant", word: "constant", name };
  }
  if (node instanceof Assign) return { kind: "assignment", word: node.name, name: readable(node.variable.name) };
  return { kind: "operation", word: node instanceof Operation ? node.name : node.describe(), name: undefined };
}

function attributesOf(node: Value): string[] {
  if (!(node instanceof Operation)) return [];
  return Object.entries(node.attributes).filter(([, value]) => value !== undefined)
    // A user's operation may have anything for attributes.
    .map(([key, value]) =>
      readable(`${key}=${node instanceof TableOperation ? literal(value) : JSON.stringify(value)}`)
    );
}

/** One line per node, inputs before consumers, numbered in that order: `%3: float32[64,10] = matmul %1 %2`. */
export function printGraph(graph: Graph): string {
  return shownNodes(graph).map(({ word, name, type, inputs, attributes }, index) => {
    const right = [word, ...(name === undefined ? [] : [name]), ...inputs.map((input) => `%${input}`), ...attributes];
    return `%${index}${type ? `: ${type}` : ""} = ${right.join(" ")}`;
  }).join("\n");
}
