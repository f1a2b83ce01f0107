/**
 * Operation: a node that computes, characterised by `compute`, `inputNodes` and `consumers`.
 * @module
 */
import { addLocation, type SourceLocation } from "../errors.ts";
import { computeNow } from "../executor.ts";
import { toValue } from "./apply.ts";
import { type Attributes, type Composite, type Defined, isComposite, type Op } from "../ops/op.ts";
import { type Class, fromConstruction } from "../public/caller.ts";
import { operands } from "../public/kinds.ts";
import { checkCall, signed, variadic } from "../public/public_function.ts";
import { optional, planOf } from "../public/signature.ts";
import type { Tensor } from "../tensor.ts";
import type { TensorType } from "../tensor_type.ts";
import { readable } from "../readable.ts";
import { type Operand, Value } from "../value.ts";
import type { GraphFunction } from "./function.ts";
import { definitionOf, inferType, inferTypes } from "./definition.ts";
import { Graph } from "./graph.ts";
import { computeReference } from "./reference.ts";
import { GraphNode } from "./node.ts";
import { OperationOutput } from "./output.ts";
import { graphFor, nodeIn } from "./recording.ts";
import { activeTrace, withTrace } from "./trace.ts";
import { checkOffer, type Computed, construct, runCompute, zeroRunType } from "./user_operation.ts";
import { Variable } from "./variable.ts";

/** Whether a value is a node of some graph; a Variable is one only in its home graph, and is not meant here. */
export function isNode(value: Value): value is GraphNode {
  return value instanceof GraphNode;
}

/** Thrown by {@linkcode Operation.concrete}: a node has no numbers before it is run. */
export function lookingError(node: Value & { graph: Graph }, action: string, site?: SourceLocation): TypeError {
  const { ended } = node.graph;
  if (ended !== undefined) {
    return addLocation(
      new TypeError(
        `Cannot ${action} ${node.describe()}: it was recorded by ${ended}, which has ended; return it from the traced function instead`,
      ),
      site,
    );
  }
  const trace = activeTrace();
  const reason = trace?.graph === node.graph
    ? `${trace.name} only records it; use where() instead of branching on it, or move the code out of the traced function`
    : "it is a node of a graph; run it with session.run(…)";
  return addLocation(new TypeError(`Cannot ${action} ${node.describe()}: ${reason}`), site);
}

const plan = planOf({
  name: "super",
  action: "make an operation",
  positional: { inputNodes: optional(operands) },
});

/** The graph of a new operation on such inputs, and the inputs as its nodes. */
function nodesOf(
  target: Class,
  count: number,
  inputs: readonly Operand[],
): { graph: Graph; nodes: readonly Value[] } {
  try {
    const name = readable(target.name);
    if (!Array.isArray(inputs)) {
      throw new TypeError(`Cannot make a node for ${name}: its inputs are a list, as in new ${name}([x])`);
    }
    checkCall(plan, Operation, count, inputs);
    checkOffer(target, inputs);
    const graph = graphFor(inputs, name) ?? activeTrace()?.graph ?? Graph.default;
    if (graph === undefined) {
      throw new TypeError(
        `Cannot make a node for ${name}: there is no default graph; call new Graph().asDefault() first, or ${name}.apply(…) to compute at once`,
      );
    }
    return { graph, nodes: inputs.map((input) => nodeIn(graph, toValue(input, name))) };
  } catch (error) {
    throw fromConstruction(error, Operation, target);
  }
}

/**
 * A node of the graph that computes its output from the values of its inputs. A subclass needs nothing but
 * `compute`; a class registered with {@linkcode RegisterGradient} can be trained through.
 *
 * `new MyOperation([x])` always adds a node to the graph (of its inputs, of the trace, or the default one);
 * `MyOperation.apply(x)` computes at once when no input is a node. A constructor of the class's own takes the list of
 * inputs, or the inputs one by one, and passes the list on: `constructor(x: Value) { super([x]); }`. `apply` finds out.
 *
 * @example
 * ```ts
 * import { Operation, type Tensor, tensor } from "@tensorloom/tensorloom";
 *
 * class Cube extends Operation {
 *   override compute(x: Tensor): Tensor {
 *     return x.mul(x).mul(x);
 *   }
 * }
 * console.log(Cube.apply(tensor([1, 2])).toArray()); // [1, 8]
 * ```
 */
export class Operation extends GraphNode {
  readonly #inputNodes: readonly Value[];

  /** `home` is for the library's own nodes, whose graph is already decided. */
  constructor(inputNodes?: readonly Operand[], home?: Graph) {
    const made = home instanceof Graph
      ? { graph: home, nodes: (inputNodes ?? []) as readonly Value[] } // the library passes nodes of it
      : nodesOf(new.target, arguments.length, inputNodes ?? []);
    super(made.graph);
    this.#inputNodes = made.nodes;
    attach(this);
  }

