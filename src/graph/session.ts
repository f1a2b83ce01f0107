/**
 * Session: runs parts of a graph that was built by hand.
 * @module
 */
import { describeForeign } from "../describe.ts";
import { isFloating } from "../dtype.ts";
import { fromNested } from "../ops/nested.ts";
import { currentExecutor, type Executable } from "../executor.ts";
import { anything, choice } from "../public/kinds.ts";
import { checkCall, publicMembers, signed } from "../public/public_function.ts";
import { optional, type OptionKinds, planOf } from "../public/signature.ts";
import { readable } from "../readable.ts";
import { equalShapes, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { flatten, type Structure, type Tree, unflatten } from "../tree.ts";
import { LruCache } from "../lru_cache.ts";
import { type NestedArray, Value } from "../value.ts";
import { referenceExecutor } from "./interpret.ts";
import { isNode } from "./operation.ts";
import { Placeholder } from "./placeholder.ts";
import type { GraphFunction } from "./function.ts";
import { DeferredNode, specialize } from "./specialize.ts";
import { activeTrace, brokenAssumption } from "./trace.ts";
import { postorder } from "./traverse.ts";
import { Variable } from "./variable.ts";

/** What a placeholder can be fed. */
export type Feed = Value | NestedArray;

/** Values for placeholders: a Map, or pairs. */
export type Feeds = ReadonlyMap<Value, Feed> | readonly (readonly [Value, Feed])[];

/** What a fetch tree turns into: a Tensor for every node. */
export type Fetched<T> = T extends { readonly name: "minimize" } ? undefined
  : T extends Value ? Tensor
  : T extends readonly unknown[] ? { -readonly [K in keyof T]: Fetched<T[K]> }
  : T extends object ? { [K in keyof T]: Fetched<T[K]> }
  : T;

/** How a session runs graphs. */
export interface SessionOptions {
  /**
   * `"compiled"` (the default) compiles what is fetched, once per set of feed shapes; `"reference"` computes node by
   * node with each operation's own `compute`.
   */
  readonly mode?: "compiled" | "reference";
}

const cachedPrograms = 256;

const plan = planOf({
  name: "new Session",
  action: "make a session",
  positional: {},
  options: { mode: choice("compiled", "reference") } satisfies OptionKinds<SessionOptions>,
});

/**
 * Runs nodes of a graph. A session keeps no state but compiled programs; all state is in the Variables.
 *
 * @example
 * ```ts
 * import { Graph, placeholder, Session, Variable } from "@tensorloom/tensorloom";
 *
 * const graph = new Graph();
 * graph.asDefault(() => {
 *   const x = placeholder({ name: "x" });
 *   const w = new Variable([1, 2]);
 *   const y = x.mul(w);
 *   console.log(new Session().run(y, new Map([[x, [3, 4]]])).toArray()); // [3, 8]
 * });
 * ```
 */
export class Session {
  readonly #mode: "compiled" | "reference";
  readonly #programs = new LruCache<string, Prepared>(cachedPrograms);
  readonly #numbers = new WeakMap<Value, number>();
  #nextNumber = 0;

  /** Throws a TypeError for a mode there is not. */
  constructor(options: SessionOptions = {}) {
    checkCall(plan, Session, arguments.length, options);
    this.#mode = options.mode ?? "compiled";
  }

  /**
   * The values of `fetches` (a node, or a tree of nodes) for the placeholders fed. Each node is computed once, every
   * Variable is read as it was at the start, and all assignments land at the end. Throws when a placeholder that is
   * needed is not fed, or a feed does not fit it. A node that `minimize` made gives undefined.
   */
  run<T>(fetches: T, feeds: Feeds = []): Fetched<T> {
    const trace = activeTrace();
    if (trace !== undefined && trace.graph.values === undefined) {
      throw new TypeError(
        `Cannot run a session inside ${trace.name}: it would run once, when that is recorded; run it outside and pass the results in`,
      );
    }
    const { nodes, structure } = fetchedNodesOf(fetches);
    const prepared = this.#prepare(nodes, readFeeds(feeds));
    const results = prepared.executable.run(prepared.tensors, prepared.graphFunction.variables);
    let next = 0;
    const values = nodes.map((node) => node instanceof DeferredNode ? undefined : results[next++]);
    return unflatten(structure, values) as Fetched<T>; // the leaves' types follow the tree's
  }

  /**
   * What a run of `fetches` for such feeds computes, as a value: a copy of the part of the graph that it needs, in which
   * every type is known and every gradient and update is written out. Exporters start from it.
   */
  graphFunction(fetches: unknown, feeds: Feeds = []): GraphFunction {
    return this.#prepare(fetchedNodesOf(fetches).nodes, readFeeds(feeds)).graphFunction;
  }

  #prepare(nodes: readonly Value[], feeds: ReadonlyMap<Value, Feed>): Prepared & { tensors: Tensor[] } {
    const needed = postorder(nodes);
    const placeholders = needed.filter((node): node is Placeholder => node instanceof Placeholder);
    const wide = needed.some((node) => node.type?.dtype === "float64" && !node.type.weak);
    const tensors = placeholders.map((node) => feedTensor(node, feeds, wide));
    const key = [
      ...nodes.map((node) => this.#numberOf(node)),
      ...placeholders.map((node, index) => `${this.#numberOf(node)}:${tensors[index]!.type.key}`),
    ].join(" ");
    let prepared = this.#programs.get(key);
    // What recording it took apart may be what it took for granted.
    while (prepared === undefined || brokenAssumption(prepared.graphFunction.assumptions) !== undefined) {
      const types = new Map(placeholders.map((node, index) => [node, tensors[index]!.type]));
      const graphFunction = specialize(nodes, types);
      const executor = this.#mode === "reference" ? referenceExecutor : currentExecutor();
      prepared = { graphFunction, executable: executor.compile(graphFunction, {}) };
      this.#programs.set(key, prepared);
    }
    return { ...prepared, tensors };
  }

  #numberOf(node: Value): number {
    let number = this.#numbers.get(node);
    if (number === undefined) this.#numbers.set(node, number = this.#nextNumber++);
    return number;
  }
}

