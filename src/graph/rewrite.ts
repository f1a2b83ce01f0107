/**
 * The rewriter: a graph copied into another one, node by node, by rules. Passes of the compiler, specialisation and the
 * inlining of recorded functions are sets of rules for it.
 * @module
 */
import { addLocation } from "../errors.ts";
import { equalTypes, type TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import { copyOperation } from "./copy_operation.ts";
import type { GraphFunction } from "./function.ts";
import { Graph } from "./graph.ts";
import { Constant, VariableRead } from "./leaf.ts";
import { Assign, MultiOperation, Operation, TableOperation } from "./operation.ts";
import { Placeholder } from "./placeholder.ts";
import { nodeIn, recordMulti, recordNode } from "./recording.ts";
import { type Origin, Rewriting, type Trace, withTrace } from "./trace.ts";
import { postorder } from "./traverse.ts";
import { Variable } from "./variable.ts";

/** How nodes are copied. Whatever is not said is copied as it is. */
export interface CopyRules {
  /**
   * What a node of the op table becomes, from the copies of its inputs; `rebuild` makes the same node again. Without this
   * rule, it becomes what the trace records for it.
   */
  readonly table?: (node: TableOperation, inputs: readonly Value[], rebuild: () => Value) => Value;
  /** What a node with several results becomes, from the copies of its inputs: its results, in order. */
  readonly multi?: (node: MultiOperation, inputs: readonly Value[]) => readonly Value[];
  /** What a user's operation is given for one of its inputs. */
  readonly pass?: (input: Value) => Value;
  /** What an operation is given for a function that it owns, from the copies of its inputs. */
  readonly body?: (body: GraphFunction, inputs: readonly Value[]) => GraphFunction;
  /** Deals with a node that is not copied but stands for others; returns whether it was one. */
  readonly expand?: (node: Operation) => boolean;
  /** What an assignment becomes, and reads as, from the copy of what is assigned. */
  readonly assign: (node: Assign, value: Value) => Value;
  /** Whose place in the user's program the copies take over: unless given, each that of its own node. */
  readonly origin?: Origin;
}

/**
 * Copies `nodes`, which come after their inputs, into the graph that is being recorded. `copies` says what stands for
 * placeholders and whatever else need not be copied, and takes every copy. An error says where its node was recorded.
 */
export function copyNodes(
  trace: Trace,
  nodes: readonly Value[],
  copies: Map<Value, Value>,
  { table, multi, pass, body, expand, assign, origin }: CopyRules,
): void {
  const { graph } = trace;
  const copyOf = (node: Value): Value => {
    if (node instanceof Variable) return nodeIn(graph, node);
    if (node instanceof VariableRead) return nodeIn(graph, node.variable);
    if (node instanceof Constant) return graph.capture(node.tensor);
    const operation = node as Operation; // placeholders have copies; what remains computes
    const inputs = copiesOf(operation, copies);
    if (operation instanceof TableOperation) {
      const { op, attributes } = operation;
      const type = typeFor(operation, inputs);
      return table === undefined
        ? trace.record(op, inputs, attributes, type)
        : table(operation, inputs, () => recordNode(graph, op, inputs, attributes, type));
    }
    if (operation instanceof MultiOperation) {
      const bodies = body === undefined ? operation.bodies : operation.bodies.map((each) => body(each, inputs));
      const outputs = multi === undefined
        ? recordMulti(graph, operation.op, inputs, operation.attributes, bodies)
        : multi(operation, inputs);
      operation.outputs.forEach((output, index) => copies.set(output, outputs[index]!));
      return outputs[0]!; // nobody uses the operation itself
    }
    if (operation instanceof Assign) return assign(operation, inputs[0]!);
    return copyOperation(operation, graph, pass === undefined ? inputs : inputs.map(pass));
  };
  for (const node of nodes) {
    if (copies.has(node)) continue;
    if (!(node instanceof Operation)) {
      copies.set(node, copyOf(node));
      continue;
    }
    trace.origin = origin ?? node;
    try {
      if (expand?.(node) !== true) copies.set(node, copyOf(node));
    } catch (error) {
      throw addLocation(error, node.site);
    }
  }
}

function copiesOf({ inputNodes }: Operation, copies: ReadonlyMap<Value, Value>): Value[] {
  const result = new Array<Value>(inputNodes.length);
  for (let index = 0; index < inputNodes.length; index++) result[index] = copies.get(inputNodes[index]!)!; // inputs come first
  return result;
}

/** The type of a copy: where its inputs have kept theirs, it keeps its own, which need not be inferred. */
function typeFor({ inputNodes, type }: TableOperation, inputs: readonly Value[]): TensorType | undefined {
  const isSame = (input: Value, index: number): boolean => {
    const own = inputNodes[index]!.type;
    return input.type === own || input.type !== undefined && own !== undefined && equalTypes(input.type, own);
  };
  return inputs.every(isSame) ? type : undefined;
}

/**
 * A new graph function that computes the same, with every operation of the op table passed through `rule`. Nodes that
 * nothing needs are left behind. What is read after an assignment becomes the value that was assigned.
 */
export function rewriteGraph(
  source: GraphFunction,
  rule: NonNullable<CopyRules["table"]>,
  rules: Pick<CopyRules, "multi" | "pass"> = {},
): GraphFunction {
  const graph = new Graph();
  const copies = new Map<Value, Value>();
  const inputs = source.inputs.map((placeholder) => copyPlaceholder(graph, placeholder, copies));
  const captures = source.captures.map(({ outer, input }) => ({ outer, input: copyPlaceholder(graph, input, copies) }));
  const trace = new Rewriting(graph, source.name);
  return withTrace(trace, () => {
    const order = postorder([...source.outputs, ...source.assigns]);
    copyNodes(trace, order, copies, { ...rules, table: rule, assign: (_node, value) => value });
    const outputs = source.outputs.map((output) => copies.get(output)!);
    const assigns = source.assigns.map((node) => new Assign(graph, node.variable, copies.get(node)!));
    return { ...source, graph, inputs, captures, outputs, assigns };
  });
}

function copyPlaceholder(graph: Graph, placeholder: Placeholder, copies: Map<Value, Value>): Placeholder {
  const copy = new Placeholder(graph, { name: placeholder.name }, placeholder.type);
  copies.set(placeholder, copy);
  return copy;
}
