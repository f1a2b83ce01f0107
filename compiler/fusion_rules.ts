/**
 * The rules of fusion: what two clusters may not share a kernel for. Each has a name and the sentence with which it
 * refuses; a merge that none refuses takes place. Rules that cost less to ask come first.
 *
 * Each has a test of its name in tests/compiler/fusion_rules.test.ts: a function that it keeps in several kernels.
 * @module
 */
import { sizeOf } from "../src/shape.ts";
import type { Value } from "../src/value.ts";
import type { Cluster, Clusters } from "./clusters.ts";
import { accessStrides, type Frame, type Level, type Member, placeMember, walkedAxes } from "./frame.ts";
import { isOneChunk } from "./chunks.ts";
import { kernelKind } from "./kinds.ts";
import { hasLongRows, maximumArrays, maximumMembers } from "./limits.ts";
import { assignPasses } from "./passes.ts";
import type { View } from "./view.ts";

/** What the rules know of the program. */
export interface FusionContext {
  readonly clusters: Clusters;
  /** Whether results have to be those of one operation after the other, bit for bit. */
  readonly exact: boolean;
  /** The nodes that leave the program. */
  readonly results: ReadonlySet<Value>;
  /** For each node that is part of an update of several Variables, which one. */
  readonly updates: ReadonlyMap<Value, number>;
}

/** A value that one member would hand to another in a register. */
interface Edge {
  readonly producer: Member;
  readonly consumer: Member;
  readonly input: Value;
  readonly view: View;
}

/** Two clusters that could become one. */
export class Merge {
  readonly producer: Cluster;
  readonly consumer: Cluster;
  readonly context: FusionContext;
  #merged: Cluster | "none" | undefined;
  #edges: readonly Edge[] | undefined;

  constructor(producer: Cluster, consumer: Cluster, context: FusionContext) {
    this.producer = producer;
    this.consumer = consumer;
    this.context = context;
  }

  /** Whether the frames are of these kinds, in either order. */
  isOf(a: Frame["kind"], b: Frame["kind"]): boolean {
    const [x, y] = [this.producer.frame.kind, this.consumer.frame.kind];
    return x === a && y === b || x === b && y === a;
  }

  /** Both clusters' members in the frame of one of them, if one fits all. */
  get merged(): Cluster | undefined {
    this.#merged ??= mergeFrames(this.producer, this.consumer, this.context.clusters) ?? "none";
    return this.#merged === "none" ? undefined : this.#merged;
  }

  /** The values that pass between members of the merged cluster, but for those that rules have looked at before. */
  get edges(): readonly Edge[] {
    return this.#edges ??= edgesOf(this.merged!, this); // rules that look at edges come after the one about frames
  }
}

/** A reason not to merge. */
export interface FusionRule {
  readonly name: string;
  /** Why it refuses, as `explain()` says it. */
  readonly reason: string;
  readonly refuses: (merge: Merge) => boolean;
}

const depth: Readonly<Record<Level, number>> = { total: 0, row: 1, element: 2 };

/** All rules, in the order in which they are asked. */
export const fusionRules: readonly FusionRule[] = [
  {
    name: "steps of their own",
    reason: "a host step or an assembly shares its kernel with nothing",
    refuses: ({ producer, consumer }) =>
      [producer, consumer].some(({ frame: { kind } }) => kind === "host" || kind === "assemble"),
  },
  {
    name: "one contraction",
    reason: "two contractions make different tiles",
    refuses: (merge) => merge.isOf("contract", "contract"),
  },
  {
    name: "rows and tiles",
    reason: "a reduction needs whole rows, and a contraction makes tiles",
    refuses: (merge) => merge.isOf("contract", "row"),
  },
  {
    name: "size of a kernel",
    reason: `more than ${maximumMembers} operations in one kernel`,
    refuses: ({ producer, consumer }) => producer.members.size + consumer.members.size > maximumMembers,
  },
  {
    name: "updates apart",
    reason: "an update of several Variables is a kernel of its own, the same for all parameters",
    refuses: ({ producer, consumer, context: { updates } }) => {
      // No cluster holds more than one update, so that one member tells.
      const [[x], [y]] = [[...producer.members.keys()], [...consumer.members.keys()]];
      return updates.get(x!) !== updates.get(y!);
    },
  },
  {
    name: "one loop nest",
    reason: "their loops differ",
    refuses: ({ merged }) => merged === undefined,
  },
  {
    name: "operands are arrays",
    reason: "an operand of a contraction is read many times, so it is computed once, before",
    refuses: ({ edges }) => edges.some(({ consumer }) => kernelKind(consumer.node) === "contract"),
  },
  {
    name: "tiles and gathers",
    reason: "a gather reads here and there, and a contraction makes tiles",
    refuses: ({ merged }) =>
      merged!.frame.kind === "contract" && [...merged!.members.keys()].some((node) => kernelKind(node) === "gather"),
  },
  {
    name: "gathers from arrays",
    reason: "a gather reads other elements than the one just computed",
    refuses: ({ edges }) =>
      edges.some(({ consumer: { node }, input }) => kernelKind(node) === "gather" && input === node.inputNodes[0]),
  },
  {
    name: "rows after elements",
    reason: "it needs elements of the same loop before they are all computed",
    refuses: ({ edges }) => edges.some(({ producer, consumer }) => depth[producer.level] > depth[consumer.inputLevel]),
  },
  {
    name: "totals at the end",
    reason: "it needs a total that is known only at the end",
    refuses: ({ edges }) =>
      edges.some(({ producer, consumer }) => producer.level === "total" && consumer.inputLevel !== "total"),
  },
  {
    name: "same element",
    reason: "it reads other elements than the one just computed",
    refuses: ({ edges, merged }) => edges.some((edge) => !isAligned(edge, merged!.frame)),
  },
  {
    name: "order of a total",
    reason: "a total would be added up in another order than alone",
    refuses: ({ merged, context }) => context.exact && reordersTotal(merged!),
  },
  {
    name: "arrays of a kernel",
    reason: `more than ${maximumArrays} arrays in one kernel`,
    refuses: ({ merged, context }) => countArrays(merged!, context) > maximumArrays,
  },
  {
    name: "long rows",
    reason: "a row this long is computed in pieces, and a second pass would need the whole",
    refuses: ({ merged, context }) => hasLongRows(merged!.frame) && assignPasses(merged!, context.clusters).passes > 1,
  },
  {
    name: "order of kernels",
    reason: "another kernel has to run between them",
    refuses: ({ producer, consumer, context: { clusters } }) =>
      clusters.dependsIndirectly(consumer, producer) || clusters.dependsIndirectly(producer, consumer),
  },
];

