/**
 * The verifier: whether a graph function is well formed. It can run after every pass, and does so in the tests, where
 * it tells a wrong pass from a wrong kernel.
 * @module
 */
import { inferType, inferTypes } from "../../src/graph/definition.ts";
import { Constant, VariableRead } from "../../src/graph/leaf.ts";
import { Assign, MultiOperation, Operation, TableOperation } from "../../src/graph/operation.ts";
import { OperationOutput } from "../../src/graph/output.ts";
import { Placeholder } from "../../src/graph/placeholder.ts";
import { postorder } from "../../src/graph/traverse.ts";
import { Variable } from "../../src/graph/variable.ts";
import type { GraphFunction } from "../../src/graph/function.ts";

import { Tensor } from "../../src/tensor.ts";
import type { Value } from "../../src/value.ts";

/**
 * Throws unless `graphFunction` is well formed: all its nodes belong to one graph, in which each comes after its
 * inputs and is known to them as a consumer, an entry per use; every type is known and is what the operation's own
 * rule infers from its inputs; its placeholders are inputs; its Variables are listed; what is assigned fits.
 * `pass` is the name of what made it, for the message.
 */
export function verify(graphFunction: GraphFunction, pass = "recording"): void {
  const { graph, inputs, outputs, assigns, variables } = graphFunction;
  const fail = (node: Value, reason: string): never => {
    throw new Error(`Cannot accept the graph after ${pass}: ${node.describe()} ${reason}`);
  };
  const positions = new Map<Value, number>(graph.operations.map((operation, index) => [operation, index]));
  const known = new Set(variables);
  const given = new Set(inputs);
  for (const node of postorder([...outputs, ...assigns])) {
    if (node instanceof Placeholder) {
      if (!given.has(node)) fail(node, "is a placeholder, but no input of the function");
    } else if (node instanceof Variable) {
      if (!known.has(node)) fail(node, "is read, but not listed");
    } else if (node instanceof Operation) {
      verifyPlace(node, graphFunction, positions, fail);
      if (node instanceof MultiOperation) verifyBodies(node, pass, fail);
    } else if (node instanceof OperationOutput) {
      if (node.graph !== graph) fail(node, "belongs to another graph");
    } else if (node instanceof VariableRead) {
      if (node.graph !== graph) fail(node, "belongs to another graph");
      if (!known.has(node.variable)) fail(node, "reads a Variable that is not listed");
    } else if (node instanceof Constant) {
      if (node.graph !== graph) fail(node, "belongs to another graph");
    } else {
      fail(
        node,
        node instanceof Tensor ? "is a tensor, which a graph has to capture" : "is of no kind that a graph holds",
      );
    }
    verifyType(node, fail);
  }
  for (const assign of assigns) {
    if (!known.has(assign.variable)) fail(assign, "assigns to a Variable that is not listed");
    const type = assign.inputNodes[0]?.type;
    if (type?.key !== assign.variable.type.key) fail(assign, `assigns ${type} to ${assign.variable.describe()}`);
  }
  if (new Set(assigns.map((assign) => assign.variable)).size !== assigns.length) {
    fail(assigns[0]!, "is not the only assignment to its Variable"); // there is one, since two are the same
  }
}

type Fail = (node: Value, reason: string) => never;

/** Whether a node stands where it belongs: in the graph's list, after its inputs, among their consumers. */
function verifyPlace(
  node: Operation,
  { graph }: GraphFunction,
  positions: ReadonlyMap<Value, number>,
  fail: Fail,
): void {
  const position = positions.get(node);
  if (node.graph !== graph || position === undefined) return fail(node, "belongs to another graph");
  for (const input of node.inputNodes) {
    if (input instanceof Operation && !((positions.get(input) ?? Infinity) < position)) {
      fail(node, `is listed before its input ${input.describe()}`);
    }
    if (input instanceof Tensor) fail(node, "has a tensor as an input, which the graph has to capture");
    const uses = node.inputNodes.filter((each) => each === input).length;
    const consumers = (input as Operation | Placeholder | Variable).consumers.filter((each) => each === node).length; // tensors were refused just now
    if (uses !== consumers) fail(node, `uses ${input.describe()} ${uses} times, which knows of ${consumers}`);
  }
}

/** Whether the functions that an operation owns are well formed, take its inputs, and use nothing else of its graph. */
function verifyBodies(node: MultiOperation, pass: string, fail: Fail): void {
  for (const body of node.bodies) {
    if (body.captures.length > 0) fail(node, `owns ${body.name}, which has captures`);
    const differs = body.inputs.length !== node.inputNodes.length ||
      body.inputs.some(({ type }, index) => type?.key !== node.inputNodes[index]!.type?.key);
    if (differs) fail(node, `owns ${body.name}, whose inputs are not its own`);
    verify(body, `${pass}, in ${node.name}`);
  }
}

function verifyType(node: Value, fail: Fail): void {
  if (node instanceof MultiOperation) {
    const types = node.inputNodes.map((input) => input.type!); // as below
    const inferred = inferTypes(node.op, types, node.attributes, node.bodies);
    node.outputs.forEach((output, index) => {
      if (output.type?.key !== inferred[index]!.key) fail(output, `is not ${inferred[index]}, which its inputs make`);
    });
    return;
  }
  const { type } = node;
  if (type === undefined) return fail(node, "has no known type");
  if (node instanceof TableOperation) {
    const inferred = inferType(node.op, node.inputNodes.map((input) => input.type!), node.attributes); // inputs come first, and were checked
    if (inferred.key !== type.key) fail(node, `is ${type}, and its inputs make ${inferred}`);
  } else if (node instanceof Assign && type.key !== node.variable.type.key) {
    fail(node, `is ${type}, and its Variable ${node.variable.type}`);
  }
}
