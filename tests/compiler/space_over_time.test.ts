// Where there is room in memory, compared with a search of everything that was taken before.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { SpaceOverTime } from "../../compiler/program/space_over_time.ts";

interface Taken {
  readonly first: number;
  readonly last: number;
  readonly start: number;
  readonly end: number;
}

/** The start of the smallest gap that holds `bytes`, by looking at every number of bytes in turn. */
function roomFor(bytes: number, first: number, last: number, taken: readonly Taken[]): number {
  const together = taken.filter((each) => each.first <= last && first <= each.last);
  const top = Math.max(0, ...together.map(({ end }) => end));
  const isTaken = Array.from(
    { length: top },
    (_, byte) => together.some(({ start, end }) => start <= byte && byte < end),
  );
  let [best, size] = [top, Infinity];
  for (let start = 0; start < top; start++) {
    if (isTaken[start]) continue;
    let end = start;
    while (end < top && !isTaken[end]) end++;
    if (end - start >= bytes && end - start < size) [best, size] = [start, end - start];
    start = end;
  }
  return best;
}

describe("SpaceOverTime", () => {
  for (const rows of [1, 2, 7, 16, 33]) {
    it(`takes the smallest gap that holds an array, among ${rows} rows`, () => {
      let state = rows;
      const random = (limit: number): number => (state = state * 48271 % 2147483647) % limit;
      const space = new SpaceOverTime(rows);
      const taken: Taken[] = [];
      for (let step = 0; step < 150; step++) {
        const [x, y] = [random(rows), random(rows)];
        const [first, last, bytes] = [Math.min(x, y), Math.max(x, y), 1 + random(9)];
        const start = space.take(bytes, first, last);
        assertEquals(start, roomFor(bytes, first, last, taken), `step ${step}`);
        taken.push({ first, last, start, end: start + bytes });
      }
    });
  }
});
