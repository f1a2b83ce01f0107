/**
 * The executor of one program: from arguments to results, in one of four ways. On ordinary arrays; in the arena, on the
 * calling thread alone; there on several threads; and, on one thread, in slices between which the event loop has its turn.
 * @module
 */
import { calls, type ResumableRun } from "../../src/call_queue.ts";
import type { Variable } from "../../src/graph/variable.ts";
import type { ArgumentBindings, Executable, ExecutorOptions, Profile } from "../../src/executor.ts";
import type { GraphFunction } from "../../src/graph/function.ts";
import type { Tensor } from "../../src/tensor.ts";
import { type LoadedKernel, loadKernel } from "../emit/load_kernel.ts";
import { explainProgram } from "../inspect/explain.ts";
import { tuning, withTuning } from "../limits.ts";
import { LocalBindings } from "./local_bindings.ts";
import { profileOf, type Times } from "../inspect/profile.ts";
import { type Compilation, type CompiledProgram, compileProgram } from "../program/program.ts";
import { printRepro } from "../inspect/repro.ts";
import type { ArenaProgram } from "./arena_program.ts";
import { complete, completeInArena } from "./complete.ts";
import { type AloneRun, newCursor, resumeAlone, runAlone } from "./run_alone.ts";
import { errorOf } from "./run_error.ts";
import { runs } from "./threads/runs.ts";

/** Scratch of more than so many bytes is much. */
const largeScratch = 2 ** 16;

/** The executor whose bindings stay though it has much scratch. */
let keepsLargeBindings: ProgramExecutor | undefined;

/** Programs that are no longer used are forgotten by the workers. Nothing depends on when. */
const forgotten = typeof FinalizationRegistry === "function"
  ? new FinalizationRegistry<number>((id) => runs.forget(id))
  : undefined;

/** A graph function that is compiled, and can be run. */
export class ProgramExecutor implements Executable {
  readonly program: CompiledProgram;
  readonly #tuning = tuning;
  readonly #hasHost: boolean;
  readonly #isShared: boolean;
  /** Whether it needs the arena, on however many threads. */
  readonly #isResident: boolean;
  #local: LocalBindings | undefined;
  #kernels: readonly LoadedKernel[] | undefined;
  #inArena: ArenaProgram | undefined;
  #busy = false;

  constructor(source: GraphFunction, options: ExecutorOptions) {
    const { program } = compileProgram(source, options);
    this.program = program;
    this.#hasHost = program.hostCalls.length > 0;
    this.#isShared = program.policy.shared;
    this.#isResident = program.target.memory === "arena";
  }

  run(inputs: readonly Tensor[], variables: readonly Variable[]): Tensor[] {
    if (calls.length > 0) calls.drain();
    return this.#isShared && this.#runsShared()
      ? runs.run(this.#arenaProgram(), inputs, variables)
      : this.#runAlone(inputs, variables);
  }

  /** Runs it on this thread: in the arena if it has to be there, otherwise on ordinary arrays. */
  #runAlone(inputs: readonly Tensor[], variables: readonly Variable[], times?: number[]): Tensor[] {
    return this.#isResident
      ? calls.within(() => this.#runResident(inputs, variables, times))
      : this.#runLocally(inputs, variables, times);
  }

  runAsync(inputs: readonly Tensor[], variables: readonly Variable[]): Promise<Tensor[]> {
    const { program } = this;
    const begin = (): ResumableRun =>
      this.#isShared && runs.available(program.policy.threads)
        ? runs.beginBeside(this.#arenaProgram(), inputs, variables)
        : this.#beginAlone(inputs, variables);
    const errorWhenClosed = (begun: boolean): unknown =>
      errorOf(program, { kind: "closed", instruction: begun ? runs.instruction : -1, thread: 0 }, undefined, variables);
    const prepare = this.#isShared ? { prepare: async () => void await runs.whenReady(2) } : {};
    return calls.enqueue({ variables, begin, errorWhenClosed, ...prepare });
  }

  profile(inputs: readonly Tensor[], variables: readonly Variable[]): Profile {
    if (calls.length > 0) calls.drain();
    const compilation = this.#compilation();
    const start = performance.now();
    const times = this.#measure(inputs, variables);
    return profileOf(compilation, times, performance.now() - start);
  }

  #measure(inputs: readonly Tensor[], variables: readonly Variable[]): Times {
    if (this.#isShared && this.#runsShared()) return runs.measure(this.#arenaProgram(), inputs, variables);
    const times: number[] = [];
    this.#runAlone(inputs, variables, times);
    return [times];
  }

  /** Whether a run that may be shared is shared now: not from within another one, nor before there are workers. */
  #runsShared(): boolean {
    return !calls.inside && runs.available(this.program.policy.threads);
  }

  /** Runs it on this thread, on ordinary arrays. `times` takes the milliseconds of each instruction. */
  #runLocally(inputs: readonly Tensor[], variables: readonly Variable[], times?: number[]): Tensor[] {
    // Only a host call calls anything that could run a program, this one among them; that run works on scratch of its own.
    if (this.#hasHost && !calls.inside) return calls.within(() => this.#runLocally(inputs, variables, times));
    const { program } = this;
    const kernels = this.#loadedKernels();
    const bindings = this.#bindLocally(inputs, variables);
    try {
      runAlone(program, kernels, bindings, variables, times);
      return complete(program, bindings.arrays, variables);
    } finally {
      this.#endLocally(bindings);
    }
  }

  /** Runs it on this thread, in the arena; also from within another run, whose program may be the same. */
  #runResident(inputs: readonly Tensor[], variables: readonly Variable[], times?: number[]): Tensor[] {
    const { program } = this;
    const resident = this.#arenaProgram();
    const bindings = runs.bind(resident, inputs, variables);
    try {
      runAlone(program, resident.kernels, bindings, variables, times);
      return completeInArena(program, bindings.arrays, inputs, variables);
    } finally {
      runs.unbind(bindings);
    }
  }

