/**
 * The plan of a program's memory: how long each of its arrays is needed, and where in one piece of memory it lies.
 *
 * Arrays whose times do not overlap may lie in the same place. One that is computed element by element from another
 * that nothing needs afterwards takes that one's very place.
 * @module
 */
import { dtypeInfo } from "../../src/dtype.ts";
import { type Block, programCallsOf, walkBlock } from "./block.ts";
import { roundUp } from "../runtime/threads/protocol.ts";
import { SpaceOverTime } from "./space_over_time.ts";
import type { Buffer, ProgramCall } from "./program_builder.ts";
import { canReuse } from "../kernel/memory_effects.ts";

/** Points in time of a program, from the step that writes an array first to the last that reads it. */
export interface Lifetime {
  readonly first: number;
  readonly last: number;
}

/** Memory that one array takes, or several, each in the place of the one before it. */
export interface Allocation extends Lifetime {
  /** In the order in which they are computed. */
  readonly buffers: readonly number[];
  /** In bytes, from the start of that memory; a multiple of 64. */
  readonly offset: number;
  readonly bytes: number;
}

/** Where scratch arrays lie. */
export interface MemoryPlan {
  readonly allocations: readonly Allocation[];
  /** For each scratch buffer, its bytes from the start of that memory. */
  readonly offsets: ReadonlyMap<number, number>;
  /** How large that memory is. */
  readonly bytes: number;
  /** How large it would be if every scratch array had memory of its own. */
  readonly separateBytes: number;
}

/** How many bytes a buffer's array takes. */
export function bytesOf({ type }: Buffer): number {
  return dtypeInfo(type.dtype).bytes * type.size;
}

/**
 * Plans the memory of a block's scratch buffers. Those `elsewhere` need none, because they are computed in the place of a
 * Variable; those `held` are needed when the last step has run.
 */
export function planMemory(
  block: Block,
  buffers: readonly Buffer[],
  { elsewhere, held }: { readonly elsewhere: ReadonlySet<number>; readonly held: ReadonlySet<number> },
): MemoryPlan {
  const lifetimes = lifetimesOf(block, (buffer) => buffers[buffer]!.kind === "scratch" && !elsewhere.has(buffer), held);
  const allocations = place(shareMemory(block, buffers, lifetimes));
  const offsets = new Map<number, number>();
  for (const allocation of allocations) {
    for (const buffer of allocation.buffers) offsets.set(buffer, allocation.offset);
  }
  const separate = [...lifetimes.keys()].map((buffer) => roundUp(bytesOf(buffers[buffer]!)));
  return {
    allocations,
    offsets,
    bytes: allocations.reduce((most, { offset, bytes }) => Math.max(most, offset + roundUp(bytes)), 0),
    separateBytes: separate.reduce((sum, bytes) => sum + bytes, 0),
  };
}

function lifetimesOf(
  block: Block,
  isPlanned: (buffer: number) => boolean,
  held: ReadonlySet<number>,
): Map<number, Lifetime> {
  const lifetimes = new Map<number, Lifetime>();
  const end = walkBlock(block, (step, time) => {
    for (const { reads, writes } of programCallsOf(step)) {
      for (const buffer of [...reads, ...writes]) {
        if (isPlanned(buffer)) lifetimes.set(buffer, { first: lifetimes.get(buffer)?.first ?? time, last: time });
      }
    }
  });
  for (const buffer of held) {
    const lifetime = lifetimes.get(buffer);
    if (lifetime !== undefined) lifetimes.set(buffer, { first: lifetime.first, last: end });
  }
  return lifetimes;
}

/** One allocation for each array, but for those that take another's place. */
function shareMemory(
  block: Block,
  buffers: readonly Buffer[],
  lifetimes: ReadonlyMap<number, Lifetime>,
): Omit<Allocation, "offset">[] {
  const chainOf = new Map<number, number[]>();
  walkBlock(block, (step, time) => {
    const calls = programCallsOf(step);
    const shared = sharedReads(calls);
    for (const call of calls) {
      for (const onto of call.writes) {
        if (lifetimes.get(onto)?.first !== time) continue;
        const from = call.kind === "host"
          ? undefined
          : [...call.reads].find((buffer) =>
            lifetimes.get(buffer)?.last === time && chainOf.get(buffer)?.at(-1) === buffer &&
            bytesOf(buffers[buffer]!) === bytesOf(buffers[onto]!) && !shared.has(buffer) &&
            canReuse(call.memoryEffects, call.buffers.indexOf(buffer), call.buffers.indexOf(onto))
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

/** What two parts of a step read: they may run at the same time. */
function sharedReads(calls: readonly ProgramCall[]): Set<number> {
  const shared = new Set<number>();
  if (calls.length === 1) return shared;
  const seen = new Set<number>();
  for (const { reads } of calls) for (const buffer of reads) (seen.has(buffer) ? shared : seen).add(buffer);
  return shared;
}

/** Gives every allocation an offset: the largest first, each into the smallest gap that holds it. */
function place(allocations: readonly Omit<Allocation, "offset">[]): Allocation[] {
  const space = new SpaceOverTime(allocations.reduce((most, { last }) => Math.max(most, last), 0) + 1);
  return [...allocations].sort((a, b) => b.bytes - a.bytes || a.first - b.first)
    .map((each) => ({ ...each, offset: space.take(roundUp(each.bytes), each.first, each.last) }));
}
