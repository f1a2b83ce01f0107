/**
 * The rules of fusion: what two clusters may not share a kernel for. Each has a name and the sentence with which it
 * refuses; a merge that none refuses takes place. Rules that cost less to ask come first.
 *
 * Each has a test of its name in tests/compiler/fusion_rules.test.ts: a function that it keeps in several kernels.
 * @module
 */
import type { Value } from "../../src/value.ts";
import type { Cluster, Clusters, Growing, Pair } from "./clusters.ts";
import { accessStrides, type Frame, isSameFrame, type Level, type Member, placeMember, standsAlone } from "./frame.ts";
import { kernelKind } from "./kinds.ts";
import { hasLongRows, maximumArrays, maximumMembers } from "../limits.ts";
import { assignPasses } from "./passes.ts";
import type { View } from "../passes/view.ts";

/** What the rules know of the program. */
export interface FusionContext {
  readonly clusters: Clusters;
  /** Whether results have to be those of one operation after the other, bit for bit. */
  readonly exact: boolean;
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
  readonly producer: Growing;
  readonly consumer: Growing;
  readonly context: FusionContext;
  #placed: Pair | "none" | undefined;
  #edges: readonly Edge[] | undefined;

  constructor(producer: Growing, consumer: Growing, context: FusionContext) {
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
  get placed(): Pair | undefined {
    this.#placed ??= placeTogether(this.producer, this.consumer) ?? "none";
    return this.#placed === "none" ? undefined : this.#placed;
  }

  /** The frame of both. Rules that ask for it come after the one that there is none. */
  get frame(): Frame {
    return this.placed!.frame;
  }

  /** A node's place among the members of both. */
  memberOf(node: Value): Member | undefined {
    const { producer, consumer } = this.placed!; // as above
    return consumer.get(node) ?? producer.get(node);
  }

  /** All members of both. */
  get members(): Member[] {
    const { producer, consumer } = this.placed!; // as above
    return [...producer.values(), ...consumer.values()];
  }

  /** The values that pass between members of the merged cluster, but for those that rules have looked at before. */
  get edges(): readonly Edge[] {
    return this.#edges ??= edgesOf(this);
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
    reason: "a step of its own, such as a host step or a scatter, shares its kernel with nothing",
    refuses: ({ producer, consumer }) => [producer, consumer].some(({ frame }) => standsAlone(frame)),
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
      const [[x], [y]] = [producer.members.keys(), consumer.members.keys()];
      return updates.get(x!) !== updates.get(y!);
    },
  },
  {
    name: "barriers",
    reason: "it is computed after all of what the other computes",
    refuses: ({ producer, consumer }) => waitsFor(producer, consumer) || waitsFor(consumer, producer),
  },
  {
    name: "arrays of a kernel",
    reason: `more than ${maximumArrays} arrays in one kernel`,
    refuses: ({ producer, consumer, context: { clusters } }) =>
      clusters.countArrays(producer, consumer) > maximumArrays,
  },
  {
    name: "one loop nest",
    reason: "their loops differ",
    refuses: ({ placed }) => placed === undefined,
  },
  {
    name: "operands are arrays",
    reason: "an operand of a contraction is read many times, so it is computed once, before",
    refuses: ({ edges }) => edges.some(({ consumer }) => kernelKind(consumer.node) === "contract"),
  },
  {
    name: "tiles and gathers",
    reason: "a gather reads here and there, and a contraction makes tiles",
    refuses: (merge) =>
      merge.frame.kind === "contract" && merge.members.some(({ node }) => kernelKind(node) === "gather"),
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
    refuses: ({ edges, frame }) => edges.some((edge) => !isAligned(edge, frame)),
  },
  {
    name: "order of a total",
    reason: "a total would be added up in another order than alone",
    refuses: (merge) => merge.context.exact && reordersTotal(merge),
  },
  {
    name: "long rows",
    reason: "a row this long is computed in pieces, and a second pass would need the whole",
    refuses: (merge) => hasLongRows(merge.frame) && assignPasses(mergedOf(merge), merge.context.clusters).passes > 1,
  },
  {
    name: "order of kernels",
    reason: "another kernel has to run between them",
    refuses: ({ producer, consumer, context: { clusters } }) => !clusters.bringTogether(producer, consumer),
  },
];

