/**
 * Powers of four floats: `2^(y · log₂ x)`, computed in doubles, since an error of the logarithm is multiplied by as much as
 * 150 before it becomes one of the result. A power that is a float comes out as that float.
 * @module
 */
import { type Code, i32, op } from "../asm/code.ts";
import { choose, type DoubleMath, inDoubles, madd, roundingNumber, vectorPolynomial } from "./vector_context.ts";

/** Doubles as the bits they are: of 1, of √½, and where the exponent is. */
const bitsOf = { one: 0x3ff0000000000000n, root: 0x3fe6a09e667f3bcdn, exponent: -0x10000000000000n } as const;

/** `log₂ x` of doubles that are not below 0, and are floats: −∞ of 0, and ∞ and NaN of themselves. */
function binaryLogarithm(math: DoubleMath, x: Code<"v128">): Code<"v128"> {
  const { f, double, bits } = math;
  // x = m · 2ᵏ, with m between √½ and √2. The exponent of this is k + 1023.
  const shifted = f.let("shifted", op("i64x2.add", x, bits(bitsOf.one - bitsOf.root)));
  const scale = op("i64x2.sub", op("v128.and", shifted, bits(bitsOf.exponent)), bits(bitsOf.one));
  const m = op("i64x2.sub", x, scale);
  // Behind the bits of 2⁵², an integer is a number.
  const k = op("v128.or", op("i64x2.shr_u", shifted, i32(52)), double(2 ** 52));
  const rest = f.let("rest", op("f64x2.sub", m, double(1)));
  const s = f.let("s", op("f64x2.div", rest, op("f64x2.add", rest, double(2))));
  const square = f.let("square", op("f64x2.mul", s, s));
  // log₂ m = 2/ln 2 · artanh s, by powers of s; to 4.2e-12 of it.
  const quotient = vectorPolynomial(math, square, [
    0.34073010658534336,
    0.4116727189977767,
    0.5770835849651513,
    0.9617966733417975,
    2.8853900817900864,
  ]);
  const value = madd(math, s, quotient, op("f64x2.sub", k, double(2 ** 52 + 1023)));
  const ofPositive = choose(op("f64x2.gt", x, double(0)), value, double(-Infinity));
  return choose(op("f64x2.lt", x, double(Infinity)), ofPositive, x);
}

/** `2ᵗ` of doubles, such that it is right when it is rounded to a float; NaN of itself. */
function binaryPower(math: DoubleMath, t: Code<"v128">): Code<"v128"> {
  const { f, double, bits } = math;
  // Beyond this, floats are 0 or infinite.
  const bounded = f.let("t", op("f64x2.pmax", op("f64x2.pmin", t, double(200)), double(-200)));
  const sum = f.let("sum", op("f64x2.add", bounded, double(roundingNumber)));
  const r = f.let("r", op("f64x2.sub", bounded, op("f64x2.sub", sum, double(roundingNumber))));
  // 2ʳ for |r| ≤ ½, to 1.9e-9 of it.
  const power = vectorPolynomial(math, r, [
    0.0001534578900017167,
    0.00133999308869788,
    0.009618489047850029,
    0.055503287783198706,
    0.24022646889785193,
    0.6931472057362357,
    1.0000000005542569,
  ]);
  return op("f64x2.mul", power, op("i64x2.shl", op("i64x2.add", sum, bits(1023n)), i32(52)));
}

/** `x` to the power of `y`, both of which can be read again and again; in special cases, what the op table has. */
export function pow(math: DoubleMath, x: Code<"v128">, y: Code<"v128">): Code<"v128"> {
  const { f, float, integer } = math;
  const magnitude = f.let("magnitude", op("f32x4.abs", x));
  const positive = inDoubles(
    math,
    [magnitude, y],
    (x, y) => binaryPower(math, op("f64x2.mul", y!, binaryLogarithm(math, x!))),
  );
  // Infinities are whole and even here. Half of a whole number is exact.
  const isWhole = f.let("whole", op("f32x4.eq", op("f32x4.nearest", y), y));
  const half = f.let("half", op("f32x4.mul", y, float(0.5)));
  const isOdd = op("v128.and", isWhole, op("f32x4.ne", op("f32x4.nearest", half), half));
  const signed = op("v128.or", positive, op("v128.and", op("v128.and", x, isOdd), integer(1 << 31)));
  // Negative numbers have no other powers; but −∞ is taken for a number so large that its power is 0 or infinite.
  const isBelow = op("v128.and", op("f32x4.lt", x, float(0)), op("f32x4.gt", x, float(-Infinity)));
  const real = choose(op("v128.andnot", isBelow, isWhole), float(NaN), signed);
  const isInfinite = op("f32x4.eq", op("f32x4.abs", y), float(Infinity));
  const isOne = op("v128.or", op("f32x4.eq", x, float(1)), op("f32x4.eq", y, float(0)));
  const isUnit = op("v128.and", op("f32x4.eq", magnitude, float(1)), isInfinite);
  return choose(op("v128.or", isOne, isUnit), float(1), real);
}
