// A priority queue, compared with sorting.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { MinimumHeap } from "../../compiler/program/minimum_heap.ts";

describe("MinimumHeap", () => {
  it("gives the smallest number first, whenever others are added", () => {
    let state = 5;
    const random = (limit: number): number => (state = state * 48271 % 2147483647) % limit;
    const heap = new MinimumHeap();
    const expected: number[] = [];
    for (let step = 0; step < 2_000; step++) {
      if (random(5) < 3) {
        const number = random(100);
        heap.push(number);
        expected.push(number);
        expected.sort((a, b) => a - b);
      } else {
        assertEquals(heap.pop(), expected.shift());
      }
    }
    while (expected.length > 0) assertEquals(heap.pop(), expected.shift());
    assertEquals(heap.pop(), undefined);
  });
});
