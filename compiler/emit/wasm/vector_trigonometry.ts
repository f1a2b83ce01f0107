/**
 * Sine and cosine of four floats.
 *
 * Both are the sine of what is left when multiples of π are taken away, for which one polynomial does. How that is done
 * depends on the largest of the four: in floats, in doubles, or by calls of functions that are given to the module.
 * @module
 */
import { type Code, get, i32, onLane, op, shuffle32, splat32, splat64 } from "./code.ts";
import { choose, madd, polynomial, signBit, type VectorMath } from "./vector_context.ts";

/** Up to here, multiples of the parts of π are exact in floats. */
const nearLimit = 200;
/** Up to here, they are in doubles. */
const farLimit = 2 ** 17;

/** The sum of this and a small whole number has the number in its last bits. */
const rounding = { single: 1.5 * 2 ** 23, double: 1.5 * 2 ** 52 };

/** π in parts. Of each but the last, multiples by halves of whole numbers are exact: below 128, and below 2¹⁷. */
const pi = {
  single: [102943 / 2 ** 15, 11601 / 2 ** 29, 8758025 / 2 ** 56],
  double: [53972150818 / 2 ** 34, 5.126688303189038e-12],
} as const;

/** What is left of an argument. */
interface Reduced {
  readonly r: Code<"v128">;
  /** Integers that are odd where an odd multiple of π was taken away, and the sign changes. */
  readonly count: Code<"v128">;
}

type Name = "sin" | "cos";

/**
 * `x = n π + r` for a sine, and for a cosine `x = (n − ½) π + r`, since `cos(x)` is `sin(x + ½ π)`. Where `x` is near a
 * zero of the function, `r` is small and is as near as any other: that is what the parts of π are for.
 */
function reduceNear(context: VectorMath, name: Name, x: Code<"v128">): Reduced {
  const { f, constant } = context;
  const magic = constant(rounding.single);
  const turns = (start: Code<"v128">): Code<"v128"> => madd(context, x, constant(1 / Math.PI), start);
  const sum = name === "sin" ? turns(magic) : op("f32x4.add", turns(constant(0.5)), magic);
  const count = f.let("count", sum);
  const whole = op("f32x4.sub", count, magic);
  const multiple = f.let("multiple", name === "sin" ? whole : op("f32x4.sub", whole, constant(0.5)));
  const r = pi.single.reduce((rest, part) => madd(context, multiple, constant(-part), rest), x);
  return { r, count };
}

/** The same in doubles. It is rare, so its constants are not worth a place outside of the loop. */
function reduceFar({ f }: VectorMath, name: Name, x: Code<"v128">): Reduced {
  const halves = [x, shuffle32([2, 3, 2, 3], x, x)].map((pair) => {
    const double = f.let("double", op("f64x2.promote_low_f32x4", pair));
    const turns = op("f64x2.mul", double, splat64(1 / Math.PI));
    const shifted = name === "sin" ? turns : op("f64x2.add", turns, splat64(0.5));
    const count = f.let("count", op("f64x2.add", shifted, splat64(rounding.double)));
    const whole = op("f64x2.sub", count, splat64(rounding.double));
    const multiple = f.let("multiple", name === "sin" ? whole : op("f64x2.sub", whole, splat64(0.5)));
    const r = pi.double.reduce<Code<"v128">>(
      (rest, part) => op("f64x2.sub", rest, op("f64x2.mul", multiple, splat64(part))),
      double,
    );
    return { r: op("f32x4.demote_f64x2_zero", r), count };
  });
  const [low, high] = halves as [Reduced, Reduced]; // one for each half
  return { r: shuffle32([0, 1, 4, 5], low.r, high.r), count: shuffle32([0, 2, 4, 6], low.count, high.count) };
}

/** The sine of what was left of an argument, with the sign that the multiple of π gives. */
function sine(context: VectorMath, reduced: Reduced): Code<"v128"> {
  const { f } = context;
  const r = f.let("r", reduced.r);
  const square = f.let("square", op("f32x4.mul", r, r));
  // (sin(r) − r) / r³ for |r| ≤ ½ π, to 6.2e-9 of sin(r).
  const rest = polynomial(context, square, [
    2.6060959e-6,
    -1.98097769e-4,
    8.33306927e-3,
    -0.166666597,
  ]);
  const value = madd(context, op("f32x4.mul", r, square), rest, r);
  return op("v128.xor", value, op("i32x4.shl", reduced.count, i32(31)));
}

/** Each lane by a call, for numbers so large that doubles do not hold enough of π, infinities and NaN. */
function byCalls({ imports }: VectorMath, name: Name, x: Code<"v128">): Code<"v128"> {
  return [0, 1, 2, 3].reduce((results, lane) => {
    const result = imports.call(name, op("f64.promote_f32", onLane("f32x4.extract_lane", lane, x)));
    return onLane("f32x4.replace_lane", lane, results, op("f32.demote_f64", result));
  }, x);
}

/** The function of numbers that are not below 0. What a lane gives does not depend on the others, only what it costs. */
function build(context: VectorMath, name: Name, x: Code<"v128">): Code<"v128"> {
  const { f, constant } = context;
  const magnitude = f.let("magnitude", x);
  const result = f.local(name, "v128");
  f.set(result, sine(context, reduceNear(context, name, magnitude)));
  // As integers, numbers that are not below 0 are in the same order, and the infinity and NaN come last.
  const isAbove = (limit: Code<"v128">): Code<"v128"> => op("i32x4.gt_s", magnitude, limit);
  const replace = (limit: Code<"v128">, values: Code<"v128">): void =>
    f.set(result, choose(isAbove(limit), values, get(result)));
  const near = constant(nearLimit);
  f.if(op("v128.any_true", isAbove(near)), () => {
    replace(near, sine(context, reduceFar(context, name, magnitude)));
    const far = splat32("f32x4", farLimit);
    f.if(op("v128.any_true", isAbove(far)), () => replace(far, byCalls(context, name, magnitude)));
  });
  return get(result);
}

/** `cos(x)`. */
export function cos(context: VectorMath, x: Code<"v128">): Code<"v128"> {
  return build(context, "cos", op("f32x4.abs", x));
}

/** `sin(x)`, as the sine of `|x|` with the sign of `x`; so that of −0 is −0. */
export function sin(context: VectorMath, x: Code<"v128">): Code<"v128"> {
  const whole = context.f.let("x", x);
  const sign = op("v128.and", whole, context.integer(signBit));
  return op("v128.xor", build(context, "sin", op("f32x4.abs", whole)), sign);
}
