/**
 * compile: a function recorded once per signature and run as one program.
 * @module
 */
import type { GraphFunction } from "../graph/function.ts";
import type { Graph } from "../graph/graph.ts";
import { activeTrace, brokenAssumption } from "../graph/trace.ts";
import { Variable } from "../graph/variable.ts";
import { LruCache } from "../lru_cache.ts";
import {
  type ArgumentBindings,
  currentExecutor,
  type Executable,
  type ExecutorOptions,
  type Profile,
} from "../executor.ts";
import { type Call, captureCall, fromCall, fromCaller } from "../public/caller.ts";
import { boolean, choice, count, fn as fnKind, listOf, wholeFrom } from "../public/kinds.ts";
import { checkCall, signed, variadic } from "../public/public_function.ts";
import { type OptionKinds, planOf } from "../public/signature.ts";
import type { Tensor } from "../tensor.ts";
import { flatten, unflatten } from "../tree.ts";
import type { Value } from "../value.ts";
import { dumpProgram } from "./dump.ts";
import type { CompiledArguments, WithoutNumbers } from "./number_parameters.ts";
import { differencesFromNearest } from "./recompile.ts";
import {
  type Arguments,
  type CallSignature,
  isFraction,
  keyOf,
  type Outline,
  outlineOf,
  type Refinement,
  refinementKey,
  unrefined,
} from "./signature.ts";
import { functionName } from "./trace.ts";
import { callInside, numberTensor, scalarType, traceCall, type TracedCall } from "./trace_call.ts";

/** What a compiled function returns where the function itself returns `T`: every Value has become a Tensor. */
export type Compiled<T> = T extends Value ? Tensor
  : T extends readonly unknown[] ? { -readonly [K in keyof T]: Compiled<T[K]> }
  : T extends object ? { [K in keyof T]: Compiled<T[K]> }
  : T;

/** Options of {@linkcode compile}. */
export interface CompileOptions<Static extends readonly number[] = readonly number[]> extends ExecutorOptions {
  /**
   * The positions of arguments whose numbers are frozen: the function is given them as they are, and each new number is
   * a program of its own.
   */
  readonly static?: Static;
}

/** How often a compiled function was called and traced, why, and how many programs it holds. */
export interface CompileStats {
  /** Calls that ran a program. */
  readonly calls: number;
  /** Times the function was recorded and compiled. */
  readonly traces: number;
  /** Programs held now: at most 64, those that were used last. */
  readonly programs: number;
  /**
   * Why it was traced the last time it was traced anew: how the arguments differed from the nearest that had been traced
   * before, such as `argument1: float32[5,3] instead of float32[4,3] (axis 0: 5 instead of 4)`. Several differences are
   * separated by semicolons. Absent as long as there was no more than one trace.
   */
  readonly lastRecompile?: string;
}

/** A function that runs as one program. */
export interface CompiledFunction<A extends readonly unknown[], R> {
  /** Runs the program for these arguments, tracing and compiling first when their signature is new. */
  (...args: CompiledArguments<A>): Compiled<R>;
  /**
   * The same, giving a promise of the result. A program that is large enough to be shared runs on other threads, and
   * leaves the calling one's event loop free. Calls run one after the other, in the order in which they were made; what
   * reads or assigns a Variable of theirs in the meantime, and any call that is not asynchronous, waits until they are over.
   */
  async(...args: CompiledArguments<A>): Promise<Compiled<R>>;
  /** The graph of the program that was last used, once there is one. */
  readonly graph: Graph | undefined;
  /**
   * What was recorded for these arguments (or the last ones), as a value: its graph, inputs, outputs, assignments and
   * Variables. It is what transformations and exporters start from.
   *
   * @example
   * ```ts
   * import { compile, tensor, type Value } from "@tensorloom/tensorloom";
   *
   * const f = compile((x: Value) => x.square().sum());
   * const { inputs, outputs } = f.graphFunction(tensor([1, 2, 3]));
   * console.log(inputs.map(String), outputs.map(String)); // ["argument0 (float32[3])"] ["sum (float32) of square (float32[3])"]
   * ```
   */
  graphFunction(...args: CompiledArguments<A> | []): GraphFunction;
  /** What the program for these arguments (or the last one) consists of, for people. */
  explain(...args: CompiledArguments<A> | []): string;
  /**
   * Runs the program for these arguments once, as a call does, and measures every kernel: milliseconds, GFLOP/s, GB/s
   * and how evenly the threads shared it. The first runs of a program are slower than later ones: call it a few times
   * before.
   */
  profile(...args: CompiledArguments<A>): Profile;
  /** The source text that was generated for these arguments (or for the last program). */
  source(...args: CompiledArguments<A> | []): string;
  /** The kernels the program for these arguments (or the last one) launches, in order. */
  kernels(...args: CompiledArguments<A> | []): readonly string[];
  /**
   * Writes what the program for these arguments (or the last one) consists of into files of a folder, which is made where
   * there is none, and returns their paths: the graph (`graph.txt`, `graph.dot`, `graph.svg`), `plan.txt` (what `explain`
   * returns), `kernels.js` (what `source` returns), and `repro.ts`: a program that rebuilds the graph, runs it compiled
   * and by the reference on these arguments (or on drawn numbers), and compares. In Deno, writing takes `--allow-write`.
   * Throws a TypeError where there is no file system, as on a page.
   */
  dump(folder: string, ...args: CompiledArguments<A> | []): string[];
  /** Counts since the function was made. */
  readonly stats: CompileStats;
}