  /** The nodes whose values it computes from; a Variable of the same graph stands for itself. */
  get inputNodes(): readonly Value[] {
    return this.#inputNodes;
  }

  /** Its results: itself, unless it has several. */
  get outputs(): readonly Value[] {
    return [this];
  }

  /** Computes now when no input is a node of a graph, and records a node otherwise, as the library's operations do. */
  static override apply(this: new (...inputs: never[]) => Operation, ...inputs: Operand[]): Value {
    if (graphFor(inputs, this.name) !== undefined) return construct(this, inputs);
    const given = inputs.map((input) => input instanceof Value ? input.concrete(this.name) : input);
    const graph = new Graph({ recordValues: true });
    const scope = graph.asDefault();
    try {
      return withTrace(undefined, () => construct(this, given).concrete(this.name));
    } finally {
      scope[Symbol.dispose]();
    }
  }

  /** The output's value for the given values of the inputs; undefined for an operation that has none. Subclasses override it. */
  compute(..._inputs: Tensor[]): Computed | undefined {
    throw new TypeError(
      `Cannot compute ${this.name}: the class ${readable(this.constructor.name)} has no compute method`,
    );
  }

  /** The name that graphs and errors show. */
  get name(): string {
    return readable(this.constructor.name);
  }

  /** The parameters that are not tensors. */
  get attributes(): Attributes {
    return {};
  }

  /** Where the user's program made this node, where that was kept. */
  get site(): Error | undefined {
    return undefined;
  }

  /** Its inputs, by the name that TensorFlow 1's gradient rules use: `inputNodes`. */
  get inputs(): readonly Value[] {
    return this.inputNodes;
  }

  /** Its output, by the name that TensorFlow 1's gradient rules use: in a graph, the node itself. */
  get output(): Value {
    return this;
  }

  /**
   * Dtype and shape, or undefined while they depend on a placeholder that was not fed. An operation of the user's
   * finds them by one `compute` on zeros.
   */
  override get type(): TensorType | undefined {
    return zeroRunType(this);
  }

  /** Its value, where its graph records with values; elsewhere it has none, and that is an error. */
  override concrete(action: string): Tensor {
    const { values, ended } = this.graph;
    if (values === undefined || ended !== undefined) throw lookingError(this, action, this.site);
    let value = values.get(this);
    if (value === undefined) {
      value = runCompute(this, this.inputNodes.map((input) => input.concrete(this.name)));
      values.set(this, value);
    }
    return value;
  }

  /** How errors call it: name and type. */
  override describe(): string {
    const { type } = this;
    return type === undefined ? this.name : `${this.name} (${type})`;
  }

  /** The node and what it computes from, in one line. */
  override toString(): string {
    return `${this.describe()} of ${this.inputNodes.map((input) => input.describe()).join(", ") || "nothing"}`;
  }
}

signed(Operation, plan);
Operation.apply = variadic(Operation.apply);

/** Adds a node to its graph's list and to the consumers of its inputs. */
export function attach(node: Operation): void {
  node.graph.operations.push(node);
  for (const input of node.inputNodes) {
    if (isNode(input) || input instanceof Variable) input.consumers.push(node);
  }
}

/** A node of one of the library's operations: an entry of the op table, applied to inputs. */
export class TableOperation extends Operation {
  /** The op table's entry. */
  readonly op: Op;
  readonly #attributes: Attributes;
  readonly #site: SourceLocation | undefined;
  readonly #type: TensorType | undefined;

  /** `inputs` are nodes of the graph; `known` is the type of the result where it need not be inferred, of attributes that are canonical. */
  constructor(
    graph: Graph,
    op: Op,
    inputs: readonly Value[],
    attributes: Attributes,
    site: SourceLocation | undefined,
    known?: TensorType,
  ) {
    let type = known;
    let kept = attributes;
    if (type === undefined) {
      const types: TensorType[] = [];
      for (const { type } of inputs) if (type !== undefined) types.push(type);
      if (types.length === inputs.length) {
        if (isComposite(op)) {
          const definition = definitionOf(op, types, attributes);
          [type] = definition.types;
          kept = definition.attributes;
        } else {
          type = op.infer(types, attributes);
          if (op.canonical !== undefined) kept = op.canonical(attributes, types);
        }
      }
    }
    super(inputs, graph);
    this.op = op;
    this.#attributes = kept;
    this.#site = site;
    this.#type = type;
    if (graph.values !== undefined) {
      graph.values.set(this, computeNow(op, inputs.map((input) => input.concrete(op.name)), kept));
    }
  }

