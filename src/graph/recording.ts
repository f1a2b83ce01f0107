/**
 * The recording rule: when an operation becomes a node, in which graph, and what a Variable reads as there.
 * @module
 */
import { captureLocation, type SourceLocation } from "../errors.ts";
import type { Attributes, Op } from "../ops/op.ts";
import { Tensor } from "../tensor.ts";
import type { TensorType } from "../tensor_type.ts";
import { type Operand, Value } from "../value.ts";
import type { GraphFunction } from "./function.ts";
import { Graph } from "./graph.ts";
import { isNode, type MultiOp, MultiOperation, TableOperation } from "./operation.ts";
import { activeTrace, readIn, withTrace } from "./trace.ts";
import { Variable } from "./variable.ts";

/** The graph that an operation on these operands is recorded in, or undefined when it computes now. */
export function graphFor(operands: readonly Operand[], name: string): Graph | undefined {
  let home: Graph | undefined;
  const trace = activeTrace();
  for (const operand of operands) {
    if (operand instanceof Tensor || !(operand instanceof Value)) continue;
    if (isNode(operand)) {
      home = checkHome(operand, home, name);
    } else if (operand instanceof Variable) {
      if (trace !== undefined) home ??= trace.graph;
      else if (operand.graph !== undefined && operand.graph === Graph.default) home = checkHome(operand, home, name);
    }
  }
  return home;
}

function checkHome(node: Value & { readonly graph: Graph | undefined }, home: Graph | undefined, name: string): Graph {
  const graph = node.graph!; // a node always has one, and a Variable was checked by the caller
  const trace = activeTrace();
  if (graph.ended) {
    throw new TypeError(
      `Cannot ${name} ${node.describe()}: it was recorded by ${graph.ended}, which has ended; return it from the traced function instead`,
    );
  }
  if (trace !== undefined && graph !== trace.graph) {
    if (trace.isWithin(graph)) return trace.graph;
    throw new TypeError(
      `Cannot ${name} ${node.describe()}: it belongs to another graph than the one ${trace.name} records`,
    );
  }
  if (home !== undefined && home !== graph) {
    throw new TypeError(`Cannot ${name} ${node.describe()}: the operands belong to two graphs`);
  }
  return graph;
}

/**
 * What `value` reads as in `graph`: itself if it is a node there, else the graph's own node for it. In a body, what
 * belongs to the functions around it, Variables among them, is a capture.
 */
export function nodeIn(graph: Graph, value: Value): Value {
  const trace = activeTrace();
  if (trace?.graph === graph) return trace.nodeOf(value);
  if (value instanceof Variable) return readIn(graph, value);
  return isNode(value) ? value : graph.capture(value as Tensor); // a Value is a node, a Variable or a Tensor
}

/** Records `op` into `graph`: as a node, or as what the pass that is at work puts in its place. */
export function record(graph: Graph, op: Op, operands: readonly Value[], attributes: Attributes): Value {
  const inputs = nodesIn(graph, operands);
  const trace = activeTrace();
  return trace === undefined
    ? new TableOperation(graph, op, inputs, attributes, captureLocation())
    : trace.record(op, inputs, attributes);
}

/** Adds a node for `op` to `graph`, remembering the user's line, or that of the node the trace is working on. */
export function recordOperation(
  graph: Graph,
  op: Op,
  operands: readonly Value[],
  attributes: Attributes,
): TableOperation {
  return new TableOperation(graph, op, nodesIn(graph, operands), attributes, siteNow());
}

/** The same for operands that are nodes of the graph; `type` is that of the result, where it is known. */
export function recordNode(
  graph: Graph,
  op: Op,
  inputs: readonly Value[],
  attributes: Attributes,
  type: TensorType | undefined,
): TableOperation {
  return new TableOperation(graph, op, inputs, attributes, siteNow(), type);
}

/** The same for an op with several results, and the functions that its operation owns. */
export function recordMulti(
  graph: Graph,
  op: MultiOp,
  operands: readonly Value[],
  attributes: Attributes,
  bodies: readonly GraphFunction[] = [],
): readonly Value[] {
  const inputs = nodesIn(graph, operands);
  const trace = activeTrace();
  return trace === undefined
    ? new MultiOperation(graph, op, inputs, attributes, bodies, captureLocation()).outputs
    : trace.recordMulti(op, inputs, attributes, bodies);
}

/** What a node that is recorded now remembers. */
function siteNow(): SourceLocation | undefined {
  const trace = activeTrace();
  return trace === undefined ? captureLocation() : trace.site();
}

function nodesIn(graph: Graph, operands: readonly Value[]): Value[] {
  const nodes = new Array<Value>(operands.length);
  for (let index = 0; index < operands.length; index++) nodes[index] = nodeIn(graph, operands[index]!);
  return nodes;
}

/** Runs `body` outside of every trace and every graph: state made there belongs to none. */
export function outsideGraphs<T>(body: () => T): T {
  return withTrace(undefined, () => {
    const home = Graph.default;
    Graph.clearDefault();
    try {
      return body();
    } finally {
      home?.asDefault();
    }
  });
}
