/**
 * An online topological order: items, each after those it needs, while it changes what they need.
 *
 * A question about two items looks only at what lies between them in the order, from both ends by turns, and it is over
 * when one end has nothing more to look at. What was found there then moves out of the way, so that it is not looked at
 * again: that is why the questions about a whole graph take little more time than the graph is large.
 * @module
 */
import { type Linked, OrderedList } from "./ordered_list.ts";

/** The neighbours of an item. */
export interface Neighbours<T> {
  /** What it needs. */
  before(item: T): Iterable<T>;
  /** What needs it. */
  after(item: T): Iterable<T>;
  /** Whether `item` is known to need `origin`, at a glance; that it does not may be wrong. */
  isKnownToNeed?(item: T, origin: T): boolean;
}

/** What lies between two items and has to stay on one side of both: in order, all that the last needs, or that needs the first. */
interface Between<T> {
  readonly side: "before" | "after";
  readonly items: readonly T[];
}

/** Items in an order in which each comes after those it needs. */
export class TopologicalOrder<T extends Linked<T>> {
  readonly #list = new OrderedList<T>();
  readonly #neighbours: Neighbours<T>;

  constructor(neighbours: Neighbours<T>) {
    this.#neighbours = neighbours;
  }

  /** Adds an item at the end: nothing that is there needs it. */
  append(item: T): void {
    this.#list.append(item);
  }

  /** Takes an item out. */
  remove(item: T): void {
    this.#list.remove(item);
  }

  /**
   * Makes neighbours of two items, so that they may become one. Returns false, and changes nothing, when there is no such
   * order: a third item needs one of them and is needed by the other.
   */
  bringTogether(a: T, b: T): boolean {
    const [first, last] = a.label < b.label ? [a, b] : [b, a];
    const between = this.#between(first, last, false);
    if (between === undefined) return false;
    const { side, items } = between;
    if (side === "before") {
      for (const item of items) this.#list.moveBefore(item, first);
      this.#list.moveAfter(last, first);
    } else {
      for (const item of items.toReversed()) this.#list.moveAfter(item, last);
      this.#list.moveBefore(first, last);
    }
    return true;
  }

  /** Has `item` come before `other`. Returns false, and changes nothing, when it needs it. */
  putBefore(item: T, other: T): boolean {
    if (item.label < other.label) return true;
    const between = this.#between(other, item, true);
    if (between === undefined) return false;
    const { side, items } = between;
    if (side === "before") {
      for (const each of [...items, item]) this.#list.moveBefore(each, other);
    } else {
      for (const each of [other, ...items].reverse()) this.#list.moveAfter(each, item);
    }
    return true;
  }

  /**
   * Of what lies between two items, all that the last needs, or all that needs the first, whichever is found sooner.
   * Undefined when a way leads from the first to the last; one without a third item counts only if `counts` says so.
   */
  #between(first: T, last: T, counts: boolean): Between<T> | undefined {
    const { before, after, isKnownToNeed } = this.#neighbours;
    const needed = new Search<T>(last, first, before, counts);
    const needing = new Search<T>(first, last, after, counts);
    const isBetween = ({ label }: T): boolean => first.label < label && label < last.label;
    for (;;) {
      for (const [search, other] of [[needed, needing], [needing, needed]] as const) {
        const found = search.step(isBetween);
        if (found === "end") {
          const items = [...search.seen].sort((a, b) => a.label - b.label);
          return { side: search === needed ? "before" : "after", items };
        }
        if (found === "target") return undefined;
        if (found === undefined) continue;
        if (other.seen.has(found) || search === needed && isKnownToNeed?.(found, first)) return undefined;
      }
    }
  }
}

/** A search from an item along its neighbours, depth first. */
class Search<T> {
  readonly seen = new Set<T>();
  readonly #stack: Iterator<T>[];
  readonly #target: T;
  readonly #neighbours: (item: T) => Iterable<T>;
  /** Whether the target counts as found when it is a neighbour of the origin. */
  readonly #counts: boolean;

  constructor(origin: T, target: T, neighbours: (item: T) => Iterable<T>, counts: boolean) {
    this.#stack = [neighbours(origin)[Symbol.iterator]()];
    this.#target = target;
    this.#neighbours = neighbours;
    this.#counts = counts;
  }

  /** Looks at one neighbour more. Returns it when it is new, and one that the search is allowed to go on from. */
  step(allows: (item: T) => boolean): T | "target" | "end" | undefined {
    const top = this.#stack.at(-1);
    if (top === undefined) return "end";
    const { done, value } = top.next();
    if (done) {
      this.#stack.pop();
      return undefined;
    }
    if (value === this.#target) return this.#counts || this.#stack.length > 1 ? "target" : undefined;
    if (this.seen.has(value) || !allows(value)) return undefined;
    this.seen.add(value);
    this.#stack.push(this.#neighbours(value)[Symbol.iterator]());
    return value;
  }
}
