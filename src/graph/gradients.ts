/**
 * Reverse-mode differentiation: a pass from a graph to more of the same graph.
 * @module
 */
import { describeForeign } from "../describe.ts";
import { isFloating } from "../dtype.ts";
import { addLocation } from "../errors.ts";
import { type GradientContext, isComposite } from "../ops/op.ts";
import { aliases } from "../ops/aliases.ts";
import { full, zerosLike } from "../ops/creation.ts";
import { callUser } from "../public/caller.ts";
import { fn, value, valueOrList } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import type { Kind } from "../public/signature.ts";
import { equalShapes } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { Value } from "../value.ts";
import { Graph } from "./graph.ts";
import { VariableRead } from "./leaf.ts";
import { Assign, MultiOperation, Operation, TableOperation } from "./operation.ts";
import { graphFor, nodeIn } from "./recording.ts";
import { activeTrace, onBehalfOf, type Trace } from "./trace.ts";
import { inputsOf, postorder, postorderUntil } from "./traverse.ts";
import { Variable } from "./variable.ts";

/**
 * A gradient rule as TensorFlow 1 writes it: given the operation (`inputs`, `output`) and the gradient with respect to its
 * output, it returns the gradient of its input, or a list with one per input; undefined where there is none.
 */
// deno-lint-ignore no-explicit-any -- a rule may name its own subclass of Operation, which only it knows
export type GradientRule = (operation: any, gradient: Value) => Value | undefined | readonly (Value | undefined)[];

/** A class of operations, however it is made. */
export type OperationClass = abstract new (...inputs: never[]) => Operation;

const rulesByName = new Map<string, GradientRule>();
/** A class that is defined anew, as by a notebook's cell, takes its rule with it when it goes. */
const rulesOfClasses = new WeakMap<OperationClass, GradientRule>();

const operationKind: Kind = {
  words: "the name of an operation, or a class that extends Operation",
  is: (given) => typeof given === "string" || typeof given === "function" && given.prototype instanceof Operation,
};

/**
 * Registers how an operation is differentiated: a class of yours, or, by name, an operation of the library, whose own
 * rule it replaces. Returns what takes the rule, so that it also reads as a decorator would. A rule is written with
 * the library's operations, so gradients can be differentiated again.
 *
 * @example
 * ```ts
 * import { grad, Operation, RegisterGradient, type Tensor, tensor, type Value } from "@tensorloom/tensorloom";
 *
 * class Cube extends Operation {
 *   override compute(x: Tensor): Tensor {
 *     return x.mul(x).mul(x);
 *   }
 * }
 * RegisterGradient(Cube)((operation: Cube, gradient: Value) => gradient.mul(operation.inputs[0]!.square()).mul(3));
 * console.log(grad((x: Value) => Cube.apply(x).sum())(tensor([1, 2])).toArray()); // [3, 12]
 * ```
 */
export const RegisterGradient: (operation: string | OperationClass) => <R extends GradientRule>(rule: R) => R =
  publicFunction(
    { name: "RegisterGradient", action: "register a gradient", positional: { operation: operationKind } },
    (operation) =>
      publicFunction(
        { name: "RegisterGradient(operation)", action: "register a gradient", positional: { rule: fn } },
        (rule) => {
          if (typeof operation === "string") rulesByName.set(aliases[operation]?.name ?? operation, rule);
          else rulesOfClasses.set(operation, rule);
          return rule;
        },
      ),
  );

/** The rule registered for a class of operation or for one it extends. */
function registeredRule(node: Operation): GradientRule | undefined {
  if (node instanceof TableOperation) return rulesByName.get(node.name);
  for (
    let type = node.constructor;
    type !== Operation && typeof type === "function";
    type = Object.getPrototypeOf(type)
  ) {
    // A class above an Operation's is one too.
    const rule = rulesOfClasses.get(type as OperationClass) ?? rulesByName.get(type.name);
    if (rule !== undefined) return rule;
  }
  return undefined;
}

