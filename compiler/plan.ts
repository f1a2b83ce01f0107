/**
 * The plan of a program's memory: how long each of its arrays is needed, and where in one region it lies.
 *
 * Arrays whose times do not overlap may lie in the same place. One that is computed element by element from another
 * that nothing needs afterwards takes that one's very place.
 * @module
 */
import { dtypeInfo } from "../src/dtype.ts";
import { roundUp } from "./runtime/protocol.ts";
import { SpaceOverTime } from "./space_over_time.ts";
import type { Buffer, Draft } from "./table.ts";
import { mayReplace } from "./uses.ts";

/** Rows of a program, by their numbers, from the first that writes an array to the last that reads it. */
export interface Lifetime {
  readonly first: number;
  readonly last: number;
}

/** Memory that one array takes, or several, each in the place of the one before it. */
export interface Block extends Lifetime {
  /** In the order in which they are computed. */
  readonly buffers: readonly number[];
  /** In bytes, from the start of the region; a multiple of 64. */
  readonly offset: number;
  readonly bytes: number;
}

/** Where scratch arrays lie. */
export interface MemoryPlan {
  readonly blocks: readonly Block[];
  /** For each scratch buffer, its bytes from the start of the region. */
  readonly offsets: ReadonlyMap<number, number>;
  /** How large the region is. */
  readonly bytes: number;
  /** How large it would be if every scratch array had memory of its own. */
  readonly separateBytes: number;
}

/** How many bytes a buffer's array takes. */
export function bytesOf({ type }: Buffer): number {
  return dtypeInfo(type.dtype).bytes * type.size;
}

/**
 * Plans the memory of scratch buffers for rows in their order. Those `elsewhere` need none, because they are computed in
 * the place of a Variable; those `held` are needed when the last row has run.
 */
export function planMemory(
  rows: readonly (readonly Draft[])[],
  buffers: readonly Buffer[],
  { elsewhere, held }: { readonly elsewhere: ReadonlySet<number>; readonly held: ReadonlySet<number> },
): MemoryPlan {
  const lifetimes = lifetimesOf(rows, (buffer) => buffers[buffer]!.kind === "scratch" && !elsewhere.has(buffer), held);
  const blocks = place(shareBlocks(rows, buffers, lifetimes), rows.length);
  const offsets = new Map<number, number>();
  for (const block of blocks) for (const buffer of block.buffers) offsets.set(buffer, block.offset);
  const separate = [...lifetimes.keys()].map((buffer) => roundUp(bytesOf(buffers[buffer]!)));
  return {
    blocks,
    offsets,
    bytes: blocks.reduce((most, { offset, bytes }) => Math.max(most, offset + roundUp(bytes)), 0),
    separateBytes: separate.reduce((sum, bytes) => sum + bytes, 0),
  };
}

function lifetimesOf(
  rows: readonly (readonly Draft[])[],
  isPlanned: (buffer: number) => boolean,
  held: ReadonlySet<number>,
): Map<number, Lifetime> {
  const lifetimes = new Map<number, Lifetime>();
  rows.forEach((drafts, row) => {
    for (const { reads, writes } of drafts) {
      for (const buffer of [...reads, ...writes]) {
        if (!isPlanned(buffer)) continue;
        const first = lifetimes.get(buffer)?.first ?? row;
        lifetimes.set(buffer, { first, last: held.has(buffer) ? rows.length : row });
      }
    }
  });
  return lifetimes;
}

/** One block for each array, but for those that take another's place. */
function shareBlocks(
  rows: readonly (readonly Draft[])[],
  buffers: readonly Buffer[],
  lifetimes: ReadonlyMap<number, Lifetime>,
): Omit<Block, "offset">[] {
  const chainOf = new Map<number, number[]>();
  rows.forEach((drafts, row) => {
    const shared = sharedReads(drafts);
    for (const draft of drafts) {
      for (const onto of draft.writes) {
        if (lifetimes.get(onto)?.first !== row) continue;
        const from = draft.kind === "host"
          ? undefined
          : [...draft.reads].find((buffer) =>
            lifetimes.get(buffer)?.last === row && chainOf.get(buffer)?.at(-1) === buffer &&
            bytesOf(buffers[buffer]!) === bytesOf(buffers[onto]!) && !shared.has(buffer) &&
            mayReplace(draft.uses, draft.buffers.indexOf(buffer), draft.buffers.indexOf(onto))
          );
        const chain = from === undefined ? [] : chainOf.get(from)!;
        chain.push(onto);
        chainOf.set(onto, chain);
      }
    }
  });
  return [...new Set(chainOf.values())].map((chain) => ({
    buffers: chain,
    bytes: bytesOf(buffers[chain[0]!]!),
    first: lifetimes.get(chain[0]!)!.first,
    last: lifetimes.get(chain.at(-1)!)!.last,
  }));
}

/** What two kernels of a row read: they may run at the same time. */
function sharedReads(drafts: readonly Draft[]): Set<number> {
  const shared = new Set<number>();
  if (drafts.length === 1) return shared;
  const seen = new Set<number>();
  for (const { reads } of drafts) for (const buffer of reads) (seen.has(buffer) ? shared : seen).add(buffer);
  return shared;
}

/** Gives every block an offset: the largest first, each into the smallest gap that holds it. */
function place(blocks: readonly Omit<Block, "offset">[], rows: number): Block[] {
  const space = new SpaceOverTime(rows + 1); // what is held is needed after the last
  return [...blocks].sort((a, b) => b.bytes - a.bytes || a.first - b.first)
    .map((block) => ({ ...block, offset: space.take(roundUp(block.bytes), block.first, block.last) }));
}
