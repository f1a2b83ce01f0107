/**
 * Memory over time: which of its bytes are taken while which rows run, and where there is room.
 *
 * It is a segment tree over the rows. What is taken for a while is kept with the few nodes whose rows make up that while,
 * as spans of bytes; where they touch, they are one. So what lies side by side, as almost everything does, is found at
 * once, however many arrays it is.
 * @module
 */

/** Bytes from `start` to before `end`. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** What a node of the tree knows. */
interface Taken {
  /** What is taken all through its rows. */
  readonly throughout: Span[];
  /** What is taken in any of its rows. */
  readonly ever: Span[];
}

/** Memory that is taken while certain rows run. */
export class SpaceOverTime {
  /** The width of the tree: a power of two. */
  readonly #width: number;
  /** The root is number 1, and the halves of node n are 2n and 2n + 1. Those that nothing is known of are left out. */
  readonly #nodes = new Map<number, Taken>();

  /** For so many rows. */
  constructor(rows: number) {
    this.#width = 2 ** Math.ceil(Math.log2(Math.max(1, rows)));
  }

  /**
   * Takes so many bytes from row `first` to row `last`, and returns where they begin: in the smallest gap that holds them,
   * the first of those, or behind everything that is taken in these rows.
   */
  take(bytes: number, first: number, last: number): number {
    const start = this.#room(bytes, first, last);
    const span = { start, end: start + bytes };
    this.#visit(first, last, (node, isCovered) => {
      const taken = this.#nodes.get(node) ?? { throughout: [], ever: [] };
      this.#nodes.set(node, taken);
      if (isCovered) add(taken.throughout, span);
      add(taken.ever, span);
    });
    return start;
  }

  #room(bytes: number, first: number, last: number): number {
    const spans: Span[] = [];
    this.#visit(first, last, (node, isCovered) => {
      const taken = this.#nodes.get(node);
      if (taken !== undefined) spans.push(...(isCovered ? taken.ever : taken.throughout));
    });
    spans.sort((a, b) => a.start - b.start);
    let best = { start: 0, size: Infinity };
    let end = 0;
    for (const span of spans) {
      const size = span.start - end;
      if (size >= bytes && size < best.size) best = { start: end, size };
      end = Math.max(end, span.end);
    }
    return best.size < Infinity ? best.start : end;
  }

  /** Calls `body` for the nodes whose rows make up those from `first` to `last`, which are covered, and for all above them. */
  #visit(first: number, last: number, body: (node: number, isCovered: boolean) => void): void {
    const visit = (node: number, from: number, width: number): void => {
      if (last < from || from + width <= first) return;
      const isCovered = first <= from && from + width - 1 <= last;
      body(node, isCovered);
      if (isCovered) return;
      visit(2 * node, from, width / 2);
      visit(2 * node + 1, from + width / 2, width / 2);
    };
    visit(1, 0, this.#width);
  }
}

/** Adds a span to others, in order; those that it touches become one with it. */
function add(spans: Span[], { start, end }: Span): void {
  let [low, high] = [0, spans.length]; // the first that ends where it starts, or later
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.end < start) low = middle + 1;
    else high = middle;
  }
  let after = low;
  while (after < spans.length && spans[after]!.start <= end) after++;
  if (after === low) {
    spans.splice(low, 0, { start, end });
    return;
  }
  const joined = { start: Math.min(start, spans[low]!.start), end: Math.max(end, spans[after - 1]!.end) };
  spans.splice(low, after - low, joined);
}
