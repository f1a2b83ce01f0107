/**
 * Fusion: which operations share a kernel.
 *
 * Every operation starts as a cluster of its own. Then, in topological order, each is merged with the clusters it
 * reads from, wherever one loop nest can compute both. A cluster has a *frame*: the loop nest's shape, and for rows
 * which axes the inner loops reduce. Each member has a *level* in it: computed for every element, once per row, or once
 * in all. Two members may pass a value in a register when one reads exactly the element the other computes.
 * @module
 */
import { TableOperation } from "../src/graph/operation.ts";
import { postorder } from "../src/graph/traverse.ts";
import type { ExecutorOptions } from "../src/ops/op.ts";
import type { Value } from "../src/value.ts";
import {
  accessStrides,
  type Frame,
  type Level,
  type Member,
  ownFrame,
  placeMember,
  unplaced,
  walkedAxes,
} from "./frame.ts";
import { isCheap, kernelKind } from "./kinds.ts";
import type { Materialized } from "./materialize.ts";
import { type View, wholeView } from "./view.ts";

const depth: Readonly<Record<Level, number>> = { total: 0, row: 1, element: 2 };

/** Operations that one kernel computes. */
export interface Cluster {
  readonly frame: Frame;
  /** In topological order. */
  readonly members: ReadonlyMap<Value, Member>;
}

/** A merge that was refused, and why. */
export interface Refusal {
  readonly producer: string;
  readonly consumer: string;
  readonly reason: string;
}

/** The result of fusion: the clusters in an order in which they can run. */
export interface Fused {
  readonly clusters: readonly Cluster[];
  readonly refusals: readonly Refusal[];
  /** Single numbers that are so cheap that each kernel which needs one computes it again. */
  readonly recomputed: ReadonlySet<Value>;
}

/** More operations or arrays than this in one kernel slow it down: registers run out. */
const maximumMembers = 96;
const maximumArrays = 32;

