/**
 * The worker loop: one thread's part in a run. It claims chunks, computes them, and goes on to the next instruction when it
 * has completed one. The calling thread and the workers are participants alike.
 * @module
 */
import type { TypedArray } from "../../../src/dtype.ts";
import { ArenaBindings, type LoadedProgram, type RunBindings, tableBytes } from "../arena_bindings.ts";
import { clearFailure, type Failure, failureOf, noteFailure } from "./failure.ts";
import { combineChunks, computeChunk, computeLaunches } from "../launch.ts";
import { observer, WorkerExit } from "./observer.ts";
import {
  alignment,
  closed,
  type HostInstruction,
  type LaunchInstruction,
  state,
  threadWord,
  word,
} from "./protocol.ts";

/** What a look for work came to. */
export type LoopStep = "worked" | "nothing" | "unloaded";

/** Tells an engine that this is a loop that waits, where it has a way to be told. */
const pause: () => void = (Atomics as { pause?: () => void }).pause?.bind(Atomics) ?? ((): void => {}); // newer than the type's library

/** How many looks there are between two at the clock. */
const looksPerClock = 32;

/** What only the calling thread can do. */
export interface Caller {
  /** Makes a host call. */
  host(program: LoadedProgram, instruction: HostInstruction, arrays: readonly TypedArray[]): void;
  /** Takes an error as it is; other threads' come as text. */
  caught(error: unknown): void;
}

/** One thread that takes part in runs. */
export class WorkerLoop {
  readonly control: Int32Array;
  readonly thread: number;
  readonly #memory: WebAssembly.Memory;
  readonly #programs: ReadonlyMap<number, LoadedProgram>;
  readonly #bindings = new WeakMap<LoadedProgram, ArenaBindings>();
  /** Where its rank is, and the count of what it has done. */
  readonly #rank: number;
  readonly #progress: number;
  readonly #holding: number;
  readonly #caller: Caller | undefined;
  /** A worker's own number; the caller's is 0. */
  readonly owner: number;

  constructor(
    memory: WebAssembly.Memory,
    thread: number,
    programs: ReadonlyMap<number, LoadedProgram>,
    { caller, owner = 0 }: { readonly caller?: Caller; readonly owner?: number } = {},
  ) {
    this.#memory = memory;
    this.control = new Int32Array(memory.buffer);
    this.thread = thread;
    this.#rank = threadWord(thread, "rank");
    this.#progress = threadWord(thread, "progress");
    this.#holding = threadWord(thread, "holding");
    this.#programs = programs;
    this.#caller = caller;
    this.owner = owner;
  }

  /** Whether this thread still belongs to the pool. */
  isAdmitted(): boolean {
    return Atomics.load(this.control, threadWord(this.thread, "owner")) === this.owner;
  }

  /** Begins the run that the control words describe, on this thread; `callerDriven` when this thread walks on. */
  start(callerDriven: boolean): void {
    const { control } = this;
    clearFailure(control);
    Atomics.store(control, word.chunks, 0);
    Atomics.store(control, word.handoff, 0);
    Atomics.store(control, word.returned, 0);
    Atomics.store(control, word.instruction, -1);
    Atomics.store(control, word.done, 0);
    Atomics.store(control, word.state, state.running);
    if (callerDriven) this.#advance(-1);
    else this.#handOff(-1);
  }

  /** Runs the host step that the run waits for, and goes on, or has a worker go on. */
  continueFromHost(callerDriven: boolean): void {
    const { control } = this;
    const index = Atomics.load(control, word.instruction);
    Atomics.store(control, word.state, state.running);
    const program = this.#programs.get(Atomics.load(control, word.program))!; // the caller has every program that it runs
    try {
      this.#callHost(program, index);
    } catch (error) {
      this.#failWith(error, index);
      return;
    }
    if (Atomics.load(control, word.state) === state.failed) return; // the pool was closed meanwhile
    if (callerDriven) this.#advance(index);
    else this.#handOff(index);
  }

