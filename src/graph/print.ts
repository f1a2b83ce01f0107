/**
 * Graphs as readable lines.
 * @module
 */
import type { Value } from "../value.ts";
import type { Graph } from "./graph.ts";
import { Assign, Operation, Read } from "./operation.ts";
import { Placeholder } from "./placeholder.ts";
import { postorder } from "./traverse.ts";
import { Variable } from "./variable.ts";

/**
 * One line per node, inputs before consumers, numbered in that order: `%3: float32[64,10] = matmul %1 %2`. The order
 * follows from what the graph computes, not from when its leaves were made, so that the same computation written by
 * hand and by tracing prints the same lines.
 */
export function printGraph(graph: Graph): string {
  const leaves = [...graph.placeholders, ...graph.variables.filter((variable) => variable.graph === graph)];
  const sinks = graph.operations.filter((operation) => operation.consumers.length === 0);
  return printNodes(postorder([...sinks, ...leaves.filter((leaf) => leaf.consumers.length === 0)]));
}

/** The lines of the nodes given, in their order. */
function printNodes(nodes: readonly Value[]): string {
  const numbers = new Map(nodes.map((node, index) => [node, index]));
  return nodes.map((node, index) => `%${index}${node.type ? `: ${node.type}` : ""} = ${printRight(node, numbers)}`)
    .join("\n");
}

function printRight(node: Value, numbers: ReadonlyMap<Value, number>): string {
  if (node instanceof Placeholder) return `placeholder ${node.name}`;
  if (node instanceof Variable) return `variable ${node.name}`;
  if (node instanceof Read && node.source instanceof Variable) return `variable ${node.source.name}`;
  if (node instanceof Read) {
    return node.source.size === 1 ? `constant ${node.source.concrete("print").item()}` : "constant";
  }
  if (!(node instanceof Operation)) return node.describe();
  const target = node instanceof Assign ? [node.variable.name] : [];
  const inputs = node.inputNodes.map((input) => `%${numbers.get(input) ?? "?"}`);
  const attributes = Object.entries(node.attributes).filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [node.name, ...target, ...inputs, ...attributes].join(" ");
}
