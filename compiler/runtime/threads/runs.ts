/**
 * Runs in the arena: what happens between a call of a program and its results.
 *
 * Programs run one at a time, first in first out. In a synchronous call the calling thread walks with the workers; in an
 * asynchronous one the workers walk alone, and the caller's event loop only looks after host steps and the end. Whoever
 * needs an asynchronous run to be over, joins it; where there are no workers left, the caller walks.
 * @module
 */
import { calls, type ResumableRun } from "../../../src/call_queue.ts";
import type { Variable } from "../../../src/graph/variable.ts";
import type { Tensor } from "../../../src/tensor.ts";
import type { Times } from "../../inspect/profile.ts";
import type { CompiledProgram } from "../../program/program.ts";
import { Arena } from "../arena.ts";
import { ArenaProgram } from "../arena_program.ts";
import { ArenaBindings } from "../arena_bindings.ts";
import { completeInArena } from "../complete.ts";
import { readFailure } from "./failure.ts";
import { callHost } from "../host_call.ts";
import { canShareMemory, Pool } from "./pool.ts";
import { alignment, controlBytes, state, word } from "./protocol.ts";
import { Workspace } from "../workspace.ts";
import { errorOf } from "../run_error.ts";
import { timesOf, WorkerLoop } from "./worker_loop.ts";

/** How long a thread that waits looks around before it sleeps, and how long it sleeps, in milliseconds. */
const patience = 0.2;
const sleepTime = 50;

