/**
 * The reference executor: every operation by its own `compute`, one node after another. It is what a reader
 * understands first, the oracle of the tests, and what runs where code generation is forbidden.
 * @module
 */
import { inferType } from "./definition.ts";
import { type GraphFunction, traceFunction } from "./function.ts";
import type { Executable, Executor } from "../executor.ts";
import type { Tensor } from "../tensor.ts";
import type { Value } from "../value.ts";
import { addLocation } from "../errors.ts";
import { calls, type ResumableRun } from "../call_queue.ts";
import { computeComposed, computeReference } from "./reference.ts";
import { Constant, VariableRead } from "./leaf.ts";
import { MultiOperation, Operation, TableOperation } from "./operation.ts";
import { postorder } from "./traverse.ts";
import { runCompute } from "./user_operation.ts";
import { Variable } from "./variable.ts";

/** Runs operations and graphs by their reference implementations. */
export const referenceExecutor: Executor = {
  eager(op, inputs, attributes) {
    return computeReference(op, inputs, attributes, inferType(op, inputs.map((input) => input.type), attributes));
  },

  compile(graphFunction): Executable {
    const order = postorder([...graphFunction.outputs, ...graphFunction.assigns]);
    const begin = (inputs: readonly Tensor[], variables: readonly Variable[]): Interpretation =>
      new Interpretation(graphFunction, order, inputs, variables);
    const run = (inputs: readonly Tensor[], variables: readonly Variable[]): Tensor[] => {
      if (calls.length > 0) calls.drain();
      return calls.within(() => begin(inputs, variables).resume(Infinity)!); // it goes on to its end
    };
    return {
      run,
      runAsync: (inputs, variables) =>
        calls.enqueue({
          variables,
          begin: () => begin(inputs, variables),
          errorWhenClosed: () => new Error(`Cannot finish ${graphFunction.name}: the workers were closed`),
        }),
      profile: (inputs, variables) => {
        const start = performance.now();
        run(inputs, variables);
        const milliseconds = performance.now() - start;
        const text = `${graphFunction.name}: ${milliseconds.toFixed(3)} ms, by the reference implementations`;
        return { milliseconds, rows: [], threads: 1, toString: () => text };
      },
      explain: () =>
        `${graphFunction.name}: computed node by node, by the reference implementations\n${graphFunction.graph}`,
      source: () => "",
      files: () => ({}), // it generates nothing, and there is nothing to compare it with
      kernels: order.flatMap((node) => node instanceof Operation ? [node.name] : []),
    };
  },
};

/** One run: the values live in a map of its own, so that runs may nest. Between two nodes it can be left. */
class Interpretation implements ResumableRun {
  readonly #graphFunction: GraphFunction;
  readonly #order: readonly Value[];
  readonly #values: Map<Value, Tensor>;
  readonly #actual: ReadonlyMap<Variable, Variable>;
  #next = 0;

  constructor(
    graphFunction: GraphFunction,
    order: readonly Value[],
    inputs: readonly Tensor[],
    variables: readonly Variable[],
  ) {
    this.#graphFunction = graphFunction;
    this.#order = order;
    this.#values = new Map(graphFunction.inputs.map((placeholder, index) => [placeholder, inputs[index]!]));
    this.#actual = new Map(graphFunction.variables.map((variable, index) => [variable, variables[index]!]));
  }

  resume(deadline: number): Tensor[] | undefined {
    while (this.#next < this.#order.length) {
      const node = this.#order[this.#next++]!;
      if (!this.#values.has(node)) this.#compute(node);
      if (performance.now() > deadline) return undefined;
    }
    const outputs = this.#graphFunction.outputs.map((output) => this.#values.get(output)!);
    for (const assign of this.#graphFunction.assigns) {
      this.#actualOf(assign.variable).write(this.#values.get(assign)!.data);
    }
    return outputs;
  }

  #compute(node: Value): void {
    if (node instanceof Variable) this.#values.set(node, this.#actualOf(node).snapshot());
    else if (node instanceof VariableRead) this.#values.set(node, this.#actualOf(node.variable).snapshot());
    else if (node instanceof Constant) this.#values.set(node, node.tensor);
    else if (node instanceof MultiOperation) {
      const results = computeMulti(node, node.inputNodes.map((input) => this.#values.get(input)!));
      node.outputs.forEach((output, index) => this.#values.set(output, results[index]!));
    } else if (node instanceof Operation) {
      this.#values.set(node, computeNode(node, node.inputNodes.map((input) => this.#values.get(input)!)));
    }
  }

  #actualOf(variable: Variable): Variable {
    return this.#actual.get(variable) ?? variable;
  }
}

/** The results of an operation that has several, by the reference implementations of what it is made of. */
function computeMulti({ op, attributes, bodies, site }: MultiOperation, inputs: readonly Tensor[]): readonly Tensor[] {
  try {
    if (bodies.length === 0) return computeComposed(op, inputs, attributes);
    const parameters = inputs.map(({ type }, index) => ({ name: `x${index}`, type }));
    const parts = traceFunction(op.name, parameters, (nodes) => op.decompose(nodes, attributes, bodies));
    return referenceExecutor.compile(parts, {}).run(inputs, []);
  } catch (error) {
    throw addLocation(error, site);
  }
}

/** One node's value; an error says where the node was recorded. */
export function computeNode(node: Operation, inputs: readonly Tensor[]): Tensor {
  try {
    return node instanceof TableOperation
      ? computeReference(
        node.op,
        inputs,
        node.attributes,
        node.type ?? inferType(node.op, inputs.map((input) => input.type), node.attributes),
      )
      : runCompute(node, inputs);
  } catch (error) {
    throw addLocation(error, node.site);
  }
}
