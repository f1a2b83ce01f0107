/**
 * Layered layout: where the boxes of a directed graph without cycles are drawn, and the ways of its edges. The method
 * is that of Sugiyama, Tagawa and Toda (1981): ranks, an order within each rank, then coordinates.
 * @module
 */
import { orderRows } from "./layout_order.ts";
import { placeRows } from "./layout_place.ts";

/** What the layout has to know of a node. Nodes are given with inputs before consumers. */
export interface LayoutNode {
  /** Width of its box. */
  readonly width: number;
  /** Height of its box. */
  readonly height: number;
  /** Positions, in the list of nodes, of what it is computed from, an entry per use. */
  readonly inputs: readonly number[];
  /** Whether it is an input of the graph, which belongs to the top; other leaves go where they are used. */
  readonly atTop: boolean;
}

/** A box by its upper left corner. */
export interface Box {
  /** Left edge. */
  readonly x: number;
  /** Upper edge. */
  readonly y: number;
  /** Width. */
  readonly width: number;
  /** Height. */
  readonly height: number;
}

/** A vertical piece of an edge. */
export interface Stroke {
  /** Where it is. */
  readonly x: number;
  /** Its upper end. */
  readonly top: number;
  /** Its lower end. */
  readonly bottom: number;
}

/**
 * One use of a node. Its way is a list of vertical strokes, which lie between the boxes of a rank; a curve that stays
 * in the free space between two ranks joins each stroke to the next. So no edge crosses a box.
 */
export interface Edge {
  /** The node that is used. */
  readonly from: number;
  /** The node that uses it. */
  readonly to: number;
  /** From the lower edge of the one box to the upper edge of the other. */
  readonly strokes: readonly Stroke[];
}

/** A finished layout: boxes in the order of the nodes, edges in the order of consumers and their inputs. */
export interface GraphLayout {
  /** Width of the picture, margins included. */
  readonly width: number;
  /** Height of the picture, margins included. */
  readonly height: number;
  /** Where the nodes are. */
  readonly boxes: readonly Box[];
  /** The ways from node to node. */
  readonly edges: readonly Edge[];
}

/** Something with a place in a rank: a node's box, or the point where edges from one node pass the rank. */
export interface Item {
  /** Width; 0 for a point. */
  readonly width: number;
  /** Whether it is a point that edges pass by. */
  readonly isPoint: boolean;
  /** To the rank above. */
  readonly up: Link[];
  /** To the rank below. */
  readonly down: Link[];
  /** Position in its rank, from the left. */
  order: number;
  /** The middle. */
  x: number;
}

/** A piece of an edge, from a rank to the next. */
export interface Link {
  /** The item at the other end. */
  readonly item: Item;
  /** Where the lower end is: the distance from the middle of the lower item. */
  readonly port: number;
  /** The same for ordering: where it is in the lower item, as a part of one place, from −0.5 to 0.5. */
  readonly slot: number;
}

/**
 * How many points edges may pass by. What would take more goes round the side of the picture, the longest ways first:
 * in a deep graph their number would grow with the square of its depth.
 */
const mostPoints = 12_000;
const margin = 16;
const laneWidth = 8;
const smallestGap = 34;
const widestPort = 22;

/** Lays out a graph. The result depends on the nodes given and nothing else. */
export function layoutGraph(nodes: readonly LayoutNode[]): GraphLayout {
  const ranks = ranksOf(nodes);
  const items = nodes.map(({ width }) => newItem(width, false));
  const rows: Item[][] = [];
  for (const [index, item] of items.entries()) (rows[ranks[index]!] ??= []).push(item);
  const ways = passRanks(nodes, ranks, items, rows);
  orderRows(rows);
  placeRows(rows);
  return finish(nodes, ranks, items, rows, ways);
}

function newItem(width: number, isPoint: boolean): Item {
  return { width, isPoint, up: [], down: [], order: 0, x: 0 };
}

/**
 * The longest way from the leaves to each node. What depends on no input of the graph then sinks to the rank above
 * its first use, so that a weight is beside the operation that takes it.
 */
function ranksOf(nodes: readonly LayoutNode[]): number[] {
  const ranks: number[] = [];
  const fixed: boolean[] = [];
  for (const { inputs, atTop } of nodes) {
    ranks.push(inputs.reduce((rank, input) => Math.max(rank, ranks[input]! + 1), 0));
    fixed.push(atTop || inputs.some((input) => fixed[input]));
  }
  const firstUses = nodes.map(() => Infinity);
  for (let index = nodes.length - 1; index >= 0; index--) {
    if (!fixed[index] && firstUses[index]! < Infinity) ranks[index] = firstUses[index]! - 1;
    for (const input of nodes[index]!.inputs) firstUses[input] = Math.min(firstUses[input]!, ranks[index]!);
  }
  return ranks;
}

/** How the edges from one node pass the ranks: by points, one per rank, or down one lane at the side. */
type EdgeRoute = { readonly points: readonly Item[] } | { readonly lane: number };

