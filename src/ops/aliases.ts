/**
 * Second names of operations: the array API standard's and TensorFlow 1's, where they differ from the short ones.
 * @module
 */
import { astype, div, floorDiv, mod, mul, neg, pow, sub } from "./arithmetic.ts";
import { all, any, logSumExp, max, mean, min, prod, sum } from "./reduce.ts";

/** The same function as {@linkcode mul}. */
export const multiply: typeof mul = mul;
/** The same function as {@linkcode sub}. */
export const subtract: typeof sub = sub;
/** The same function as {@linkcode div}. */
export const divide: typeof div = div;
/** The same function as {@linkcode pow}. */
export const power: typeof pow = pow;
/** The same function as {@linkcode neg}. */
export const negative: typeof neg = neg;
/** The same function as {@linkcode mod}. */
export const remainder: typeof mod = mod;
/** The same function as {@linkcode floorDiv}. */
export const floorDivide: typeof floorDiv = floorDiv;
/** The same function as {@linkcode astype}. */
export const cast: typeof astype = astype;
/** The same function as {@linkcode sum}. */
export const reduceSum: typeof sum = sum;
/** The same function as {@linkcode prod}. */
export const reduceProd: typeof prod = prod;
/** The same function as {@linkcode max}. */
export const reduceMax: typeof max = max;
/** The same function as {@linkcode min}. */
export const reduceMin: typeof min = min;
/** The same function as {@linkcode mean}. */
export const reduceMean: typeof mean = mean;
/** The same function as {@linkcode any}. */
export const reduceAny: typeof any = any;
/** The same function as {@linkcode all}. */
export const reduceAll: typeof all = all;
/** The same function as {@linkcode logSumExp}. */
export const reduceLogSumExp: typeof logSumExp = logSumExp;

/** Every second name, with the function that it is another name of; the function knows its first name. */
export const aliases: Readonly<Record<string, { readonly name: string }>> = {
  multiply,
  subtract,
  divide,
  power,
  negative,
  remainder,
  floorDivide,
  cast,
  reduceSum,
  reduceProd,
  reduceMax,
  reduceMin,
  reduceMean,
  reduceAny,
  reduceAll,
  reduceLogSumExp,
};
