/**
 * Asynchronous calls: they run one at a time, first in first out, beside the other work of the thread's event loop.
 * Whoever needs one to be over (a call that is not asynchronous, or what reads or assigns a Variable that it holds) joins it.
 * @module
 */
import { isTurnDue, settings, takeTurn } from "./event_loop.ts";
import type { Tensor } from "./tensor.ts";
import type { Variable } from "./graph/variable.ts";

/** A run that can be left and taken up again. */
export interface ResumableRun {
  /**
   * Goes on until about `deadline`, a time of `performance.now()`: the results, or undefined when it is not over by then.
   * With `Infinity` it goes on to its end.
   */
  resume(deadline: number): Tensor[] | undefined;
  /** Resolves when it is worth resuming, where others work at it; without it, nobody does while it is left. */
  wait?(): Promise<void>;
  /** Whether others have come to its end, so that resuming only gives its results. */
  isOver?(): boolean;
}

/** A call that can be queued. */
export interface QueuedCall {
  /** The Variables that it reads or assigns; they are held until it is over. */
  readonly variables: readonly Variable[];
  /** Begins it. */
  begin(): ResumableRun;
  /** Resolves when it may begin; whoever joins it does not wait for that. */
  prepare?(): Promise<void>;
  /** What it is rejected with when those who were to work at it have been sent away. */
  errorWhenClosed(begun: boolean): unknown;
}

/** A call that waits for its turn, or has it. */
interface Job {
  readonly call: QueuedCall;
  readonly resolve: (tensors: Tensor[]) => void;
  readonly reject: (error: unknown) => void;
  run: ResumableRun | undefined;
  over: boolean;
}

/** The calls of one thread. */
export class CallQueue {
  readonly #jobs: Job[] = [];
  #pumping = false;
  #inside = false;

  /** How many calls wait or run. */
  get length(): number {
    return this.#jobs.length;
  }

  /** Whether this thread is in the middle of a run: what is called then must not wait for it. */
  get inside(): boolean {
    return this.#inside;
  }

  /** Runs `body`, a run on this thread: what is called from within it does not wait for it. */
  within<T>(body: () => T): T {
    const outer = this.#inside;
    this.#inside = true;
    try {
      return body();
    } finally {
      this.#inside = outer;
    }
  }

  /** Queues a call, and holds its Variables. */
  enqueue(call: QueuedCall): Promise<Tensor[]> {
    return new Promise((resolve, reject) => {
      for (const variable of call.variables) variable.hold(() => this.drain());
      this.#jobs.push({ call, resolve, reject, run: undefined, over: false });
      // From within a run it waits for that to be over.
      if (this.#inside) queueMicrotask(() => void this.#pump());
      else void this.#pump();
    });
  }

  /** Has every call that was made before now be over. */
  drain(): void {
    while (!this.#inside) {
      const [job] = this.#jobs;
      if (job === undefined) return;
      this.#resume(job, Infinity);
    }
  }

  /** Settles the call that others have come to the end of, if there is one. */
  settleOver(): void {
    const [job] = this.#jobs;
    if (!this.#inside && job?.run?.isOver?.()) this.#resume(job, Infinity);
  }

  /** Rejects every call. */
  close(): void {
    for (const job of [...this.#jobs]) {
      this.#settle(job, () => {
        throw job.call.errorWhenClosed(job.run !== undefined);
      });
    }
  }

  /** Goes on with a call until about `deadline`, and settles it when it is over. */
  #resume(job: Job, deadline: number): void {
    let results: Tensor[] | undefined;
    try {
      job.run ??= job.call.begin();
      const { run } = job;
      results = this.within(() => run.resume(deadline));
    } catch (error) {
      this.#settle(job, () => {
        throw error;
      });
      return;
    }
    if (results !== undefined) this.#settle(job, () => results);
  }

  /** Ends a call with what `result` returns or throws: once, whoever comes first. */
  #settle(job: Job, result: () => Tensor[]): void {
    if (job.over) return;
    job.over = true;
    this.#jobs.splice(this.#jobs.indexOf(job), 1);
    for (const variable of job.call.variables) variable.release();
    try {
      job.resolve(result());
    } catch (error) {
      job.reject(error);
    }
  }

  /** Runs what is queued, one after the other, between other work of this thread's event loop. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let [job] = this.#jobs; job !== undefined; [job] = this.#jobs) {
        if (isTurnDue()) await takeTurn();
        if (!job.over && job.run === undefined) await job.call.prepare?.();
        while (!job.over) {
          this.#resume(job, performance.now() + settings.sliceTime);
          if (job.over) break;
          if (job.run?.wait !== undefined) await job.run.wait();
          if (isTurnDue()) await takeTurn();
        }
      }
    } finally {
      this.#pumping = false;
    }
  }
}

/** The calls of this thread. */
export const calls: CallQueue = new CallQueue();
