/**
 * A priority queue of numbers.
 * @module
 */

/** Numbers, the smallest of which comes out first: a binary heap. */
export class MinimumHeap {
  readonly #numbers: number[] = []; // none is larger than its children, at twice its index plus 1 and plus 2

  /** Adds a number. */
  push(number: number): void {
    const numbers = this.#numbers;
    let index = numbers.push(number) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (numbers[parent]! <= number) break;
      numbers[index] = numbers[parent]!;
      index = parent;
    }
    numbers[index] = number;
  }

  /** Takes the smallest number out; undefined when there is none. */
  pop(): number | undefined {
    const numbers = this.#numbers;
    const smallest = numbers[0];
    const last = numbers.pop();
    if (last === undefined || numbers.length === 0) return smallest;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child + 1 < numbers.length && numbers[child + 1]! < numbers[child]!) child++;
      if (child >= numbers.length || numbers[child]! >= last) break;
      numbers[index] = numbers[child]!;
      index = child;
    }
    numbers[index] = last;
    return smallest;
  }
}