const plan = planOf({
  name: "compile",
  positional: { fn: fnKind },
  options: {
    emitter: choice("auto", "js", "wasm"),
    threads: wholeFrom(1),
    exact: boolean,
    static: listOf(count),
  } satisfies OptionKinds<CompileOptions>,
});
signed(compile, plan);

const cachedPrograms = 64;
/** Of programs that were dropped, the keys up to this length are remembered, as many as there may be programs. */
const rememberedLength = 4096;

/** One traced and compiled signature. */
interface Program extends TracedCall {
  /** The Variables that the function uses itself. */
  readonly closedOver: ReadonlySet<unknown>;
  readonly executable: Executable;
  /** What it was traced for. */
  readonly outline: Outline;
  /** Why it was traced although there were others: a sentence per difference. */
  readonly reasons: readonly string[];
}

/**
 * Compiles `fn`: its first call with arguments of a new signature (their structure, shapes and dtypes) records what it
 * does as a graph and makes a program of it; later calls run the program. Tensors and Variables that `fn` closes over keep being
 * read anew, and Variables that it assigns to change when a run has completed.
 *
 * Tensors, Variables and numbers are fed to the program: while `fn` is traced they are Values, numbers too, so a
 * parameter is typed `Value` and another number never compiles anew. Booleans, strings, null, and the numbers of
 * arguments that `static` lists are frozen: `fn` sees them as they are, and each new one is a program of its own.
 *
 * Looking at a number of a value inside `fn` is an error, as is returning a promise. Called by a function that is
 * traced itself (by `compile`, `grad` or `minimize`), it is recorded as a part of that.
 *
 * @example
 * ```ts
 * import { compile, tensor, type Value } from "@tensorloom/tensorloom";
 *
 * const f = compile((x: Value, y: Value) => x.mul(y).add(1).sum());
 * console.log(f(tensor([1, 2]), tensor([3, 4])).item()); // 13
 * ```
 */
export function compile<
  A extends readonly unknown[] = Value[],
  R = unknown,
  const Static extends readonly number[] = readonly [],