/** The gradient of each input of `node`, recorded into its graph. */
function differentiate(node: Operation, gradient: Value, needed: readonly boolean[]): readonly (Value | undefined)[] {
  const rule = registeredRule(node);
  if (rule !== undefined) {
    return checkRuleResult(node, callUser(() => rule(node, gradient)), needed);
  }
  if (node instanceof Assign) return [gradient];
  if (node instanceof TableOperation) {
    const { op, attributes, inputNodes: inputs } = node;
    const context: GradientContext = { inputs, output: node, attributes, gradient, needed };
    if (op.gradient !== undefined) return op.gradient(context);
    if (isComposite(op)) {
      const copies = inputs.map(copyForDifferentiation);
      return backpropagateWithin([op.decompose(copies, attributes)], [gradient], copies);
    }
  }
  throw addLocation(
    new TypeError(
      `Cannot differentiate ${node.describe()}: it has no gradient; give it one with RegisterGradient(${node.name})`,
    ),
    node.site,
  );
}

/** The gradient of each input of an operation with several results; undefined stands for a result that nothing arrives at. */
function differentiateMulti(
  { op, inputNodes, attributes, bodies }: MultiOperation,
  arrived: readonly (Value | undefined)[],
  needed: readonly boolean[],
): readonly (Value | undefined)[] {
  if (op.gradient !== undefined) {
    return op.gradient({ inputs: inputNodes, attributes, bodies, gradients: arrived, needed });
  }
  const copies = inputNodes.map(copyForDifferentiation);
  const results = op.decompose(copies, attributes, bodies);
  const ys = results.filter((_, index) => arrived[index] !== undefined);
  return backpropagateWithin(ys, arrived.filter((gradient) => gradient !== undefined), copies);
}

/** A copy of an input, so that what flows into it through a decomposition is told apart from other uses. */
function copyForDifferentiation(input: Value): Value {
  return isDifferentiable(input) ? input.reshape(input.shape) : input;
}

/** What a registered rule returned, as a list with the gradient of each input; an error when it is not that. */
function checkRuleResult(node: Operation, result: unknown, needed: readonly boolean[]): (Value | undefined)[] {
  const list: readonly unknown[] = Array.isArray(result) ? result : [result];
  const fail = (returned: string): never => {
    throw addLocation(
      new TypeError(`Cannot differentiate ${node.describe()}: its gradient rule returned ${returned}`),
      node.site,
    );
  };
  const inputs = needed.length;
  const enough = result === undefined || list.length === inputs || !needed.slice(list.length).includes(true);
  if (list.length > inputs || !enough) {
    fail(`${list.length} ${list.length === 1 ? "gradient" : "gradients"}, and it has ${inputs} inputs`);
  }
  return list.map((each) =>
    each instanceof Value || each === undefined
      ? each
      : fail(`${describeForeign(each)}, not a Value, or a list of them with one per input`)
  );
}

function isDifferentiable(value: Value): boolean {
  return value.type !== undefined && isFloating(value.type.dtype);
}

/**
 * The gradient of the sum of `ys`, each weighted by its seed, with respect to each of `xs`: nodes of one graph, whose
 * types are known. It walks what the ys are computed from and the xs lead to, in reverse order, adds up what arrives
 * at each node, and records every step in the same graph. Undefined for an x that no y depends on.
 */
export function backpropagate(
  ys: readonly Value[],
  seeds: readonly Value[],
  xs: readonly Value[],
): (Value | undefined)[] {
  return backpropagateAlong(postorder(ys), ys, seeds, xs);
}

/**
 * The same for `xs` among nodes of which none depends on another. What those `ends` are computed from is not looked at: it
 * may be all of the graph.
 */
export function backpropagateWithin(
  ys: readonly Value[],
  seeds: readonly Value[],
  xs: readonly Value[],
  ends: readonly Value[] = xs,
): (Value | undefined)[] {
  return backpropagateAlong(postorderUntil(ys, new Set(ends)), ys, seeds, xs);
}