/** What is to be fetched, as nodes of one graph, and the tree that they are the leaves of. */
function fetchedNodesOf(fetches: unknown): { nodes: Value[]; structure: Structure } {
  const { leaves, structure } = flatten(fetches as Tree);
  const nodes = leaves.map((leaf) => {
    if (leaf instanceof Value) return leaf;
    throw new TypeError(`Cannot fetch ${describeForeign(leaf)}: it is no node of a graph`);
  });
  checkOneGraph(nodes);
  return { nodes, structure };
}

interface Prepared {
  readonly graphFunction: GraphFunction;
  readonly executable: Executable;
}

function readFeeds(feeds: Feeds): ReadonlyMap<Value, Feed> {
  const given: unknown = feeds; // what untyped programs pass is looked at before it is believed
  if (!(given instanceof Map) && !(Array.isArray(given) && given.every((feed) => Array.isArray(feed)))) {
    throw new TypeError("Cannot run the graph: feeds are a Map, or a list of pairs [placeholder, value]");
  }
  const map = new Map<Value, Feed>(feeds);
  for (const key of map.keys()) {
    if (key instanceof Placeholder) continue;
    const what = key instanceof Value ? key.describe() : describeForeign(key);
    throw new TypeError(
      `Cannot feed ${what}: only placeholders are fed${key instanceof Variable ? "; use assign()" : ""}`,
    );
  }
  return map;
}

/** The tensor a placeholder is fed, in the dtype it declares. */
function feedTensor(node: Placeholder, feeds: ReadonlyMap<Value, Feed>, wide: boolean): Tensor {
  const feed = feeds.get(node);
  if (feed === undefined) {
    throw new TypeError(`Cannot run the graph: the placeholder ${readable(node.name)} is not fed`);
  }
  const action = `feed ${readable(node.name)}`;
  let tensor: Tensor;
  if (feed instanceof Value) {
    if (isNode(feed)) throw new TypeError(`Cannot ${action}: ${feed.describe()} is a node of a graph, not a tensor`);
    tensor = feed.concrete(action);
  } else {
    tensor = fromNested(feed, node.declaredDType, action);
    if (node.declaredDType === undefined && wide && isFloating(tensor.type.dtype)) {
      tensor = fromNested(feed, "float64", action);
    }
  }
  if (node.declaredDType !== undefined && tensor.type.dtype !== node.declaredDType) {
    tensor = tensor.astype(node.declaredDType).concrete(action);
  }
  if (node.declaredShape !== undefined && !equalShapes(node.declaredShape, tensor.type.shape)) {
    throw new RangeError(`Cannot ${action} with ${tensor.type}: its shape is ${formatShape(node.declaredShape)}`);
  }
  return tensor.type.weak ? tensor.reshape([]).astype("float32").concrete(action) : tensor;
}

/** All fetches belong to one graph that is still open. */
function checkOneGraph(nodes: readonly Value[]): void {
  const graphs = new Set<unknown>();
  for (const node of nodes) {
    if (!isNode(node) && !(node instanceof Variable)) {
      throw new TypeError(`Cannot fetch ${node.describe()}: it is no node of a graph`);
    }
    if (node.graph?.ended !== undefined) {
      throw new TypeError(`Cannot fetch ${node.describe()}: it was recorded by ${node.graph.ended}, which has ended`);
    }
    if (isNode(node)) graphs.add(node.graph);
  }
  if (graphs.size > 1) throw new TypeError("Cannot fetch nodes of two graphs in one run: run them one after the other");
}

signed(Session, plan);
publicMembers(
  Session.prototype,
  { name: "session.run", action: "run the graph", positional: { fetches: anything, feeds: optional(anything) } },
  {
    name: "session.graphFunction",
    action: "show the graph",
    positional: { fetches: anything, feeds: optional(anything) },
  },
);
