/**
 * Functions as values of the graph: what recording a function gives, and what a recorded function becomes where it is
 * called.
 * @module
 */
import type { TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import { Graph } from "./graph.ts";
import { Assign, type Operation } from "./operation.ts";
import { Placeholder } from "./placeholder.ts";
import { copyNodes } from "./rewrite.ts";
import { activeTrace, type Assumption, BodyRecording, Recording, type Trace, withTrace } from "./trace.ts";
import { postorder } from "./traverse.ts";
import type { Variable } from "./variable.ts";

/**
 * A function as a graph: what `compile`, a `Session` and whatever else records functions hand to the executor, to
 * transformations and to exporters. Every type in one that is to be run is known.
 */
export interface GraphFunction {
  /** What errors and explanations call it. */
  readonly name: string;
  /** The graph that holds its nodes. */
  readonly graph: Graph;
  /** Its parameters. */
  readonly inputs: readonly Placeholder[];
  /** What it uses of the function around it: none, unless it was recorded inside another one. */
  readonly captures: readonly Capture[];
  /** Its results. */
  readonly outputs: readonly Value[];
  /** Assignments that land when the outputs have been computed, one for each Variable that it assigns. */
  readonly assigns: readonly Assign[];
  /** The Variables that it reads or assigns; a run may be given others of the same types in their place. */
  readonly variables: readonly Variable[];
  /** What the recording takes for granted. */
  readonly assumptions: readonly Assumption[];
}

/** A value of the function around a recorded one, and the input that stands for it. */
export interface Capture {
  /** A node of the graph around it. */
  readonly outer: Value;
  /** An input of its own graph. */
  readonly input: Placeholder;
}

/** A parameter of a function that is to be recorded. */
export interface Parameter {
  /** What printed graphs call it. */
  readonly name: string;
  /** Its dtype and shape; undefined in a graph that is built by hand, while they depend on what is fed. */
  readonly type: TensorType | undefined;
}

/** How a function is recorded. */
export interface TraceOptions {
  /** What errors call what is recorded; its name, unless given. */
  readonly description?: string;
  /** Whether it may use values of the function that is being recorded around it, as captures. */
  readonly isBody?: boolean;
}

/**
 * Records what `body` does with an input for each parameter. The recording ends with it: its nodes take no further
 * operations. As a body of the function that is being recorded around it, it captures what it uses of that, and a
 * Variable is what that reads it as now.
 */
export function traceFunction(
  name: string,
  parameters: readonly Parameter[],
  body: (inputs: readonly Placeholder[], trace: Trace) => readonly Value[],
  { description = name, isBody = false }: TraceOptions = {},
): GraphFunction {
  const graph = new Graph();
  const assumptions: Assumption[] = [];
  const outer = isBody ? activeTrace() : undefined;
  const trace = outer === undefined
    ? new Recording(graph, description, assumptions)
    : new BodyRecording(graph, description, outer);
  try {
    return withTrace(trace, () => {
      const inputs = parameters.map(({ name, type }) => new Placeholder(graph, { name }, type));
      const outputs = body(inputs, trace);
      return {
        name,
        graph,
        inputs,
        captures: trace instanceof BodyRecording
          ? Array.from(trace.captures, ([outer, input]) => ({ outer, input }))
          : [],
        outputs,
        assigns: lastAssigns(graph.operations),
        variables: variablesOf(graph),
        assumptions,
      };
    });
  } finally {
    graph.ended = description;
  }
}

/**
 * A function without captures: they are inputs of it, after its own. `captured` are the values around it that it is to be
 * given for them.
 */
export function withoutCaptures(fn: GraphFunction): { readonly body: GraphFunction; readonly captured: Value[] } {
  const inputs = [...fn.inputs, ...fn.captures.map(({ input }) => input)];
  return { body: { ...fn, inputs, captures: [] }, captured: fn.captures.map(({ outer }) => outer) };
}

/**
 * Records a function where it is called: its operations on `inputs`, and on what it captured, become part of the graph
 * that is being recorded, and its assignments that graph's. Returns its outputs there.
 */
export function inline(fn: GraphFunction, inputs: readonly Value[]): Value[] {
  const { trace, outputs, assigned } = copyInto(fn, inputs);
  // They land after everything was read.
  fn.assigns.forEach(({ variable }, index) => {
    trace.reads.set(variable, new Assign(trace.graph, variable, assigned[index]!));
  });
  return outputs;
}

/** The same without its assignments: its outputs, and then what it would assign. */
export function inlineBody(fn: GraphFunction, inputs: readonly Value[]): Value[] {
  const { outputs, assigned } = copyInto(fn, inputs);
  return [...outputs, ...assigned];
}

function copyInto(
  { name, inputs: parameters, captures, outputs, assigns }: GraphFunction,
  inputs: readonly Value[],
): { readonly trace: Trace; readonly outputs: Value[]; readonly assigned: Value[] } {
  const trace = activeTrace();
  if (trace === undefined) throw new TypeError(`Cannot inline ${name}: nothing is being recorded`);
  const copies = new Map<Value, Value>([
    ...parameters.map((parameter, index) => [parameter, inputs[index]!] as const),
    ...captures.map(({ outer, input }) => [input, outer] as const),
  ]);
  const { origin } = trace;
  try {
    copyNodes(trace, postorder([...outputs, ...assigns]), copies, { assign: (_node, value) => value });
  } finally {
    trace.origin = origin;
  }
  const copied = (nodes: readonly Value[]): Value[] => nodes.map((node) => copies.get(node)!);
  return { trace, outputs: copied(outputs), assigned: copied(assigns) };
}

/** The assignments among operations that land: the last to each Variable. */
export function lastAssigns(operations: readonly Operation[]): Assign[] {
  const last = new Map<Variable, Assign>();
  for (const operation of operations) if (operation instanceof Assign) last.set(operation.variable, operation);
  return [...last.values()];
}

/** The Variables that a recorded graph reads or assigns, each once. */
export function variablesOf(graph: Graph): Variable[] {
  return [...new Set([...graph.variables, ...lastAssigns(graph.operations).map((assign) => assign.variable)])];
}
