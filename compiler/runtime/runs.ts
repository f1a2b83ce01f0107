/**
 * Runs in the arena: what happens between a call of a program and its results.
 *
 * Programs run one at a time, first in first out. In a synchronous call the calling thread walks with the workers; in an
 * asynchronous one the workers walk alone, and the caller's event loop only looks after host steps and the end. Whoever
 * needs an asynchronous run to be over, joins it.
 * @module
 */
import type { Variable } from "../../src/graph/variable.ts";
import type { Tensor } from "../../src/tensor.ts";
import type { KernelText, LoadedKernel } from "../emit/load_kernel.ts";
import { loadKernelText } from "../emit/load_kernel.ts";
import { Arena } from "./arena.ts";
import { readFailure } from "./failure.ts";
import { canShareMemory, Pool } from "./pool.ts";
import { alignment, state, threadWord, word } from "./protocol.ts";
import { Region } from "./region.ts";
import { bindFrame, type Bound, newBound } from "./binding.ts";
import type { SharedProgram, Times } from "./shared_program.ts";
import { timesOf, Walker } from "./walker.ts";

/** A call that waits for its turn, or has it. */
interface Job {
  readonly program: SharedProgram;
  readonly inputs: readonly Tensor[];
  readonly variables: readonly Variable[];
  /** Whether it is to run in the arena. */
  readonly shared: boolean;
  readonly resolve: (tensors: Tensor[]) => void;
  readonly reject: (error: unknown) => void;
  begun: boolean;
  over: boolean;
}

/** How long a thread that waits looks around before it sleeps, and how long it sleeps, in milliseconds. */
const patience = 0.2;
const sleepTime = 50;

/** What tests change. */
export const settings = {
  /** A worker that has held a chunk for so many milliseconds is lost. */
  lostTime: 30_000,
  /** How large the arena may become, in bytes. */
  arenaBytes: 2 ** 32,
};

/** Whether this thread may sleep; a page's main thread may not. */
const maySleep = ((): boolean => {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
})();

/** A wait that leaves the event loop free; newer than the type's library. */
type WaitAsync = (
  words: Int32Array,
  index: number,
  value: number,
  timeout: number,
) => { readonly async: boolean; readonly value: Promise<unknown> | string };
const waitAsync = (Atomics as { waitAsync?: WaitAsync }).waitAsync?.bind(Atomics);

class Runs {
  #arena: Arena | undefined;
  #pool: Pool | undefined;
  #walker: Walker | undefined;
  readonly #region = new Region();
  /** Those of calls within calls, by how deep they are. */
  readonly #inner: Region[] = [];
  readonly #bound = new WeakMap<SharedProgram, Bound>();
  #depth = 0;
  readonly #programs = new Map<number, SharedProgram>();
  readonly #queue: Job[] = [];
  #pumping = false;
  /** Whether this thread is in the middle of a run: what is called then must not wait for it. */
  #inside = false;
  #missing = 0;
  #caught: unknown;

  /** Whether a program is being run by this thread, so that a call comes from within it. */
  get inside(): boolean {
    return this.#inside;
  }

  /** How many asynchronous calls wait or run. */
  get queued(): number {
    return this.#queue.length;
  }

  /** How many runs have begun in the arena. */
  get begun(): number {
    return this.#arena?.control[word.run] ?? 0;
  }

  /** The arena, once something has needed it. */
  get arena(): Arena | undefined {
    return this.#arena;
  }

  /** Whether a run on so many threads can begin in the arena now; has workers start when not. */
  available(threads: number): boolean {
    if (threads < 2 || !canShareMemory()) return false;
    const { pool } = this.#open();
    if (pool.threads.length < threads - 1) pool.start(threads - 1);
    return pool.ready > 0;
  }

  /** Waits for the workers of so many threads; how many threads there are then. */
  async whenReady(threads: number): Promise<number> {
    if (threads < 2 || !canShareMemory()) return 1;
    const { pool } = this.#open();
    pool.start(threads - 1);
    while (pool.ready < threads - 1 && !pool.broken && Date.now() < pool.startEnd) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return 1 + pool.ready;
  }

  /** Runs `body`, a run on this thread alone: what is called from within it does not wait for it. */
  within<T>(body: () => T): T {
    const outer = this.#inside;
    this.#inside = true;
    try {
      return body();
    } finally {
      this.#inside = outer;
    }
  }