/** Groups the operations of a graph into kernels. */
export function fuse(source: Materialized, options: ExecutorOptions = {}): Fused {
  const viewOf = (node: Value): View => source.views.get(node) ?? wholeView(node);
  const clusterOf = new Map<Value, Cluster>();
  const positions = new Map<Value, number>();
  const refusals: Refusal[] = [];
  const order = postorder([...source.outputs, ...source.assigns.map((assign) => assign.inputNodes[0]!)]);
  order.forEach((node, index) => positions.set(node, index));

  const inputsOf = (node: Value): Value[] => (node as TableOperation).inputNodes.map((input) => viewOf(input).source); // members are operations
  /** What a cluster reads, and the positions of its first and last member; a cluster does not change once it is made. */
  const extents = new Map<
    Cluster,
    { readonly reads: readonly Value[]; readonly first: number; readonly last: number }
  >();
  const extentOf = (
    cluster: Cluster,
  ): { readonly reads: readonly Value[]; readonly first: number; readonly last: number } => {
    let extent = extents.get(cluster);
    if (extent === undefined) {
      const nodes = [...cluster.members.keys()];
      const reads = [...new Set(nodes.flatMap(inputsOf))].filter((input) => !cluster.members.has(input));
      const places = nodes.map((node) => positions.get(node)!);
      extents.set(cluster, extent = { reads, first: Math.min(...places), last: Math.max(...places) });
    }
    return extent;
  };
  const clustersBefore = (cluster: Cluster): Set<Cluster> => {
    const before = new Set<Cluster>();
    for (const input of extentOf(cluster).reads) {
      const producer = clusterOf.get(input);
      if (producer !== undefined && producer !== cluster) before.add(producer);
    }
    return before;
  };
  /** Whether `from` needs `to`, by a way that leads through a third cluster. */
  const dependsIndirectly = (from: Cluster, to: Cluster): boolean => {
    const seen = new Set<Cluster>([from]);
    const stack = [...clustersBefore(from)].filter((each) => each !== to);
    const { first } = extentOf(to);
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (next === to) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      // What was all computed before the first member of `to` cannot depend on it.
      if (extentOf(next).last > first) stack.push(...clustersBefore(next));
    }
    return false;
  };

  const merge = (producer: Cluster, consumer: Cluster): string | undefined => {
    const merged = mergeFrames(producer, consumer, positions);
    if (typeof merged === "string") return merged;
    if (merged.members.size > maximumMembers) return `more than ${maximumMembers} operations in one kernel`;
    const misfit = checkEdges(merged, viewOf);
    if (misfit !== undefined) return misfit;
    if (options.exact && reordersTotal(merged)) return "a total would be added up in another order than alone";
    if (countArrays(merged, viewOf) > maximumArrays) return `more than ${maximumArrays} arrays in one kernel`;
    if (dependsIndirectly(consumer, producer) || dependsIndirectly(producer, consumer)) {
      return "another kernel has to run between them";
    }
    for (const node of merged.members.keys()) clusterOf.set(node, merged);
    return undefined;
  };

  const recomputed = findRecomputed(order, source, viewOf);
  for (const node of order) {
    const frame = ownFrame(node);
    if (frame === undefined || recomputed.has(node)) continue;
    const placed = placeMember(node as TableOperation, frame) ?? unplaced(node); // frames are of operations
    const single: Cluster = { frame, members: new Map([[node, placed]]) };
    clusterOf.set(node, single);
    if (frame.kind === "assemble" || frame.kind === "host") continue;
    const producers = [...new Set(inputsOf(node))].filter((input) => clusterOf.has(input))
      .sort((a, b) => positions.get(b)! - positions.get(a)!);
    for (const input of producers) {
      const [producer, consumer] = [clusterOf.get(input)!, clusterOf.get(node)!];
      if (producer === consumer) continue;
      const reason = merge(producer, consumer);
      if (reason !== undefined) refusals.push({ producer: describe(input), consumer: describe(node), reason });
    }
  }
  return { clusters: schedule(new Set(clusterOf.values()), clustersBefore), refusals, recomputed };
}

/** A single number that takes more operations than these is computed once, however many kernels read it. */
const maximumRecomputed = 16;

/**
 * Single numbers made of arguments, Variables and constants by cheap operations, such as a learning rate in another
 * dtype: a kernel of their own would cost more than computing them again wherever they are read.
 */
function findRecomputed(order: readonly Value[], source: Materialized, viewOf: (node: Value) => View): Set<Value> {
  const results = new Set(
    [...source.outputs, ...source.assigns.map((assign) => assign.inputNodes[0]!)].map((node) => viewOf(node).source),
  );
  // Host steps and assemblies read arrays, so what they read has to be one.
  for (const node of order) {
    const kind = kernelKind(node);
    if (kind === "host" || kind === "assemble" || kind === "contract") {
      for (const input of (node as TableOperation).inputNodes) results.add(viewOf(input).source); // only operations are of these kinds
    }
  }
  const recomputed = new Set<Value>();
  const work = new Map<Value, number>(); // how many operations it takes to compute each again
  for (const node of order) {
    if (kernelKind(node) !== "elementwise" || node.type!.size !== 1 || results.has(node)) continue;
    const operation = node as TableOperation; // element-wise nodes are operations
    const known = (input: Value): boolean => {
      const { source } = viewOf(input);
      return kernelKind(source) === "leaf" && source.type!.size === 1 || recomputed.has(source);
    };
    if (!isCheap(operation.name) || !operation.inputNodes.every(known)) continue;
    const operations = operation.inputNodes.reduce((sum, input) => sum + (work.get(viewOf(input).source) ?? 0), 1);
    if (operations > maximumRecomputed) continue;
    work.set(node, operations);
    recomputed.add(node);
  }
  return recomputed;
}

function describe(node: Value): string {
  return node instanceof TableOperation ? `${node.name} ${node.type}` : node.describe();
}

