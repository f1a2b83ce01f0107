/**
 * GraphNode: what operations and placeholders have in common.
 * @module
 */
import type { DType, TypedArray } from "../dtype.ts";
import { publicMembers } from "../public/public_function.ts";
import type { Shape } from "../shape.ts";
import { known, Value } from "../value.ts";
import type { Graph } from "./graph.ts";
import type { Operation } from "./operation.ts";

/** What makes a node equal to no other; the text is for the error of `structuredClone`. */
export function newIdentity(): symbol {
  return Symbol("a node of a graph");
}

/** A node of a graph: an {@linkcode Operation} or a {@linkcode Placeholder}. It has no numbers before the graph is run. */
export abstract class GraphNode extends Value {
  /**
   * What no other node has. Deep equality compares it first, so that only the same node is equal, and `structuredClone`
   * refuses it. The graph and the node's neighbours are not listed: through them, everything would be compared and printed.
   */
  readonly identity: symbol = newIdentity();
  readonly #graph: Graph;
  readonly #consumers: Operation[] = [];

  /** A node of `graph`, which is not yet in its lists. */
  constructor(graph: Graph) {
    super();
    this.#graph = graph;
  }

  /** The graph it is a node of. */
  get graph(): Graph {
    return this.#graph;
  }

  /** The operations that use its output, an entry per use. */
  get consumers(): Operation[] {
    return this.#consumers;
  }

  /** Length of each axis; throws where that is not known before the graph is run. */
  override get shape(): Shape {
    return known(this, "shape").shape;
  }

  /** Element type; throws where that is not known before the graph is run. */
  override get dtype(): DType {
    return known(this, "dtype").dtype;
  }

  /** The elements, where its graph records with values; elsewhere it has none, and that is an error. */
  override get data(): TypedArray {
    return this.concrete("read .data of").data;
  }

  /** What `JSON.stringify` writes: it has no numbers, so that it is what errors call it. */
  override toJSON(): string {
    return this.describe();
  }
}

publicMembers(GraphNode.prototype, ...["shape", "dtype", "data"].map((name) => ({ name, positional: {} })));
