/**
 * Critical paths: for every node the longest way that leads to it, through the deepest of its inputs, and of those again.
 * Together they are a forest, and whether a node lies on another's path is told by two numbers. It is a quick answer to
 * whether one needs the other; but a node may be needed by way of an input that is less deep.
 * @module
 */

/** The critical paths of nodes in topological order, which are known by their positions. */
export class CriticalPaths {
  /** How many nodes the path to each has before it. */
  readonly #depths: Int32Array;
  /** The nodes on whose paths a node lies have numbers from `enter` to before `leave`, itself the first. */
  readonly #enter: Int32Array;
  readonly #leave: Int32Array;

  /** `inputsOf` gives the positions of a node's inputs, which come before it. */
  constructor(length: number, inputsOf: (position: number) => Iterable<number>) {
    this.#depths = new Int32Array(length);
    this.#enter = new Int32Array(length);
    this.#leave = new Int32Array(length);
    const deepest = new Int32Array(length).fill(-1);
    const sizes = new Int32Array(length).fill(1); // of the part of the forest that begins with each
    for (let node = 0; node < length; node++) {
      for (const input of inputsOf(node)) {
        const depth = this.#depths[input]! + 1;
        if (depth <= this.#depths[node]!) continue;
        this.#depths[node] = depth;
        deepest[node] = input;
      }
    }
    for (let node = length - 1; node >= 0; node--) if (deepest[node]! >= 0) sizes[deepest[node]!]! += sizes[node]!;
    let roots = 0;
    const next = sizes; // what is used for a node is not needed any more: from here on, the number its next input takes
    for (let node = 0; node < length; node++) {
      const size = sizes[node]!;
      const parent = deepest[node]!;
      const enter = parent < 0 ? roots : next[parent]!;
      if (parent < 0) roots += size;
      else next[parent]! += size;
      this.#enter[node] = enter;
      this.#leave[node] = enter + size;
      next[node] = enter + 1;
    }
  }

  /** How many nodes the path to a node has before it. */
  depthOf(node: number): number {
    return this.#depths[node]!;
  }

  /** Whether `node` lies on the path to `other`. */
  leadsTo(node: number, other: number): boolean {
    const number = this.#enter[other]!;
    return this.#enter[node]! <= number && number < this.#leave[node]!;
  }
}
