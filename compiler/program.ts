/**
 * Programs: a graph function, compiled. A table of rows, the arrays that they pass on, and a run from arguments to
 * results.
 *
 * No generated code holds an array. A run fills a *binding table* (feeds, Variables, constants, results, scratch), and
 * every row names its arrays by their place in it. So the same program runs on ordinary arrays on one thread, and in the
 * arena on all of them.
 * @module
 */
import { dtypeInfo, type TypedArray } from "../src/dtype.ts";
import { addSite } from "../src/errors.ts";
import { calls, type ResumableRun } from "../src/graph/call_queue.ts";
import type { Variable } from "../src/graph/variable.ts";
import type { GraphFunction } from "../src/graph/function.ts";
import type { Executable, ExecutorOptions, Fed, Profile } from "../src/executor.ts";
import { type Tensor, tensorOver } from "../src/tensor.ts";
import { decompose } from "./decompose.ts";
import { IndexFault } from "./emit/index_fault.ts";
import { loadKernel } from "./emit/load_kernel.ts";
import { explainProgram } from "./explain.ts";
import { faultError } from "./fault_error.ts";
import { fuse, type Fused } from "./fuse.ts";
import { canFail } from "./kernel.ts";
import { LocalFrame } from "./local_frame.ts";
import { materialize, type Materialized } from "./materialize.ts";
import { type Placement, placementOf } from "./placement.ts";
import { type MemoryPlan, planMemory } from "./plan.ts";
import { profileOf } from "./profile.ts";
import { printRepro } from "./repro.ts";
import { type HostRow, type KernelRow, makeRows, type Row, runHost, siteOf } from "./rows.ts";
import type { Failure } from "./runtime/failure.ts";
import { observer } from "./runtime/observer.ts";
import type { ProgramMessage } from "./runtime/protocol.ts";
import { layOutRegion, type RegionLayout } from "./runtime/region.ts";
import { runs } from "./runtime/runs.ts";
import type { SharedProgram, Times } from "./runtime/shared_program.ts";
import type { ArenaFrame, LoadedRow } from "./runtime/binding.ts";
import { computeChunk, computeRow, finishRow } from "./runtime/walker.ts";
import { schedule } from "./schedule.ts";
import { simplify } from "./simplify.ts";
import { type Buffer, makeTable, type Output, type Table } from "./table.ts";

let nextId = 1;

/** Scratch of more than so many bytes is much. */
const largeScratch = 2 ** 16;

/** The program whose frame stays though it has much scratch. */
let keepsLargeFrame: Program | undefined;

/** Programs that are no longer used are forgotten by the workers. Nothing depends on when. */
const forgotten = typeof FinalizationRegistry === "function"
  ? new FinalizationRegistry<number>((id) => runs.forget(id))
  : undefined;

/** A compiled graph function. */
export class Program implements Executable {
  /** What was compiled. */
  readonly original: GraphFunction;
  /** How it was compiled. */
  readonly options: ExecutorOptions;
  readonly graphFunction: Materialized;
  readonly fused: Fused;
  readonly buffers: readonly Buffer[];
  readonly table: Table;
  readonly rows: readonly Row[];
  readonly memory: MemoryPlan;
  readonly placement: Placement;
  /** For a value that is computed in a Variable's place: the Variable's buffer, by the value's. */
  readonly inPlace: ReadonlyMap<number, number>;
  /** The assignments that a run makes by copying, once all rows have run. */
  readonly copied: Table["assignments"];
  /** The Variables that a run writes where they lie. */
  readonly written: readonly number[];
  readonly #results: readonly Output[];
  readonly #hasHost: boolean;
  readonly #isShared: boolean;
  /** Whether it needs the arena, on however many threads. */
  readonly #isResident: boolean;
  readonly #argumentBytes: number;
  #local: LocalFrame | undefined;
  #loaded: readonly (LoadedRow | undefined)[] | undefined;
  #shared: SharedProgram | undefined;
  #busy = false;
  /** The milliseconds of host steps in a run on several threads that is measured; those of kernels are in the arena. */
  #hostTimes: number[] | undefined;

