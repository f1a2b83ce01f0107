/**
 * Specialisation: a copy of the part of a graph that a run needs, with every shape known.
 *
 * A hand-built graph may leave shapes to its feeds; once those are known, so is every type. Gradients and minimize
 * nodes are expanded here, because differentiation works on known shapes. The user's graph is left as it was.
 * @module
 */
import { addSite } from "../errors.ts";
import { zerosLike } from "../ops/creation.ts";
import type { TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import { type GraphFunction, lastAssigns, variablesOf } from "./function.ts";
import { backpropagate, Gradient, onesSeed } from "./gradients.ts";
import { Graph } from "./graph.ts";
import { Assign, Operation } from "./operation.ts";
import { Placeholder } from "./placeholder.ts";
import { copyNodes } from "./rewrite.ts";
import { type Assumption, Rewriting, withTrace } from "./trace.ts";
import { postorder } from "./traverse.ts";
import { checkAssignable, type Variable } from "./variable.ts";

/** A node that expands into others when its graph is specialised, such as what `minimize` makes. */
export abstract class Macro extends Operation {
  /** Records what it stands for into the graph being traced, from the copies of its inputs. */
  abstract expand(inputs: readonly Value[]): void;
}

/** `fetches` and what they need, as a function of the placeholders in `feeds`. A Macro among the fetches has no output. */
export function specialize(fetches: readonly Value[], feeds: ReadonlyMap<Placeholder, TensorType>): GraphFunction {
  const graph = new Graph();
  const copies = new Map<Value, Value>();
  const inputs: Placeholder[] = [];
  const order = postorder(fetches);
  const assumptions: Assumption[] = [];
  const trace = new Rewriting(graph, "a session", undefined, assumptions);

  /** All gradients of one y come out of one backward pass. */
  const expandGradient = (node: Gradient): void => {
    const y = copies.get(node.inputNodes[0]!)!;
    // A later x of the same y, and the y itself, need not have been copied yet: only what is known here is expanded.
    const group = order.filter((other): other is Gradient =>
      other instanceof Gradient && other.inputNodes[0] === node.inputNodes[0] && copies.has(other.inputNodes[1]!) &&
      !copies.has(other)
    );
    const xs = group.map((each) => copies.get(each.inputNodes[1]!)!);
    const results = backpropagate([y], [onesSeed(graph, y)], xs);
    group.forEach((each, index) => copies.set(each, results[index] ?? zerosLike(xs[index]!)));
  };

  for (const node of order) {
    if (!(node instanceof Placeholder)) continue;
    const placeholder = new Placeholder(graph, { name: node.name }, feeds.get(node));
    inputs.push(placeholder);
    copies.set(node, placeholder);
  }

  const assign = ({ variable }: Assign, value: Value): Value => {
    checkAssignable(variable, value.type!); // every type is known in a specialised graph
    return new Assign(graph, variable, convertTo(value, variable));
  };

  /** For each assignment, where in the user's program the node was made that it comes from: the later one lands. */
  const places = new Map<Assign, number>();
  const notePlaces = (node: Value, from: number): void => {
    for (const operation of graph.operations.slice(from)) {
      if (operation instanceof Assign) {
        places.set(operation, (node as Operation).graph.operations.indexOf(node as Operation)); // what made it is an Assign or a Macro
      }
    }
  };

  for (const node of order) {
    if (copies.has(node)) continue;
    const recorded = graph.operations.length;
    try {
      trace.origin = node instanceof Operation ? node : undefined;
      withTrace(trace, () => {
        if (node instanceof Gradient) expandGradient(node);
        else if (node instanceof Macro) node.expand(node.inputNodes.map((input) => copies.get(input)!));
        else copyNodes(trace, [node], copies, { assign });
      });
    } catch (error) {
      throw node instanceof Operation ? addSite(error, node.site) : error;
    }
    if (node instanceof Assign || node instanceof Macro) notePlaces(node, recorded);
  }
  const outputs = fetches.flatMap((fetch) => copies.get(fetch) ?? []);
  const assigns = lastAssigns([...places.keys()].sort((a, b) => places.get(a)! - places.get(b)!));
  return { name: "session", graph, inputs, captures: [], outputs, assigns, variables: variablesOf(graph), assumptions };
}

function convertTo(value: Value, variable: Variable): Value {
  return value.type?.dtype === variable.type.dtype && !value.type.weak ? value : value.astype(variable.type.dtype);
}
