/**
 * One result of an operation that has several: what its consumers use in place of the operation.
 * @module
 */
import type { Tensor } from "../tensor.ts";
import type { TensorType } from "../tensor_type.ts";
import { GraphNode } from "./node.ts";
import { lookingError, type MultiOperation } from "./operation.ts";

/** One result of an operation that has several. */
export class OperationOutput extends GraphNode {
  /** The operation. */
  readonly operation: MultiOperation;
  /** Which of its results it is, from 0. */
  readonly index: number;
  readonly #type: TensorType | undefined;

  /** Made with its operation. */
  constructor(operation: MultiOperation, index: number, type: TensorType | undefined) {
    super(operation.graph);
    this.operation = operation;
    this.index = index;
    this.#type = type;
  }

  /** Dtype and shape, or undefined while they depend on a placeholder that was not fed. */
  override get type(): TensorType | undefined {
    return this.#type;
  }

  /** Its value, where its graph records with values; elsewhere it has none, and that is an error. */
  override concrete(action: string): Tensor {
    const { values, ended } = this.graph;
    const value = ended === undefined ? values?.get(this) : undefined;
    if (value === undefined) throw lookingError(this, action, this.operation.site);
    return value;
  }

  /** How errors call it: the operation, its number, and its type. */
  override describe(): string {
    const name = `${this.operation.name}.${this.index}`;
    return this.#type === undefined ? name : `${name} (${this.#type})`;
  }

  /** The same. */
  override toString(): string {
    return this.describe();
  }
}
