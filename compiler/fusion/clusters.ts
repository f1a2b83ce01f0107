/**
 * Clusters: the groups of operations that become kernels, and which of them need which.
 * @module
 */
import type { TableOperation } from "../../src/graph/operation.ts";
import type { Value } from "../../src/value.ts";
import { CriticalPaths } from "./critical_paths.ts";
import type { FusedOp, IterationSpace } from "./iteration_space.ts";
import { kernelKind } from "./kinds.ts";
import type { Linked } from "./ordered_list.ts";
import { TopologicalOrder } from "./topological_order.ts";
import type { View } from "../passes/view.ts";

/** Operations that one kernel computes. */
export interface Cluster {
  readonly space: IterationSpace;
  /** In topological order. */
  readonly ops: ReadonlyMap<Value, FusedOp>;
}

/**
 * A cluster while clusters are merged. It grows by what is merged into it: copying it would take time that grows with
 * the square of its size.
 */
export interface Growing extends Cluster {
  /** How often it has grown. */
  readonly version: number;
  /** The positions of its first and last op. */
  readonly first: number;
  readonly last: number;
  /** The arrays that it reads and does not make, and those that it waits for. */
  readonly reads: ReadonlySet<Value>;
  /** What is computed before it, and not by it. */
  readonly waits: ReadonlySet<Value>;
  /** The ops whose arrays are needed outside of it. */
  readonly written: ReadonlySet<Value>;
}

/** Two clusters, and their ops as they are placed in the space of one of them. */
export interface ClusterPair {
  readonly space: IterationSpace;
  readonly producer: ReadonlyMap<Value, FusedOp>;
  readonly consumer: ReadonlyMap<Value, FusedOp>;
}

/** The same with what only this module changes. */
interface ClusterGroup extends Growing, Linked<ClusterGroup> {
  space: IterationSpace;
  version: number;
  ops: Map<Value, FusedOp>;
  first: number;
  last: number;
  reads: Set<Value>;
  waits: Set<Value>;
  written: Set<Value>;
  /** The position of the op whose critical path is the longest. */
  deepest: number;
}

/** What is known of a node. */
interface ClusterPosition {
  readonly position: number;
  /** The nodes whose arrays it reads, views resolved, and then those that it waits for. */
  readonly inputs: readonly Value[];
  readonly waits: readonly Value[];
  /** The operations that read its array or wait for it, an entry per use. */
  readonly users: Value[];
  cluster: ClusterGroup | undefined;
}