>(
  fn: ((...args: A) => R) & WithoutNumbers<A, Static>,
  options: CompileOptions<Static> = {},
): CompiledFunction<A, R> {
  checkCall(plan, compile, arguments.length, fn, options);
  const name = functionName(fn);
  const staticArguments = new Set<number>(options.static);
  // It is called with a tree of the structure of A.
  const untyped = fn as unknown as (...args: readonly unknown[]) => unknown;
  const programs = new LruCache<string, Program>(cachedPrograms);
  const dropped = new LruCache<string, true>(cachedPrograms);
  let calls = 0;
  let traces = 0;
  let last: Program | undefined;
  let lastRecompile: string | undefined;

  /** Why a new signature is traced: its differences from the nearest one held; the program that ran last breaks ties. */
  const reasonsFor = (outline: Outline, key: string): readonly string[] => {
    const held = last === undefined ? [...programs.values()] : [...programs.values(), last];
    const differences = differencesFromNearest(outline, held.map((program) => program.outline));
    return dropped.get(key) === undefined
      ? differences
      : [...differences, `its program was dropped: a compiled function keeps ${cachedPrograms}`];
  };

  const takeApart = (args: readonly unknown[]): Arguments => {
    const { leaves, paths, structure } = flatten(args);
    // A path begins with the argument's number: `[1].weights`.
    const isStatic = (index: number): boolean => staticArguments.has(Number.parseInt(paths[index]!.slice(1)));
    return { leaves, paths, structure, isStatic };
  };

  const prepare = (args: readonly unknown[]): { program: Program; leaves: readonly unknown[] } => {
    const call = takeApart(args);
    const { leaves } = call;
    const callKey = keyOf(call, name);
    const reasons: string[] = []; // of all traces of this call
    const find = (refinement: Refinement): Program => {
      const key = callKey + refinementKey(leaves, refinement);
      let program = programs.get(key);
      // What tracing it took apart may be what it took for granted.
      for (;;) {
        const broken = program && brokenAssumption(program.graphFunction.assumptions);
        if (program !== undefined && broken === undefined) return program;
        const signature: CallSignature = { ...call, ...refinement };
        const outline = outlineOf(signature);
        const why = broken === undefined ? reasonsFor(outline, key) : [broken.reason];
        reasons.push(...why.filter((reason) => !reasons.includes(reason)));
        const traced = traceCall(untyped, name, signature);
        const executable = currentExecutor().compile(traced.graphFunction, options);
        const closedOver = new Set<unknown>(traced.variables.filter((variable) => variable instanceof Variable));
        program = { ...traced, closedOver, executable, outline, reasons: [...reasons] };
        traces++;
        if (reasons.length > 0) lastRecompile = program.reasons.join("; ");
        const old = programs.set(key, program);
        if (old !== undefined && old.length <= rememberedLength) dropped.set(old, true);
      }
    };
    let refinement = unrefined;
    let program = find(refinement);
    for (;;) {
      const { own, fractions } = refinement;
      const { closedOver, wantsWhole } = program;
      // An argument is also used by the function itself: recorded as two Variables, it would be read and written twice.
      const used = own.length > 0 ? own : leaves.filter((leaf) => closedOver.has(leaf));
      const parts = wantsWhole.filter((index) => isFraction(leaves[index]));
      if (used.length === own.length && parts.length === 0) break;
      // A number that is recorded as a fraction may lead the function elsewhere, where others meet integers.
      refinement = { own: used as Variable[], fractions: [...fractions, ...parts] }; // by the filter
      program = find(refinement);
    }
    last = program;
    return { program, leaves };
  };

  const run = (...args: CompiledArguments<A>): Compiled<R> => {
    try {
      const trace = activeTrace();
      // Both results are of the structure of what fn returned; the static type of nodes is wider than it says.
      if (trace !== undefined) return callInside(trace, untyped, name, takeApart(args)) as Compiled<R>;
      calls++;
      const { program, leaves } = prepare(args);
      const { inputs, variables } = operandsOf(program, leaves);
      return resultOf(program, program.executable.run(inputs, variables)) as Compiled<R>;
    } catch (error) {
      throw fromCaller(error, run);
    }
  };

  const finish = async (call: Call, args: CompiledArguments<A>): Promise<Compiled<R>> => {
    try {
      if (activeTrace() !== undefined) {
        throw new TypeError(`Cannot call ${name}.async inside a function that is traced: call ${name} itself`);
      }
      calls++;
      const { program, leaves } = prepare(args);
      const { inputs, variables } = operandsOf(program, leaves);
      return resultOf(program, await program.executable.runAsync(inputs, variables)) as Compiled<R>; // as above
    } catch (error) {
      throw fromCall(error, call);
    }
  };

  const runAsync = (...args: CompiledArguments<A>): Promise<Compiled<R>> => finish(captureCall(runAsync), args);

  const programFor = (action: string, args: readonly unknown[]): Program => {
    if (args.length === 0 && last !== undefined) return last;
    if (args.length > 0 || fn.length === 0) return prepare(args).program;
    throw new TypeError(`Cannot ${action} ${name}: it has not been called; call it first, or pass arguments`);
  };

  return Object.defineProperties(run, {
    name: { value: name },
    toString: { value: () => `compiled function ${name}` },
    graph: { get: () => last?.graphFunction.graph },
    graphFunction: {
      value: variadic((...args: readonly unknown[]) => programFor("show the graph of", args).graphFunction),
    },
    stats: {
      get: (): CompileStats => ({
        calls,
        traces,
        programs: programs.size,
        ...(lastRecompile === undefined ? {} : { lastRecompile }),
      }),
    },
    async: { value: runAsync },
    explain: { value: variadic((...args: readonly unknown[]) => explainCompiled(programFor("explain", args))) },
    profile: {
      value: variadic((...args: readonly unknown[]): Profile => {
        const { program, leaves } = prepare(args);
        const { inputs, variables } = operandsOf(program, leaves);
        return program.executable.profile(inputs, variables);
      }),
    },
    source: {
      value: variadic((...args: readonly unknown[]) => programFor("show the source of", args).executable.source()),
    },
    kernels: {
      value: variadic((...args: readonly unknown[]) => programFor("list the kernels of", args).executable.kernels),
    },
    dump: {
      value: variadic((folder: string, ...args: readonly unknown[]) => {
        const program = programFor("dump", args);
        const fed = args.length > 0 || fn.length === 0 ? operandsOf(program, flatten(args).leaves) : undefined;
        return dumpProgram(name, folder, program, fed);
      }),
    },
  }) as CompiledFunction<A, R>; // the properties were defined just now
}

/** The program in the executor's words, and why there is more than one. */
function explainCompiled({ executable, reasons }: Program): string {
  const text = executable.explain();
  return reasons.length === 0 ? text : `${text}\n\ntraced again because ${reasons.join("; ")}`;
}

/** What a program is run on, for the leaves of the arguments. */
function operandsOf(program: Program, leaves: readonly unknown[]): ArgumentBindings {
  const inputs = program.inputs.map((index) => {
    const leaf = leaves[index];
    return typeof leaf === "number" ? numberTensor(leaf, scalarType) : leaf as Tensor; // by the signature
  });
  const variables = program.variables.map((variable) =>
    variable instanceof Variable ? variable : variable.resolve(leaves[variable.leaf] as Variable) // by the signature
  );
  return { inputs, variables };
}

/** A program's outputs in the structure of what the function returned. */
function resultOf(program: Program, outputs: readonly Tensor[]): unknown {
  return unflatten(
    program.structure,
    program.results.map((result) => "output" in result ? outputs[result.output] : result.constant),
  );
}