/** What tests change. */
export const settings = {
  /** A worker that gets no further while its caller waits for so many milliseconds is lost. */
  lostTime: 30_000,
  /** How long workers are waited for, in milliseconds. */
  startLimit: 5000,
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

/** The threads that share an arena, and the words at its start that they go by. */
interface Threads {
  readonly control: Int32Array;
  readonly pool: Pool;
  /** This thread's part. */
  readonly loop: WorkerLoop;
}

class Runs {
  #arena: Arena | undefined;
  #threads: Threads | undefined;
  readonly #workspace = new Workspace();
  /** Those of calls within calls, by how deep they are. */
  readonly #inner: Workspace[] = [];
  readonly #bindings = new WeakMap<ArenaProgram, ArenaBindings>();
  /** The bindings of runs on this thread alone that have begun, and are not over. */
  readonly #bound = new Set<ArenaBindings>();
  #depth = 0;
  readonly #programs = new Map<number, ArenaProgram>();
  #caught: unknown;
  #begun = 0;

  /** How many workers there are that could take part in a run. */
  get workers(): number {
    return this.#threads?.pool.ready ?? 0;
  }

  /** How many runs on several threads have begun. */
  get begun(): number {
    return this.#begun;
  }

  /** The arena, once something has needed it. */
  get arena(): Arena | undefined {
    return this.#arena;
  }

  /** The control words, once threads have been wanted. */
  get control(): Int32Array | undefined {
    return this.#threads?.control;
  }

  /** Whether a run on so many threads can begin in the arena now; has workers start when not. */
  available(threads: number): boolean {
    if (threads < 2 || !canShareMemory()) return false;
    const { pool } = this.#openThreads();
    if (pool.threads.length < threads - 1) pool.start(threads - 1);
    return pool.ready > 0;
  }

  /** How many of so many threads a run can come to have here: fewer where workers cannot be had, or never answer. */
  reachable(threads: number): number {
    if (!canShareMemory()) return 1;
    const pool = this.#threads?.pool;
    if (pool === undefined) return threads;
    const { ready } = pool;
    const isFinal = pool.broken || ready < pool.threads.length && Date.now() >= pool.startEnd;
    return isFinal ? Math.min(threads, 1 + ready) : threads;
  }

  /** Waits for the workers of so many threads; how many threads there are then. */
  async whenReady(threads: number): Promise<number> {
    if (threads < 2 || !canShareMemory()) return 1;
    const { pool } = this.#openThreads();
    pool.start(threads - 1);
    const wanted = Math.min(threads - 1, pool.threads.length);
    // Those that are closed meanwhile do not come.
    while (pool.ready < wanted && pool.threads.length >= wanted && !pool.broken && Date.now() < pool.startEnd) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return 1 + pool.ready;
  }

  /** A program for the arena, on this thread. */
  load(program: CompiledProgram): ArenaProgram {
    return new ArenaProgram(program, this.#openArena().memory);
  }

  /** Runs a program on this thread and the workers. {@linkcode available} must have said that it can. */
  run(program: ArenaProgram, inputs: readonly Tensor[], variables: readonly Variable[]): Tensor[] {
    return calls.within(() => {
      this.#walk(program, inputs, variables, false);
      return this.#end(program, inputs, variables);
    });
  }

  /** The same, for the times that each thread has spent on each instruction. */
  measure(program: ArenaProgram, inputs: readonly Tensor[], variables: readonly Variable[]): Times {
    return calls.within(() => {
      this.#walk(program, inputs, variables, true);
      const times = this.#timesOf(program);
      this.#end(program, inputs, variables);
      return times;
    });
  }

  #walk(
    program: ArenaProgram,
    inputs: readonly Tensor[],
    variables: readonly Variable[],
    measured: boolean,
  ): void {
    this.#begin(program, inputs, variables, program.program.policy.threads, measured);
    this.#openThreads().loop.start(true);
    this.#attend();
  }

  /** Which instruction the run on several threads has got to; there has been one. */
  get instruction(): number {
    return this.#threads!.control[word.instruction]!;
  }

  /** Brings everything that a run on this thread alone needs into the arena, until {@linkcode unbind}. */
  bind(program: ArenaProgram, inputs: readonly Tensor[], variables: readonly Variable[]): ArenaBindings {
    const arena = this.#openArena();
    const isNested = this.#bound.size > 0 || this.#isRunning();
    if (!isNested) arena.beginRun(); // what the run around this one uses, stays
    const workspace = isNested ? this.#inner[this.#depth] ??= new Workspace() : this.#workspace;
    const bindings = isNested ? new ArenaBindings(program, arena.memory) : this.#bindingsOf(program, arena);
    const address = workspace.place(program, arena, inputs, variables);
    bindings.bind(address, address + program.layout.own);
    this.#bound.add(bindings);
    if (isNested) this.#depth++;
    return bindings;
  }

  /** Ends what {@linkcode bind} began. Runs end in the reverse of the order in which they begin. */
  unbind(bindings: ArenaBindings): void {
    this.#bound.delete(bindings);
    if (this.#depth > 0) this.#depth--;
  }

  /** Whether workers and this thread are in the middle of a run. */
  #isRunning(): boolean {
    const control = this.#threads?.control;
    return control !== undefined && Atomics.load(control, word.state) !== state.idle;
  }

  #bindingsOf(program: ArenaProgram, { memory }: Arena): ArenaBindings {
    let bindings = this.#bindings.get(program);
    if (bindings === undefined) this.#bindings.set(program, bindings = new ArenaBindings(program, memory));
    return bindings;
  }

  /** Has every thread have so much memory of its own. No run is in the middle of an instruction. */
  #provideScratch(bytes: number): void {
    this.#openThreads().pool.provideScratch(bytes, this.#openArena());
  }

  /** Ends the workers; a run that they are in the middle of fails, as do those that wait. The next one starts new workers. */
  close(): void {
    const threads = this.#threads;
    if (threads === undefined) return;
    const { control, pool, loop } = threads;
    calls.settleOver(); // what has been computed, and assigned, is not taken back
    const runs = this.#isRunning();
    if (runs) loop.fail({ kind: "closed", instruction: control[word.instruction]!, thread: 0 });
    // A worker that takes long over its chunk may still write: there, nothing else is to lie.
    if (!pool.close()) this.#workspace.abandon();
    calls.close();
    if (runs && !calls.inside) Atomics.store(control, word.state, state.idle);
  }

  /** Has the workers forget a program that will not run again. */
  forget(id: number): void {
    this.#threads?.pool.forget(id);
  }

  #openArena(): Arena {
    return this.#arena ??= new Arena(settings.arenaBytes, () => {
      for (const bindings of this.#bound) bindings.rebind();
    });
  }

  /** Only where threads can share the arena's memory. */
  #openThreads(): Threads {
    if (this.#threads !== undefined) return this.#threads;
    const { memory } = this.#openArena();
    const control = new Int32Array(memory.buffer, 0, controlBytes / Int32Array.BYTES_PER_ELEMENT);
    const pool = new Pool(memory, control, settings, () => this.#checkLost(0));
    const loop = new WorkerLoop(memory, 0, this.#programs, {
      caller: {
        host: ({ id }, { call }, arrays) => {
          callHost(this.#programs.get(id)!.program.hostCalls[call]!, arrays); // it is running
        },
        caught: (error) => this.#caught = error,
      },
    });
    return this.#threads = { control, pool, loop };
  }

  /** Brings everything a program needs into the arena and describes the run in the control words. */
  #begin(
    program: ArenaProgram,
    inputs: readonly Tensor[],
    variables: readonly Variable[],
    participants: number,
    measured: boolean,
  ): void {
    const { control, pool } = this.#openThreads();
    const arena = this.#openArena();
    arena.beginRun();
    const workspace = this.#workspace.place(program, arena, inputs, variables);
    const { scratchBytes, policy: { threads } } = program.program;
    if (scratchBytes > 0) this.#provideScratch(scratchBytes);
    this.#programs.clear(); // a program is held while it runs, and no longer
    this.#programs.set(program.id, program);
    pool.load(program.id, () => program.message());
    this.#caught = undefined;
    this.#begun++;
    control[word.program] = program.id;
    control[word.workspace] = workspace / alignment;
    control[word.participants] = participants;
    control[word.measured] = measured ? 1 : 0;
    control[word.run]!++;
    if (measured) {
      for (let rank = 0; rank < threads; rank++) timesOf(arena.memory, control, program, rank).fill(0);
    }
    pool.call(participants);
  }

  /** Begins a run that the workers make by themselves, as long as there are any. */
  beginBeside(program: ArenaProgram, inputs: readonly Tensor[], variables: readonly Variable[]): ResumableRun {
    const participants = Math.max(2, program.program.policy.threads);
    const { control, pool, loop } = this.#openThreads();
    this.#begin(program, inputs, variables, participants, false);
    loop.start(false);
    return {
      resume: (deadline) => {
        if (deadline === Infinity) this.#attend();
        else if (Atomics.load(control, word.state) === state.host) {
          loop.continueFromHost(false);
          pool.call(participants); // they may have gone back to their event loops meanwhile
        } else if (pool.ready === 0) {
          this.#checkLost(0);
          loop.walkUntil(deadline);
        }
        return this.#isOver() ? this.#end(program, inputs, variables) : undefined;
      },
      isOver: () => this.#isOver(),
      wait: async () => {
        if (pool.ready === 0) return;
        const seen = Atomics.load(control, word.signal);
        const now = Atomics.load(control, word.state);
        if (now === state.host || this.#isOver()) return;
        const waited = await changeOf(control, seen);
        pool.call(participants);
        this.#checkLost(waited);
      },
    };
  }

  /** Walks until the run is over. */
  #attend(): void {
    const { control, loop } = this.#threads!; // there is a run
    while (!this.#isOver()) {
      const seen = Atomics.load(control, word.signal);
      const now = Atomics.load(control, word.state);
      if (now === state.host) {
        loop.continueFromHost(true);
        continue;
      }
      if (loop.lookFor(patience) === "worked" || Atomics.load(control, word.state) !== now) continue;
      // What counts is how long this thread has waited, and not the clock, which goes on while a process is suspended.
      if (!maySleep) this.#checkLost(patience);
      else this.#checkLost(loop.sleep(seen, sleepTime) === "timed-out" ? sleepTime : 0);
    }
  }

  /** Whether the run is over: done, or failed and left by every thread. */
  #isOver(): boolean {
    const now = Atomics.load(this.#threads!.control, word.state); // there is a run
    return now === state.done || now === state.failed && this.#threads!.pool.isQuiet;
  }

  /** Fails the run when a worker that takes part in it is lost; this thread has waited for them, for so many milliseconds. */
  #checkLost(milliseconds: number): void {
    const threads = this.#threads;
    if (threads === undefined) return;
    const { control, pool, loop } = threads;
    for (const thread of pool.lostThreads(milliseconds, settings.lostTime)) {
      const now = Atomics.load(control, word.state);
      if (now === state.running || now === state.host) {
        loop.fail({ kind: "lost", instruction: control[word.instruction]!, thread });
      }
      pool.replace(thread);
      // It may not be dead: where it may still write, nothing else is to lie.
      this.#workspace.abandon();
    }
  }

  /** The results of a run that is over. */
  #end(program: ArenaProgram, inputs: readonly Tensor[], variables: readonly Variable[]): Tensor[] {
    const { control, loop } = this.#threads!; // there was a run
    const failed = Atomics.load(control, word.state) === state.failed;
    Atomics.store(control, word.state, state.idle);
    if (failed) {
      this.#workspace.forget();
      const failure = readFailure(control);
      if (failure.kind === "lost") variables.forEach((variable) => this.#arena!.abandon(variable));
      throw errorOf(program.program, failure, this.#caught, variables);
    }
    return completeInArena(program.program, loop.bind(program).arrays, inputs, variables);
  }

  #timesOf(program: ArenaProgram): Times {
    const { memory } = this.#arena!; // there was a run
    return Array.from(
      { length: program.program.policy.threads },
      (_, rank) => [...timesOf(memory, this.#threads!.control, program, rank)],
    );
  }
}

/** Waits until something has changed after `seen`, or for a moment; how long it was, if it was for nothing. */
function changeOf(control: Int32Array, seen: number): Promise<number> {
  return new Promise((resolve) => {
    // The timer keeps the process alive, and is there in time where an engine's wait is late.
    const timer = setTimeout(() => resolve(sleepTime), waitAsync === undefined ? 1 : sleepTime);
    if (waitAsync === undefined) return;
    Atomics.add(control, word.sleeping, 1);
    const answer = waitAsync(control, word.signal, seen, sleepTime).value;
    void Promise.resolve(answer).then((how) => {
      Atomics.sub(control, word.sleeping, 1);
      clearTimeout(timer);
      resolve(how === "timed-out" ? sleepTime : 0);
    });
  });
}

/** The runs of this process. */
export const runs = new Runs();
