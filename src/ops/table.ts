/**
 * The op table: every operation of the library under its name. Whatever has to know of all operations, such as the
 * fuzzer and the documentation, is written against its keys, so that the type checker says what a new one still lacks.
 * @module
 */
import type { MultiOp } from "../graph/operation.ts";
import { families } from "./families.ts";
import type { Op } from "./op.ts";
import type { ElementwiseOp, Primitive } from "./primitive.ts";

type Families = typeof families;

/** The name of an operation with several results. */
export type MultiOpName = {
  [Name in keyof Families]: Families[Name] extends { readonly count: unknown } ? Name : never;
}[keyof Families];

/** The name of an operation with one result. */
export type OpName = Exclude<keyof Families, MultiOpName>;

/** The name of an operation that the compiler lowers itself. Rules of targets are records of these, so that none is missing. */
export type PrimitiveName = {
  [Name in OpName]: Families[Name] extends { readonly lowering: Primitive["lowering"] } ? Name : never;
}[OpName];

/** The name of an operation that is defined by others. */
export type CompositeName = Exclude<OpName, PrimitiveName>;

/** The name of a primitive that is lowered so. */
export type NameOf<Lowering extends Primitive["lowering"]> = {
  [Name in PrimitiveName]: Families[Name] extends { readonly lowering: Lowering } ? Name : never;
}[PrimitiveName];

/** The name of a scalar intrinsic: of an operation that works on one element of each operand at a time. */
export type IntrinsicName = NameOf<"elementwise">;

/** A scalar intrinsic. */
export type Intrinsic = ElementwiseOp<IntrinsicName>;

/** Which numbers an intrinsic is defined on. */
export type DomainOf<Name extends IntrinsicName> = Families[Name]["domain"];

/** The name of a reduction. */
export type ReductionName = NameOf<"reduce">;

/** The entries of which this holds. An entry is only ever to be given the attributes that are its own. */
function entries<Name extends string, Entry>(holds: (entry: object) => boolean): Readonly<Record<Name, Entry>> {
  return Object.fromEntries(Object.entries(families).filter(([, entry]) => holds(entry))) as Record<Name, Entry>; // those
}

/** Every operation with one result, by name. */
export const opTable: Readonly<Record<OpName, Op>> = entries((entry) => !("count" in entry));

/** Operations with several results, by name. */
export const multiOpTable: Readonly<Record<MultiOpName, MultiOp>> = entries((entry) => "count" in entry);

/** All names of operations with one result, family by family. */
export const opNames: readonly OpName[] = Object.keys(opTable) as OpName[]; // its own keys

/** All names of operations with several results. */
export const multiOpNames: readonly MultiOpName[] = Object.keys(multiOpTable) as MultiOpName[]; // its own keys
