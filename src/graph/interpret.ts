/**
 * The reference executor: every operation by its own `compute`, one node after another. It is what a reader
 * understands first, the oracle of the tests, and what runs where code generation is forbidden.
 * @module
 */
import { computeReference, type Executable, type Executor, type GraphFunction } from "../ops/op.ts";
import type { Tensor } from "../tensor.ts";
import type { Value } from "../value.ts";
import { addSite } from "../errors.ts";
import { Operation, Read, runCompute, TableOperation } from "./operation.ts";
import { postorder } from "./traverse.ts";
import { Variable } from "./variable.ts";

/** Runs operations and graphs by their reference implementations. */
export const referenceExecutor: Executor = {
  eager(op, inputs, attributes) {
    return computeReference(op, inputs, attributes, op.infer(inputs.map((input) => input.type), attributes));
  },

  compile(graphFunction): Executable {
    const order = postorder([...graphFunction.outputs, ...graphFunction.assigns]);
    return {
      run: (inputs, variables) => interpret(graphFunction, order, inputs, variables),
      runAsync: (inputs, variables) =>
        new Promise((resolve) => resolve(interpret(graphFunction, order, inputs, variables))),
      profile: (inputs, variables) => {
        const start = performance.now();
        interpret(graphFunction, order, inputs, variables);
        const milliseconds = performance.now() - start;
        const text = `${graphFunction.name}: ${milliseconds.toFixed(3)} ms, by the reference implementations`;
        return { rows: [], threads: 1, toString: () => text };
      },
      explain: () =>
        `${graphFunction.name}: computed node by node, by the reference implementations\n${graphFunction.graph}`,
      source: () => "",
      files: () => ({}), // it generates nothing, and there is nothing to compare it with
      kernels: order.flatMap((node) => node instanceof Operation && !(node instanceof Read) ? [node.name] : []),
    };
  },
};

/** One run: the values live in a map of its own, so that runs may nest. */
function interpret(
  graphFunction: GraphFunction,
  order: readonly Value[],
  inputs: readonly Tensor[],
  variables: readonly Variable[],
): Tensor[] {
  const environment = new Map<Value, Tensor>();
  const actual = new Map(graphFunction.variables.map((variable, index) => [variable, variables[index]!]));
  const readVariable = (variable: Variable): Tensor => (actual.get(variable) ?? variable).snapshot();
  graphFunction.inputs.forEach((placeholder, index) => environment.set(placeholder, inputs[index]!));
  for (const node of order) {
    if (environment.has(node)) continue;
    if (node instanceof Variable) environment.set(node, readVariable(node));
    else if (node instanceof Read) {
      environment.set(node, node.source instanceof Variable ? readVariable(node.source) : node.source);
    } else if (node instanceof Operation) {
      environment.set(
        node,
        computeNode(node, node.inputNodes.map((input) => environment.get(input)!)),
      );
    }
  }
  const outputs = graphFunction.outputs.map((output) => environment.get(output)!);
  for (const assign of graphFunction.assigns) {
    (actual.get(assign.variable) ?? assign.variable).write(environment.get(assign)!.data);
  }
  return outputs;
}

/** One node's value; an error says where the node was recorded. */
export function computeNode(node: Operation, inputs: readonly Tensor[]): Tensor {
  try {
    return node instanceof TableOperation
      ? computeReference(
        node.op,
        inputs,
        node.attributes,
        node.type ?? node.op.infer(inputs.map((input) => input.type), node.attributes),
      )
      : runCompute(node, inputs);
  } catch (error) {
    throw addSite(error, node.site);
  }
}
