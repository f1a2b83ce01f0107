/**
 * An observer of runs: it is told of every piece of work before a thread computes it. Nobody has one but tests, which
 * see by it where work is done, and make it fail.
 * @module
 */
import type { TypedArray } from "../../../src/dtype.ts";
import type { MemoryPlan } from "../../program/memory_plan.ts";

/** Is told of work; what it throws is as if that work had thrown it. */
export interface Observer {
  /** An instruction, or a chunk of it, is about to be computed on a thread; the calling one is 0. */
  piece?(instruction: number, thread: number): void;
  /** An instruction is about to be computed, in a run that has no other thread, whose scratch is planned so. */
  instruction?(instruction: number, arrays: readonly TypedArray[], memory: MemoryPlan): void;
}

/** An observer for a worker, as it can be sent there. */
export interface ObserverText {
  /** A function of `words`, and of the class of the errors by which a worker ends, that returns an observer's `piece`. */
  readonly source: string;
  readonly words: Int32Array;
}

/** What a worker throws to end: it takes part in nothing any more, and nobody tidies up after it. */
export class WorkerExit extends Error {}

/** The observer of this thread, if it has one. */
export let observer: Observer | undefined;

/** What workers that start from now on have. */
export let observerOfWorkers: ObserverText | undefined;

/** Has this thread, and the workers that start from now on, be observed; or nobody. */
export function observe(here: Observer | undefined, workers?: ObserverText): void {
  observer = here;
  observerOfWorkers = workers;
}

/** The observer that was sent here. */
export function loadObserver({ source, words }: ObserverText): Observer {
  const make = new Function(`return ${source}`)() as (words: Int32Array, exit: typeof WorkerExit) => Observer["piece"]; // see its type
  return { piece: make(words, WorkerExit)! };
}
