/**
 * Primitives: the operations that the compiler lowers itself, told apart by how. An entry has what its lowering takes,
 * so that no list of names stands anywhere else.
 * @module
 */
import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import type { TensorType } from "../tensor_type.ts";
import type { Attributes, PrimitiveEntry } from "./op.ts";
import type { Strided } from "./geometry/strided.ts";

/** One element of the result from one of each operand. */
export type Scalar = (x: number, y: number, z: number) => number;

/**
 * Which numbers an element-wise op computes with: bools, integers and floats; integers and floats; or floats alone, which
 * bools and integers are brought to.
 */
export type Domain = "all" | "numbers" | "floats";

/**
 * How near a result is to the exact one. `"exact"`: it is the exact one, or a choice among the operands. `"once"`: it is the
 * exact one, rounded once, whoever computes it. `"approximate"`: its last bits differ from target to target.
 */
export type Rounding = "exact" | "once" | "approximate";

/** About as much as an addition, or as a function such as `exp`. */
export type Cost = "simple" | "expensive";

/**
 * What holds of an op to the last bit, for NaN and −0 too. `"commutative"`: its two operands may change places.
 * `"idempotent"`: applied to its own result it gives the same. `"rounding"`: it gives a whole number, and leaves whole numbers
 * as they are.
 */
export type Law = "commutative" | "idempotent" | "rounding";

/** Works on one element of each operand at a time: a scalar intrinsic, which every target has code for. */
export interface ElementwiseOp<Name extends string = string, D extends Domain = Domain> extends PrimitiveEntry {
  readonly lowering: "elementwise";
  readonly name: Name;
  readonly domain: D;
  /** How many operands it takes. */
  readonly operands: 1 | 2 | 3;
  readonly cost: Cost;
  readonly rounding: Rounding;
  readonly laws: readonly Law[];
  /** The operation on numbers that have been brought to the operand dtype. Its result is wrapped to the result's. */
  readonly scalar: Scalar;
  /** The operation on integers, where that is another: exact in the low 32 bits, or defined where the quotient is not. */
  readonly integer?: Scalar;
  /** The dtype that an operand, of operands of these types, is brought to before `scalar`. */
  operandDType(inputs: readonly TensorType[], operand: number): DType;
}

/** Converts every element to the dtype of the result. */
export interface ConvertOp<A extends Attributes = Attributes> extends PrimitiveEntry<A> {
  readonly lowering: "convert";
}

/** Shows elements of its first operand under other indices: no code at all. What reads it is computed after the others. */
export interface ViewOp<A extends Attributes = Attributes> extends PrimitiveEntry<A> {
  readonly lowering: "view";
  /**
   * Where the elements of the result, of shape `to`, lie, from where those of the operand, of shape `from`, do; undefined
   * where no strides say it, so that they have to be copied.
   */
  view(input: Strided, from: Shape, to: Shape, attributes: A): Strided | undefined;
}

/** Makes one element of all along some axes. */
export interface ReduceOp<Name extends string = string, A extends Attributes = Attributes> extends PrimitiveEntry<A> {
  readonly lowering: "reduce";
  readonly name: Name;
  /** Whether the result is the index of an element. */
  readonly givesIndex: boolean;
}

/** Sums of products over the axes that two operands share. */
export interface ContractOp<A extends Attributes = Attributes> extends PrimitiveEntry<A> {
  readonly lowering: "contract";
}

/** What looks at indices says of one that is out of range. */
interface IndexingEntry<A extends Attributes> extends PrimitiveEntry<A> {
  /** The message of the RangeError. */
  indexMessage(index: number, inputs: readonly TensorType[], attributes: A): string;
}

/** Reads elements by index. */
export interface GatherOp<A extends Attributes = Attributes> extends IndexingEntry<A> {
  readonly lowering: "gather";
}

/** Adds elements up by index. */
export interface ScatterOp<A extends Attributes = Attributes> extends IndexingEntry<A> {
  readonly lowering: "scatter";
}

/** Combines elements along an axis: into as many running results, or one more. */
export interface CumulativeOp<A extends Attributes = Attributes> extends PrimitiveEntry<A> {
  readonly lowering: "cumulative";
  /** What combines them. */
  readonly combines: "sum" | "prod";
}

/** Gives its operand, and fails for an element that is no index. */
export interface CheckOp<A extends Attributes = Attributes> extends IndexingEntry<A> {
  readonly lowering: "check";
  /** What indices are below. */
  limit(attributes: A): number;
}

/** Any op whose kernels fail for an index that is out of range. */
export type IndexingOp<A extends Attributes = Attributes> = GatherOp<A> | ScatterOp<A> | CheckOp<A>;

/** What a result is put together from. */
export interface Assembly {
  /** What is written first, everywhere; nothing where the pieces leave no gaps. */
  readonly fill?: number;
  /** For each operand, where its elements go in the row-major array of the result. */
  readonly pieces: readonly Strided[];
}

/** Copies its operands into their places. */
export interface AssembleOp<A extends Attributes = Attributes> extends PrimitiveEntry<A> {
  readonly lowering: "assemble";
  /** From the shapes of the operands and of the result. */
  assembly(inputs: readonly Shape[], shape: Shape, attributes: A): Assembly;
}

/** Is run by its `compute`, as a step of its own. */
export interface HostOp<A extends Attributes = Attributes> extends PrimitiveEntry<A> {
  readonly lowering: "host";
}

/** An operation that the compiler lowers itself; `lowering` says how. */
export type Primitive<A extends Attributes = Attributes> =
  | ElementwiseOp
  | ConvertOp<A>
  | ViewOp<A>
  | ReduceOp<string, A>
  | ContractOp<A>
  | GatherOp<A>
  | ScatterOp<A>
  | CumulativeOp<A>
  | CheckOp<A>
  | AssembleOp<A>
  | HostOp<A>;
