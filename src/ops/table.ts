/**
 * The op table: every operation of the library under its name. Whatever has to know of all operations, such as the
 * fuzzer and the documentation, is written against its keys, so that the type checker says what a new one still lacks.
 * @module
 */
import type { MultiOp } from "../graph/operation.ts";
import { arithmeticOps } from "./arithmetic.ts";
import { arrangementOps } from "./arrangement.ts";
import { barrierOps } from "./barrier.ts";
import { checkpointOps } from "./checkpoint_op.ts";
import { contractOps } from "./contract.ts";
import { convolutionOps } from "./convolution_ops.ts";
import { creationOps } from "./creation.ts";
import { indexingOps } from "./indexing.ts";
import { logicOps } from "./logic.ts";
import { mathOps } from "./math.ts";
import { matmulOps } from "./matmul.ts";
import { movementOps } from "./movement.ts";
import { neuralOps } from "./neural.ts";
import type { Op } from "./op.ts";
import { poolingOps } from "./pooling.ts";
import type { ElementwiseOp, Primitive } from "./primitive.ts";
import { randomOps } from "./random_bits.ts";
import { reduceOps } from "./reduce.ts";
import { topKOps } from "./top_k.ts";
import { windowsOps } from "./windows.ts";

const families = {
  ...arithmeticOps,
  ...mathOps,
  ...logicOps,
  ...reduceOps,
  ...contractOps,
  ...matmulOps,
  ...movementOps,
  ...arrangementOps,
  ...windowsOps,
  ...convolutionOps,
  ...poolingOps,
  ...creationOps,
  ...indexingOps,
  ...neuralOps,
  ...randomOps,
  ...barrierOps,
};

/** Operations with several results, by name. */
export const multiOpTable: Readonly<Record<string, MultiOp>> = { ...topKOps, ...checkpointOps } as Readonly<
  Record<string, MultiOp>
>; // as above

/** The name of an operation. */
export type OpName = keyof typeof families;

type Families = typeof families;

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

/** Every operation of the library, by name. An entry is only ever to be given the attributes that are its own. */
export const opTable: Readonly<Record<OpName, Op>> = families as { readonly [Name in OpName]: Op };

/** All names, family by family. */
export const opNames: readonly OpName[] = Object.keys(families) as OpName[]; // its own keys
