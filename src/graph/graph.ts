/**
 * The static graph: operations, placeholders and variables, in the order they were made.
 * @module
 */
import { Constant, VariableRead } from "./leaf.ts";
import type { Operation } from "./operation.ts";
import type { Placeholder } from "./placeholder.ts";
import { printGraph } from "./print.ts";
import { callUser } from "../public/caller.ts";
import { boolean, fn } from "../public/kinds.ts";
import { checkCall, publicMembers, signed } from "../public/public_function.ts";
import { optional, planOf } from "../public/signature.ts";
import type { Tensor } from "../tensor.ts";
import type { Value } from "../value.ts";
import type { Variable } from "./variable.ts";

let defaultGraph: Graph | undefined;

/** How graphs are drawn. */
export interface Drawing {
  /** What {@linkcode Graph.toDot} returns. */
  toDot(graph: Graph): string;
  /** What {@linkcode Graph.toSvg} returns. */
  toSvg(graph: Graph): string;
}

let drawing: Drawing | undefined;

/** Sets how graphs are drawn. */
export function installDrawing(given: Drawing): void {
  drawing = given;
}

const plan = planOf({ name: "new Graph", action: "make a graph", positional: {}, options: { recordValues: boolean } });

/**
 * A computational graph. Nodes are added by making them while it is the default graph, or by tracing a function.
 *
 * @example
 * ```ts
 * import { add, Graph, matmul, placeholder, Session, Variable } from "@tensorloom/tensorloom";
 *
 * new Graph().asDefault();
 * const A = new Variable([[1, 0], [0, -1]]);
 * const b = new Variable([1, 1]);
 * const x = placeholder();
 * const z = add(matmul(A, x), b);
 * console.log(new Session().run(z, new Map([[x, [1, 2]]])).toArray()); // [2, -1]
 * Graph.clearDefault();
 * ```
 */
export class Graph {
  /** Operations in creation order. */
  readonly operations: Operation[] = [];
  /** Placeholders in creation order. */
  readonly placeholders: Placeholder[] = [];
  /** Variables made in this graph, or read by it when it was traced, in that order. */
  readonly variables: Variable[] = [];

  /** What recorded this graph, once that has ended: nodes of such a graph take no further operations. */
  ended: string | undefined;

  /** In a graph recorded with values (by `grad` outside `compile`): the value of each node. */
  readonly values: Map<Value, Tensor> | undefined;

  readonly #reads = new Map<Variable, VariableRead>();
  readonly #constants = new Map<Tensor, Constant>();

  /** `recordValues` is for transformations that compute while they record; a graph made by hand has no values. */
  constructor(options: { recordValues?: boolean } = {}) {
    checkCall(plan, Graph, arguments.length, options);
    this.values = options.recordValues ? new Map() : undefined;
  }

  /** The graph that new nodes are added to, if one was set. */
  static get default(): Graph | undefined {
    return defaultGraph;
  }

  /** Unsets the default graph, so that operations on Variables compute eagerly again. */
  static clearDefault(): void {
    defaultGraph = undefined;
  }

  /**
   * Makes this the default graph. With a callback, only while that runs, and its result is returned; otherwise until
   * another is set, or, with `using scope = graph.asDefault()`, until the end of the block.
   */
  asDefault(): Disposable;
  /** Makes this the default graph while `body` runs, and returns what that returns. */
  asDefault<T>(body: () => T): T;
  asDefault<T>(body?: () => T): T | Disposable {
    const previous = defaultGraph;
    defaultGraph = this;
    const restore = (): void => {
      defaultGraph = previous;
    };
    if (body === undefined) return { [Symbol.dispose]: restore };
    try {
      return callUser(body);
    } finally {
      restore();
    }
  }

  /** This graph's node that reads `variable`; for the graph a Variable was made in, use the Variable itself. */
  read(variable: Variable): VariableRead {
    let node = this.#reads.get(variable);
    if (node === undefined) {
      this.#reads.set(variable, node = new VariableRead(this, variable));
      this.variables.push(variable);
    }
    return node;
  }

  /** This graph's node that holds `tensor`. */
  capture(tensor: Tensor): Constant {
    let node = this.#constants.get(tensor);
    if (node === undefined) this.#constants.set(tensor, node = new Constant(this, tensor));
    return node;
  }

  /** The leaves that nobody feeds: a node for each Variable made elsewhere that it reads, and for each tensor that it has captured. */
  get leaves(): (VariableRead | Constant)[] {
    return [...this.#reads.values(), ...this.#constants.values()];
  }

  /** One line per node, inputs before consumers: `%3: float32[64,10] = matmul %1 %2`. */
  toString(): string {
    return printGraph(this);
  }

  /**
   * The graph in the language of [Graphviz](https://graphviz.org/doc/info/lang.html): a node per node, with its name,
   * type and attributes, and an edge per use. Leaves differ from operations by shape and colour; what nothing else
   * uses has a thick border.
   *
   * @example
   * ```ts
   * import { Graph, placeholder } from "@tensorloom/tensorloom";
   *
   * const graph = new Graph();
   * graph.asDefault(() => placeholder({ name: "x" }).square().sum());
   * console.log(graph.toDot().match(/n\d -> n\d/g)); // ["n0 -> n1", "n1 -> n2"]
   * ```
   */
  toDot(): string {
    return drawing!.toDot(this); // installed by mod.ts
  }

  /**
   * The graph as a picture: SVG text that needs nothing else, to be written to a file or put into a page. Inputs are
   * at the top; each node has its name, type and attributes, in full where the mouse rests on it, and each use is an
   * arrow. Leaves differ from operations by shape and colour; what nothing else uses has a thick border.
   *
   * @example
   * ```ts
   * import { compile, tensor, type Value } from "@tensorloom/tensorloom";
   *
   * const f = compile((x: Value) => x.square().sum());
   * f(tensor([1, 2, 3]));
   * const svg = f.graph?.toSvg() ?? "";
   * console.log(svg.startsWith("<svg "), svg.includes(">square</text>")); // true true
   * ```
   */
  toSvg(): string {
    return drawing!.toSvg(this); // as above
  }

  /** Shown by `console.log` in Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** Shown by `console.log` in Node and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

signed(Graph, plan);
publicMembers(
  Graph.prototype,
  { name: "graph.asDefault", positional: { body: optional(fn) } },
  { name: "graph.toDot", positional: {} },
  { name: "graph.toSvg", positional: {} },
);
publicMembers(Graph, { name: "Graph.clearDefault", positional: {} });
