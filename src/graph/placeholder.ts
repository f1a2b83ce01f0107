/**
 * Placeholder: an input of the graph that must be fed when it is run.
 * @module
 */
import type { DType } from "../dtype.ts";
import { dtype, shape, string } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import type { OptionKinds } from "../public/signature.ts";
import { readable } from "../readable.ts";
import { checkShape, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { Graph } from "./graph.ts";
import { GraphNode } from "./node.ts";
import { lookingError } from "./operation.ts";

/** What may be said of a placeholder when it is made; all of it may be left to the feed. */
export interface PlaceholderOptions {
  /** What errors and printed graphs call it. */
  readonly name?: string;
  /** Length of each axis. Without it, any feed fits. */
  readonly shape?: Shape;
  /** Element type that feeds are converted to. */
  readonly dtype?: DType;
}

const placeholderOptions: OptionKinds<PlaceholderOptions> = { name: string, shape, dtype };

/** An input node. Made by {@linkcode placeholder}. */
export class Placeholder extends GraphNode {
  /** What errors and printed graphs call it. */
  readonly name: string;
  /** The element type that was asked for, if any. */
  readonly declaredDType: DType | undefined;
  /** The shape that was asked for, if any. */
  readonly declaredShape: Shape | undefined;
  readonly #type: TensorType | undefined;

  /** `type` is for traced arguments, of which everything is known. */
  constructor(graph: Graph, options: PlaceholderOptions, type?: TensorType) {
    super(graph);
    this.name = options.name ?? `placeholder${graph.placeholders.length}`;
    this.declaredDType = type?.dtype ?? options.dtype;
    this.declaredShape = type?.shape ?? options.shape;
    this.#type = type ?? (options.shape && options.dtype && new TensorType(options.dtype, options.shape));
    graph.placeholders.push(this);
  }

  /** Dtype and shape, or undefined when they are left to the feed. */
  override get type(): TensorType | undefined {
    return this.#type;
  }

  /** What `grad` passed for it; elsewhere it has no value before it is fed, and that is an error. */
  override concrete(action: string): Tensor {
    const value = this.graph.ended === undefined ? this.graph.values?.get(this) : undefined;
    if (value === undefined) throw lookingError(this, action);
    return value;
  }

  /** How errors call it: name and, when known, type. */
  override describe(): string {
    const name = readable(this.name);
    return this.#type === undefined ? name : `${name} (${this.#type})`;
  }

  /** Its name and what is known of its type. */
  override toString(): string {
    return this.describe();
  }
}

/**
 * An input of the default graph, to be fed when a session runs it. Throws when there is no default graph.
 *
 * @example
 * ```ts
 * import { Graph, placeholder, Session } from "@tensorloom/tensorloom";
 *
 * new Graph().asDefault(() => {
 *   const x = placeholder({ name: "x", shape: [2], dtype: "float32" });
 *   console.log(new Session().run(x.mul(2), [[x, [1, 2]]]).toArray()); // [2, 4]
 * });
 * ```
 */
export const placeholder: (options?: PlaceholderOptions) => Placeholder = publicFunction({
  name: "placeholder",
  action: "make a placeholder",
  positional: {},
  options: placeholderOptions,
}, (options: PlaceholderOptions = {}) => {
  const graph = Graph.default;
  if (graph === undefined) {
    throw new TypeError("Cannot make a placeholder: there is no default graph; call new Graph().asDefault() first");
  }
  return new Placeholder(
    graph,
    options.shape === undefined ? options : { ...options, shape: checkShape(options.shape, "make a placeholder") },
  );
});