  constructor(source: GraphFunction, options: ExecutorOptions) {
    this.original = source;
    this.options = options;
    const graph = materialize(simplify(decompose(source)));
    this.graphFunction = graph;
    this.fused = fuse(graph, options);
    const table = makeTable(graph, this.fused, options);
    const { rows, inPlace } = schedule(table, (draft) => draft.kind === "host" || canFail(draft.kernel));
    this.table = table;
    this.inPlace = inPlace;
    this.buffers = table.buffers;
    this.copied = table.assignments.filter(({ buffer }) => !inPlace.has(buffer));
    this.written = table.assignments.filter(({ buffer }) => inPlace.has(buffer)).map(({ variable }) => variable);
    this.memory = planMemory(rows, table.buffers, {
      elsewhere: new Set(inPlace.keys()),
      held: new Set(this.copied.map(({ buffer }) => buffer)),
    });
    const made = makeRows(rows, inPlace);
    this.rows = made.rows;
    this.#argumentBytes = made.argumentBytes;
    this.#results = table.buffers.flatMap((buffer, index) =>
      buffer.kind === "result" ? [{ buffer: index, type: buffer.type }] : []
    );
    this.#hasHost = this.rows.some(({ kind }) => kind === "host");
    this.placement = placementOf(this.rows, table.choice.work, options);
    this.#isShared = this.placement.shared;
    this.#isResident = table.choice.target.memory === "arena";
  }

  run(inputs: readonly Tensor[], variables: readonly Variable[]): Tensor[] {
    if (calls.length > 0) calls.drain();
    return this.#isShared && this.#runsShared()
      ? runs.run(this.#asShared(), inputs, variables)
      : this.#runAlone(inputs, variables);
  }

  /** Runs it on this thread: in the arena if it has to be there, otherwise on ordinary arrays. */
  #runAlone(inputs: readonly Tensor[], variables: readonly Variable[], times?: number[]): Tensor[] {
    return this.#isResident
      ? runs.runAlone(this.#asShared(), inputs, variables, times)
      : this.#runLocally(inputs, variables, times);
  }

  runAsync(inputs: readonly Tensor[], variables: readonly Variable[]): Promise<Tensor[]> {
    return runs.enqueue(this.#asShared(), inputs, variables, this.#isShared);
  }

  profile(inputs: readonly Tensor[], variables: readonly Variable[]): Profile {
    if (calls.length > 0) calls.drain();
    const isShared = this.#isShared && this.#runsShared();
    const start = performance.now();
    const times = isShared ? this.#measureShared(inputs, variables) : this.#measureAlone(inputs, variables);
    return profileOf(this, times, performance.now() - start);
  }

  #measureAlone(inputs: readonly Tensor[], variables: readonly Variable[]): Times {
    const times: number[] = [];
    this.#runAlone(inputs, variables, times);
    return [times];
  }

  #measureShared(inputs: readonly Tensor[], variables: readonly Variable[]): Times {
    let times: Times = [];
    const ofHost: number[] = this.#hostTimes = [];
    try {
      runs.run(this.#asShared(), inputs, variables, (measured) => times = measured);
    } finally {
      this.#hostTimes = undefined;
    }
    // The calling thread, whose rank is 0, runs them.
    return times.map((ofRows, rank) => rank > 0 ? ofRows : ofRows.map((time, row) => ofHost[row] ?? time));
  }

  /** Whether a run that may be shared is shared now: not from within another one, nor before there are workers. */
  #runsShared(): boolean {
    return !calls.inside && runs.available(this.placement.threads);
  }

  /** Runs it on this thread, on ordinary arrays. `times` takes the milliseconds of each row. */
  #runLocally(inputs: readonly Tensor[], variables: readonly Variable[], times?: number[]): Tensor[] {
    // Only a host step calls anything that could run a program, this one among them; that run works on scratch of its own.
    if (this.#hasHost && !calls.inside) return calls.within(() => this.#runLocally(inputs, variables, times));
    const frame = this.#beginLocally(inputs, variables);
    try {
      this.#runRows(this.#loadedRows(), frame, variables, times);
      return this.#complete(frame.arrays, variables);
    } finally {
      this.#endLocally(frame);
    }
  }

  /** Arrays for a run: the program's own, or others when it is running already. */
  #beginLocally(inputs: readonly Tensor[], variables: readonly Variable[]): LocalFrame {
    const frame = this.#busy ? this.#makeFrame() : this.#local ??= this.#makeFrame();
    frame.bind(inputs, variables);
    if (frame === this.#local) this.#busy = true;
    return frame;
  }

  #endLocally(frame: LocalFrame): void {
    if (frame === this.#local) this.#busy = false;
    frame.unbind();
    if (this.memory.bytes > largeScratch) this.#keepLargeFrame();
  }

  /** Of all frames with much scratch, only that of the program that ran last stays. */
  #keepLargeFrame(): void {
    if (keepsLargeFrame === this) return;
    if (keepsLargeFrame !== undefined && !keepsLargeFrame.#busy) keepsLargeFrame.#local = undefined;
    keepsLargeFrame = this;
  }

  #makeFrame(): LocalFrame {
    return new LocalFrame({
      buffers: this.buffers,
      memory: this.memory,
      table: this.table,
      results: this.#results,
    });
  }

  /** A run on this thread alone that can be left between two chunks. */
  #beginAlone(inputs: readonly Tensor[], variables: readonly Variable[]): ResumableRun {
    const cursor: Cursor = { row: 0, chunk: 0, deadline: Infinity };
    const resumed = <F extends LocalFrame | ArenaFrame>(
      rows: readonly (LoadedRow | undefined)[],
      frame: F,
      complete: () => Tensor[],
      end: (frame: F) => void,
    ): ResumableRun => ({
      resume: (deadline) => {
        let isOver = true;
        try {
          cursor.deadline = deadline;
          isOver = this.#resumeRows(rows, frame, variables, cursor);
          return isOver ? complete() : undefined;
        } finally {
          if (isOver) end(frame);
        }
      },
    });
    if (!this.#isResident) {
      const frame = this.#beginLocally(inputs, variables);
      const complete = (): Tensor[] => this.#complete(frame.arrays, variables);
      return resumed(this.#loadedRows(), frame, complete, (frame) => this.#endLocally(frame));
    }
    const shared = this.#asShared();
    const frame = runs.bindAlone(shared, inputs, variables);
    const complete = (): Tensor[] => this.#completeShared(frame.arrays, inputs, variables);
    return resumed(shared.rows, frame, complete, (frame) => runs.unbind(frame));
  }

  /** All rows, one after the other, on this thread. */
  #runRows(
    rows: readonly (LoadedRow | undefined)[],
    frame: LocalFrame | ArenaFrame,
    variables: readonly Variable[],
    times: number[] | undefined,
  ): void {
    if (times !== undefined || observer !== undefined) {
      this.#resumeRows(rows, frame, variables, { row: 0, chunk: 0, deadline: Infinity }, times);
      return;
    }
    let index = 0;
    try {
      for (; index < rows.length; index++) {
        const row = rows[index];
        if (row === undefined) this.#callHost(index, frame, variables);
        else computeRow(row, frame);
      }
    } catch (error) {
      throw this.#errorIn(index, error, variables);
    }
  }

  /**
   * The same from where the cursor is, until its deadline has passed between two chunks: whether all rows have run. It is
   * also how a run goes whose rows are measured or observed.
   */
  #resumeRows(
    rows: readonly (LoadedRow | undefined)[],
    frame: LocalFrame | ArenaFrame,
    variables: readonly Variable[],
    cursor: Cursor,
    times?: number[],
  ): boolean {
    let hasWorked = false; // however late it is, it gets on
    try {
      for (; cursor.row < rows.length; cursor.row++, cursor.chunk = 0) {
        const row = rows[cursor.row];
        if (hasWorked && cursor.deadline < Infinity && performance.now() > cursor.deadline) return false;
        hasWorked = true;
        if (cursor.chunk === 0) observer?.row?.(cursor.row, frame.arrays, this.memory);
        const start = times === undefined ? 0 : performance.now();
        observer?.piece?.(cursor.row, 0);
        if (row === undefined) this.#callHost(cursor.row, frame, variables);
        else if (cursor.deadline === Infinity && cursor.chunk === 0) computeRow(row, frame);
        else if (!computeChunks(row, frame, cursor)) return false;
        times?.push(performance.now() - start);
      }
    } catch (error) {
      throw this.#errorIn(cursor.row, error, variables);
    }
    return true;
  }

  /** A host step; it may run programs, for which memory grows and Variables move. */
  #callHost(index: number, frame: LocalFrame | ArenaFrame, variables: readonly Variable[]): void {
    runHost(this.rows[index] as HostRow, frame.arrays); // every other row is a kernel
    frame.rebind(variables);
  }

  /** The rows with functions for ordinary arrays; undefined stands for a host step. */
  #loadedRows(): readonly (LoadedRow | undefined)[] {
    return this.#loaded ??= this.rows.map((row) => {
      if (row.kind === "host") return undefined;
      return { ...row, code: loadKernel(row.text, undefined) };
    });
  }

  /** The outputs of a run whose rows have all run; and lets the assignments land. */
  #complete(arrays: readonly TypedArray[], variables: readonly Variable[]): Tensor[] {
    const { outputs } = this.table;
    const result = new Array<Tensor>(outputs.length);
    for (let index = 0; index < outputs.length; index++) {
      const { buffer, type } = outputs[index]!;
      result[index] = tensorOver(arrays[buffer]!, type);
    }
    for (let index = 0; index < this.copied.length; index++) {
      const { buffer, variable } = this.copied[index]!;
      variables[variable]!.storage.array.set(arrays[buffer]!);
      variables[variable]!.changed();
    }
    for (let index = 0; index < this.written.length; index++) variables[this.written[index]!]!.changed();
    return result;
  }

  /** The same for a run in the arena, whose results become arrays of their own. */
  #completeShared(arrays: readonly TypedArray[], inputs: readonly Tensor[], variables: readonly Variable[]): Tensor[] {
    const kept: TypedArray[] = [...arrays];
    for (const { buffer, type } of this.#results) kept[buffer] = dtypeInfo(type.dtype).copy(arrays[buffer]!);
    // An argument or a constant that is returned is what it was outside of the arena.
    for (const { buffer } of this.table.outputs) {
      const each = this.buffers[buffer]!;
      if (each.kind === "input") kept[buffer] = inputs[each.index]!.data;
      else if (each.kind === "constant") kept[buffer] = each.tensor.data;
    }
    return this.#complete(kept, variables);
  }

  /** The kernels that one run launches, in order. */
  get kernels(): readonly string[] {
    return this.rows.map((row) => row.name);
  }

  explain(): string {
    return explainProgram(this);
  }

  /** The text of every kernel, each once. */
  source(): string {
    const { target } = this.table.choice;
    const options = { exact: this.options.exact ?? false };
    const texts = this.rows.flatMap((row) => row.kind === "host" ? [] : target.print(row.drafts[0]!.kernel, options));
    return [...new Set(texts)].join("\n\n");
  }

  files(fed?: Fed): Readonly<Record<string, string>> {
    const kernels = `kernels.${this.table.choice.target.extension}`;
    return { [kernels]: `${this.source()}\n`, "repro.ts": printRepro(this.original, this.options, fed) };
  }

  #asShared(): SharedProgram {
    if (this.#shared !== undefined) return this.#shared;
    const id = nextId++;
    const argumentBytes = this.#argumentBytes;
    const scratchBytes = this.table.drafts.reduce(
      (most, draft) => draft.kind === "kernel" ? Math.max(most, draft.emitted.scratchBytes) : most,
      0,
    );
    const layout: RegionLayout = layOutRegion(this.buffers, this.memory, {
      rows: this.rows.length,
      threads: this.placement.threads,
      argumentBytes,
      scratchBytes,
    });
    let loaded: readonly (LoadedRow | undefined)[] | undefined;
    // Where a program never runs in an arena, there may be none.
    const rowsOf = (): readonly (LoadedRow | undefined)[] =>
      loaded ??= this.rows.map((row) => row.kind === "kernel" ? { ...row, code: runs.load(row.text) } : undefined);
    const buffers = this.buffers.map(({ type }) => ({ dtype: type.dtype, length: type.size }));
    const message = (): ProgramMessage => ({
      id,
      buffers,
      argumentBytes,
      rows: this.rows.map((row) => {
        if (row.kind === "host") return undefined;
        const { segments, count, partials, slots, text } = row;
        return { segments, count, partials, slots, kernel: text };
      }),
    });
    forgotten?.register(this, id);
    return this.#shared = {
      id,
      threads: this.placement.threads,
      buffers,
      argumentBytes,
      get rows() {
        return rowsOf();
      },
      arrays: this.buffers,
      layout,
      scratchBytes,
      message,
      host: (row, arrays) => this.#runHost(row, arrays),
      complete: (arrays, inputs, variables) => this.#completeShared(arrays, inputs, variables),
      errorOf: (failure, caught, variables) => this.#errorOf(failure, caught, variables),
      runRows: (frame, variables, times) => this.#runRows(rowsOf(), frame, variables, times),
      beginAlone: (inputs, variables) => this.#beginAlone(inputs, variables),
    };
  }

  /** A host step of a run on several threads. */
  #runHost(row: number, arrays: readonly TypedArray[]): void {
    const start = this.#hostTimes === undefined ? 0 : performance.now();
    runHost(this.rows[row] as HostRow, arrays); // only those are asked for
    if (this.#hostTimes !== undefined) this.#hostTimes[row] = performance.now() - start;
  }

  /** The error of a run that has failed in the arena; `caught` is what the calling thread caught. */
  #errorOf(failure: Failure, caught: unknown, variables: readonly Variable[]): unknown {
    const { name } = this.original;
    const { row: index } = failure;
    const row = this.rows[index];
    if (failure.kind === "closed") {
      return new Error(`Cannot finish ${name}: its workers were closed while it ran${this.#harm(index, variables)}`);
    }
    const place = `${row?.name} of ${name}`;
    const site = row?.kind === "kernel" ? siteOf(row) : row?.draft.node.site;
    switch (failure.kind) {
      case "error":
        if (failure.thread === 0) return this.#errorIn(index, caught, variables);
        return addSite(new Error(`Cannot run ${place}: ${failure.message}${this.#harm(index, variables)}`), site);
      case "index":
        return faultError((row as KernelRow).drafts[0]!.kernel, failure); // only kernels check indices
      case "lost": {
        const reason = `the worker that computed a part of it was lost${this.#harm(index, variables)}`;
        return addSite(new Error(`Cannot finish ${place}: ${reason}`), site);
      }
      default:
        return failure satisfies never;
    }
  }

  /** An error that this thread caught in a row, as its operation's own and with the user's line. */
  #errorIn(index: number, error: unknown, variables: readonly Variable[]): unknown {
    const row = this.rows[index]!; // what fails is a row
    if (row.kind === "host") return error; // it has its place already
    if (error instanceof IndexFault) return faultError(row.drafts[0]!.kernel, error);
    const reason = error instanceof Error ? error.message : String(error);
    const place = `${row.name} of ${this.original.name}`;
    return addSite(
      new Error(`Cannot run ${place}: ${reason}${this.#harm(index, variables)}`, { cause: error }),
      siteOf(row),
    );
  }

  /** What a failure in a row may have done to Variables: nothing, unless they were being written where they lie. */
  #harm(index: number, variables: readonly Variable[]): string {
    if (!this.rows.slice(0, index + 1).some((row) => row.kind === "kernel" && row.lands)) return "";
    const names = this.written.map((variable) => variables[variable]!.describe());
    return `; these Variables may hold parts of their new values: ${names.join(", ")}`;
  }
}

/** How far a run has got that is left between two chunks, and until when it goes on. */
interface Cursor {
  row: number;
  chunk: number;
  deadline: number;
}

/** The chunks of a row from where the cursor is, one at least, until its deadline; whether they are all done. */
function computeChunks(row: LoadedRow, frame: LocalFrame | ArenaFrame, cursor: Cursor): boolean {
  while (cursor.chunk < row.count) {
    computeChunk(row, frame, cursor.chunk++);
    if (cursor.chunk < row.count && performance.now() > cursor.deadline) return false;
  }
  finishRow(row, frame);
  return true;
}
