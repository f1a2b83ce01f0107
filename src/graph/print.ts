/**
 * Graphs as readable lines, and what lines and drawings share: which nodes are shown, and what is said of each.
 * @module
 */
import { literal } from "../literal.ts";
import { readable } from "../readable.ts";
import type { Value } from "../value.ts";
import type { GraphFunction } from "./function.ts";
import type { Graph } from "./graph.ts";
import { Constant, VariableRead } from "./leaf.ts";
import { Assign, MultiOperation, Operation, TableOperation } from "./operation.ts";
import { OperationOutput } from "./output.ts";
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
  /** Dtype and shape, where they are known; of several results, all of them. */
  readonly type: string | undefined;
  /** Where its inputs stand in the list of nodes, an entry per use. */
  readonly inputs: readonly number[];
  /** The same as printed: `%3`, or `%3.1` for one of several results. */
  readonly uses: readonly string[];
  /** The parameters that are not tensors, each as `key=value`. */
  readonly attributes: readonly string[];
  /** The functions that it owns. */
  readonly bodies: readonly ShownBody[];
}

/** A function that an operation owns, as a reader sees it. */
export interface ShownBody {
  /** Its nodes: its inputs first, which are the operation's, in that order. */
  readonly nodes: readonly ShownNode[];
  /** Where its results stand in that list, and then what it assigns. */
  readonly results: readonly number[];
  /** The same as printed. */
  readonly uses: readonly string[];
}

/**
 * Every node of a graph, inputs before consumers, `first` before all. The order follows from what the graph computes, not from when its
 * leaves were made, so that the same computation written by hand and by tracing is shown in the same order.
 */
export function shownOrder(graph: Graph, first: readonly Value[] = []): Value[] {
  const own = graph.variables.filter((variable) => variable.graph === graph);
  const leaves = [...graph.placeholders, ...own, ...graph.leaves];
  const sinks = graph.operations.filter((operation) => operation.consumers.length === 0);
  const order = postorder([...first, ...sinks, ...leaves.filter((leaf) => leaf.consumers.length === 0)]);
  return order.filter((node) => !(node instanceof OperationOutput)); // they are shown with their operations
}

/** What is shown of every node of a graph, in that order. */
export function shownNodes(graph: Graph): ShownNode[] {
  return shownBody(graph, [], []).nodes;
}

function shownBody(
  graph: Graph,
  first: readonly Value[],
  returned: readonly Value[],
): ShownBody & { nodes: ShownNode[] } {
  const nodes = shownOrder(graph, first);
  const numbers = new Map(nodes.map((node, index) => [node, index]));
  const placesOf = (values: readonly Value[]): Pick<ShownNode, "inputs" | "uses"> => {
    const inputs = values.map((value) => numbers.get(value instanceof OperationOutput ? value.operation : value)!); // postorder has all
    const uses = values.map((value, use) =>
      `%${inputs[use]}${value instanceof OperationOutput ? `.${value.index}` : ""}`
    );
    return { inputs, uses };
  };
  const { inputs: results, uses } = placesOf(returned);
  return {
    nodes: nodes.map((node) => ({
      ...calledText(node),
      type: typesText(node),
      ...placesOf(inputsOf(node)),
      attributes: attributesText(node),
      bodies: bodiesOf(node).map(({ graph, inputs, outputs, assigns }) =>
        shownBody(graph, inputs, [...outputs, ...assigns])
      ),
    })),
    results,
    uses,
  };
}

function bodiesOf(node: Value): readonly GraphFunction[] {
  return node instanceof MultiOperation ? node.bodies : [];
}

/** What is known of a node's results, as it is printed. */
function typesText(node: Value): string | undefined {
  const types = node instanceof MultiOperation ? node.outputs.map(({ type }) => type) : [node.type];
  return types.every((type) => type !== undefined) ? types.join(", ") : undefined;
}

function calledText(node: Value): Pick<ShownNode, "kind" | "word" | "name"> {
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

/** Whether an operation is the user's own. */
function isOwn(node: Operation): boolean {
  return !(node instanceof TableOperation || node instanceof MultiOperation);
}

function attributesText(node: Value): string[] {
  if (!(node instanceof Operation)) return [];
  return Object.entries(node.attributes).filter(([, value]) => value !== undefined)
    // A user's operation may have anything for attributes.
    .map(([key, value]) => readable(`${key}=${isOwn(node) ? JSON.stringify(value) : literal(value)}`));
}

/**
 * One line per node, inputs before consumers, numbered in that order: `%3: float32[64,10] = matmul %1 %2`. What an operation
 * owns is indented below it, with numbers of its own, and its last line says what it returns.
 */
export function printGraph(graph: Graph): string {
  return linesOf(shownNodes(graph)).join("\n");
}

function linesOf(nodes: readonly ShownNode[]): string[] {
  return nodes.flatMap(({ word, name, type, uses, attributes, bodies }, index) => {
    const right = [word, ...(name === undefined ? [] : [name]), ...uses, ...attributes];
    const inner = bodies.flatMap(({ nodes, uses }) => [...linesOf(nodes), ["return", ...uses].join(" ")]);
    return [
      `%${index}${type === undefined ? "" : `: ${type}`} = ${right.join(" ")}`,
      ...inner.map((line) => `  ${line}`),
    ];
  });
}
