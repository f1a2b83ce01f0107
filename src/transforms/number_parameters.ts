/**
 * Numbers among the parameters and arguments of compiled functions, for the type checker.
 *
 * While a function is traced, what stands for a number that it is passed is a Value: `n === 4` would be false, always.
 * So a number is passed where the function takes a Value, and a parameter that is typed a number is refused, unless it
 * is static.
 * @module
 */
import type { Value } from "../value.ts";

/** What may be passed besides a `T`: a number for a Value, and a tree with numbers for a tree of Values. */
export type WithNumbers<T> = Value extends T ? number
  : T extends Value | ((...args: never[]) => unknown) ? never
  : T extends object ? { [K in keyof T]: T[K] | WithNumbers<T[K]> }
  : never;

/** The arguments a compiled function takes: a number will do wherever the function takes a Value, in trees too. */
export type CompiledArguments<A extends readonly unknown[]> = {
  [K in keyof A]: A[K] | WithNumbers<A[K]>;
};

/** Whether something of type `T`, or something in it (to a depth of six), is a number where no Value will do. */
export type HasNumber<T, Depth extends readonly unknown[] = []> = Depth["length"] extends 6 ? false
  : Value extends T ? false
  : [Extract<T, number>] extends [never] ? (
      T extends Value | ((...args: never[]) => unknown) ? false
        : T extends readonly unknown[] ? HasNumber<T[number], [...Depth, unknown]>
        : T extends object ? { [K in keyof T]-?: HasNumber<T[K], [...Depth, unknown]> }[keyof T]
        : false
    )
  : true;

/** Of a function's parameters `A`, the positions of those that hold numbers and are not in `Static`; false for others. */
export type NumberPositions<A extends readonly unknown[], Static extends readonly number[]> = {
  [K in keyof A]-?: K extends `${Static[number]}` ? false : true extends HasNumber<A[K]> ? K : false;
}[number];

/** What is wrong with the parameter at a position, in words. */
export type NumberRefusal<Position> = Position extends string | number
  ? `argument ${Position} is a Value while it is traced, not a number: type it Value, or write compile(fn, { static: [${Position}] })`
  : never;

/** No function is one: the type checker's error shows the `Reason`. */
export interface CannotCompile<Reason extends string> {
  /** Never there. */
  readonly reason: Reason;
}

/** Whether a parameter holds numbers and is not static. */
export type HasNumberPosition<A extends readonly unknown[], Static extends readonly number[]> =
  [NumberPositions<A, Static>] extends [false] ? false : true;

// Asked whether it is true, and not whether it is false: so what is not decided yet, for the type parameters of the
// function that calls compile, passes.
/** What a function with the parameters `A` has to be besides: nothing, or, with numbers among them, what it cannot be. */
export type WithoutNumbers<A extends readonly unknown[], Static extends readonly number[]> =
  HasNumberPosition<A, Static> extends true ? CannotCompile<NumberRefusal<NumberPositions<A, Static>>> : unknown;
