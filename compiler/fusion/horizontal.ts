/**
 * Horizontal fusion: kernels that need nothing of each other, but read the same elements of an array in the same
 * loops. As one kernel with several results they read it once.
 * @module
 */
import type { Value } from "../../src/value.ts";
import type { Cluster, Clusters } from "./clusters.ts";
import { accessStrides } from "./iteration_space.ts";

/**
 * How many clusters before it each is tried with, per array. They are the nearest ones; all pairs would take time that
 * grows with the square of the graph.
 */
const tried = 4;

/**
 * Pairs of nodes whose clusters could be fused horizontally, in topological order of the second. The caller merges as
 * it is given them: a pair that has become one cluster, or of which one directly needs the other, is left out.
 */
export function* horizontalCandidates(
  clusters: Clusters,
  rematerialized: ReadonlySet<Value>,
): Generator<readonly [Value, Value]> {
  const ordered = clusters.inOrder();
  if (ordered.length < 2) return;
  const readers = new Map<string, Value[]>();
  const numbers = new Map<Value, number>();
  for (const cluster of ordered) {
    const [node] = cluster.ops.keys();
    if (node === undefined) continue;
    for (const key of keysOf(cluster, clusters, rematerialized, numbers)) {
      const known = readers.get(key) ?? [];
      readers.set(key, known);
      const near = known.slice(-tried).reverse();
      for (const other of near) {
        const [a, b] = [clusters.of(other)!, clusters.of(node)!];
        if (a !== b && !clusters.needs(a, b) && !clusters.needs(b, a)) yield [other, node];
      }
      // One of a merged cluster's nodes stands for it.
      if (!near.some((other) => clusters.of(other) === clusters.of(node))) known.push(node);
    }
  }
}

/** For each array of which a map or a row reads an element per element of its loops: the loops, the array and the place. */
function keysOf(
  { space, ops }: Cluster,
  clusters: Clusters,
  rematerialized: ReadonlySet<Value>,
  numbers: Map<Value, number>,
): Set<string> {
  const keys = new Set<string>();
  if (space.kind !== "map" && space.kind !== "row") return keys;
  const axes = space.shape.map((_, axis) => axis).filter((axis) => space.shape[axis] !== 1);
  const loops = axes.map((axis) => `${space.shape[axis]}${space.reduced[axis] ? "r" : ""}`).join();
  for (const op of ops.values()) {
    if (op.inputScope !== "element") continue;
    for (const input of op.node.inputNodes) {
      const view = clusters.viewOf(input);
      if (ops.has(view.source) || rematerialized.has(view.source)) continue;
      const strides = accessStrides(input, view, op, space);
      if (axes.some((axis) => strides[axis] === 0)) continue;
      let number = numbers.get(view.source);
      if (number === undefined) numbers.set(view.source, number = numbers.size);
      keys.add(`${space.kind} ${loops} ${number} ${view.offset} ${axes.map((axis) => strides[axis]).join()}`);
    }
  }
  return keys;
}
