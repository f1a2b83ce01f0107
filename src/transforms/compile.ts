/**
 * compile: a function recorded once per signature and run as one program.
 * @module
 */
import { isInteger } from "../dtype.ts";
import type { Graph } from "../graph/graph.ts";
import { isNode, type Operation } from "../graph/operation.ts";
import { Placeholder } from "../graph/placeholder.ts";
import { activeTrace, nodeIn } from "../graph/recording.ts";
import { lastAssigns, variablesOf } from "../graph/specialize.ts";
import { type StandIn, Variable } from "../graph/variable.ts";
import { LruCache } from "../lru_cache.ts";
import { describeForeign } from "../ops/nested.ts";
import { currentExecutor, type Executable, type ExecutorOptions } from "../ops/op.ts";
import { Tensor } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { flatten, type Structure, structureKey, unflatten } from "../tree.ts";
import { Value } from "../value.ts";
import { checkSynchronous, functionName, traced } from "./trace.ts";

/** What a compiled function returns where the function itself returns `T`: every Value has become a Tensor. */
export type Compiled<T> = T extends Value ? Tensor
  : T extends readonly unknown[] ? { -readonly [K in keyof T]: Compiled<T[K]> }
  : T extends object ? { [K in keyof T]: Compiled<T[K]> }
  : T;

/** The arguments a compiled function takes: a number will do where the function takes a Value. */
export type CompiledArguments<A extends readonly unknown[]> = {
  [K in keyof A]:
    | A[K]
    | (Value extends A[K] ? number : never);
};

/** Options of {@linkcode compile}. */
export interface CompileOptions extends ExecutorOptions {
  /** The positions of number arguments that are baked into the program instead of being fed to it. */
  readonly static?: readonly number[];
}

/** How often a compiled function was called, traced, and how many programs it holds. */
export interface CompileStats {
  /** Calls that ran a program. */
  readonly calls: number;
  /** Times the function was recorded and compiled. */
  readonly traces: number;
  /** Programs held now. */
  readonly programs: number;
}

/** A function that runs as one program. */
export interface CompiledFunction<A extends readonly unknown[], R> {
  /** Runs the program for these arguments, tracing and compiling first when their signature is new. */
  (...args: CompiledArguments<A>): Compiled<R>;
  /** The same, giving a promise of the result. */
  async(...args: CompiledArguments<A>): Promise<Compiled<R>>;
  /** The graph of the program that was last used, once there is one. */
  readonly graph: Graph | undefined;
  /** What the program for these arguments (or the last one) consists of, for people. */
  explain(...args: CompiledArguments<A> | []): string;
  /** The source text that was generated for these arguments (or for the last program). */
  source(...args: CompiledArguments<A> | []): string;
  /** The kernels the program for these arguments (or the last one) launches, in order. */
  kernels(...args: CompiledArguments<A> | []): readonly string[];
  /** Counts since the function was made. */
  readonly stats: CompileStats;
}

const cachedPrograms = 64;

/** One traced and compiled signature. */
interface Program {
  readonly graph: Graph;
  readonly executable: Executable;
  /** Whether a number was used with an integer tensor, which it can only join when it is whole. */
  readonly wantsWhole: boolean;
  /** Which leaves of the arguments are fed. */
  readonly inputs: readonly number[];
  readonly structure: Structure;
  /** For each leaf of the result: which output it is, or a value that tracing found to be constant. */
  readonly results: readonly ({ readonly output: number } | { readonly constant: unknown })[];
  /** For each Variable of the program: which argument leaf tells it, and how, or the Variable itself. */
  readonly variables: readonly (Variable | { readonly leaf: number; readonly resolve: StandIn["resolve"] })[];
}

/** How a function is traced for a signature. */
interface Signature {
  readonly leaves: readonly unknown[];
  readonly paths: readonly string[];
  readonly structure: Structure;
  readonly isStatic: (index: number) => boolean;
  /** Whether the Variables among the arguments are part of the signature, because the function uses one of them anyway. */
  readonly exactVariables: boolean;
  /** Whether numbers that are not whole are recorded as such, because the function uses one with an integer tensor. */
  readonly fractions: boolean;
}

const scalarType = new TensorType("float64", [], "scalar");
const fractionType = new TensorType("float64", [], "fraction");

/**
 * Compiles `fn`: its first call with arguments of a new signature (their structure, shapes and dtypes) records what it
 * does as a graph and makes a program of it; later calls run the program. Numbers are fed, so changing one never
 * compiles anew; booleans and strings are part of the signature. Tensors and Variables that `fn` closes over keep being
 * read anew, and Variables that it assigns to change when a run has completed.
 *
 * Looking at a number of a value inside `fn` is an error, as is returning a promise.
 *
 * @example
 * ```ts
 * import { compile, tensor, type Value } from "@tensorloom/tensorloom";
 *
 * const f = compile((x: Value, y: Value) => x.mul(y).add(1).sum());
 * console.log(f(tensor([1, 2]), tensor([3, 4])).item()); // 13
 * ```
 */
