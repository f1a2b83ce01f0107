/**
 * Sine and cosine of four floats.
 *
 * Both are the sine of what is left when multiples of π are taken away, for which one polynomial does. That is computed in
 * doubles: in floats, what is left would have too few bits, and so would the polynomial where the sine is near 1. Doubles
 * do up to 2¹⁷; beyond, where they do not hold enough of π, functions are called that are given to the module.
 * @module
 */
import { type Code, get, i32, onLane, op } from "../asm/code.ts";
import { choose, type DoubleMath, inDoubles, madd, roundingNumber, vectorPolynomial } from "./vector_context.ts";

/** Up to here, multiples of the first part of π are exact. */
const limit = 2 ** 17;

/** π in two parts. Of the first, multiples by halves of whole numbers are exact, as long as those are below 2¹⁷. */
const pi = [53972150818 / 2 ** 34, 5.126688303189038e-12] as const;

type Name = "sin" | "cos";

/**
 * The sine of `r` where `x = n π + r`, or for a cosine `x = (n − ½) π + r`, since `cos(x)` is `sin(x + ½ π)`; with the sign
 * that an odd `n` changes. −0 stays: so the sine of −0 is −0.
 */
function ofDoubles(math: DoubleMath, name: Name, x: Code<"v128">): Code<"v128"> {
  const { f, double } = math;
  const turns = (start: number): Code<"v128"> => madd(math, x, double(1 / Math.PI), double(start));
  const sum = name === "sin" ? turns(roundingNumber) : op("f64x2.add", turns(0.5), double(roundingNumber));
  const count = f.let("count", sum);
  const whole = op("f64x2.sub", count, double(roundingNumber));
  const multiple = f.let("multiple", name === "sin" ? whole : op("f64x2.sub", whole, double(0.5)));
  const r = f.let("r", pi.reduce((rest, part) => madd(math, multiple, double(-part), rest), x));
  const square = f.let("square", op("f64x2.mul", r, r));
  // sin(r) / r for |r| ≤ ½ π, to 6.1e-9 of it: less than a tenth of the last place.
  const quotient = vectorPolynomial(math, square, [
    2.6057771473550892e-6,
    -1.9809601352974995e-4,
    8.33306622513575e-3,
    -0.16666659549604224,
    1,
  ]);
  // The last bit of the count becomes the sign.
  return op("v128.xor", op("f64x2.mul", r, quotient), op("i64x2.shl", count, i32(63)));
}

/** Each lane by a call, for numbers that are too large, infinities and NaN. */
function byCalls({ imports }: DoubleMath, name: Name, x: Code<"v128">): Code<"v128"> {
  return [0, 1, 2, 3].reduce((results, lane) => {
    const result = imports.call(name, op("f64.promote_f32", onLane("f32x4.extract_lane", lane, x)));
    return onLane("f32x4.replace_lane", lane, results, op("f32.demote_f64", result));
  }, x);
}

/** The function of kept numbers. What a lane gives does not depend on the others, only what it costs. */
function build(math: DoubleMath, name: Name, x: Code<"v128">): Code<"v128"> {
  const { f } = math;
  const result = f.local(name, "v128");
  f.set(result, inDoubles(math, [x], (double) => ofDoubles(math, name, double!)));
  // As integers, numbers that are not below 0 are in the same order, and the infinity and NaN come last.
  const isFar = f.let("far", op("i32x4.gt_s", op("f32x4.abs", x), math.float(limit)));
  f.if(op("v128.any_true", isFar), () => f.set(result, choose(isFar, byCalls(math, name, x), get(result))));
  return get(result);
}

/** `cos(x)`; `x` can be read again and again. */
export function cos(math: DoubleMath, x: Code<"v128">): Code<"v128"> {
  return build(math, "cos", x);
}

/** `sin(x)`; `x` can be read again and again. */
export function sin(math: DoubleMath, x: Code<"v128">): Code<"v128"> {
  return build(math, "sin", x);
}
