/**
 * Chunks: how a kernel's work is cut into calls. By size alone: the order in which a reduction combines its partial
 * results follows from it, and has to be the same for any number of threads.
 * @module
 */
import type { WorkPartition } from "../emit/work_partition.ts";
import { tuning } from "../limits.ts";

/** A kernel's work, cut. */
export interface Chunks {
  /** How many there are. */
  readonly count: number;
  /** Units in each but the last of a period. */
  readonly step: number;
  readonly period: number;
  readonly units: number;
}

/**
 * More chunks than this only add to what has to be combined; and a long stretch of memory is read faster than many short
 * ones, by which threads cross each other's way (a sum of 4M numbers by two threads takes 3 to 7 % less than with twice as many).
 */
const maximumChunks = 64;

/** Cuts the work of a kernel into chunks of about the size that `tuning` asks for. */
export function chunksOf({ units, period, unitWork, together, leastUnits }: WorkPartition): Chunks {
  if (units === 0) return { count: 0, step: 1, period: 1, units };
  const work = Math.max(tuning.chunkWork, units * unitWork / maximumChunks);
  const aim = Math.max(leastUnits, Math.ceil(work / Math.max(unitWork, 1)));
  // Chunks of a period are as equal as they can be, and none is left with a few units.
  const pieces = Math.max(1, Math.round(period / aim));
  const step = Math.ceil(period / together / pieces) * together;
  return { count: Math.ceil(period / step) * (units / period), step, period, units };
}

/** The first unit of a chunk. */
export function beginOf({ step, period }: Chunks, chunk: number): number {
  const pieces = Math.ceil(period / step);
  const row = Math.floor(chunk / pieces);
  return row * period + (chunk - row * pieces) * step;
}

/** The unit after the last of the chunk that begins with `begin`. */
export function endOf({ step, period }: Chunks, begin: number): number {
  return Math.min(begin + step, (Math.floor(begin / period) + 1) * period);
}