export function compile<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): CompiledFunction<A, R> {
  const { emitter = "auto", threads = 1 } = options;
  if (typeof fn !== "function") throw new TypeError(`Cannot compile ${String(fn)}: it is not a function`);
  if (emitter !== "auto" && emitter !== "js") {
    throw new TypeError(`Cannot compile with the emitter ${String(emitter)}: the emitters are "auto" and "js"`);
  }
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`Cannot compile for ${String(threads)} threads: it takes a whole number from 1`);
  }
  const name = functionName(fn);
  const staticArguments = new Set(options.static);
  const programs = new LruCache<string, Program>(cachedPrograms);
  let calls = 0;
  let traces = 0;
  let last: Program | undefined;

  const prepare = (args: readonly unknown[]): { program: Program; leaves: readonly unknown[] } => {
    const { leaves, paths, structure } = flatten(args);
    // A path begins with the argument's number: `[1].weights`.
    const isStatic = (index: number): boolean => staticArguments.has(Number.parseInt(paths[index]!.slice(1)));
    const key = signatureOf(leaves, paths, structure, isStatic, name);
    const find = (variant: string, exactVariables: boolean, fractions: boolean): Program => {
      let program = programs.get(key + variant);
      if (program !== undefined) return program;
      // It is called with a tree of the structure of A.
      const untyped = fn as (...args: readonly unknown[]) => unknown;
      const signature = { leaves, paths, structure, isStatic, exactVariables, fractions };
      program = traceProgram(untyped, name, signature, options);
      traces++;
      programs.set(key + variant, program);
      return program;
    };
    let program = find("", false, false);
    // An argument is also used by the function itself: recorded as two Variables, it would be read and written twice.
    const exact = leaves.some((leaf) => leaf instanceof Variable && program.variables.includes(leaf));
    const fractions = program.wantsWhole && leaves.some((leaf, index) => isFraction(leaf) && !isStatic(index));
    if (exact || fractions) {
      const identities = leaves.map((leaf) => exact && leaf instanceof Variable ? identityOf(leaf) : "");
      const parts = leaves.map((leaf) => fractions && isFraction(leaf) ? "f" : "");
      program = find(` ${identities.join()} ${parts.join()}`, exact, fractions);
    }
    last = program;
    return { program, leaves };
  };

  const run = (...args: CompiledArguments<A>): Compiled<R> => {
    // Inside another trace a compiled function is inlined: one program holds everything.
    if (activeTrace() !== undefined) return fn(...args as readonly unknown[] as A) as unknown as Compiled<R>;
    calls++;
    const { program, leaves } = prepare(args);
    return runProgram(program, leaves) as Compiled<R>; // the result's structure is that of what fn returned
  };

  const programFor = (action: string, args: readonly unknown[]): Program => {
    if (args.length > 0 || fn.length === 0) return prepare(args).program;
    if (last !== undefined) return last;
    throw new TypeError(`Cannot ${action} ${name}: it has not been called; call it first, or pass arguments`);
  };

  return Object.defineProperties(run, {
    name: { value: name },
    toString: { value: () => `compiled function ${name}` },
    graph: { get: () => last?.graph },
    stats: { get: (): CompileStats => ({ calls, traces, programs: programs.size }) },
    // On one thread a run is over when the call returns, so it sees what its arguments and Variables hold now.
    async: { value: (...args: CompiledArguments<A>) => new Promise((resolve) => resolve(run(...args))) },
    explain: { value: (...args: readonly unknown[]) => programFor("explain", args).executable.explain() },
    source: { value: (...args: readonly unknown[]) => programFor("show the source of", args).executable.source() },
    kernels: { value: (...args: readonly unknown[]) => programFor("list the kernels of", args).executable.kernels },
  }) as CompiledFunction<A, R>; // the properties were defined just now
}

const identities = new WeakMap<Variable, number>();
let nextIdentity = 0;

/** A number that is the Variable's own. */
function identityOf(variable: Variable): number {
  let identity = identities.get(variable);
  if (identity === undefined) identities.set(variable, identity = nextIdentity++);
  return identity;
}