/** Makes the points that edges pass by, and links all items from rank to rank. Edges from one node share their points. */
function passRanks(
  nodes: readonly LayoutNode[],
  ranks: readonly number[],
  items: readonly Item[],
  rows: readonly Item[][],
): EdgeRoute[] {
  const lasts = [...ranks];
  const costs = nodes.map(() => 0); // what it takes to write down the ways of all edges
  nodes.forEach(({ inputs }, index) => {
    for (const input of inputs) {
      lasts[input] = Math.max(lasts[input]!, ranks[index]!);
      costs[input] = costs[input]! + ranks[index]! - ranks[input]! - 1;
    }
  });
  const lanes = lanesOf(ranks, lasts, costs);
  const ways = nodes.map((_, index): EdgeRoute => {
    const lane = lanes.get(index);
    if (lane !== undefined) return { lane };
    const points: Item[] = [];
    let above = items[index]!;
    for (let rank = ranks[index]! + 1; rank < lasts[index]!; rank++) {
      const point = newItem(0, true);
      rows[rank]!.push(point);
      points.push(point);
      link(above, point, 0, 0);
      above = point;
    }
    return { points };
  });
  nodes.forEach(({ inputs }, index) => {
    inputs.forEach((input, slot) => {
      const way = ways[input]!;
      const passed = ranks[index]! - ranks[input]! - 1;
      if (passed > 0 && "lane" in way) return;
      const above = passed > 0 && "points" in way ? way.points[passed - 1]! : items[input]!;
      link(above, items[index]!, portOf(nodes[index]!, slot), (slot + 0.5) / inputs.length - 0.5);
    });
  });
  return ways;
}

function link(above: Item, below: Item, port: number, slot: number): void {
  above.down.push({ item: below, port, slot });
  below.up.push({ item: above, port, slot });
}

/** Where an input arrives: the distance from the middle of the box. */
function portOf({ width, inputs }: LayoutNode, slot: number): number {
  return (slot + 0.5 - inputs.length / 2) * Math.min(widestPort, width * 0.8 / inputs.length);
}

/** The lanes of the nodes whose edges go round the side; ways that follow one another may be in the same lane. */
function lanesOf(
  ranks: readonly number[],
  lasts: readonly number[],
  costs: readonly number[],
): Map<number, number> {
  let points = costs.reduce((sum, cost) => sum + cost, 0);
  const chosen: number[] = [];
  for (const index of costs.map((_, index) => index).sort((a, b) => costs[b]! - costs[a]!)) {
    if (points <= mostPoints) break;
    points -= costs[index]!;
    chosen.push(index);
  }
  const lanes = new Map<number, number>();
  const ends: number[] = [];
  for (const index of chosen.sort((a, b) => ranks[a]! - ranks[b]! || lasts[a]! - lasts[b]!)) {
    const free = ends.findIndex((end) => end <= ranks[index]!);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = lasts[index]!;
    lanes.set(index, lane);
  }
  return lanes;
}

/** Heights of the ranks and of the gaps between them, and with these all boxes and ways. */
function finish(
  nodes: readonly LayoutNode[],
  ranks: readonly number[],
  items: readonly Item[],
  rows: readonly (readonly Item[])[],
  ways: readonly EdgeRoute[],
): GraphLayout {
  let [left, right] = [Infinity, -Infinity];
  for (const row of rows) {
    for (const { x, width } of row) {
      left = Math.min(left, x - width / 2);
      right = Math.max(right, x + width / 2);
    }
  }
  if (nodes.length === 0) left = right = 0;
  const laneX = (lane: number): number => left - (lane + 1.5) * laneWidth;
  const mostLanes = ways.reduce((most, way) => "lane" in way ? Math.max(most, way.lane + 1) : most, 0);
  const shift = margin - (mostLanes > 0 ? laneX(mostLanes) : left);

  const heights = rows.map(() => 0);
  nodes.forEach(({ height }, index) => {
    heights[ranks[index]!] = Math.max(heights[ranks[index]!]!, height);
  });
  const tops: number[] = [];
  let y = margin;
  rows.forEach((row, rank) => {
    tops.push(y);
    y += heights[rank]! + (rank + 1 < rows.length ? gapBelow(row) : margin);
  });

  const boxes = nodes.map(({ width, height }, index): Box => {
    const rank = ranks[index]!;
    return {
      x: items[index]!.x + shift - width / 2,
      y: tops[rank]! + (heights[rank]! - height) / 2,
      width,
      height,
    };
  });
  const bottom = (rank: number): number => tops[rank]! + heights[rank]!;
  const edges = nodes.flatMap((node, to) =>
    node.inputs.map((from, slot): Edge => {
      const [first, last, way] = [ranks[from]!, ranks[to]!, ways[from]!];
      const start = boxes[from]!.y + boxes[from]!.height;
      const strokes: Stroke[] = [{ x: items[from]!.x + shift, top: start, bottom: bottom(first) }];
      if (last > first + 1 && "lane" in way) {
        strokes.push({ x: laneX(way.lane) + shift, top: tops[first + 1]!, bottom: bottom(last - 1) });
      } else if ("points" in way) {
        for (let rank = first + 1; rank < last; rank++) {
          addStroke(strokes, { x: way.points[rank - first - 1]!.x + shift, top: tops[rank]!, bottom: bottom(rank) });
        }
      }
      addStroke(strokes, { x: items[to]!.x + portOf(node, slot) + shift, top: tops[last]!, bottom: boxes[to]!.y });
      return { from, to, strokes };
    })
  );
  return { width: right + shift + margin, height: nodes.length === 0 ? 2 * margin : y, boxes, edges };
}

/** Adds a stroke, to the last one where it goes straight on. */
function addStroke(strokes: Stroke[], stroke: Stroke): void {
  const last = strokes.at(-1)!; // an edge starts with one
  if (Math.abs(last.x - stroke.x) < 0.05) strokes[strokes.length - 1] = { ...last, bottom: stroke.bottom };
  else strokes.push(stroke);
}

/** The free space below a rank: more where edges have to go far to the side, so that they do not lie flat. */
function gapBelow(row: readonly Item[]): number {
  let farthest = 0;
  for (const { x, down } of row) {
    for (const { item, port } of down) farthest = Math.max(farthest, Math.abs(item.x + port - x));
  }
  return smallestGap + Math.min(90, farthest * 0.12);
}
