/**
 * The rules of fusion: what two clusters may not share a kernel for. Each has a name and the sentence with which it
 * refuses; a merge that none refuses takes place. Rules that cost less to ask come first.
 *
 * Each has a test of its name in tests/compiler/fusion_rules.test.ts: a function that it keeps in several kernels.
 * @module
 */
import type { Value } from "../../src/value.ts";
import type { Cluster, ClusterPair, Clusters, Growing } from "./clusters.ts";
import {
  accessStrides,
  type FusedOp,
  fusedOpIn,
  isSameIterationSpace,
  type IterationSpace,
  type Scope,
  standsAlone,
} from "./iteration_space.ts";
import { kernelKind } from "./kinds.ts";
import { hasLongRows, maximumArrays, maximumFusedOps } from "../limits.ts";
import { assignStages } from "./loop_stages.ts";
import type { View } from "../passes/view.ts";

/** What the rules know of the program. */
export interface FusionContext {
  readonly clusters: Clusters;
  /** Whether results have to be those of one operation after the other, bit for bit. */
  readonly exact: boolean;
  /** For each node that is part of an update of several Variables, which one. */
  readonly updates: ReadonlyMap<Value, number>;
}

/** A value that one op would hand to another in a register. */
interface RegisterEdge {
  readonly producer: FusedOp;
  readonly consumer: FusedOp;
  readonly input: Value;
  readonly view: View;
}

/** Two clusters that could become one. */
export class Merge {
  readonly producer: Growing;
  readonly consumer: Growing;
  readonly context: FusionContext;
  #placed: ClusterPair | "none" | undefined;
  #edges: readonly RegisterEdge[] | undefined;

  constructor(producer: Growing, consumer: Growing, context: FusionContext) {
    this.producer = producer;
    this.consumer = consumer;
    this.context = context;
  }

  /** Whether the spaces are of these kinds, in either order. */
  isOf(a: IterationSpace["kind"], b: IterationSpace["kind"]): boolean {
    const [x, y] = [this.producer.space.kind, this.consumer.space.kind];
    return x === a && y === b || x === b && y === a;
  }

  /** Both clusters' ops in the space of one of them, if one fits all. */
  get placed(): ClusterPair | undefined {
    this.#placed ??= placeTogether(this.producer, this.consumer) ?? "none";
    return this.#placed === "none" ? undefined : this.#placed;
  }

  /** The space of both. Rules that ask for it come after the one that there is none. */
  get space(): IterationSpace {
    return this.placed!.space;
  }

  /** A node's place among the ops of both. */
  memberOf(node: Value): FusedOp | undefined {
    const { producer, consumer } = this.placed!; // as above
    return consumer.get(node) ?? producer.get(node);
  }

  /** All ops of both. */
  get ops(): FusedOp[] {
    const { producer, consumer } = this.placed!; // as above
    return [...producer.values(), ...consumer.values()];
  }

