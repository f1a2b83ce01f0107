/**
 * What an operation of the library is: one entry of the op table. And `apply`, through which every operation passes:
 * the recording rule decides there whether it computes now or becomes a node of a graph.
 * @module
 */
import { allocate, type TypedArray } from "../dtype.ts";
import { activeTrace, graphFor, record } from "../graph/recording.ts";
import { referenceExecutor } from "../graph/interpret.ts";
import type { GraphFunction } from "../graph/function.ts";
import type { Variable } from "../graph/variable.ts";
import { elementsOf, Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { type NestedArray, type Operand, type Result, Value } from "../value.ts";
import { fromNested } from "./nested.ts";
import type { Primitive } from "./primitive.ts";

/** The parameters of an operation that are not tensors: axes, shapes, flags. Plain data, so that they can be compared. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Attributes as a string; equal strings are equal attributes. JSON would make null of NaN and infinities, and 0 of −0. */
export function attributesKey(attributes: Attributes): string {
  let key = "";
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== undefined) key += `${name}:${valueKey(value)};`;
  }
  return key;
}

function valueKey(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (Array.isArray(value)) return `[${value.map(valueKey).join()}]`;
  if (typeof value === "object" && value !== null) return `{${attributesKey(value as Attributes)}}`; // plain data
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** What a gradient rule is given. */
export interface GradientContext<A extends Attributes = Attributes> {
  /** The operation's inputs. */
  readonly inputs: readonly Value[];
  /** The operation's result. */
  readonly output: Value;
  readonly attributes: A;
  /** The gradient with respect to the result; of its shape and dtype. */
  readonly gradient: Value;
  /** Which inputs' gradients will be used; a rule may leave out work for the others. */
  readonly needed: readonly boolean[];
}

/** What every entry of the op table has. */
export interface Entry<A extends Attributes = Attributes> {
  /** The name it is known by, in graphs, kernels and errors. */
  readonly name: string;
  /** Dtype and shape of the result; throws, naming the operation and the types, when the inputs do not fit. */
  infer(inputs: readonly TensorType[], attributes: A): TensorType;
  /**
   * The attributes as a node keeps them once types are known, where the same could be written in several ways: axes counted
   * from the front, ascending where their order says nothing. They have been accepted by `infer`.
   */
  canonical?(attributes: A, inputs: readonly TensorType[]): A;
  /**
   * The reference implementation: plain loops in float64, written to be obviously right. It fills `output`, which
   * starts as zeros. Inputs keep their own dtypes and shapes, not yet promoted or broadcast.
   */
  compute(output: TypedArray, inputs: readonly Tensor[], attributes: A, type: TensorType): void;
  /**
   * The gradient with respect to each input, written with the library's own operations; undefined for an input that
   * has none. A composite without a rule is differentiated through its decomposition; a primitive has no gradient then.
   */
  gradient?(context: GradientContext<A>): readonly (Value | undefined)[];
}

/** An operation that is defined by others. */
export interface Composite<A extends Attributes = Attributes> extends Entry<A> {
  readonly lowering?: undefined;
  /** The same computation in simpler operations. */
  decompose(inputs: readonly Value[], attributes: A): Value;
}

/** One entry of the op table. */
export type Op<A extends Attributes = Attributes> = Primitive<A> | Composite<A>;

/** Whether an operation is defined by others. */
export function isComposite<A extends Attributes>(op: Op<A>): op is Composite<A> {
  return op.lowering === undefined;
}

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
export interface Fed {
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
  files(fed?: Fed): Readonly<Record<string, string>>;
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

/** Computes one operation by its reference implementation: the oracle that every kernel is compared with. */
export function computeReference(op: Op, inputs: readonly Tensor[], attributes: Attributes, type: TensorType): Tensor {
  inputs.forEach(elementsOf); // none has been transferred
  const output = allocate(type.dtype, type.size);
  op.compute(output, inputs, attributes, type);
  return tensorOver(output, type);
}

/** The attributes of an op that has none. */
export const none: Attributes = Object.freeze({});

/**
 * Applies an operation by the recording rule: with a graph node among the operands (or a Variable of the default
 * graph, or any Variable inside a trace) it records a node and returns it; otherwise it computes and returns a Tensor.
 */
export function apply<A extends Attributes, X extends Operand>(
  op: Op<A>,
  operands: readonly X[],
  attributes: A = none as A, // an op whose attributes have no required member is applied without any
): Result<X> {
  const plain = op as Op; // an entry is only ever handed the attributes it was applied with
  // This path is every eager operation's.
  if (areTensors(operands)) return computeNow(plain, operands, attributes) as Value as Result<X>;
  const graph = graphFor(operands, op.name);
  // Result<X> is what the recording rule comes to for static types.
  if (graph !== undefined) {
    const values = operands.map((operand) => operand instanceof Value ? operand : literal(operand, op.name, operands));
    return record(graph, plain, values, attributes) as Result<X>;
  }
  const tensors = new Array<Tensor>(operands.length);
  for (let index = 0; index < operands.length; index++) {
    const operand = operands[index]!;
    tensors[index] = operand instanceof Value ? operand.concrete(op.name) : literal(operand, op.name, operands);
  }
  return computeNow(plain, tensors, attributes) as Value as Result<X>;
}

function areTensors(operands: readonly Operand[]): operands is readonly Tensor[] {
  for (let index = 0; index < operands.length; index++) if (!(operands[index] instanceof Tensor)) return false;
  return true;
}

/** Computes an operation on tensors now, whatever is being recorded. */
export function computeNow(op: Op, inputs: readonly Tensor[], attributes: Attributes): Tensor {
  return currentExecutor().eager(op, inputs, attributes);
}

/** A number or nested array as a tensor: a number stays weak, an array takes float64 only from its neighbours. */
function literal(operand: NestedArray, name: string, neighbours: readonly Operand[]): Tensor {
  if (typeof operand === "number") {
    return tensorOver(new Float64Array([operand]), Number.isInteger(operand) ? weakInteger : weakFloat);
  }
  const wide = neighbours.some((each) => each instanceof Value && each.type?.dtype === "float64" && !each.type.weak);
  const tensor = fromNested(operand, undefined, name);
  return wide && tensor.type.dtype === "float32" ? fromNested(operand, "float64", name) : tensor;
}

const weakInteger = new TensorType("float64", [], "integer");
const weakFloat = new TensorType("float64", [], "float");

/** The operand as a Value: what it is, or a constant of its numbers (in the trace that is active, if any). */
export function toValue(operand: Operand, name = "convert"): Value {
  if (operand instanceof Value) return operand;
  const tensor = literal(operand, name, []);
  const trace = activeTrace();
  return trace === undefined ? tensor : trace.graph.capture(tensor);
}

/** `Cannot add float32[2] and float32[3]: …`, the form of every error about operands. */
export function operandError(
  Kind: typeof TypeError | typeof RangeError,
  name: string,
  types: readonly TensorType[],
  reason: string,
): Error {
  return new Kind(`Cannot ${name} ${types.map(String).join(" and ")}: ${reason}`);
}