  /** Runs a program on this thread and the workers. {@linkcode available} must have said that it can. */
  run(
    program: SharedProgram,
    inputs: readonly Tensor[],
    variables: readonly Variable[],
    times?: (times: Times) => void,
  ): Tensor[] {
    const { walker } = this.#open();
    return this.within(() => {
      this.#begin(program, inputs, variables, program.threads, times !== undefined);
      walker.start(true);
      this.#attend();
      times?.(this.#timesOf(program));
      return this.#end(program, inputs, variables);
    });
  }

  /** Queues a call; `shared` when it is to run in the arena. */
  enqueue(
    program: SharedProgram,
    inputs: readonly Tensor[],
    variables: readonly Variable[],
    shared: boolean,
  ): Promise<Tensor[]> {
    return new Promise((resolve, reject) => {
      const job: Job = { program, inputs, variables, shared, resolve, reject, begun: false, over: false };
      for (const variable of variables) variable.hold(() => this.drain());
      this.#queue.push(job);
      // From within a run it waits for that to be over.
      if (this.#inside) queueMicrotask(() => void this.#pump());
      else void this.#pump();
    });
  }

  /** The functions of a kernel for the arena, on this thread. */
  load(text: KernelText): LoadedKernel {
    return loadKernelText(text, this.#open().arena.memory);
  }

  /** Runs a program in the arena, on this thread alone; also from within a run, whose program may be the same. */
  runAlone(
    program: SharedProgram,
    inputs: readonly Tensor[],
    variables: readonly Variable[],
    times?: number[],
  ): Tensor[] {
    const { arena } = this.#open();
    const depth = this.#inside ? ++this.#depth : 0;
    const outer = this.#inside;
    this.#inside = true;
    try {
      if (!outer) arena.beginRun(); // what the run around this one uses, stays
      const region = outer ? this.#inner[depth] ??= new Region() : this.#region;
      const bound = outer ? newBound(program) : this.#boundOf(program);
      const address = region.place(program, arena, inputs, variables);
      bindFrame(bound, program, arena.memory, address);
      bound.scratch = address + program.layout.own;
      const scratch = { buffer: arena.memory.buffer, offset: address + program.layout.scratch };
      program.runRows(bound, scratch, variables, times);
      return program.complete(bound.arrays, inputs, variables);
    } finally {
      this.#inside = outer;
      if (outer) this.#depth--;
    }
  }

  #boundOf(program: SharedProgram): Bound {
    let bound = this.#bound.get(program);
    if (bound === undefined) this.#bound.set(program, bound = newBound(program));
    return bound;
  }

  /** Has every thread have so much memory of its own. No run is in the middle of a row. */
  #provideScratch(bytes: number): void {
    const { arena, pool } = this.#open();
    pool.provideScratch(bytes, arena);
  }

  /** Has every asynchronous call that was made before now be over. */
  drain(): void {
    while (!this.#inside) {
      const [job] = this.#queue;
      if (job === undefined) return;
      if (!job.begun) this.#runHere(job);
      else {
        this.within(() => this.#attend());
        this.#settle(job, () => this.#end(job.program, job.inputs, job.variables));
      }
    }
  }

  /** Ends the workers; a run that they are in the middle of fails, as do those that wait. The next one starts new workers. */
  close(): void {
    const pool = this.#pool;
    const walker = this.#walker;
    if (pool === undefined || walker === undefined) return;
    const { control } = walker;
    const row = control[word.row]!;
    const runs = Atomics.load(control, word.state) !== state.idle;
    if (runs) walker.fail({ kind: "closed", row, thread: 0 });
    pool.close();
    // A worker that takes long over its chunk may still write: there, nothing else is to lie.
    if (runs && !this.#isQuiet()) this.#region.abandon();
    for (const job of [...this.#queue]) {
      this.#settle(job, () => {
        throw job.program.errorOf({ kind: "closed", row: job.begun ? row : -1, thread: 0 }, undefined, job.variables);
      });
    }
    if (runs && !this.#inside) Atomics.store(control, word.state, state.idle);
  }

  /** Has the workers forget a program that will not run again. */
  forget(id: number): void {
    this.#pool?.forget(id);
  }

  #open(): { arena: Arena; pool: Pool; walker: Walker } {
    const arena = this.#arena ??= new Arena(settings.arenaBytes);
    const pool = this.#pool ??= new Pool(arena.memory, arena.control, () => this.#checkLost());
    const walker = this.#walker ??= new Walker(arena.memory, 0, this.#programs, {
      caller: {
        host: (program, row, arrays) => this.#programs.get(program.id)!.host(row, arrays), // it is running
        caught: (error) => this.#caught = error,
      },
    });
    return { arena, pool, walker };
  }

