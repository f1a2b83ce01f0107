/** One work, done by everyone: compared with the reference first, then timed by turns. */
import { disagreement } from "./check.ts";
import { Peer } from "./client.ts";
import { type Results, unpack } from "./numbers.ts";
import { Missing } from "./runtime.ts";
import type { Work } from "./works.ts";

/** What came of a runtime's part. */
export type Outcome =
  | {
    readonly milliseconds: number;
    /** The quartiles below and above the median. */
    readonly spread: readonly [number, number];
    /** Of the library, and how many threads it had. */
    readonly version: string;
    readonly threads: number;
    /** Which of several ways of doing it was the fastest. */
    readonly fastest?: string;
    /** How it differs from the reference more than it may. */
    readonly disagreement?: string;
  }
  | { readonly missing: string };

/** How long everything takes. */
export interface Patience {
  /** Turns that everyone has. */
  readonly rounds: number;
  /** Milliseconds of a turn. */
  readonly turn: number;
  /** Milliseconds for optimizing compilers and caches, before the first. */
  readonly warmUp: number;
}

/** All processes: one for each runtime and number of threads, from when it is first asked for. */
export class Peers {
  readonly #peers = new Map<string, Peer>();

  /** The process of a runtime on so many threads. */
  get(runtime: string, threads: number): Peer {
    const key = `${runtime} ${threads}`;
    let peer = this.#peers.get(key);
    if (peer === undefined) {
      this.#peers.set(key, peer = new Peer(runtime, threads));
    }
    return peer;
  }

  /** Forgets a process that is broken. */
  drop(peer: Peer): void {
    peer.end();
    for (const [key, each] of this.#peers) {
      if (each === peer) this.#peers.delete(key);
    }
  }

  /** Ends all processes. */
  end(): void {
    for (const peer of this.#peers.values()) peer.end();
    this.#peers.clear();
  }
}

/** The number below which the given part of the numbers lies. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const place = part * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return below + (above - below) * (place - Math.floor(place));
}

/** In float64, by this library or, where that lacks an operation, by PyTorch; undefined where there is neither. */
async function referenceOf(work: Work, peers: Peers): Promise<Results | undefined> {
  for (const runtime of ["ours-fresh", "pytorch"]) {
    try {
      const peer = peers.get(runtime, 1);
      const { results: [results] } = await peer.open(work, 0, true);
      await peer.close();
      return unpack(results!);
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
    }
  }
  return undefined;
}

/** Calls that take longer have fewer turns: nothing of a millisecond's length disturbs them. */
function roundsFor(estimate: number, { rounds, turn }: Patience): number {
  return Math.max(3, Math.min(rounds, Math.ceil(rounds * 5 * turn / estimate)));
}

/** Has all runtimes do a work on so many threads, and says what came of each. */
export async function compare(
  work: Work,
  threads: number,
  runtimes: readonly string[],
  peers: Peers,
  patience: Patience,
): Promise<Map<string, Outcome>> {
  const reference = await referenceOf(work, peers);
  if (reference === undefined) {
    return new Map(runtimes.map((runtime) => [runtime, { missing: "there is nothing to check results with" }]));
  }
  const outcomes = new Map<string, Outcome>();
  const taking: { peer: Peer; rounds: number; times: number[]; rest: { version: string; threads: number } }[] = [];
  const failed = (peer: Peer, error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    outcomes.set(peer.runtime, { missing: reason });
    if (!(error instanceof Missing)) peers.drop(peer);
  };
  for (const runtime of runtimes) {
    const peer = peers.get(runtime, threads);
    try {
      const { version, threads } = await peer.greeting();
      const { results, estimate, fastest } = await peer.open(work, patience.warmUp);
      const [wrong] = results.flatMap((each) => disagreement(work, unpack(each), reference) ?? []);
      const rest = {
        version,
        threads,
        ...(fastest === undefined ? {} : { fastest }),
        ...(wrong === undefined ? {} : { disagreement: wrong }),
      };
      taking.push({ peer, rounds: roundsFor(estimate, patience), times: [], rest });
    } catch (error) {
      failed(peer, error);
    }
  }
  for (let round = 0; round < patience.rounds; round++) {
    for (const { peer, rounds, times } of taking) {
      if (round >= rounds || outcomes.has(peer.runtime)) continue;
      try {
        times.push(await peer.time(patience.turn));
      } catch (error) {
        failed(peer, error);
      }
    }
  }
  for (const { peer, times, rest } of taking) {
    if (outcomes.has(peer.runtime)) continue;
    await peer.close();
    const spread = [quantile(times, 0.25), quantile(times, 0.75)] as const;
    outcomes.set(peer.runtime, { milliseconds: quantile(times, 0.5), spread, ...rest });
  }
  return outcomes;
}