/** Backpropagation along nodes in topological order. */
function backpropagateAlong(
  order: readonly Value[],
  ys: readonly Value[],
  seeds: readonly Value[],
  xs: readonly Value[],
): (Value | undefined)[] {
  const wanted = new Set(xs);
  const onPath = new Set<Value>();
  for (const node of order) {
    if (wanted.has(node) || inputsOf(node).some((input) => onPath.has(input))) {
      if (node instanceof MultiOperation || isDifferentiable(node)) onPath.add(node);
    }
  }
  const gradients = new Map<Value, Value>();
  const accumulate = (node: Value, gradient: Value): void => {
    const sum = gradients.get(node);
    gradients.set(node, sum === undefined ? gradient : sum.add(gradient));
  };
  ys.forEach((y, index) => {
    if (onPath.has(y)) accumulate(y, seeds[index]!);
  });
  for (const node of order.toReversed()) {
    if (!(node instanceof Operation) || !node.inputNodes.some((input) => onPath.has(input))) continue;
    const arrived = node.outputs.map((output) => gradients.get(output));
    if (arrived.every((gradient) => gradient === undefined)) continue;
    // An error in a gradient is about the line that is differentiated.
    onBehalfOf(node, () => {
      const needed = node.inputNodes.map((input) => onPath.has(input));
      const contributions = node instanceof MultiOperation
        ? differentiateMulti(node, arrived, needed)
        : differentiate(node, arrived[0]!, needed); // it has one result
      node.inputNodes.forEach((input, slot) => {
        const contribution = contributions[slot];
        if (contribution !== undefined && onPath.has(input)) {
          accumulate(input, checkGradient(node, input, contribution));
        }
      });
    });
  }
  return xs.map((x) => gradients.get(x));
}

/** A contribution has its input's shape, and takes its dtype. */
function checkGradient(node: Operation, input: Value, gradient: Value): Value {
  if (!equalShapes(gradient.shape, input.shape)) {
    throw new RangeError(
      `Cannot differentiate ${node.describe()}: its gradient rule returned ${gradient.type} for an input of ${input.type}`,
    );
  }
  return gradient.dtype === input.dtype ? gradient : gradient.astype(input.dtype);
}

/** What backpropagation starts with: ones of the shape of `y`, as a node of its graph. */
export function onesSeed(graph: Graph, y: Value): Value {
  const one = nodeIn(graph, full([], 1, { dtype: y.dtype }));
  return y.rank === 0 ? one : one.broadcastTo(y.shape);
}

/** A node that stands for the gradient of the sum of `y` with respect to `x`; running it expands it. */
export class Gradient extends Operation {
  constructor(y: Value, x: Value, graph: Graph) {
    super([y, x], graph);
  }

  override get name(): string {
    return "gradient";
  }

  /** That of what it is the gradient of. */
  override get type(): Value["type"] {
    return this.inputNodes[1]!.type;
  }
}

/**
 * The gradient of the sum of all `ys` with respect to each of `xs`: nodes of the graph, zeros where nothing depends on
 * it. In a graph made by hand, running them differentiates; in a function that is traced, they are recorded at once, and
 * a Variable stands for what the `ys` read of it. They can be differentiated again. Throws a TypeError for a tensor:
 * eager code is differentiated by {@linkcode grad}.
 *
 * @example
 * ```ts
 * import { gradients, Graph, placeholder, Session } from "@tensorloom/tensorloom";
 *
 * new Graph().asDefault(() => {
 *   const x = placeholder();
 *   const [dx] = gradients(x.mul(x).sum(), [x]);
 *   console.log(new Session().run(dx!, [[x, [1, 2, 3]]]).toArray()); // [2, 4, 6]
 * });
 * ```
 */
export const gradients: (ys: Value | readonly Value[], xs: Value | readonly Value[]) => Operation[] = publicFunction({
  name: "gradients",
  positional: { ys: valueOrList, xs: valueOrList },
}, (ys, xs) => {
  const list = ys instanceof Value ? [ys] : ys;
  if (list.length === 0) throw new RangeError("Cannot differentiate: the list of what to differentiate is empty");
  const total = list.length === 1 ? list[0]! : list.map((y) => y.sum()).reduce((sum, y) => sum.add(y));
  const sources = xs instanceof Value ? [xs] : xs;
  const trace = traceOf(total);
  if (trace !== undefined) return gradientsIn(trace, nodeIn(trace.graph, total), sources);
  const graph = graphOf(total);
  const nodes = sources.map((x) => nodeIn(graph, x));
  checkPaths(activeTrace(), total, sources, nodes);
  return nodes.map((node) => new Gradient(total, node, graph));
});

/**
 * `compute_gradients` of Sabinasz's text: for every node that `loss` is computed from, placeholders and Variables among them,
 * the node of the loss's gradient with respect to it. There are nodes only for those that are floating or unknown.
 */