/** All clusters of a graph while they are merged. */
export class Clusters {
  /** What each node is a view of. */
  readonly viewOf: (node: Value) => View;
  readonly #places = new Map<Value, ClusterPosition>();
  readonly #results: ReadonlySet<Value>;
  /** Clusters that have ops, and some that were merged into others, in the order of their first ops. */
  readonly #roots: Value[] = [];
  readonly #paths: CriticalPaths;
  /** An order in which the clusters could run. */
  readonly #order = new TopologicalOrder<ClusterGroup>({
    before: (group) => this.#clustersOf(group.reads),
    after: (group) => this.#usingClusters(group),
    isKnownToNeed: (group, origin) => this.#isOnPath(group, origin),
  });

  /** `order` is topological; `results` are the nodes that leave the program. */
  constructor(order: readonly Value[], viewOf: (node: Value) => View, results: ReadonlySet<Value>) {
    this.viewOf = viewOf;
    this.#results = results;
    for (let position = 0; position < order.length; position++) {
      const node = order[position]!;
      const kind = kernelKind(node);
      const inputs: Value[] = [];
      let waits: readonly Value[] = [];
      if (kind !== "leaf" && kind !== "view") {
        for (const input of (node as TableOperation).inputNodes) { // what is no leaf is an operation
          const { source, after } = viewOf(input);
          inputs.push(source);
          if (after !== undefined) waits = [...waits, ...after];
        }
        inputs.push(...waits);
        for (const input of inputs) this.#places.get(input)!.users.push(node); // inputs come first
      }
      this.#places.set(node, { position, inputs, waits, users: [], cluster: undefined });
    }
    this.#paths = new CriticalPaths(
      order.length,
      (position) => this.inputsOf(order[position]!).map((input) => this.positionOf(input)),
    );
  }

  /** The cluster that computes a node; undefined for what is not computed by a kernel. */
  of(node: Value): Growing | undefined {
    return this.#places.get(node)!.cluster;
  }

  /** Makes a cluster of one operation. Operations come in topological order. */
  start(node: Value, space: IterationSpace, op: FusedOp): void {
    const place = this.#places.get(node)!;
    const { position, inputs, waits, users } = place;
    const group: ClusterGroup = {
      space,
      version: 0,
      ops: new Map([[node, op]]),
      first: position,
      last: position,
      reads: new Set(inputs),
      waits: new Set(waits),
      written: new Set(users.length > 0 || this.#results.has(node) ? [node] : []),
      deepest: position,
      label: 0,
      previous: undefined,
      next: undefined,
    };
    place.cluster = group;
    this.#order.append(group);
    this.#roots.push(node);
  }

  /** Makes one cluster of the clusters of two nodes, which have been brought together, and whose ops have been placed. */
  merge(first: Value, second: Value, { space, producer, consumer }: ClusterPair): void {
    const group = this.#places.get(first)!.cluster!; // only clusters are merged
    const other = this.#places.get(second)!.cluster!;
    const passed = [...this.#passed(group, other)];
    for (const node of other.written) group.written.add(node);
    for (const node of passed) if (this.#isInside(node, group, other)) group.written.delete(node);
    for (const node of passed) group.reads.delete(node);
    if (group.last < other.first) {
      if (producer !== group.ops) group.ops = new Map(producer);
      for (const [node, op] of consumer) group.ops.set(node, op);
      for (const node of other.reads) if (!group.ops.has(node)) group.reads.add(node);
    } else {
      const ops = [...producer, ...consumer].sort(([x], [y]) => this.positionOf(x) - this.positionOf(y));
      group.ops = new Map(ops);
      group.reads = new Set();
      for (const node of group.ops.keys()) {
        for (const input of this.inputsOf(node)) if (!group.ops.has(input)) group.reads.add(input);
      }
    }
    for (const node of other.waits) group.waits.add(node);
    for (const node of consumer.keys()) this.#places.get(node)!.cluster = group;
    group.version++;
    group.space = space;
    group.first = Math.min(group.first, other.first);
    group.last = Math.max(group.last, other.last);
    if (this.#paths.depthOf(other.deepest) > this.#paths.depthOf(group.deepest)) group.deepest = other.deepest;
    this.#order.remove(other);
  }

  /** How many arrays a kernel of both would read and write. */
  countArrays(a: Growing, b: Growing): number {
    let count = a.reads.size + a.written.size + b.reads.size + b.written.size;
    for (const node of b.reads) if (a.reads.has(node)) count--;
    for (const node of this.#passed(a, b)) count -= this.#isInside(node, a, b) ? 2 : 1;
    return count;
  }

  /** What one of two clusters makes and the other reads. */
  *#passed(a: Growing, b: Growing): Generator<Value> {
    for (const node of b.reads) if (a.ops.has(node)) yield node;
    for (const node of a.reads) if (b.ops.has(node)) yield node;
  }

  /** Whether nothing but two clusters needs an op of theirs. */
  #isInside(node: Value, a: Growing, b: Growing): boolean {
    return !this.#results.has(node) && this.usersOf(node).every((user) => a.ops.has(user) || b.ops.has(user));
  }

  /** Where a node comes in the topological order. */
  positionOf(node: Value): number {
    return this.#places.get(node)!.position;
  }

  /** The nodes whose arrays an operation reads, views resolved, and those that it waits for. */
  inputsOf(node: Value): readonly Value[] {
    return this.#places.get(node)!.inputs;
  }

  /** The operations that read a node's array or wait for it, an entry per use. */
  readonly usersOf = (node: Value): readonly Value[] => this.#places.get(node)!.users;

  /** Whether `cluster` reads what `other` makes. */
  needs(cluster: Growing, other: Growing): boolean {
    for (const input of cluster.reads) if (this.of(input) === other) return true;
    return false;
  }

  /**
   * Lets two clusters run one directly after the other, as far as anyone asks later. Returns false when they cannot: another
   * one needs one of them, and the other needs that.
   */
  bringTogether(a: Growing, b: Growing): boolean {
    return this.#order.bringTogether(a as ClusterGroup, b as ClusterGroup); // every cluster was made here
  }

  /** The clusters that nodes are computed by. */
  *#clustersOf(nodes: Iterable<Value>): Generator<ClusterGroup> {
    for (const node of nodes) {
      const { cluster } = this.#places.get(node)!;
      if (cluster !== undefined) yield cluster;
    }
  }

  *#usingClusters(group: ClusterGroup): Generator<ClusterGroup> {
    for (const node of group.written) {
      for (const cluster of this.#clustersOf(this.usersOf(node))) if (cluster !== group) yield cluster;
    }
  }

  /** Whether an op of `origin` that others read lies on the critical path to `group`. */
  #isOnPath({ deepest }: ClusterGroup, origin: ClusterGroup): boolean {
    for (const node of origin.written) if (this.#paths.leadsTo(this.positionOf(node), deepest)) return true;
    return false;
  }

  /** The clusters, each after those it reads from. Throws when there is no such order: a merge was wrong. */
  inOrder(): Growing[] {
    const result: Growing[] = [];
    const state = new Map<Growing, "open" | "done">();
    for (const node of this.#roots) {
      const stack = [this.of(node)!]; // it was started
      while (stack.length > 0) {
        const top = stack.at(-1)!;
        const isNew = state.get(top) === undefined;
        if (isNew) {
          state.set(top, "open");
        } else {
          stack.pop();
          if (state.get(top) === "done") continue;
        }
        for (const input of top.reads) {
          const before = this.of(input);
          if (before === undefined) continue;
          if (isNew) {
            if (state.get(before) === undefined) stack.push(before);
          } else if (state.get(before) !== "done") {
            throw new Error("Cannot order the kernels: two need each other's results");
          }
        }
        if (isNew) continue;
        state.set(top, "done");
        result.push(top);
      }
    }
    return result;
  }
}