/** Whether a cluster waits for a member of another one. */
function waitsFor({ waits }: Growing, { members }: Cluster): boolean {
  for (const node of waits) if (members.has(node)) return true;
  return false;
}

/** The members of both in the frame of one of them, if all fit there. */
function placeTogether(producer: Cluster, consumer: Cluster): Pair | undefined {
  for (const frame of framesFor(producer.frame, consumer.frame)) {
    const first = membersIn(producer, frame);
    if (first === undefined) continue;
    const second = membersIn(consumer, frame);
    if (second !== undefined) return { frame, producer: first, consumer: second };
  }
  return undefined;
}

/** A cluster's members as they are placed in a frame; undefined when one does not fit. */
function membersIn(cluster: Cluster, frame: Frame): ReadonlyMap<Value, Member> | undefined {
  if (isSameFrame(cluster.frame, frame)) return cluster.members;
  const result = new Map<Value, Member>();
  for (const [node, { node: operation }] of cluster.members) {
    const member = placeMember(operation, frame);
    if (member === undefined) return undefined;
    result.set(node, member);
  }
  return result;
}

/** The cluster that a merge would make. */
function mergedOf({ frame, placed, context: { clusters } }: Merge): Cluster {
  const members = [...placed!.producer, ...placed!.consumer]; // it has been asked for before
  return {
    frame,
    members: new Map(members.sort(([x], [y]) => clusters.positionOf(x) - clusters.positionOf(y))),
  };
}

function framesFor(a: Frame, b: Frame): Frame[] {
  if (a.kind === "map" && b.kind !== "map") return [b];
  return a.kind === "row" && b.kind === "row" ? [a, b] : [a];
}

/** The values that pass in registers for the first time, or in another frame than before. */
function edgesOf(merge: Merge): Edge[] {
  const { producer, consumer, frame, placed, context: { clusters } } = merge;
  const edges: Edge[] = [];
  const add = (member: Member, source: Value): void => {
    for (const input of member.node.inputNodes) {
      const view = clusters.viewOf(input);
      // There is a frame, and the source is a member of both.
      if (view.source === source) edges.push({ producer: merge.memberOf(source)!, consumer: member, input, view });
    }
  };
  /** Between members that keep their frame everything was looked at before. */
  const addWithin = (cluster: Growing, members: ReadonlyMap<Value, Member>): void => {
    if (isSameFrame(cluster.frame, frame)) return;
    for (const [node, member] of members) {
      for (const source of new Set(clusters.inputsOf(node))) if (members.has(source)) add(member, source);
    }
  };
  addWithin(producer, placed!.producer); // there is a frame
  addWithin(consumer, placed!.consumer);
  // The producer needs nothing of the consumer.
  for (const [node, member] of placed!.consumer) {
    for (const source of new Set(clusters.inputsOf(node))) if (producer.members.has(source)) add(member, source);
  }
  return edges;
}

/** Whether the consumer reads the very element that the producer computes at the same indices. */
function isAligned({ producer, consumer, input, view }: Edge, frame: Frame): boolean {
  return view.offset === 0 && accessStrides(input, view, consumer, frame)
    .every((stride, axis) => frame.shape[axis] === 1 || stride === producer.strides[axis]);
}

/**
 * Whether a reduction over all elements would add up row by row. Alone it walks all of them as one row, in chunks and, in
 * WebAssembly, in lanes that know of no others.
 */
function reordersTotal({ frame, members }: Merge): boolean {
  const hasRows = frame.reduced.some((reduced, axis) => !reduced && frame.shape[axis] !== 1);
  return hasRows && members.some(({ level }) => level === "total");
}