  /** A run on this thread alone that can be left between two chunks. */
  #beginAlone(inputs: readonly Tensor[], variables: readonly Variable[]): ResumableRun {
    const { program } = this;
    if (this.#isResident) {
      const resident = this.#arenaProgram();
      const bindings = runs.bind(resident, inputs, variables);
      const results = (): Tensor[] => completeInArena(program, bindings.arrays, inputs, variables);
      return resumable(
        { program, kernels: resident.kernels, bindings, variables },
        results,
        () => runs.unbind(bindings),
      );
    }
    const kernels = this.#loadedKernels();
    const bindings = this.#bindLocally(inputs, variables);
    const results = (): Tensor[] => complete(program, bindings.arrays, variables);
    return resumable({ program, kernels, bindings, variables }, results, () => this.#endLocally(bindings));
  }

  /** The functions of its kernels, for ordinary arrays. */
  #loadedKernels(): readonly LoadedKernel[] {
    return this.#kernels ??= this.program.kernels.map((text) => loadKernel(text, undefined));
  }

  /** Arrays of the program's own, or others when it is running already, for a run. */
  #bindLocally(inputs: readonly Tensor[], variables: readonly Variable[]): LocalBindings {
    const bindings = this.#busy ? new LocalBindings(this.program) : this.#local ??= new LocalBindings(this.program);
    bindings.bind(inputs, variables);
    if (bindings === this.#local) this.#busy = true;
    return bindings;
  }

  #endLocally(bindings: LocalBindings): void {
    if (bindings === this.#local) this.#busy = false;
    bindings.unbind();
    if (this.program.memory.bytes > largeScratch) this.#keepLargeBindings();
  }

  /** Of all bindings with much scratch, only that of the program that ran last stays. */
  #keepLargeBindings(): void {
    if (keepsLargeBindings === this) return;
    if (keepsLargeBindings !== undefined && !keepsLargeBindings.#busy) keepsLargeBindings.#local = undefined;
    keepsLargeBindings = this;
  }

  #arenaProgram(): ArenaProgram {
    if (this.#inArena === undefined) {
      this.#inArena = runs.load(this.program);
      forgotten?.register(this, this.#inArena.id);
    }
    return this.#inArena;
  }

  /** What it takes to explain the program. It is made again for those who ask, and not kept for those who never do. */
  #compilation(): Compilation {
    const { source, options } = this.program;
    return withTuning(this.#tuning, () => compileProgram(source, options));
  }

  /** The kernels that one run launches, in order. */
  get kernels(): readonly string[] {
    return this.program.instructions.map(({ name }) => name);
  }

  explain(): string {
    return explainProgram(this.#compilation());
  }

  /** The text of every kernel, each once. */
  source(): string {
    const { target, options } = this.program;
    const { calls } = this.#compilation().built;
    const texts = calls.flatMap((call) =>
      call.kind === "host" ? [] : target.print(call.kernel, { exact: options.exact ?? false })
    );
    return [...new Set(texts)].join("\n\n");
  }

  files(fed?: ArgumentBindings): Readonly<Record<string, string>> {
    const { source, options, target } = this.program;
    return {
      [`kernels.${target.extension}`]: `${this.source()}\n`,
      "repro.ts": printRepro(source, options, fed),
    };
  }
}

/** A run that can be left between two chunks; `end` is called when it is over. */
function resumable(run: AloneRun, results: () => Tensor[], end: () => void): ResumableRun {
  const cursor = newCursor();
  return {
    resume(deadline) {
      let isOver = true;
      try {
        cursor.deadline = deadline;
        isOver = resumeAlone(run, cursor);
        return isOver ? results() : undefined;
      } finally {
        if (isOver) end();
      }
    },
  };
}