  /** Looks for a chunk and computes it. */
  step(): LoopStep {
    const { control } = this;
    const isReturned = Atomics.load(control, word.returned) !== 0;
    if (
      !isReturned && (Atomics.load(control, word.next) >= closed ||
        Atomics.load(control, this.#rank) >= Atomics.load(control, word.participants))
    ) return "nothing";
    // It holds before it claims: a thread may end between any two instructions, and what it has claimed must not be lost.
    Atomics.store(control, this.#holding, -1);
    const chunk = isReturned
      ? Atomics.exchange(control, word.returned, 0) - 1
      : closed - 1 - Atomics.add(control, word.next, 1);
    const step = chunk < 0 ? "nothing" : this.#perform(chunk);
    Atomics.store(control, this.#holding, 0);
    if (Atomics.load(control, word.state) === state.failed) this.signal(); // the caller waits until nobody holds anything
    return step;
  }

  /** Looks for work for a while. The calling thread also stops when the run waits for it or is over. */
  lookFor(milliseconds: number): LoopStep {
    const { control } = this;
    let end = -1;
    for (let looks = 1;; looks++) {
      const step = this.step();
      if (step !== "nothing" || milliseconds === 0) return step;
      if (this.#caller !== undefined && Atomics.load(control, word.state) !== state.running) return "nothing";
      if (looks % looksPerClock === 0) {
        const now = performance.now();
        if (end < 0) end = now + milliseconds;
        else if (now > end) return "nothing";
      }
      pause();
    }
  }

  /** Does what there is to do until about `deadline`, a time of `performance.now()`. */
  walkUntil(deadline: number): void {
    while (this.step() !== "nothing" && performance.now() < deadline);
  }

  /** Sleeps until something changes after `seen`, for so long at most. */
  sleep(seen: number, milliseconds: number): "ok" | "not-equal" | "timed-out" {
    const { control } = this;
    Atomics.add(control, word.sleeping, 1);
    const result = Atomics.wait(control, word.signal, seen, milliseconds);
    Atomics.sub(control, word.sleeping, 1);
    return result;
  }

  /** Tells whoever waits that something has changed. */
  signal(): void {
    const { control } = this;
    Atomics.add(control, word.signal, 1);
    if (Atomics.load(control, word.sleeping) > 0) Atomics.notify(control, word.signal);
  }

  /** The program's arrays for the present run. */
  bind(program: LoadedProgram): RunBindings {
    const { control } = this;
    let bindings = this.#bindings.get(program);
    if (bindings === undefined) this.#bindings.set(program, bindings = new ArenaBindings(program, this.#memory));
    const run = Atomics.load(control, word.run);
    if (bindings.run !== run) {
      bindings.run = run;
      const workspace = (Atomics.load(control, word.workspace) >>> 0) * alignment;
      bindings.bind(workspace, (Atomics.load(control, threadWord(this.thread, "scratch")) >>> 0) * alignment);
    }
    return bindings;
  }

  #failWith(error: unknown, index: number): void {
    if (error instanceof WorkerExit) throw error;
    this.#caller?.caught(error);
    this.fail(failureOf(error, index, this.thread));
  }

  /** Ends the run with a failure; only the first one counts. */
  fail(failure: Failure): void {
    const { control } = this;
    if (!noteFailure(control, failure)) return;
    Atomics.store(control, word.state, state.failed);
    Atomics.store(control, word.next, closed);
    this.signal();
  }

  /** Computes a chunk that this thread has claimed. While it is not done, nothing of the run's description changes. */
  #perform(chunk: number): LoopStep {
    const { control } = this;
    Atomics.add(control, this.#progress, 1);
    Atomics.store(control, this.#holding, chunk + 1);
    const program = this.#programs.get(Atomics.load(control, word.program));
    if (program === undefined) {
      while (
        Atomics.load(control, word.state) !== state.failed &&
        Atomics.compareExchange(control, word.returned, 0, chunk + 1) !== 0
      ) pause();
      this.signal();
      return "unloaded";
    }
    const index = Atomics.load(control, word.instruction);
    if (Atomics.load(control, word.handoff) === 0 && Atomics.load(control, word.state) === state.running) {
      try {
        const bindings = this.bind(program);
        observer?.piece?.(index, this.thread);
        const instruction = program.instructions[index] as LaunchInstruction; // only these have chunks
        const kernel = program.kernels[instruction.kernel]!;
        if (Atomics.load(control, word.measured) === 0) computeChunk(instruction, kernel, bindings, chunk);
        else this.#measure(program, index, () => computeChunk(instruction, kernel, bindings, chunk));
      } catch (error) {
        this.#failWith(error, index);
      }
    }
    if (!this.isAdmitted()) throw new WorkerExit(); // it was taken for lost, and the run is over
    Atomics.store(control, this.#holding, -1);
    const chunks = Atomics.load(control, word.chunks);
    const isLast = Atomics.add(control, word.done, 1) + 1 === chunks;
    if (isLast && Atomics.load(control, word.state) !== state.failed) this.#advance(index);
    return "worked";
  }

  /** Goes on after instruction `from`, all of whose chunks are done, as far as this thread can alone. */
  #advance(from: number): void {
    const { control } = this;
    const program = this.#programs.get(Atomics.load(control, word.program))!; // it has just computed a chunk of it
    const { instructions, kernels } = program;
    const bindings = this.bind(program);
    let index = from;
    try {
      const completed = instructions[from];
      if (completed?.kind === "launch" && Atomics.load(control, word.handoff) === 0) {
        combineChunks(completed, kernels[completed.kernel]!, bindings);
      }
      for (index = from + 1; index < instructions.length; index++) {
        const next = instructions[index]!;
        if (Atomics.load(control, word.state) === state.failed) return;
        if (next.kind === "host") {
          if (this.#caller === undefined) {
            Atomics.store(control, word.instruction, index);
            Atomics.store(control, word.state, state.host);
            this.signal();
            return;
          }
          this.#callHost(program, index);
        } else if (next.count > 1) {
          Atomics.store(control, word.handoff, 0);
          this.#publish(index, next.count);
          return;
        } else {
          Atomics.store(control, word.instruction, index); // should this thread be lost, that is where
          Atomics.add(control, this.#progress, 1);
          observer?.piece?.(index, this.thread);
          const kernel = kernels[next.kernel]!;
          if (Atomics.load(control, word.measured) === 0) computeLaunches(next, kernel, bindings);
          else this.#measure(program, index, () => computeLaunches(next, kernel, bindings));
        }
      }
    } catch (error) {
      this.#failWith(error, index);
      return;
    }
    if (Atomics.compareExchange(control, word.state, state.running, state.done) !== state.running) return;
    this.signal();
  }

  #publish(index: number, count: number): void {
    const { control } = this;
    Atomics.store(control, word.instruction, index);
    Atomics.store(control, word.chunks, count);
    Atomics.store(control, word.done, 0);
    Atomics.store(control, word.next, closed - count);
    if (Atomics.load(control, word.state) === state.failed) Atomics.store(control, word.next, closed); // whichever came last
    this.signal();
  }

  /** Has another participant go on after this instruction. */
  #handOff(index: number): void {
    Atomics.store(this.control, word.handoff, 1);
    this.#publish(index, 1);
  }

  /** Has the caller make the host call of an instruction: this thread is the caller's. */
  #callHost(program: LoadedProgram, index: number): void {
    const instruction = program.instructions[index] as HostInstruction; // only for these
    const call = (): void => this.#caller?.host(program, instruction, this.bind(program).arrays);
    if (Atomics.load(this.control, word.measured) === 0) call();
    else this.#measure(program, index, call);
  }

  /** Notes how long `work` takes, for this thread and instruction. */
  #measure(program: LoadedProgram, index: number, work: () => void): void {
    const start = performance.now();
    work();
    const times = timesOf(this.#memory, this.control, program, Atomics.load(this.control, this.#rank));
    times[index]! += performance.now() - start;
  }
}

/**
 * Where the participant of a rank notes the milliseconds that it has spent on each instruction of a run that is measured:
 * after the binding table and the numbers of launches.
 */
export function timesOf(
  memory: WebAssembly.Memory,
  control: Int32Array,
  program: LoadedProgram,
  rank: number,
): Float64Array {
  const workspace = (Atomics.load(control, word.workspace) >>> 0) * alignment;
  const before = tableBytes(program.buffers.length) + program.argumentBytes;
  const { length } = program.instructions;
  return new Float64Array(memory.buffer, workspace + before + rank * length * Float64Array.BYTES_PER_ELEMENT, length);
}
