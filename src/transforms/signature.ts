/**
 * Signatures: what two calls of a compiled function must have in common for one program to serve both.
 * @module
 */
import { describeForeign } from "../describe.ts";
import { Variable } from "../graph/variable.ts";
import { readable } from "../readable.ts";
import { Tensor } from "../tensor.ts";
import type { TensorType } from "../tensor_type.ts";
import { type Structure, structureKey } from "../tree.ts";
import { Value } from "../value.ts";

/** The arguments of a call, taken apart. */
export interface Arguments {
  /** What stands in their arrays and objects, from left to right. */
  readonly leaves: readonly unknown[];
  /** Where each of the leaves stands: `[0].weights`. */
  readonly paths: readonly string[];
  /** What they look like without their leaves. */
  readonly structure: Structure;
  /** Whether a leaf, if it is a number, is baked into the program. */
  readonly isStatic: (index: number) => boolean;
}

/** What only a trace could tell: in which of its arguments a function makes a difference that others do not make. */
export interface Refinement {
  /** The Variables among the arguments that the function also uses itself. With one of them, each Variable counts for itself. */
  readonly own: readonly Variable[];
  /** The leaves that are numbers, not whole, and meet a tensor of integers or bool. */
  readonly fractions: readonly number[];
}

/** How a function is traced: its arguments, and what an earlier trace told about them. */
export interface CallSignature extends Arguments, Refinement {}

/** What is known before any trace. */
export const unrefined: Refinement = { own: [], fractions: [] };

/** What is kept of a leaf when its call is over. */
export type LeafOutline =
  | { readonly kind: "tensor"; readonly type: TensorType; readonly first: number }
  | {
    readonly kind: "variable";
    readonly type: TensorType;
    /** The first leaf that is the same object. */
    readonly first: number;
    readonly trainable: boolean;
    readonly name: string;
    /** Set where it counts which Variable it is, with whether the function uses this one itself. */
    readonly exact: { readonly identity: number; readonly own: boolean } | undefined;
  }
  | { readonly kind: "number"; readonly value: number; readonly isStatic: boolean; readonly isFraction: boolean }
  | { readonly kind: "constant"; readonly value: string | boolean | null | undefined };

/** A signature without the tensors and Variables of its call: what a later one is compared with. */
export interface Outline {
  /** What the arguments look like without their leaves. */
  readonly structure: Structure;
  /** Their leaves, from left to right. */
  readonly leaves: readonly LeafOutline[];
}

const identities = new WeakMap<Variable, number>();
let nextIdentity = 0;

/** A number that is the Variable's own. */
function identityOf(variable: Variable): number {
  let identity = identities.get(variable);
  if (identity === undefined) identities.set(variable, identity = nextIdentity++);
  return identity;
}

/** A number that an integer tensor cannot take. */
export function isFraction(leaf: unknown): boolean {
  return typeof leaf === "number" && !Number.isInteger(leaf);
}

/** Up to this many leaves, looking through them costs less than a table of their places. */
const fewLeaves = 16;

/** Where a leaf is first among all. */
export function firstPlaces(leaves: readonly unknown[]): (leaf: unknown) => number {
  if (leaves.length <= fewLeaves) return (leaf) => leaves.indexOf(leaf);
  const places = new Map<unknown, number>();
  for (let index = leaves.length - 1; index >= 0; index--) places.set(leaves[index], index);
  return (leaf) => places.get(leaf)!; // it is a leaf
}

/** The string that two calls share exactly when one program serves both, as far as that is known before a trace. */
export function keyOf({ leaves, paths, structure, isStatic }: Arguments, name: string): string {
  let key = structureKey(structure);
  const placeOf = firstPlaces(leaves);
  for (let index = 0; index < leaves.length; index++) {
    const leaf = leaves[index];
    if (typeof leaf === "number") {
      key += isStatic(index) ? `|=${Object.is(leaf, -0) ? "-0" : leaf}` : "|#";
    } else if (leaf instanceof Value) {
      const first = placeOf(leaf); // which arguments are the same object is part of the signature
      if (leaf instanceof Variable) key += `|V${first}${leaf.trainable ? "t" : ""}${leaf.type.key}`;
      else if (leaf instanceof Tensor) key += `|T${first}${leaf.type.key}`;
      else throw foreignNode(leaf, paths[index]!, name);
    } else {
      checkArgument(leaf, paths[index]!, name);
      key += `|${typeof leaf === "string" ? JSON.stringify(leaf) : String(leaf)}`;
    }
  }
  return key;
}

/** Throws for a leaf that no compiled function takes. */
export function checkArgument(leaf: unknown, path: string, name: string): void {
  if (leaf instanceof Value || typeof leaf === "number" || isConstant(leaf)) return;
  throw new TypeError(
    `Cannot call ${name} with ${
      describeForeign(leaf)
    } at argument ${path}: compiled functions take tensors, Variables, numbers, booleans, strings, null, and arrays and objects of these`,
  );
}

function foreignNode(leaf: Value, path: string, name: string): TypeError {
  return new TypeError(
    `Cannot call ${name} with ${leaf.describe()} at argument ${path}: it is a node of a graph, not a tensor`,
  );
}

function isConstant(leaf: unknown): leaf is string | boolean | null | undefined {
  return leaf === null || leaf === undefined || typeof leaf === "boolean" || typeof leaf === "string";
}

/** What a refinement adds to the key. It begins with a space, which keys have only inside quotes, so no other key is the sum. */
export function refinementKey(leaves: readonly unknown[], { own, fractions }: Refinement): string {
  if (own.length === 0 && fractions.length === 0) return "";
  const fractional = new Set(fractions);
  const variables = leaves.map((leaf) => own.length > 0 && leaf instanceof Variable ? identityOf(leaf) : "");
  return ` ${variables.join()} ${leaves.map((_, index) => fractional.has(index) ? "f" : "").join()}`;
}

/** What is kept of a signature, to say later how another one differs. */
export function outlineOf({ leaves, structure, isStatic, own, fractions }: CallSignature): Outline {
  const placeOf = firstPlaces(leaves);
  const [owned, fractional] = [new Set(own), new Set(fractions)];
  return {
    structure,
    leaves: leaves.map((leaf, index): LeafOutline => {
      if (typeof leaf === "number") {
        return { kind: "number", value: leaf, isStatic: isStatic(index), isFraction: fractional.has(index) };
      }
      if (leaf instanceof Tensor) return { kind: "tensor", type: leaf.type, first: placeOf(leaf) };
      if (leaf instanceof Variable) {
        const { type, trainable } = leaf;
        const name = readable(leaf.name);
        const exact = own.length === 0 ? undefined : { identity: identityOf(leaf), own: owned.has(leaf) };
        return { kind: "variable", type, first: placeOf(leaf), trainable, name, exact };
      }
      return { kind: "constant", value: leaf as string | boolean | null | undefined }; // keyOf refused everything else
    }),
  };
}
