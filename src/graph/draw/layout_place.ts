/**
 * The third step of a layered layout: coordinates within each rank.
 * @module
 */
import type { Item } from "./layout.ts";

type Side = "up" | "down";

const sweeps = 12;
const boxDistance = 22;
const pointDistance = 12;

/**
 * Gives each item its `x`. Going down and up in turns, and then looking both ways, every row is moved as near to the
 * places its neighbours ask for as its order and the distances in it allow.
 */
export function placeRows(rows: readonly (readonly Item[])[]): void {
  for (const row of rows) {
    const offsets = offsetsOf(row);
    row.forEach((item, index) => item.x = offsets[index]! - offsets.at(-1)! / 2);
  }
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const from: Side = sweep % 2 === 0 ? "up" : "down";
    for (const row of from === "up" ? rows : rows.toReversed()) placeRow(row, from, sweep >= sweeps - 2);
  }
}

/** The least distance of each item from the first of its row. */
function offsetsOf(row: readonly Item[]): number[] {
  let offset = 0;
  return row.map((item, index) => {
    const previous = row[index - 1];
    if (previous === undefined) return 0;
    const distance = previous.isPoint || item.isPoint ? pointDistance : boxDistance;
    return offset += previous.width / 2 + distance + item.width / 2;
  });
}

/**
 * The places that are nearest to those asked for, by weighted squares. With the least distances taken off, that is
 * the best fit by numbers that do not fall, which pooling neighbours that would fall finds in one pass.
 */
function placeRow(row: readonly Item[], from: Side, isLate: boolean): void {
  const offsets = offsetsOf(row);
  const pools: { sum: number; weight: number; size: number }[] = [];
  row.forEach((item, index) => {
    const { place, weight } = wish(item, sidesOf(item, from, isLate));
    let pool = { sum: (place - offsets[index]!) * weight, weight, size: 1 };
    for (let last = pools.at(-1); last !== undefined; last = pools.at(-1)) {
      if (last.sum / last.weight <= pool.sum / pool.weight) break;
      pools.pop();
      pool = { sum: last.sum + pool.sum, weight: last.weight + pool.weight, size: last.size + pool.size };
    }
    pools.push(pool);
  });
  let index = 0;
  for (const { sum, weight, size } of pools) {
    for (const end = index + size; index < end; index++) row[index]!.x = sum / weight + offsets[index]!;
  }
}

/** Which neighbours an item looks at. */
function sidesOf(item: Item, from: Side, isLate: boolean): readonly Side[] {
  if (!isLate) return [from];
  const to = from === "up" ? "down" : "up";
  if (!item.isPoint) return [from, to];
  // Points that looked both ways would share out a bend among all ranks, and the edge would lean.
  return item[from].some(({ item }) => item.isPoint) || !item[to].some(({ item }) => item.isPoint) ? [from] : [to];
}

/** Where an item's edges would be straight, and how much that matters. */
function wish(item: Item, sides: readonly Side[]): { place: number; weight: number } {
  let [sum, total] = [0, 0];
  for (const side of sides) {
    for (const { item: other, port } of item[side]) {
      const weight = weightOf(side === "up" ? other : item, side === "up" ? item : other);
      // From box to box, a box below another is better than a straight edge: a long chain would lean.
      const shift = item.isPoint || other.isPoint ? port : 0;
      sum += weight * (side === "up" ? other.x - shift : other.x + shift);
      total += weight;
    }
  }
  return total > 0 ? { place: sum / total, weight: total } : { place: item.x, weight: 0.1 };
}

/** Most where an edge passes many ranks; least from a leaf, which has room beside what the operation continues. */
function weightOf(above: Item, below: Item): number {
  if (above.isPoint && below.isPoint) return 8;
  if (above.isPoint || below.isPoint) return 2;
  return above.up.length === 0 ? 0.1 : 1;
}
