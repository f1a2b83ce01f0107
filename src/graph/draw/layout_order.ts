/**
 * The second step of a layered layout: the order within each rank, so that few edges cross.
 * @module
 */
import type { Item } from "./layout.ts";

const sweeps = 8;

/**
 * Orders the rows in place. Going down and up in turns, each item is moved to the mean place of its neighbours in the
 * row passed before; of all the orders met, the one with the fewest crossings is kept.
 */
export function orderRows(rows: readonly Item[][]): void {
  for (const row of rows) number(row);
  let best = rows.map((row) => [...row]);
  let fewest = crossings(rows);
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    if (sweep % 2 === 0) { for (const row of rows) sortRow(row, "up"); }
    else for (const row of rows.toReversed()) sortRow(row, "down");
    const count = crossings(rows);
    if (count >= fewest) continue;
    fewest = count;
    best = rows.map((row) => [...row]);
  }
  rows.forEach((row, rank) => {
    row.splice(0, row.length, ...best[rank]!);
    number(row);
  });
}

function number(row: readonly Item[]): void {
  row.forEach((item, order) => item.order = order);
}

/** Sorts a row by the mean place of the neighbours on one side; what has none there stays about where it is. */
function sortRow(row: Item[], side: "up" | "down"): void {
  const keys = new Map(row.map((item) => {
    const links = item[side];
    if (links.length === 0) return [item, item.order];
    // The inputs of an operation arrive from left to right, so those that feed the left ones belong to the left.
    const sum = links.reduce((sum, { item, slot }) => sum + item.order + (side === "down" ? slot * 0.9 : 0), 0);
    return [item, sum / links.length];
  }));
  row.sort((a, b) => keys.get(a)! - keys.get(b)! || a.order - b.order);
  number(row);
}

/** How many pairs of edges cross, between all ranks. */
function crossings(rows: readonly (readonly Item[])[]): number {
  let count = 0;
  for (const row of rows) count += crossingsBelow(row);
  return count;
}

/** Counts with a Fenwick tree over the ends below: an edge crosses those from further left that end further right. */
function crossingsBelow(row: readonly Item[]): number {
  const ends = row.map(({ down }) => down.map(({ item, slot }) => item.order + slot * 0.9).sort((a, b) => a - b));
  const places = new Map([...new Set(ends.flat())].sort((a, b) => a - b).map((end, index) => [end, index + 1]));
  const tree = new Int32Array(places.size + 1);
  let [count, before] = [0, 0];
  for (const list of ends) {
    for (const end of list) {
      count += before;
      for (let place = places.get(end)!; place > 0; place -= place & -place) count -= tree[place]!;
    }
    for (const end of list) {
      before++;
      for (let place = places.get(end)!; place < tree.length; place += place & -place) tree[place]!++;
    }
  }
  return count;
}
