/**
 * Specialisation: a copy of the part of a graph that a run needs, with every shape known.
 *
 * A hand-built graph may leave shapes to its feeds; once those are known, so is every type. Gradients and minimize
 * nodes are expanded here, because differentiation works on known shapes. The user's graph is left as it was.
 * @module
 */
import { zerosLike } from "../ops/creation.ts";
import type { TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import { type GraphFunction, lastAssigns, variablesOf } from "./function.ts";
import { backpropagate, Gradient, onesSeed } from "./gradients.ts";
import { Graph } from "./graph.ts";
import { Assign, Operation } from "./operation.ts";
import { Placeholder } from "./placeholder.ts";
import { copyNodes, type CopyRules } from "./rewrite.ts";
import { type Assumption, Rewriting, withTrace } from "./trace.ts";
import { postorder } from "./traverse.ts";
import { checkAssignable, type Variable } from "./variable.ts";

/** A node that expands into others when its graph is specialised, such as what `minimize` makes. */
export abstract class DeferredNode extends Operation {
  /** Records what it stands for into the graph being traced, from the copies of its inputs. */
  abstract expand(inputs: readonly Value[]): void;
}

/** `fetches` and what they need, as a function of the placeholders in `feeds`. A deferred node among the fetches has no output. */
export function specialize(fetches: readonly Value[], feeds: ReadonlyMap<Placeholder, TensorType>): GraphFunction {
  const assumptions: Assumption[] = [];
  const specialization = new Specialization("a session", assumptions);
  const { graph, copies } = specialization;
  const order = postorder(fetches);
  const inputs = order.flatMap((node) =>
    node instanceof Placeholder ? [specialization.feed(node, feeds.get(node))] : []
  );
  specialization.copy(order);
  return {
    name: "session",
    graph,
    inputs,
    captures: [],
    outputs: fetches.flatMap((fetch) => copies.get(fetch) ?? []),
    assigns: specialization.lastAssigns(),
    variables: variablesOf(graph),
    assumptions,
  };
}

/** A function that an operation owns, for inputs of these types. */
function specializeBody(body: GraphFunction, types: readonly (TensorType | undefined)[]): GraphFunction {
  const specialization = new Specialization(body.name, undefined);
  const { graph, copies } = specialization;
  const inputs = body.inputs.map((input, index) => specialization.feed(input, types[index]));
  specialization.copy(postorder([...body.outputs, ...body.assigns]));
  graph.ended = body.graph.ended;
  return {
    ...body,
    graph,
    inputs,
    outputs: body.outputs.map((output) => copies.get(output)!),
    assigns: body.assigns.map((assign) => copies.get(assign) as Assign), // the copy of an assignment is one
  };
}

/** A copy of nodes with every type known, and the graph that it is made in. */
class Specialization {
  readonly graph: Graph = new Graph();
  readonly copies: Map<Value, Value> = new Map();
  readonly #trace: Rewriting;
  /** For each assignment, where in the user's program the node was made that it comes from: the later one lands. */
  readonly #places = new Map<Assign, number>();
  #positions: ReadonlyMap<Operation, number> | undefined;
  /** The gradients that are still to be written out, by what they are the gradients of. */
  readonly #gradients = new Map<Value, Gradient[]>();

  constructor(name: string, assumptions: Assumption[] | undefined) {
    this.#trace = new Rewriting(this.graph, name, assumptions);
  }

  /** Has a placeholder be one of this type. */
  feed(placeholder: Placeholder, type: TensorType | undefined): Placeholder {
    const copy = new Placeholder(this.graph, { name: placeholder.name }, type);
    this.copies.set(placeholder, copy);
    return copy;
  }

  /** Copies nodes, which come after their inputs. */
  copy(order: readonly Value[]): void {
    for (const node of order) {
      if (!(node instanceof Gradient)) continue;
      const y = node.inputNodes[0]!;
      const known = this.#gradients.get(y);
      if (known === undefined) this.#gradients.set(y, [node]);
      else known.push(node);
    }
    withTrace(this.#trace, () => copyNodes(this.#trace, order, this.copies, this.#rules));
  }

  /** The assignments that land: the last to each Variable in the user's program. */
  lastAssigns(): Assign[] {
    return lastAssigns([...this.#places.keys()].sort((a, b) => this.#places.get(a)! - this.#places.get(b)!));
  }

  readonly #rules: CopyRules = {
    body: (body, inputs) => specializeBody(body, inputs.map(({ type }) => type)),
    expand: (node) => {
      if (node instanceof Gradient) this.#expandGradient(node);
      else if (node instanceof DeferredNode) this.#expandDeferred(node);
      else return false;
      return true;
    },
    assign: (node, value) => {
      checkAssignable(node.variable, value.type!); // every type is known in a specialised graph
      const copy = new Assign(this.graph, node.variable, convertTo(value, node.variable));
      this.#places.set(copy, this.#positionOf(node));
      return copy;
    },
  };

  #expandDeferred(node: DeferredNode): void {
    const { operations } = this.graph;
    const from = operations.length;
    node.expand(node.inputNodes.map((input) => this.copies.get(input)!));
    const position = this.#positionOf(node);
    for (const operation of operations.slice(from)) {
      if (operation instanceof Assign) this.#places.set(operation, position);
    }
  }

  /** All gradients of one y come out of one backward pass. */
  #expandGradient(node: Gradient): void {
    const y = this.copies.get(node.inputNodes[0]!)!;
    // A later x of the same y, and the y itself, need not have been copied yet: only what is known here is expanded.
    const isKnown = (each: Gradient): boolean => this.copies.has(each.inputNodes[1]!);
    const pending = this.#gradients.get(node.inputNodes[0]!)!; // this one is among them
    const group = pending.filter(isKnown);
    this.#gradients.set(node.inputNodes[0]!, pending.filter((each) => !isKnown(each)));
    const xs = group.map((each) => this.copies.get(each.inputNodes[1]!)!);
    const results = backpropagate([y], [onesSeed(this.graph, y)], xs);
    group.forEach((each, index) => this.copies.set(each, results[index] ?? zerosLike(xs[index]!)));
  }

  /** Where a node of the user's graph comes among its operations. */
  #positionOf(node: Operation): number {
    this.#positions ??= new Map(node.graph.operations.map((operation, index) => [operation, index]));
    return this.#positions.get(node)!; // a run takes nodes of one graph
  }
}

function convertTo(value: Value, variable: Variable): Value {
  return value.type?.dtype === variable.type.dtype && !value.type.weak ? value : value.astype(variable.type.dtype);
}
