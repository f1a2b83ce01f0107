/**
 * Leaves of a graph that nobody feeds: what it reads of a Variable made elsewhere, and tensors that it has captured.
 * @module
 */
import type { Tensor } from "../tensor.ts";
import type { TensorType } from "../tensor_type.ts";
import type { Graph } from "./graph.ts";
import { GraphNode } from "./node.ts";
import { lookingError } from "./operation.ts";
import type { Variable } from "./variable.ts";

/** A leaf whose numbers are known before the graph is run. */
export abstract class Leaf extends GraphNode {
  /** What printed graphs call it. */
  abstract readonly name: string;

  /** The numbers that it has now. */
  abstract numbers(): Tensor;

  /** Its numbers, where its graph records with values; elsewhere it has none before it is run, and that is an error. */
  override concrete(action: string): Tensor {
    const { values, ended } = this.graph;
    if (values === undefined || ended !== undefined) throw lookingError(this, action);
    let value = values.get(this);
    if (value === undefined) values.set(this, value = this.numbers());
    return value;
  }

  /** How errors call it: what it is, and its type. */
  override describe(): string {
    return `${this.name} (${this.type})`;
  }

  /** The same. */
  override toString(): string {
    return this.describe();
  }
}

/** What a graph reads of a Variable that was made elsewhere: what it held when the run began. */
export class VariableRead extends Leaf {
  /** The Variable that is read. */
  readonly variable: Variable;

  /** The graph's node for a Variable; made by {@linkcode Graph.read}. */
  constructor(graph: Graph, variable: Variable) {
    super(graph);
    this.variable = variable;
    graph.values?.set(this, variable.snapshot());
  }

  /** `variable`. */
  override get name(): string {
    return "variable";
  }

  /** That of the Variable. */
  override get type(): TensorType {
    return this.variable.type;
  }

  /** What the Variable holds now. */
  override numbers(): Tensor {
    return this.variable.snapshot();
  }
}

/** A tensor that a graph has captured. */
export class Constant extends Leaf {
  /** The tensor. */
  readonly tensor: Tensor;

  /** The graph's node for a tensor; made by {@linkcode Graph.capture}. */
  constructor(graph: Graph, tensor: Tensor) {
    super(graph);
    this.tensor = tensor;
  }

  /** `constant`. */
  override get name(): string {
    return "constant";
  }

  /** That of the tensor. */
  override get type(): TensorType {
    return this.tensor.type;
  }

  /** The tensor. */
  override numbers(): Tensor {
    return this.tensor;
  }
}
