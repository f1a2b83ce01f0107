/**
 * Placement: where a program runs. It follows from its sizes.
 * @module
 */
import type { ExecutorOptions } from "../src/ops/op.ts";
import { tuning } from "./limits.ts";
import type { Row } from "./rows.ts";
import { hardwareThreads } from "./runtime/pool.ts";

/** How a program runs, and why. */
export interface Placement {
  /** Whether it may run in the arena, on several threads. */
  readonly shared: boolean;
  /** The most threads that it runs on. */
  readonly threads: number;
  readonly reason: string;
}

/** Where a program of these rows, of so many nanoseconds of work, runs: on several threads when its work is worth sharing and can be cut. */
export function placementOf(
  rows: readonly Row[],
  work: number,
  { threads = tuning.threads ?? hardwareThreads() }: ExecutorOptions,
): Placement {
  const inline = (reason: string): Placement => ({ shared: false, threads, reason });
  const microseconds = `about ${(work / 1000).toFixed(0)} µs of work`;
  if (work < tuning.sharedWork) return inline(`${microseconds}, too little to share`);
  if (!rows.some((row) => row.kind === "kernel" && row.count > 1)) return inline("no kernel of it can be cut");
  return { shared: true, threads, reason: microseconds };
}
