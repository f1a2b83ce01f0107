/**
 * Executors: what runs single operations eagerly and whole graphs compiled. The compiler is one; the other is made of the
 * reference implementations.
 * @module
 */
import type { GraphFunction } from "./graph/function.ts";
import { referenceExecutor } from "./graph/interpret.ts";
import type { Variable } from "./graph/variable.ts";
import type { Attributes, Op } from "./ops/op.ts";
import type { Tensor } from "./tensor.ts";

/** How a graph function is compiled. */
export interface ExecutorOptions {
  /**
   * Which code generator makes the kernels: that for JavaScript, or that for WebAssembly with vectors, where the engine has
   * them. `"auto"`, the default, leaves the choice to the compiler, which goes by the size of the program.
   */
  readonly emitter?: "auto" | "js" | "wasm";
  /**
   * The most threads it may run on, the calling one included: a whole number from 1. As many as the machine runs at once
   * unless given. Small programs run on the calling thread alone. The number never changes a result.
   */
  readonly threads?: number;
  /** Round every operation to its dtype, so that results are those of eager operations bit for bit. */
  readonly exact?: boolean;
}

/** What one kernel, or one call of an operation's own `compute`, took in a run that was measured. */
export interface RowProfile {
  /** The kernel's name; that of a call begins with `host_`. */
  readonly name: string;
  /** Of the thread that was longest at it. */
  readonly milliseconds: number;
  /** Additions, multiplications and calls of functions; 0 for a call, of which that is not known. */
  readonly operations: number;
  /** Of the arrays that it reads and writes, each once. */
  readonly bytes: number;
  /** Into how many pieces its work is cut. */
  readonly chunks: number;
  /** The time of the thread that was longest at it over the mean of those that could take part; 1 is best. */
  readonly imbalance: number;
}

/**
 * What a run took, kernel by kernel. As text it is a table, with GFLOP/s and GB/s, whose last line is the time in no
 * kernel: arguments are copied in, results are made and copied out, and threads are called and waited for.
 */
export interface Profile {
  /** Of the whole run, from its arguments to its results: what the rows took, and the time in none of them. */
  readonly milliseconds: number;
  /** One for each kernel and each call of a `compute`, in the order in which they run. */
  readonly rows: readonly RowProfile[];
  /** How many threads could take part. */
  readonly threads: number;
  /** The table. */
  toString(): string;
}

/** What one run takes. */
export interface ArgumentBindings {
  readonly inputs: readonly Tensor[];
  readonly variables: readonly Variable[];
}

/** A graph function that is ready to run. */
export interface Executable {
  /** Runs it once: every output is a fresh tensor, and the assignments land last. */
  run(inputs: readonly Tensor[], variables: readonly Variable[]): Tensor[];
  /** The same, without keeping the calling thread from other work where that can be; after all runs begun before it. */
  runAsync(inputs: readonly Tensor[], variables: readonly Variable[]): Promise<Tensor[]>;
  /** Runs it once, assignments included, and measures every kernel. */
  profile(inputs: readonly Tensor[], variables: readonly Variable[]): Profile;
  /** What it consists of, for people. */
  explain(): string;
  /** The generated source text. */
  source(): string;
  /** Files that show more of it, by name: the generated source, and a program that repeats a run with these values, or with made-up ones. */
  files(fed?: ArgumentBindings): Readonly<Record<string, string>>;
  /** The kernels that one run launches, in order. */
  readonly kernels: readonly string[];
}

/**
 * Runs operations eagerly and whole graphs compiled. The compiler implements it and installs it when `mod.ts` is
 * loaded; without one everything runs by the reference implementations.
 */
export interface Executor {
  /** Computes one operation now. `type` is what its shape rule inferred. */
  eager(op: Op, inputs: readonly Tensor[], attributes: Attributes): Tensor;
  /** Makes a graph function ready to run. */
  compile(graphFunction: GraphFunction, options: ExecutorOptions): Executable;
}

let executor: Executor | undefined;

/** Makes `next` the executor; called once, by the compiler. */
export function installExecutor(next: Executor): void {
  executor = next;
}

/** The executor in use. */
export function currentExecutor(): Executor {
  return executor ?? referenceExecutor;
}

/** Computes an operation on tensors now, whatever is being recorded. */
export function computeNow(op: Op, inputs: readonly Tensor[], attributes: Attributes): Tensor {
  return currentExecutor().eager(op, inputs, attributes);
}