/** The string that two calls share exactly when one program serves both. */
function signatureOf(
  leaves: readonly unknown[],
  paths: readonly string[],
  structure: Structure,
  isStatic: (index: number) => boolean,
  name: string,
): string {
  let key = structureKey(structure);
  for (let index = 0; index < leaves.length; index++) {
    const leaf = leaves[index];
    if (typeof leaf === "number") {
      key += isStatic(index) ? `|=${Object.is(leaf, -0) ? "-0" : leaf}` : "|#";
    } else if (leaf instanceof Value) {
      const first = leaves.indexOf(leaf); // which arguments are the same object is part of the signature
      if (leaf instanceof Variable) key += `|V${first}${leaf.trainable ? "t" : ""}${leaf.type.key}`;
      else if (leaf instanceof Tensor) key += `|T${first}${leaf.type.key}`;
      else {throw new TypeError(
          `Cannot call ${name} with ${leaf.describe()} at argument ${
            paths[index]
          }: it is a node of a graph, not a tensor`,
        );}
    } else if (leaf === null || leaf === undefined || typeof leaf === "boolean" || typeof leaf === "string") {
      key += `|${typeof leaf === "string" ? JSON.stringify(leaf) : String(leaf)}`;
    } else {
      throw new TypeError(
        `Cannot call ${name} with ${describeForeign(leaf)} at argument ${
          paths[index]
        }: compiled functions take tensors, Variables, numbers, booleans, strings, null, and arrays and objects of these`,
      );
    }
  }
  return key;
}

function traceProgram(
  fn: (...args: readonly unknown[]) => unknown,
  name: string,
  { leaves, paths, structure, isStatic, exactVariables, fractions }: Signature,
  options: ExecutorOptions,
): Program {
  return traced(`the compiled function ${name}`, { recordValues: false }, ({ graph }) => {
    const fed: unknown[] = leaves.map((leaf, index) => {
      if (leaf instanceof Tensor) {
        const first = leaves.indexOf(leaf);
        return first < index ? undefined : new Placeholder(graph, { name: argumentName(paths[index]!) }, leaf.type);
      }
      if (typeof leaf === "number" && !isStatic(index)) {
        const type = fractions && isFraction(leaf) ? fractionType : scalarType;
        return new Placeholder(graph, { name: argumentName(paths[index]!) }, type);
      }
      if (leaf instanceof Variable && !exactVariables) {
        return leaves.indexOf(leaf) < index ? undefined : new Variable(leaf, {}, {
          argument: leaf,
          original: leaf,
          resolve: (actual) => actual,
        });
      }
      return leaf;
    });
    const given = fed.map((leaf, index) =>
      leaf === undefined && leaves[index] !== undefined ? fed[leaves.indexOf(leaves[index])] : leaf
    );
    const inputs = fed.filter((leaf): leaf is Placeholder => leaf instanceof Placeholder);
    const result = fn(...unflatten(structure, given) as readonly unknown[]); // the arguments are an array
    checkSynchronous(result, name);
    const flat = flatten(result);
    const outputs: Value[] = [];
    const results = flat.leaves.map((leaf) => {
      if (!(leaf instanceof Value)) return { constant: leaf };
      if (isNode(leaf) && leaf.graph !== graph) {
        throw new TypeError(`Cannot return ${leaf.describe()} from ${name}: it belongs to another graph`);
      }
      const node = nodeIn(graph, leaf);
      outputs.push(node.type?.weak ? node.astype("float32") : node);
      return { output: outputs.length - 1 };
    });
    const variables = variablesOf(graph);
    const executable = currentExecutor().compile(
      { name, graph, inputs, outputs, assigns: lastAssigns(graph.operations), variables },
      options,
    );
    return {
      graph,
      executable,
      wantsWhole: graph.operations.some(joinsIntegers),
      inputs: fed.flatMap((leaf, index) => leaf instanceof Placeholder ? [index] : []),
      structure: flat.structure,
      results,
      variables: variables.map((variable) => {
        const { standIn } = variable;
        return standIn === undefined ? variable : { leaf: leaves.indexOf(standIn.argument), resolve: standIn.resolve };
      }),
    };
  });
}

/** A number that an integer tensor cannot take. */
function isFraction(leaf: unknown): boolean {
  return typeof leaf === "number" && !Number.isInteger(leaf);
}

/** Whether an operation brings a number that is fed together with an integer tensor. */
function joinsIntegers({ inputNodes }: Operation): boolean {
  const types = inputNodes.map((input) => input.type);
  return types.some((type) => type?.weak === "scalar") &&
    types.some((type) => type && !type.weak && isInteger(type.dtype));
}

function argumentName(path: string): string {
  return `argument${path.slice(1).replace("]", "")}`;
}

function runProgram(program: Program, leaves: readonly unknown[]): unknown {
  const inputs = program.inputs.map((index) => {
    const leaf = leaves[index];
    return typeof leaf === "number" ? new Tensor(new Float64Array([leaf]), scalarType) : leaf as Tensor; // by the signature
  });
  const variables = program.variables.map((variable) =>
    variable instanceof Variable ? variable : variable.resolve(leaves[variable.leaf] as Variable) // by the signature
  );
  const outputs = program.executable.run(inputs, variables);
  return unflatten(
    program.structure,
    program.results.map((result) => "output" in result ? outputs[result.output] : result.constant),
  );
}
