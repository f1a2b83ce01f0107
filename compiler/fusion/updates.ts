/**
 * Updates: the element-wise work that turns one gradient into the new values of several Variables, such as a parameter
 * and the means that an optimizer keeps for it.
 *
 * Such an update is a kernel of its own, and nothing else is part of it. The updates of all parameters are then the
 * same code, whatever made their gradients.
 * @module
 */
import type { Value } from "../../src/value.ts";
import { kernelKind } from "./kinds.ts";

/** What is known of the program's nodes. */
interface Nodes {
  /** All of them, in topological order. */
  readonly order: readonly Value[];
  /** The operations that read a node's array, views resolved. */
  readonly usersOf: (node: Value) => readonly Value[];
  /** The nodes that are returned. */
  readonly outputs: ReadonlySet<Value>;
  /** The new values of Variables, one entry per Variable. */
  readonly assigned: readonly Value[];
}

/**
 * For each node of an update of at least two Variables, the number of that update.
 *
 * The nodes are element-wise and needed for nothing but what is assigned. They belong together when one reads the
 * other, or both read the same array of their size, the gradient. A single number (a step counter, a correction)
 * joins nothing: it may be shared by all updates, so it has a kernel of its own.
 */
export function findUpdates({ order, usersOf, outputs, assigned }: Nodes): Map<Value, number> {
  if (assigned.length < 2) return new Map();
  const counts = new Map<Value, number>();
  for (const node of assigned) counts.set(node, (counts.get(node) ?? 0) + 1);
  const groups = new Groups();
  for (const node of order.toReversed()) {
    const users = usersOf(node);
    const sizeOf = (value: Value): number => value.type!.size; // every type of a program is known
    const inside = kernelKind(node) === "elementwise" && !outputs.has(node) && (users.length > 0 || counts.has(node)) &&
      users.every((user) => groups.has(user));
    if (!inside) {
      if (sizeOf(node) === 1 || kernelKind(node) === "leaf") continue;
      groups.join(users.filter((user) => groups.has(user) && sizeOf(user) === sizeOf(node)));
      continue;
    }
    groups.add(node);
    if (sizeOf(node) > 1 || groups.agree(users)) groups.join([node, ...users]);
  }
  return severalAssigned(groups, counts);
}

/** The groups that end in at least two assignments of their full size, numbered. */
function severalAssigned(groups: Groups, counts: ReadonlyMap<Value, number>): Map<Value, number> {
  const updates = new Map<Value, number>();
  let number = 0;
  for (const ops of groups.all()) {
    const size = ops.reduce((largest, node) => Math.max(largest, node.type!.size), 0);
    const full = ops.filter((node) => node.type!.size === size);
    if (full.reduce((count, node) => count + (counts.get(node) ?? 0), 0) < 2) continue;
    for (const node of ops) if (node.type!.size > 1 || size === 1) updates.set(node, number);
    number++;
  }
  return updates;
}

/** Disjoint sets of nodes. */
class Groups {
  readonly #parents = new Map<Value, Value>();

  has(node: Value): boolean {
    return this.#parents.has(node);
  }

  add(node: Value): void {
    this.#parents.set(node, node);
  }

  #root(node: Value): Value {
    let root = node;
    for (let next = this.#parents.get(root)!; next !== root; next = this.#parents.get(root)!) {
      const beyond = this.#parents.get(next)!;
      this.#parents.set(root, beyond); // the way is shorter next time, for all along it
      root = beyond;
    }
    return root;
  }

  join(nodes: readonly Value[]): void {
    const [first, ...rest] = nodes;
    for (const node of rest) this.#parents.set(this.#root(node), this.#root(first!));
  }

  /** Whether all nodes are in one set, and there are any. */
  agree(nodes: readonly Value[]): boolean {
    return new Set(nodes.map((node) => this.#root(node))).size === 1;
  }

  all(): Value[][] {
    const sets = new Map<Value, Value[]>();
    for (const node of this.#parents.keys()) {
      const root = this.#root(node);
      const known = sets.get(root);
      if (known === undefined) sets.set(root, [node]);
      else known.push(node);
    }
    return [...sets.values()];
  }
}