  /** Brings everything a program needs into the arena and describes the run in the control words. */
  #begin(
    program: SharedProgram,
    inputs: readonly Tensor[],
    variables: readonly Variable[],
    walkers: number,
    measured = false,
  ): void {
    const { arena, pool } = this.#open();
    const { control } = arena;
    arena.beginRun();
    const region = this.#region.place(program, arena, inputs, variables);
    if (program.scratchBytes > 0) this.#provideScratch(program.scratchBytes);
    this.#programs.clear(); // a program is held while it runs, and no longer
    this.#programs.set(program.id, program);
    pool.load(program.id, () => program.message());
    this.#missing = 0;
    this.#caught = undefined;
    control[word.program] = program.id;
    control[word.region] = region / alignment;
    control[word.walkers] = walkers;
    control[word.measured] = measured ? 1 : 0;
    control[word.run]!++;
    if (measured) {
      for (let rank = 0; rank < program.threads; rank++) timesOf(arena.memory, control, program, rank).fill(0);
    }
    pool.call(walkers);
  }

  /** Walks until the run is over. */
  #attend(): void {
    const walker = this.#walker!; // there is a run
    const { control } = walker;
    for (;;) {
      const seen = Atomics.load(control, word.signal);
      const now = Atomics.load(control, word.state);
      if (now === state.done || now === state.failed && this.#isQuiet()) return;
      if (now === state.host) {
        walker.continueFromHost(true);
        continue;
      }
      if (walker.lookFor(patience) === "worked" || Atomics.load(control, word.state) !== now) continue;
      if (maySleep) walker.sleep(seen, sleepTime);
      this.#checkLost();
    }
  }

  /** After a failure: whether every thread has left the row. */
  #isQuiet(): boolean {
    const { control } = this.#walker!; // there is a run
    return Atomics.load(control, word.done) + this.#missing >= Atomics.load(control, word.claimed);
  }

  /** Fails the run when a worker that takes part in it is lost. */
  #checkLost(): void {
    const pool = this.#pool;
    const walker = this.#walker;
    if (pool === undefined || walker === undefined) return;
    const { control } = walker;
    for (const thread of pool.lostThreads(settings.lostTime)) {
      const chunk = Atomics.load(control, threadWord(thread, "holding"));
      if (chunk > 0) this.#missing++;
      walker.fail({ kind: "lost", row: control[word.row]!, thread });
      pool.replace(thread);
      // It may not be dead: where it may still write, nothing else is to lie.
      this.#region.abandon();
    }
  }

  /** The results of a run that is over. */
  #end(program: SharedProgram, inputs: readonly Tensor[], variables: readonly Variable[]): Tensor[] {
    const { control } = this.#walker!; // there was a run
    const failed = Atomics.load(control, word.state) === state.failed;
    Atomics.store(control, word.state, state.idle);
    if (failed) {
      this.#region.forget();
      const failure = readFailure(control);
      if (failure.kind === "lost") variables.forEach((variable) => this.#arena!.abandon(variable));
      throw program.errorOf(failure, this.#caught, variables);
    }
    return program.complete(this.#walker!.bind(program).arrays, inputs, variables);
  }

  #timesOf(program: SharedProgram): Times {
    const arena = this.#arena!; // there was a run
    return Array.from(
      { length: program.threads },
      (_, rank) => [...timesOf(arena.memory, arena.control, program, rank)],
    );
  }

  /** A queued call, on this thread. */
  #runHere(job: Job): void {
    job.begun = true;
    const { program, inputs, variables } = job;
    this.#settle(
      job,
      () =>
        job.shared && this.available(program.threads)
          ? this.run(program, inputs, variables)
          : program.runAlone(inputs, variables),
    );
  }

  /** Ends a queued call with what `result` returns or throws. */
  #settle(job: Job, result: () => Tensor[]): void {
    this.#queue.splice(this.#queue.indexOf(job), 1);
    job.over = true;
    try {
      const tensors = result();
      for (const variable of job.variables) variable.release();
      job.resolve(tensors);
    } catch (error) {
      for (const variable of job.variables) variable.release();
      job.reject(error);
    }
  }

  /** Runs what is queued, one after the other, between other work of this thread's event loop. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let [job] = this.#queue; job !== undefined; [job] = this.#queue) {
        if (!job.shared) this.#runHere(job);
        else if (!(await this.#ready(job))) {
          if (!job.begun && !job.over) this.#runHere(job);
        } else if (!job.over) await this.#runElsewhere(job);
      }
    } finally {
      this.#pumping = false;
    }
  }

  /** Waits until there are workers to run a job; whether there are. */
  async #ready({ begun }: Job): Promise<boolean> {
    return begun || await this.whenReady(2) > 1;
  }

  async #runElsewhere(job: Job): Promise<void> {
    const { walker } = this.#open();
    const { control } = walker;
    if (!job.begun) {
      job.begun = true;
      try {
        this.#begin(job.program, job.inputs, job.variables, Math.max(2, job.program.threads));
      } catch (error) {
        this.#settle(job, () => {
          throw error;
        });
        return;
      }
      walker.start(false);
    }
    while (!job.over) {
      const seen = Atomics.load(control, word.signal);
      const now = Atomics.load(control, word.state);
      if (now === state.done || now === state.failed && this.#isQuiet()) {
        this.#settle(job, () => this.#end(job.program, job.inputs, job.variables));
        return;
      }
      if (now === state.host) {
        this.within(() => walker.continueFromHost(false));
        continue;
      }
      if (now === state.failed && Atomics.load(control, word.returned) !== 0) walker.step();
      await this.#change(walker, seen);
      if (!job.over) {
        this.#pool?.call(Math.max(2, job.program.threads)); // a worker may have gone back to its event loop
        this.#checkLost();
      }
    }
  }

  /** Waits until something has changed, or for a moment. */
  async #change({ control }: Walker, seen: number): Promise<void> {
    if (waitAsync === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return;
    }
    Atomics.add(control, word.sleeping, 1);
    await waitAsync(control, word.signal, seen, sleepTime).value;
    Atomics.sub(control, word.sleeping, 1);
  }
}

/** The runs of this process. */
export const runs = new Runs();
