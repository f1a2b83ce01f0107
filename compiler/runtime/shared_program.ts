/**
 * What runs in the arena need to know of a program.
 * @module
 */
import type { TypedArray } from "../../src/dtype.ts";
import type { ResumableRun } from "../../src/graph/call_queue.ts";
import type { Variable } from "../../src/graph/variable.ts";
import type { Tensor } from "../../src/tensor.ts";
import type { Buffer } from "../table.ts";
import type { ArenaFrame, LoadedProgram } from "./binding.ts";
import type { Failure } from "./failure.ts";
import type { ProgramMessage } from "./protocol.ts";
import type { RegionLayout } from "./region.ts";

/** Milliseconds that each thread has spent on each row: `times[rank][row]`. */
export type Times = readonly (readonly number[])[];

/** A program that can run in the arena. */
export interface SharedProgram extends LoadedProgram {
  /** The most threads that it may run on. */
  readonly threads: number;
  readonly arrays: readonly Buffer[];
  readonly layout: RegionLayout;
  /** Bytes of the thread's own memory that its kernels need. */
  readonly scratchBytes: number;
  /** What workers are sent. */
  message(): ProgramMessage;
  /** Runs a host step. */
  host(row: number, arrays: readonly TypedArray[]): void;
  /** Runs all rows on this thread, in the arena. */
  runRows(frame: ArenaFrame, variables: readonly Variable[], times: number[] | undefined): void;
  /** Copies the results out and lets assignments land. */
  complete(arrays: readonly TypedArray[], inputs: readonly Tensor[], variables: readonly Variable[]): Tensor[];
  /** The error for a run that failed, `caught` on the calling thread or elsewhere. */
  errorOf(failure: Failure, caught: unknown, variables: readonly Variable[]): unknown;
  /** Begins a run on this thread alone. */
  beginAlone(inputs: readonly Tensor[], variables: readonly Variable[]): ResumableRun;
}
