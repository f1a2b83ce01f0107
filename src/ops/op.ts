/**
 * What an operation of the library is: one entry of the op table.
 * @module
 */
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import type { TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
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

/** Attributes and operand types as a string; equal strings are equal attributes and types. */
export function signatureKey(types: readonly TensorType[], attributes: Attributes): string {
  let key = attributes === none ? "" : attributesKey(attributes);
  for (let index = 0; index < types.length; index++) key += ` ${types[index]!.id}`;
  return key;
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
  /**
   * The attributes as a node keeps them once types are known, where the same could be written in several ways: axes counted
   * from the front, ascending where their order says nothing. They have been accepted for these operands.
   */
  canonical?(attributes: A, inputs: readonly TensorType[]): A;
  /**
   * The gradient with respect to each input, written with the library's own operations; undefined for an input that
   * has none. A composite without a rule is differentiated through its decomposition; a primitive has no gradient then.
   */
  gradient?(context: GradientContext<A>): readonly (Value | undefined)[];
}

/** What every primitive has. */
export interface PrimitiveEntry<A extends Attributes = Attributes> extends Entry<A> {
  /** Dtype and shape of the result; throws, naming the operation and the types, when the inputs do not fit. */
  infer(inputs: readonly TensorType[], attributes: A): TensorType;
  /**
   * The reference implementation: plain loops in float64, written to be obviously right. It fills `output`, which
   * starts as zeros. Inputs keep their own dtypes and shapes, not yet promoted or broadcast.
   */
  compute(output: TypedArray, inputs: readonly Tensor[], attributes: A, type: TensorType): void;
}

/** What an operation that is defined by others has. */
export interface Defined<A extends Attributes> {
  /** The name it is known by, in graphs and errors. */
  readonly name: string;
  /** What errors call it, where its attributes say more than its name. */
  title?(attributes: A): string;
  /** See {@linkcode Entry}. */
  canonical?(attributes: A, inputs: readonly TensorType[]): A;
}

/** An operation that is defined by others. */
export interface Composite<A extends Attributes = Attributes> extends Defined<A>, Entry<A> {
  readonly name: string;
  readonly lowering?: undefined;
  canonical?(attributes: A, inputs: readonly TensorType[]): A;
  /**
   * The same computation in simpler operations, from which dtype and shape of the result follow. The types of the inputs
   * are known. Throws a {@linkcode refusal} when they do not fit; of that and of what the simpler operations throw, the
   * caller sees the reason, after the name of this operation and its operands.
   */
  decompose(inputs: readonly Value[], attributes: A): Value;
}

/** One entry of the op table. */
export type Op<A extends Attributes = Attributes> = Primitive<A> | Composite<A>;

/** Whether an operation is defined by others. */
export function isComposite<A extends Attributes>(op: Op<A>): op is Composite<A> {
  return op.lowering === undefined;
}

/** The attributes of an op that has none. */
export const none: Attributes = Object.freeze({});

/** Errors whose message is a reason alone. */
const refusals = new WeakSet<Error>();

/** What a decomposition throws where operands do not fit. The operation's name and its operands come before the reason. */
export function refusal(Kind: typeof TypeError | typeof RangeError, reason: string): Error {
  const error = new Kind(reason);
  refusals.add(error);
  return error;
}

/**
 * Why an operation refused its operands: what the error says after `Cannot add float32[2] and float32[3]: `. Undefined for an
 * error that the library did not word.
 */
export function reasonOf(error: Error): string | undefined {
  return refusals.has(error) ? error.message : /^Cannot [^]+?: ([^]*)$/.exec(error.message)?.[1];
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
