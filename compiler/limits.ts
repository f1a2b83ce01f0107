/**
 * The numbers that decide what shares a kernel, how a program is cut, and where it runs. They are compared with sizes
 * alone, never with the number of threads or with time, so that a program computes the same numbers wherever it runs.
 * @module
 */
import type { TargetName } from "./emit/load_kernel.ts";
import type { IterationSpace } from "./fusion/iteration_space.ts";

/** More operations than this in one kernel slow it down: registers run out. */
export const maximumFusedOps = 96;

/** The same for the arrays that a kernel reads and writes. */
export const maximumArrays = 32;

/** A single number that takes more operations than these is computed once, however many kernels read it. */
export const maximumRematerialized = 16;

/** Rows from this many on keep several threads busy. Fewer of them are cut into pieces, if they are long. */
const fewRows = 8;

/** What tests change to make small graphs behave like large ones. */
export interface Tuning {
  /** Elements, or multiplications, that a chunk has about: enough that claiming it costs nothing beside it. */
  readonly chunkWork: number;
  /** A row of this many elements is long: worth handing to other threads in pieces. */
  readonly longRow: number;
  /** Work, as cost.ts estimates it, below which a program runs on the calling thread alone: that of about 200 µs. */
  readonly sharedWork: number;
  /** The most threads of a program that does not say; undefined for as many as the machine runs at once. */
  readonly threads: number | undefined;
  /**
   * Work below which a program is JavaScript: that of about 10 µs. Once it runs, and on Variables, WebAssembly is the faster
   * one from about 2 µs on; but a module has to be compiled, and arguments brought into the arena, and that wants to be
   * worth it.
   */
  readonly wasmWork: number;
  /** Makes every program that does not say otherwise one for this target; undefined for what its size asks for. */
  readonly emitter: TargetName | undefined;
}

/** The values in use; a program keeps those it was compiled under. */
export let tuning: Tuning = {
  chunkWork: 2 ** 15,
  longRow: 2 ** 17,
  sharedWork: 400_000,
  threads: undefined,
  wasmWork: 20_000,
  emitter: undefined,
};

/** Changes values from now on; returns those before. For tests. */
export function setTuning(changes: Partial<Tuning>): Tuning {
  const previous = tuning;
  tuning = { ...tuning, ...changes };
  return previous;
}

/** Compiles what `body` compiles under other values. For tests. */
export function withTuning<T>(changes: Partial<Tuning>, body: () => T): T {
  const previous = setTuning(changes);
  try {
    return body();
  } finally {
    tuning = previous;
  }
}

/** Whether rows are so few and so long that each is computed in pieces. */
export function isLongRow(rows: number, elements: number): boolean {
  return rows < fewRows && elements >= tuning.longRow;
}

/**
 * Whether a space has a few rows that are long. Several threads then compute pieces of a row, and put their sums
 * together when all have ended. So its kernel has one stage: a second one would need the sum first.
 */
export function hasLongRows({ kind, shape, reduced }: IterationSpace): boolean {
  if (kind !== "row") return false;
  const product = (inner: boolean): number =>
    shape.reduce((size, length, axis) => reduced[axis] === inner ? size * length : size, 1);
  return isLongRow(product(false), product(true));
}