/** Both clusters' members in the frame of one of them, or why there is none. */
function mergeFrames(producer: Cluster, consumer: Cluster, positions: ReadonlyMap<Value, number>): Cluster | string {
  const [a, b] = [producer.frame.kind, consumer.frame.kind];
  if (a === "host" || a === "assemble") return "a host step or an assembly shares its kernel with nothing";
  if (a === "contract" && b === "contract") return "two contractions make different tiles";
  if (a === "contract" && b === "row" || a === "row" && b === "contract") {
    return "a reduction needs whole rows, and a contraction makes tiles";
  }
  for (const frame of framesFor(producer.frame, consumer.frame)) {
    const nodes = [...producer.members.keys(), ...consumer.members.keys()].sort((x, y) =>
      positions.get(x)! - positions.get(y)!
    );
    const members = new Map<Value, Member>();
    for (const node of nodes) {
      const member = placeMember(node as TableOperation, frame); // members are operations
      if (member === undefined) break;
      members.set(node, member);
    }
    if (members.size === nodes.length) return { frame, members };
  }
  return "their loops differ";
}

function framesFor(a: Frame, b: Frame): Frame[] {
  if (a.kind === "map" && b.kind !== "map") return [b];
  return a.kind === "row" && b.kind === "row" ? [a, b] : [a];
}

/** Why a value cannot pass from one member to another in a register, if it cannot. */
function checkEdges(cluster: Cluster, viewOf: (node: Value) => View): string | undefined {
  const { frame, members } = cluster;
  for (const member of members.values()) {
    if (kernelKind(member.node) === "contract") {
      if (member.node.inputNodes.some((input) => members.has(viewOf(input).source))) {
        return "an operand of a contraction is read many times, so it is computed once, before";
      }
      continue;
    }
    for (const input of member.node.inputNodes) {
      const view = viewOf(input);
      const producer = members.get(view.source);
      if (producer === undefined) continue;
      if (depth[producer.level] > depth[member.inputLevel]) {
        return "it needs elements of the same loop before they are all computed";
      }
      if (producer.level === "total" && member.inputLevel !== "total") {
        return "it needs a total that is known only at the end";
      }
      const strides = accessStrides(input, view, member, frame);
      const aligned = view.offset === 0 &&
        strides.every((stride, axis) => frame.shape[axis] === 1 || stride === producer.strides[axis]);
      if (!aligned) return "it reads other elements than the one just computed";
    }
  }
  return undefined;
}

/** Whether a reduction over all elements would not walk them in row-major order, because rows lie across. */
function reordersTotal({ frame, members }: Cluster): boolean {
  const walked = walkedAxes(frame, "element");
  const across = walked.some((axis, index) =>
    frame.reduced[axis] && walked.slice(index).some((later) => !frame.reduced[later])
  );
  return across && [...members.values()].some(({ level, inputLevel }) => level === "total" && inputLevel === "element");
}

function countArrays(cluster: Cluster, viewOf: (node: Value) => View): number {
  const arrays = new Set<Value>();
  for (const member of cluster.members.values()) {
    for (const input of member.node.inputNodes) {
      const { source } = viewOf(input);
      if (!cluster.members.has(source)) arrays.add(source);
    }
  }
  return arrays.size;
}

/** The clusters, each after those it reads from. */
function schedule(clusters: ReadonlySet<Cluster>, before: (cluster: Cluster) => ReadonlySet<Cluster>): Cluster[] {
  const result: Cluster[] = [];
  const state = new Map<Cluster, "open" | "done">();
  for (const root of clusters) {
    const stack = [root];
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      if (state.get(top) === undefined) {
        state.set(top, "open");
        for (const each of before(top)) if (state.get(each) === undefined) stack.push(each);
      } else {
        stack.pop();
        if (state.get(top) === "open") {
          state.set(top, "done");
          result.push(top);
        }
      }
    }
  }
  return result;
}