  /** The reference implementation of the table's entry. */
  override compute(...inputs: Tensor[]): Tensor {
    return computeReference(
      this.op,
      inputs,
      this.#attributes,
      inferType(this.op, inputs.map((input) => input.type), this.#attributes),
    );
  }

  override get name(): string {
    return this.op.name;
  }

  override get attributes(): Attributes {
    return this.#attributes;
  }

  override get site(): Error | undefined {
    return this.#site;
  }

  override get type(): TensorType | undefined {
    return this.#type;
  }
}

/** An op that is defined by others, with one result or several. */
export type Composed = Composite | MultiOp;

/** What the gradient rule of an op with several results is given. */
export interface MultiGradientContext<A extends Attributes = Attributes> {
  /** The operation's inputs. */
  readonly inputs: readonly Value[];
  readonly attributes: A;
  /** The functions that it owns. */
  readonly bodies: readonly GraphFunction[];
  /** The gradient with respect to each result; undefined where none arrives. */
  readonly gradients: readonly (Value | undefined)[];
  /** Which inputs' gradients will be used. */
  readonly needed: readonly boolean[];
}

/**
 * An op with several results: an entry of its table. It is defined by others. Its operations may own functions, its bodies:
 * those have no captures, since what they use of the function around them is among the operation's inputs.
 */
export interface MultiOp<A extends Attributes = Attributes> extends Defined<A> {
  /** How many results it has. */
  count(attributes: A, bodies: readonly GraphFunction[]): number;
  /** Dtypes and shapes of the results, where they follow from bodies; otherwise from what it is made of. */
  infer?(inputs: readonly TensorType[], attributes: A, bodies: readonly GraphFunction[]): readonly TensorType[];
  /** Its results in simpler operations. Without a gradient rule, it is differentiated through them. */
  decompose(inputs: readonly Value[], attributes: A, bodies: readonly GraphFunction[]): readonly Value[];
  /** The gradient with respect to each input, written with the library's own operations; undefined for one that has none. */
  gradient?(context: MultiGradientContext<A>): readonly (Value | undefined)[];
}

/** A node with several results. */
export class MultiOperation extends Operation {
  /** The table's entry. */
  readonly op: MultiOp;
  /** The functions that it owns. */
  readonly bodies: readonly GraphFunction[];
  readonly #attributes: Attributes;
  readonly #site: SourceLocation | undefined;
  readonly #outputs: readonly OperationOutput[];

  /** `inputs` are nodes of the graph; of bodies for them, every type is known where those of the inputs are. */
  constructor(
    graph: Graph,
    op: MultiOp,
    inputs: readonly Value[],
    attributes: Attributes,
    bodies: readonly GraphFunction[],
    site: SourceLocation | undefined,
  ) {
    const types = inputs.flatMap(({ type }) => type ?? []);
    const isTyped = types.length === inputs.length;
    const results = isTyped ? inferTypes(op, types, attributes, bodies) : undefined;
    super(inputs, graph);
    this.op = op;
    this.bodies = bodies;
    this.#attributes = isTyped && bodies.length === 0 ? definitionOf(op, types, attributes).attributes : attributes;
    this.#site = site;
    this.#outputs = Array.from(
      { length: op.count(attributes, bodies) },
      (_, index) => new OperationOutput(this, index, results?.[index]),
    );
    const { values } = graph;
    if (values === undefined) return;
    const tensors = op.decompose(inputs.map((input) => input.concrete(op.name)), attributes, bodies);
    this.#outputs.forEach((output, index) => values.set(output, tensors[index]!.concrete(op.name)));
  }

  /** Its results, in order. */
  override get outputs(): readonly OperationOutput[] {
    return this.#outputs;
  }

  /** The operations that use any of its results, an entry per use. */
  override get consumers(): Operation[] {
    return this.#outputs.flatMap(({ consumers }) => consumers);
  }

  /** It has no single result. */
  override compute(): Computed {
    throw new TypeError(
      `Cannot compute ${this.name}: it has ${this.#outputs.length} results; compute one of its outputs`,
    );
  }

  override get name(): string {
    return this.op.name;
  }

  override get attributes(): Attributes {
    return this.#attributes;
  }

  override get site(): Error | undefined {
    return this.#site;
  }

  /** That of no single result. */
  override get type(): undefined {
    return undefined;
  }
}

/** Gives a Variable a new value, which lands when the run that it belongs to has completed. Its own value is the new one. */
export class Assign extends Operation {
  /** The Variable that is assigned to. */
  readonly variable: Variable;

  /** Made by `variable.assign`; `value` is a node of the graph, of the Variable's type. */
  constructor(graph: Graph, variable: Variable, value: Value) {
    super([value], graph);
    this.variable = variable;
  }

  /** The new value. */
  override compute(value: Tensor): Tensor {
    return value;
  }

  /** `assign`. */
  override get name(): string {
    return "assign";
  }

  /** That of the Variable. */
  override get type(): TensorType {
    return this.variable.type;
  }
}
