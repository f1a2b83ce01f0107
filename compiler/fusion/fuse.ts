/**
 * Fusion: which operations share a kernel.
 *
 * Every operation starts as a cluster of its own. Then, in topological order, each is merged with the clusters it
 * reads from, wherever one loop nest can compute both. A cluster has a *space*: the loop nest's shape, and for rows
 * which axes the inner loops reduce. Each op has a *scope* in it: computed for every element, once per row, or once
 * in all. Two ops may pass a value in a register when one reads exactly the element the other computes. At last
 * clusters that need nothing of each other are merged where they read the same elements of an array.
 * @module
 */
import { TableOperation } from "../../src/graph/operation.ts";
import { postorder } from "../../src/graph/traverse.ts";
import type { ExecutorOptions } from "../../src/executor.ts";
import type { Value } from "../../src/value.ts";
import { type Cluster, Clusters, type Growing } from "./clusters.ts";
import { fusedOpIn, ownIterationSpace, standsAlone, unplaced } from "./iteration_space.ts";
import { type FusionContext, type FusionRule, fusionRules, Merge } from "./fusion_rules.ts";
import type { Materialized } from "../passes/materialize.ts";
import { findRematerialized } from "./rematerialize.ts";
import { horizontalCandidates } from "./horizontal.ts";
import { findUpdates } from "./updates.ts";

export type { Cluster };

/** A merge that was refused, by which rule, and why. */
export interface Refusal {
  readonly producer: string;
  readonly consumer: string;
  readonly rule: string;
  readonly reason: string;
}

/** The result of fusion: the clusters in an order in which they can run. */
export interface Fused {
  readonly clusters: readonly Cluster[];
  readonly refusals: readonly Refusal[];
  /** Single numbers that are so cheap that each kernel which needs one computes it again. */
  readonly rematerialized: ReadonlySet<Value>;
}

/** Groups the operations of a graph into kernels. */
export function fuse(source: Materialized, options: ExecutorOptions = {}): Fused {
  const { viewOf } = source;
  const sourceOf = (node: Value): Value => viewOf(node).source;
  const assigned = source.assigns.map((assign) => assign.inputNodes[0]!);
  const order = postorder([...source.outputs, ...assigned]);
  const ends = { outputs: new Set(source.outputs.map(sourceOf)), assigned: assigned.map(sourceOf) };
  const results = new Set([...ends.outputs, ...ends.assigned]);
  const clusters = new Clusters(order, viewOf, results);
  const rematerialized = findRematerialized(order, results, viewOf);
  const updates = findUpdates({ order, usersOf: clusters.usersOf, ...ends });
  const fusion = new Fusion({ clusters, exact: options.exact ?? false, updates });
  for (const node of order) {
    const space = ownIterationSpace(node);
    if (space === undefined || rematerialized.has(node)) continue;
    const placed = fusedOpIn(node as TableOperation, space) ?? unplaced(node); // spaces are of operations
    clusters.start(node, space, placed);
    if (!standsAlone(space)) fusion.mergeWithInputs(node);
  }
  fusion.mergeRefused();
  for (const [first, second] of horizontalCandidates(clusters, rematerialized)) fusion.merge(first, second);
  return {
    clusters: clusters.inOrder(),
    rematerialized,
    // Only people read them, and few do: they are put into words when they are asked for.
    get refusals() {
      return fusion.refusals;
    },
  };
}

/** A refused merge of the clusters that two nodes were part of. */
interface Refused {
  readonly rule: FusionRule;
  readonly nodes: readonly [producer: Value, consumer: Value];
  readonly clusters: readonly [producer: Growing, consumer: Growing];
  /** Of both clusters together: while that is the same, so are they. */
  readonly version: number;
}

/** Merges clusters, and keeps what was refused. */
class Fusion {
  readonly #context: FusionContext;
  #refused: Refused[] = [];

  constructor(context: FusionContext) {
    this.#context = context;
  }

  get refusals(): readonly Refusal[] {
    return this.#refused.map(({ nodes: [producer, consumer], rule: { name, reason } }) => ({
      producer: describeCluster(producer),
      consumer: describeCluster(consumer),
      rule: name,
      reason,
    }));
  }

  /** Merges a node's cluster with those that it reads from, the nearest first. */
  mergeWithInputs(node: Value): void {
    const { clusters } = this.#context;
    const producers = [...new Set(clusters.inputsOf(node))].filter((input) => clusters.of(input) !== undefined)
      .sort((a, b) => clusters.positionOf(b) - clusters.positionOf(a));
    for (const input of producers) this.merge(input, node);
  }

  /**
   * Tries once more what was refused, as long as that changes anything: a cluster may have become part of a loop nest
   * that the other fits in.
   */
  mergeRefused(): void {
    const { clusters } = this.#context;
    for (let changed = true; changed;) {
      changed = false;
      const refused = this.#refused;
      this.#refused = [];
      for (const each of refused) {
        const [producer, consumer] = each.nodes;
        const [first, second] = each.clusters;
        const areSame = clusters.of(producer) === first && clusters.of(consumer) === second;
        if (areSame && first.version + second.version === each.version) {
          this.#refused.push(each);
        } else if (this.merge(producer, consumer)) {
          changed = true;
        }
      }
    }
  }

  /** Merges the clusters of two nodes, unless a rule refuses. Returns whether both nodes are in one cluster now. */
  merge(first: Value, second: Value): boolean {
    const { clusters } = this.#context;
    const [producer, consumer] = [clusters.of(first)!, clusters.of(second)!];
    if (producer === consumer) return true;
    const merge = new Merge(producer, consumer, this.#context);
    const refusing = fusionRules.find((rule) => rule.refuses(merge));
    if (refusing === undefined) {
      clusters.merge(first, second, merge.placed!); // there is a space for both, or a rule had refused
      return true;
    }
    this.#refused.push({
      rule: refusing,
      nodes: [first, second],
      clusters: [producer, consumer],
      version: producer.version + consumer.version,
    });
    return false;
  }
}

function describeCluster(node: Value): string {
  return node instanceof TableOperation ? `${node.name} ${node.type}` : node.describe();
}