/** Members of both in topological order, in the frame of one of them if all fit there. */
function mergeFrames(producer: Cluster, consumer: Cluster, clusters: Clusters): Cluster | undefined {
  for (const frame of framesFor(producer.frame, consumer.frame)) {
    const [first, second] = [membersIn(producer, frame), membersIn(consumer, frame)];
    if (first === undefined || second === undefined) continue;
    const members = [...first, ...second];
    if (clusters.lastOf(producer) > clusters.firstOf(consumer)) {
      members.sort(([x], [y]) => clusters.positionOf(x) - clusters.positionOf(y));
    }
    return { frame, members: new Map(members) };
  }
  return undefined;
}

/** A cluster's members as they are placed in a frame; undefined when one does not fit. */
function membersIn(cluster: Cluster, frame: Frame): Iterable<readonly [Value, Member]> | undefined {
  if (cluster.frame === frame) return cluster.members;
  const result: [Value, Member][] = [];
  for (const [node, { node: operation }] of cluster.members) {
    const member = placeMember(operation, frame);
    if (member === undefined) return undefined;
    result.push([node, member]);
  }
  return result;
}

function framesFor(a: Frame, b: Frame): Frame[] {
  if (a.kind === "map" && b.kind !== "map") return [b];
  return a.kind === "row" && b.kind === "row" ? [a, b] : [a];
}

/** The values that pass in registers for the first time, or in another frame than before. */
function edgesOf(merged: Cluster, { producer, consumer, context: { clusters: { viewOf } } }: Merge): Edge[] {
  const edges: Edge[] = [];
  const isNew = (cluster: Cluster): boolean => cluster.frame !== merged.frame;
  for (const cluster of [producer, consumer]) {
    // Between members that keep their frame everything was looked at before; and the producer needs nothing of the consumer.
    if (cluster === producer && !isNew(producer)) continue;
    for (const node of cluster.members.keys()) {
      const member = merged.members.get(node)!; // it has all of both
      for (const input of member.node.inputNodes) {
        const view = viewOf(input);
        const source = merged.members.get(view.source);
        if (source === undefined || !isNew(cluster) && cluster.members.has(view.source)) continue;
        edges.push({ producer: source, consumer: member, input, view });
      }
    }
  }
  return edges;
}

/** Whether the consumer reads the very element that the producer computes at the same indices. */
function isAligned({ producer, consumer, input, view }: Edge, frame: Frame): boolean {
  return view.offset === 0 && accessStrides(input, view, consumer, frame)
    .every((stride, axis) => frame.shape[axis] === 1 || stride === producer.strides[axis]);
}

/** Whether a reduction over all elements would not walk them in row-major order, because rows lie across, or not in the same chunks. */
function reordersTotal({ frame, members }: Cluster): boolean {
  const isRows = frame.reduced.some((reduced, axis) => !reduced && frame.shape[axis] !== 1);
  if (isRows && !isOneChunk(sizeOf(frame.shape)) && [...members.values()].some(({ level }) => level === "total")) {
    return true;
  }
  const walked = walkedAxes(frame, "element");
  const across = walked.some((axis, index) =>
    frame.reduced[axis] && walked.slice(index).some((later) => !frame.reduced[later])
  );
  return across && [...members.values()].some(({ level, inputLevel }) => level === "total" && inputLevel === "element");
}

/** The arrays that a kernel reads and writes. */
function countArrays({ members }: Cluster, { clusters, results }: FusionContext): number {
  const arrays = new Set<Value>();
  for (const node of members.keys()) {
    for (const source of clusters.inputsOf(node)) if (!members.has(source)) arrays.add(source);
    if (results.has(node) || clusters.usersOf(node).some((user) => !members.has(user))) arrays.add(node);
  }
  return arrays.size;
}
