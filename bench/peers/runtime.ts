/** What a runtime is for the process that runs it: a library that says how it does each kind of work. */
import type { Numbers, Results } from "./numbers.ts";
import type { Work } from "./works.ts";

/** A work, ready to be done: where a library has two ways of doing the same, both are tried and the faster one counts. */
export interface Way {
  /** What it is called where there are others. */
  readonly name?: string;
  /** Does the work once. It is done when this has returned or, if it is a promise, when that has been kept. */
  run(): void | Promise<void>;
  /** What the last run has computed, by name, in the order of axes that `works.ts` says. */
  results(): Results | Promise<Results>;
  /** Frees what it holds. */
  close?(): void;
}

/** What a runtime is given to make ready. */
export interface Task {
  readonly work: Work;
  readonly operands: Readonly<Record<string, Numbers>>;
  /** How many threads it may use. */
  readonly threads: number;
  /** Whether to compute in float64, as what others are compared with. */
  readonly reference: boolean;
}

/** A library that takes part. */
export interface Runtime {
  /** Its version, and on how many threads it runs when it may use so many. */
  readonly version: string;
  readonly threads: number;
  /** Gets a work ready, in every way there is. Throws a {@linkcode Missing} when it cannot do it. */
  open(task: Task): Way[] | Promise<Way[]>;
  /** Is called before time is taken, for workers to be there. */
  ready?(): Promise<unknown>;
}

/** Why a runtime does not do a work, in a few words. */
export class Missing extends Error {
  override readonly name = "Missing";
}
