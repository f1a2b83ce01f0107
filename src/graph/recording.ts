/**
 * The recording rule: when an operation becomes a node, in which graph, and what a Variable reads as there.
 * @module
 */
import { captureSite, type Site } from "../errors.ts";
import type { Attributes, Op } from "../ops/op.ts";
import { Tensor } from "../tensor.ts";
import type { TensorType } from "../tensor_type.ts";
import { type Operand, Value } from "../value.ts";
import { Graph } from "./graph.ts";
import { isNode, type MultiOp, MultiOperation, TableOperation } from "./operation.ts";
import { Placeholder } from "./placeholder.ts";
import { Variable } from "./variable.ts";

/**
 * A function being recorded. `compile` records symbolically; `grad` outside `compile` records *with values*: every
 * node computes as it is made, so that the function may look at its numbers.
 */
export interface Trace {
  readonly graph: Graph;
  /** What is being traced, for errors. */
  readonly name: string;
  /** Variables and what they read as now: their read node, or what was last assigned to them. */
  readonly reads: Map<Variable, Value>;
  /** Where a body of another function is recorded: the recording of that, and what the body has captured of it. */
  readonly outer?: { readonly trace: Trace; readonly captures: Map<Value, Placeholder> };
  /** Where what is recorded is kept and run again: what that takes for granted. */
  readonly assumptions?: Assumption[];
  /** In a pass over a graph: the node it is working on, whose place in the user's program its new nodes take over. */
  origin?: { readonly site: Site | undefined };
  /** In a pass over a graph: what is recorded in place of an operation, if anything is. */
  readonly replace?: (op: Op, inputs: readonly Value[], attributes: Attributes) => Value | undefined;
  /** In a pass over a graph: whether operations with several results are recorded as what they are made of. */
  readonly expand?: boolean;
}

/** Something that a recording depends on and that is not among its inputs. When it no longer holds, it is recorded anew. */
export interface Assumption {
  /** What has happened when it does not hold, as a sentence. */
  readonly reason: string;
  /** Whether it does now. */
  holds(): boolean;
}

/** The first of these that no longer holds. */
export function brokenAssumption(assumptions: readonly Assumption[]): Assumption | undefined {
  for (const assumption of assumptions) if (!assumption.holds()) return assumption;
  return undefined;
}

let trace: Trace | undefined;

/** The innermost trace, if one is active. */
export function activeTrace(): Trace | undefined {
  return trace;
}

/** Records everything `body` does into `next`; ends the trace however `body` ends. */
export function withTrace<T>(next: Trace | undefined, body: () => T): T {
  const previous = trace;
  trace = next;
  try {
    return body();
  } finally {
    trace = previous;
  }
}

/** Runs `body` while what it records takes over the place in the user's program that `origin` has, if that is known. */
export function onBehalfOf<T>(origin: { readonly site: Site | undefined }, body: () => T): T {
  if (trace === undefined || origin.site === undefined) return body();
  const recording = trace;
  const previous = recording.origin;
  recording.origin = origin;
  try {
    return body();
  } finally {
    if (previous === undefined) delete recording.origin;
    else recording.origin = previous;
  }
}

/** The graph that an operation on these operands is recorded in, or undefined when it computes now. */
export function graphFor(operands: readonly Operand[], name: string): Graph | undefined {
  let home: Graph | undefined;
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
  if (graph.ended) {
    throw new TypeError(
      `Cannot ${name} ${node.describe()}: it was recorded by ${graph.ended}, which has ended; return it from the traced function instead`,
    );
  }
  if (trace !== undefined && graph !== trace.graph) {
    if (isAround(trace, graph)) return trace.graph;
    throw new TypeError(
      `Cannot ${name} ${node.describe()}: it belongs to another graph than the one ${trace.name} records`,
    );
  }
  if (home !== undefined && home !== graph) {
    throw new TypeError(`Cannot ${name} ${node.describe()}: the operands belong to two graphs`);
  }
  return graph;
}

/** Whether a graph is one that is being recorded around a body. */
function isAround({ outer }: Trace, graph: Graph): boolean {
  return outer !== undefined && (outer.trace.graph === graph || isAround(outer.trace, graph));
}

/**
 * What `value` reads as in `graph`: itself if it is a node there, else the graph's own node for it. In a body, what
 * belongs to the functions around it, Variables among them, is a capture.
 */
export function nodeIn(graph: Graph, value: Value): Value {
  if (value instanceof Variable) {
    if (trace?.graph === graph) {
      let node = trace.reads.get(value);
      if (node === undefined) {
        node = trace.outer === undefined ? graph.read(value) : captured(trace, trace.outer, value);
        trace.reads.set(value, node);
      }
      return node;
    }
    return value.graph === graph ? value : graph.read(value);
  }
  if (!isNode(value)) return graph.capture(value as Tensor); // a Value is a node, a Variable or a Tensor
  return value.graph !== graph && trace?.graph === graph && trace.outer !== undefined
    ? captured(trace, trace.outer, value)
    : value;
}

/** The input of a body that stands for a value of the functions around it. */
function captured({ graph }: Trace, { trace: around, captures }: NonNullable<Trace["outer"]>, value: Value): Value {
  const outer = withTrace(around, () => nodeIn(around.graph, value));
  let input = captures.get(outer);
  if (input === undefined) {
    const name = value instanceof Variable ? value.name : `capture${captures.size}`;
    captures.set(outer, input = new Placeholder(graph, { name }, outer.type));
  }
  return input;
}

/** Records `op` into `graph`: as a node, or as what the pass that is at work puts in its place. */
export function record(graph: Graph, op: Op, operands: readonly Value[], attributes: Attributes): Value {
  const inputs = nodesIn(graph, operands);
  return trace?.replace?.(op, inputs, attributes) ?? new TableOperation(graph, op, inputs, attributes, siteIn(graph));
}

/** Adds a node for `op` to `graph`, remembering the user's line, or that of the node the trace is working on. */
export function recordOperation(
  graph: Graph,
  op: Op,
  operands: readonly Value[],
  attributes: Attributes,
): TableOperation {
  return new TableOperation(graph, op, nodesIn(graph, operands), attributes, siteIn(graph));
}

/** The same for operands that are nodes of the graph; `type` is that of the result, where it is known. */
export function recordNode(
  graph: Graph,
  op: Op,
  inputs: readonly Value[],
  attributes: Attributes,
  type: TensorType | undefined,
): TableOperation {
  return new TableOperation(graph, op, inputs, attributes, siteIn(graph), type);
}

/** The same for an op with several results. */
export function recordMulti(
  graph: Graph,
  op: MultiOp,
  operands: readonly Value[],
  attributes: Attributes,
): readonly Value[] {
  const inputs = nodesIn(graph, operands);
  return trace?.expand === true
    ? op.decompose(inputs, attributes)
    : new MultiOperation(graph, op, inputs, attributes, siteIn(graph)).outputs;
}

/** What a node that is recorded now remembers. With values, an error happens right where the user's code is running, and its stack tells. */
function siteIn(graph: Graph): Site | undefined {
  return trace?.origin !== undefined ? trace.origin.site : graph.values === undefined ? captureSite() : undefined;
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