  /** The values that pass between ops of the merged cluster, but for those that rules have looked at before. */
  get edges(): readonly RegisterEdge[] {
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

const depth: Readonly<Record<Scope, number>> = { total: 0, row: 1, element: 2 };

/** All rules, in the order in which they are asked. */
export const fusionRules: readonly FusionRule[] = [
  {
    name: "steps of their own",
    reason: "a step of its own, such as a host step or a scatter, shares its kernel with nothing",
    refuses: ({ producer, consumer }) => [producer, consumer].some(({ space }) => standsAlone(space)),
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
    reason: `more than ${maximumFusedOps} operations in one kernel`,
    refuses: ({ producer, consumer }) => producer.ops.size + consumer.ops.size > maximumFusedOps,
  },
  {
    name: "updates apart",
    reason: "an update of several Variables is a kernel of its own, the same for all parameters",
    refuses: ({ producer, consumer, context: { updates } }) => {
      // No cluster holds more than one update, so that one op tells.
      const [[x], [y]] = [producer.ops.keys(), consumer.ops.keys()];
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
    refuses: (merge) => merge.space.kind === "contract" && merge.ops.some(({ node }) => kernelKind(node) === "gather"),
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
    refuses: ({ edges }) => edges.some(({ producer, consumer }) => depth[producer.scope] > depth[consumer.inputScope]),
  },
  {
    name: "totals at the end",
    reason: "it needs a total that is known only at the end",
    refuses: ({ edges }) =>
      edges.some(({ producer, consumer }) => producer.scope === "total" && consumer.inputScope !== "total"),
  },
  {
    name: "same element",
    reason: "it reads other elements than the one just computed",
    refuses: ({ edges, space }) => edges.some((edge) => !isAligned(edge, space)),
  },
  {
    name: "order of a total",
    reason: "a total would be added up in another order than alone",
    refuses: (merge) => merge.context.exact && reordersTotal(merge),
  },
  {
    name: "long rows",
    reason: "a row this long is computed in pieces, and a second stage would need the whole",
    refuses: (merge) => hasLongRows(merge.space) && assignStages(mergedOf(merge), merge.context.clusters).stages > 1,
  },
  {
    name: "order of kernels",
    reason: "another kernel has to run between them",
    refuses: ({ producer, consumer, context: { clusters } }) => !clusters.bringTogether(producer, consumer),
  },
];

/** Whether a cluster waits for an op of another one. */
function waitsFor({ waits }: Growing, { ops }: Cluster): boolean {
  for (const node of waits) if (ops.has(node)) return true;
  return false;
}

/** The ops of both in the space of one of them, if all fit there. */
function placeTogether(producer: Cluster, consumer: Cluster): ClusterPair | undefined {
  for (const space of spacesFor(producer.space, consumer.space)) {
    const first = fusedOpsIn(producer, space);
    if (first === undefined) continue;
    const second = fusedOpsIn(consumer, space);
    if (second !== undefined) return { space, producer: first, consumer: second };
  }
  return undefined;
}

/** A cluster's ops as they are placed in a space; undefined when one does not fit. */
function fusedOpsIn(cluster: Cluster, space: IterationSpace): ReadonlyMap<Value, FusedOp> | undefined {
  if (isSameIterationSpace(cluster.space, space)) return cluster.ops;
  const result = new Map<Value, FusedOp>();
  for (const [node, { node: operation }] of cluster.ops) {
    const op = fusedOpIn(operation, space);
    if (op === undefined) return undefined;
    result.set(node, op);
  }
  return result;
}

/** The cluster that a merge would make. */
function mergedOf({ space, placed, context: { clusters } }: Merge): Cluster {
  const ops = [...placed!.producer, ...placed!.consumer]; // it has been asked for before
  return {
    space,
    ops: new Map(ops.sort(([x], [y]) => clusters.positionOf(x) - clusters.positionOf(y))),
  };
}

function spacesFor(a: IterationSpace, b: IterationSpace): IterationSpace[] {
  if (a.kind === "map" && b.kind !== "map") return [b];
  return a.kind === "row" && b.kind === "row" ? [a, b] : [a];
}

/** The values that pass in registers for the first time, or in another space than before. */
function edgesOf(merge: Merge): RegisterEdge[] {
  const { producer, consumer, space, placed, context: { clusters } } = merge;
  const edges: RegisterEdge[] = [];
  const add = (op: FusedOp, source: Value): void => {
    for (const input of op.node.inputNodes) {
      const view = clusters.viewOf(input);
      // There is a space, and the source is an op of both.
      if (view.source === source) edges.push({ producer: merge.memberOf(source)!, consumer: op, input, view });
    }
  };
  /** Between ops that keep their space everything was looked at before. */
  const addWithin = (cluster: Growing, ops: ReadonlyMap<Value, FusedOp>): void => {
    if (isSameIterationSpace(cluster.space, space)) return;
    for (const [node, op] of ops) {
      for (const source of new Set(clusters.inputsOf(node))) if (ops.has(source)) add(op, source);
    }
  };
  addWithin(producer, placed!.producer); // there is a space
  addWithin(consumer, placed!.consumer);
  // The producer needs nothing of the consumer.
  for (const [node, op] of placed!.consumer) {
    for (const source of new Set(clusters.inputsOf(node))) if (producer.ops.has(source)) add(op, source);
  }
  return edges;
}

/** Whether the consumer reads the very element that the producer computes at the same indices. */
function isAligned({ producer, consumer, input, view }: RegisterEdge, space: IterationSpace): boolean {
  return view.offset === 0 && accessStrides(input, view, consumer, space)
    .every((stride, axis) => space.shape[axis] === 1 || stride === producer.strides[axis]);
}

/**
 * Whether a reduction over all elements would add up row by row. Alone it walks all of them as one row, in chunks and, in
 * WebAssembly, in lanes that know of no others.
 */
function reordersTotal({ space, ops }: Merge): boolean {
  const hasRows = space.reduced.some((reduced, axis) => !reduced && space.shape[axis] !== 1);
  return hasRows && ops.some(({ scope }) => scope === "total");
}
