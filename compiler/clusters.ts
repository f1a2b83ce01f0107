/**
 * Clusters: the groups of operations that become kernels, and which of them need which.
 * @module
 */
import type { TableOperation } from "../src/graph/operation.ts";
import type { Value } from "../src/value.ts";
import type { Frame, Member } from "./frame.ts";
import { kernelKind } from "./kinds.ts";
import type { View } from "./view.ts";

/** Operations that one kernel computes. It does not change once it is made. */
export interface Cluster {
  readonly frame: Frame;
  /** In topological order. */
  readonly members: ReadonlyMap<Value, Member>;
}

/** What a cluster reads, and the positions of its first and last member. */
interface Extent {
  readonly reads: readonly Value[];
  readonly first: number;
  readonly last: number;
}

/** All clusters of a graph while they are merged. */
export class Clusters {
  /** What each node is a view of. */
  readonly viewOf: (node: Value) => View;
  readonly #clusterOf = new Map<Value, Cluster>();
  readonly #positions = new Map<Value, number>();
  readonly #users = new Map<Value, Value[]>();
  readonly #extents = new WeakMap<Cluster, Extent>();
  /** The last position among all that a cluster computes or needs, through however many others. */
  readonly #reaches = new Map<Cluster, number>();

  /** `order` is topological. */
  constructor(order: readonly Value[], viewOf: (node: Value) => View) {
    this.viewOf = viewOf;
    order.forEach((node, index) => this.#positions.set(node, index));
    for (const node of order) {
      const kind = kernelKind(node);
      if (kind === "leaf" || kind === "view") continue;
      for (const input of this.inputsOf(node)) {
        const known = this.#users.get(input);
        if (known === undefined) this.#users.set(input, [node]);
        else known.push(node);
      }
    }
  }

  /** The cluster that computes a node; undefined for what is not computed by a kernel. */
  of(node: Value): Cluster | undefined {
    return this.#clusterOf.get(node);
  }

  /** Makes `cluster` the one that its members belong to. */
  add(cluster: Cluster): void {
    for (const node of cluster.members.keys()) {
      const former = this.#clusterOf.get(node);
      if (former !== undefined) this.#reaches.delete(former);
      this.#clusterOf.set(node, cluster);
    }
    let reach = this.#extentOf(cluster).last;
    for (const each of this.before(cluster)) reach = Math.max(reach, this.#reaches.get(each)!); // all clusters have one
    this.#reaches.set(cluster, reach);
    this.#extendUsers(cluster);
  }

  /** Lets those that need `cluster` reach as far as it does. */
  #extendUsers(cluster: Cluster): void {
    const stack = [cluster];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const reach = this.#reaches.get(next)!; // all clusters have one
      for (const node of next.members.keys()) {
        for (const user of this.usersOf(node)) {
          const other = this.#clusterOf.get(user);
          if (other === undefined || this.#reaches.get(other)! >= reach) continue;
          this.#reaches.set(other, reach);
          stack.push(other);
        }
      }
    }
  }

  /** Where a node comes in the topological order. */
  positionOf(node: Value): number {
    return this.#positions.get(node)!;
  }

  /** The nodes whose arrays an operation reads, views resolved. */
  readonly inputsOf = (node: Value): Value[] =>
    (node as TableOperation).inputNodes.map((input) => this.viewOf(input).source); // members are operations

  /** The operations that read a node's array, an entry per use. */
  readonly usersOf = (node: Value): readonly Value[] => this.#users.get(node) ?? [];

  #extentOf(cluster: Cluster): Extent {
    let extent = this.#extents.get(cluster);
    if (extent === undefined) {
      const nodes = [...cluster.members.keys()];
      const reads = [...new Set(nodes.flatMap((node) => this.inputsOf(node)))].filter((input) =>
        !cluster.members.has(input)
      );
      const places = nodes.map((node) => this.positionOf(node));
      this.#extents.set(cluster, extent = { reads, first: Math.min(...places), last: Math.max(...places) });
    }
    return extent;
  }

  /** The position of a cluster's first member. */
  firstOf(cluster: Cluster): number {
    return this.#extentOf(cluster).first;
  }

  /** The position of a cluster's last member. */
  lastOf(cluster: Cluster): number {
    return this.#extentOf(cluster).last;
  }

  /** The arrays that a cluster reads and does not make. */
  readsOf(cluster: Cluster): readonly Value[] {
    return this.#extentOf(cluster).reads;
  }

  /** The clusters that make what `cluster` reads. */
  before(cluster: Cluster): Set<Cluster> {
    const before = new Set<Cluster>();
    for (const input of this.readsOf(cluster)) {
      const producer = this.#clusterOf.get(input);
      if (producer !== undefined && producer !== cluster) before.add(producer);
    }
    return before;
  }

  /** Whether `from` needs `to`, by a way that leads through a third cluster. */
  dependsIndirectly(from: Cluster, to: Cluster): boolean {
    const seen = new Set<Cluster>([from]);
    const stack = [...this.before(from)].filter((each) => each !== to);
    const { first } = this.#extentOf(to);
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (next === to) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      // What reaches no further than the first member of `to` does not need it.
      if (this.#reaches.get(next)! >= first) stack.push(...this.before(next));
    }
    return false;
  }

  /** The clusters, each after those it reads from. Throws when there is no such order: a merge was wrong. */
  inOrder(): Cluster[] {
    const result: Cluster[] = [];
    const state = new Map<Cluster, "open" | "done">();
    for (const root of new Set(this.#clusterOf.values())) {
      const stack = [root];
      while (stack.length > 0) {
        const top = stack.at(-1)!;
        if (state.get(top) === undefined) {
          state.set(top, "open");
          for (const each of this.before(top)) if (state.get(each) === undefined) stack.push(each);
        } else {
          stack.pop();
          if (state.get(top) === "done") continue;
          for (const each of this.before(top)) {
            if (state.get(each) !== "done") throw new Error("Cannot order the kernels: two need each other's results");
          }
          state.set(top, "done");
          result.push(top);
        }
      }
    }
    return result;
  }
}