export const computeGradients: (loss: Value) => Map<Value, Operation> = publicFunction({
  name: "computeGradients",
  positional: { loss: value },
}, (loss) => {
  const trace = traceOf(loss);
  const root = trace === undefined ? loss : nodeIn(trace.graph, loss);
  const nodes = postorder([root]).filter((node) => node.type === undefined || isFloating(node.type.dtype)).reverse();
  if (trace === undefined) {
    const graph = graphOf(loss);
    return new Map(nodes.map((node) => [node, new Gradient(loss, node, graph)]));
  }
  const reads = readsAmong(trace.graph, nodes);
  const variables = new Set([...trace.graph.variables, ...trace.reads.keys()].filter((variable) => {
    return isFloating(variable.dtype) && reads.has(variable);
  }));
  const sources = [...nodes, ...variables]; // who looks for a Variable has no node of it
  const results = gradientsIn(trace, root, sources);
  return new Map(sources.map((source, index) => [source, results[index]!]));
});

/** The trace that a value is a node of, if it is of one: there every type is known, and gradients need not wait for a run. */
function traceOf(value: Value): Trace | undefined {
  const trace = activeTrace();
  if (trace?.isByHand === true) return undefined; // types may be unknown before a run
  const isPart = value instanceof Variable || (value as { graph?: unknown }).graph === trace?.graph; // Tensors have none
  return isPart ? trace : undefined;
}

/** Gradients recorded into the graph being traced, zeros where there are none. */
function gradientsIn(trace: Trace, y: Value, xs: readonly Value[]): Operation[] {
  const { graph } = trace;
  const reads = readsAmong(graph, postorder([y]));
  const nodes = xs.map((x) => {
    if (x instanceof Tensor) {
      throw new TypeError(
        `Cannot differentiate with respect to ${x.describe()}: what was computed from it alone was not recorded; pass it as an argument, or use grad(fn)`,
      );
    }
    graphFor([x], "differentiate with respect to"); // refuses what belongs to an unrelated graph
    // In a body, what belongs to the functions around it is a capture.
    return x instanceof Variable ? reads.get(x) ?? nodeIn(graph, x) : nodeIn(graph, x);
  });
  checkPaths(trace, y, xs, nodes);
  const results = backpropagate([y], [onesSeed(graph, y)], nodes);
  return results.map((result, index) => {
    const gradient = result ?? zerosLike(nodes[index]!);
    // What is recorded of a node is an Operation.
    return gradient instanceof Operation ? gradient : gradient.reshape(gradient.shape) as Value as Operation;
  });
}

/** Throws where a path from one of `xs` to `y` leads around the body that is recorded, which would go unnoticed. */
function checkPaths(trace: Trace | undefined, y: Value, xs: readonly Value[], nodes: readonly Value[]): void {
  const hidden = trace?.findPathAround(nodes, [y]) ?? -1;
  if (trace === undefined || hidden < 0) return;
  throw new TypeError(
    `Cannot differentiate with respect to ${
      xs[hidden]!.describe()
    }: ${trace.name} closes over what was computed from it outside; compute that inside, or differentiate outside`,
  );
}

/** What Variables read as last, among nodes of a traced graph: at first, or after an assignment. */
function readsAmong(graph: Graph, nodes: readonly Value[]): ReadonlyMap<Variable, Value> {
  const reads = new Map<Variable, Value>();
  const assigns = new Set<Value>();
  for (const node of nodes) {
    if (node instanceof VariableRead) reads.set(node.variable, node);
    else if (node instanceof Assign) assigns.add(node);
  }
  if (assigns.size === 0) return reads;
  for (const node of graph.operations) if (node instanceof Assign && assigns.has(node)) reads.set(node.variable, node);
  return reads;
}

/** The graph that a hand-built node belongs to. */
export function graphOf(node: Value): Graph {
  const graph = (node as { graph?: unknown }).graph; // nodes and Variables have one, Tensors do not
  if (!(graph instanceof Graph)) {
    throw new TypeError(
      `Cannot differentiate ${node.describe()}: it is no node of a graph; use grad(fn) for eager code`,
    );
  }
  return graph;
}
