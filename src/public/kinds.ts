/**
 * The kinds of arguments that public functions take.
 * @module
 */
import { type DType, dtypes } from "../dtype.ts";
import { Value } from "../value.ts";
import type { Kind, Kinds } from "./signature.ts";

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function isListOf(value: unknown, is: (each: unknown) => boolean): value is readonly unknown[] {
  if (!Array.isArray(value)) return false;
  for (let index = 0; index < value.length; index++) if (!is(value[index])) return false; // `every` passes over holes
  return true;
}

const isWhole = Number.isSafeInteger as (value: unknown) => value is number;

/** What an operation takes for a tensor. It is looked at where its numbers are taken, and there alone. */
export const operand: Kind = { words: "a tensor, a number, or numbers in nested arrays" };

/** Whatever the function itself looks at. */
export const anything: Kind = { words: "a value" };

/** A tensor, a Variable or a node of a graph. */
export const value: Kind = {
  words: "a tensor, a Variable or a node of a graph",
  is: (given) => given instanceof Value,
};

/** Several operands; each is looked at where its numbers are taken. */
export const operands: Kind = {
  words: "a list of tensors",
  is: Array.isArray,
};

/** A number that names one axis. */
export const axis: Kind = { words: "a whole number", is: isWhole };

/** What names one axis, or all of them by null. */
export const axisOrAll: Kind = {
  words: "a whole number, or null for all elements",
  is: (given) => given === null || isWhole(given),
};

/** What names some axes. */
export const axes: Kind = {
  words: "a whole number, or a list of them",
  is: (given) => isWhole(given) || isListOf(given, isWhole),
};

/** What names some axes, or all of them by null. */
export const axesOrAll: Kind = {
  words: "a whole number, a list of them, or null for all axes",
  is: (given) => given === null || isWhole(given) || isListOf(given, isWhole),
};

/** A list of axes. */
export const axisList: Kind = { words: "a list of whole numbers", is: (given) => isListOf(given, isWhole) };

/** The lengths of a tensor's axes, whose size the function itself looks at. */
export const shape: Kind = {
  words: "a length, or a list of lengths",
  is: (given) => isNumber(given) || isListOf(given, isNumber),
};

/** Any number, NaN and infinities among them. */
export const number: Kind = { words: "a number", is: isNumber };

/** What every element of a tensor can be. */
export const numberOrBoolean: Kind = {
  words: "a number or a boolean",
  is: (given) => isNumber(given) || typeof given === "boolean",
};

/** A number that is neither NaN nor infinite. */
export const finite: Kind = { words: "a finite number", is: isNumber, fits: Number.isFinite };

/** A number from `low` to `high`, both of which it may be. */
export function numberBetween(low: number, high: number): Kind {
  return {
    words: `a number from ${low} to ${high}`,
    is: isNumber,
    fits: (given: number) => given >= low && given <= high,
  };
}

/** A number that is not negative, nor infinite. */
export const notNegative: Kind = {
  words: "a finite number ≥ 0",
  is: isNumber,
  fits: (given: number) => given >= 0 && given < Infinity,
};

/** A number from 0 up to, but not, 1. */
export const fraction: Kind = {
  words: "a number from 0 up to, but not, 1",
  is: isNumber,
  fits: (given: number) => given >= 0 && given < 1,
};

/** A whole number of at least `least`. */
export function wholeFrom(least: number): Kind {
  return {
    words: `a whole number ≥ ${least}`,
    is: isNumber,
    fits: (given: number) => isWhole(given) && given >= least,
  };
}

/** A whole number of any sign. */
export const whole: Kind = { words: "a whole number", is: isNumber, fits: isWhole };

/** How many there are of something. */
export const count: Kind = wholeFrom(0);

/** A whole number of at least `least`, or a list of them. */
export function wholesFrom(least: number): Kind {
  const fits = (given: unknown): boolean => isWhole(given) && given >= least;
  return {
    words: `a whole number ≥ ${least}, or a list of them`,
    is: (given) => isNumber(given) || isListOf(given, isNumber),
    fits: (given: number | readonly number[]) => fits(given) || isListOf(given, fits),
  };
}

/** A flag. */
export const boolean: Kind = { words: "true or false", is: (given) => typeof given === "boolean" };

/** Any string. */
export const string: Kind = { words: "a string", is: (given) => typeof given === "string" };

/** Any function. */
export const fn: Kind = { words: "a function", is: (given) => typeof given === "function" };

/** One of some words. */
export function choice(...choices: readonly string[]): Kind {
  const quoted = choices.map((each) => `"${each}"`);
  const words = `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  return { words, is: (given) => typeof given === "string" && choices.includes(given) };
}

/** An element type. */
export const dtype: Kind = {
  words: `one of ${dtypes.join(", ")}`,
  is: (given) => dtypes.includes(given as DType), // it asks only whether the value is there
};

/** Bytes of a file. */
export const bytes: Kind = { words: "a Uint8Array", is: (given) => given instanceof Uint8Array };

/** A list of `of`. */
export function listOf(of: Kind): Kind {
  return { words: `a list, of which each is ${of.words}`, is: (given) => isListOf(given, of.is ?? (() => true)) };
}

/** `of`, or a Value. */
export function orValue(of: Kind): Kind {
  const { is = () => true, fits = () => true } = of;
  return {
    words: `${of.words}, or a tensor`,
    is: (given) => given instanceof Value || is(given),
    fits: (given: unknown) => given instanceof Value || fits(given as never), // `is` has seen that it is of that kind
  };
}

/** Where a slice begins, ends or how it steps: for the first axis, or for each. */
export const positions: Kind = {
  words: "a whole number, null, or a list of these",
  is: (given) => isPosition(given) || isListOf(given, isPosition),
};

function isPosition(given: unknown): boolean {
  return given === null || isWhole(given);
}

function isCount(given: unknown): given is number {
  return isWhole(given) && given >= 0;
}

function isPair(given: unknown): boolean {
  return isListOf(given, isNumber) && given.length === 2;
}

/** How many elements come before and after each axis. */
export const pairs: Kind = {
  words: "a list with two whole numbers ≥ 0 for each axis",
  is: (given) => isListOf(given, isPair),
  fits: (given: readonly unknown[]) => given.every((pair) => isListOf(pair, isCount)),
};

/** What is added at the ends of spatial axes. */
export const windowPadding: Kind = {
  words: `"valid", "same", a whole number ≥ 0, or a list with one or two of these for each axis`,
  is: (given) =>
    given === "valid" || given === "same" || isNumber(given) ||
    isListOf(given, (each) => isNumber(each) || isPair(each)),
  fits: (given: unknown) =>
    typeof given === "string" || isCount(given) ||
    isListOf(given, (each) => isCount(each) || isListOf(each, isCount)),
};

/** A list of objects with such members. */
export function recordsOf(members: Kinds): Kind {
  return { words: "a list of objects", is: Array.isArray, members };
}

/** A function, or a value. */
export const functionOrValue: Kind = {
  words: "a function, or a node of a graph",
  is: (given) => typeof given === "function" || given instanceof Value,
};

/** A value, or a list of values. */
export const valueOrList: Kind = {
  words: `${value.words}, or a list of these`,
  is: (given) => given instanceof Value || isListOf(given, (each) => each instanceof Value),
};
