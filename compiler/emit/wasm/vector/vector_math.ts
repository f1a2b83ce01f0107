/**
 * Elementary functions of four float32 values, to within 2 units in the last place.
 *
 * Each is a reduction of its argument to a short interval and a polynomial there, for all values alike: what differs from
 * case to case is chosen by masks, since lanes cannot branch. Polynomials are minimax fits (weighted least squares,
 * reweighted after Lawson until the largest error no longer falls), stated with their interval and relative error.
 * Reductions follow Cody and Waite, "Software Manual for the Elementary Functions", 1980.
 *
 * Tables of the errors measured are in tests/compiler/vector_math.test.ts.
 * @module
 */
import { i32, op, splat32, type Vector } from "../asm/code.ts";

/** What functions need of the kernel around them. */
export interface MathContext {
  /** Keeps a vector in a local, so that it can be read again. */
  keep(value: Vector): Vector;
  /** A constant that is kept outside of all loops. */
  constant(value: Vector): Vector;
  /** Whether a product may be added without being rounded; results are within the bounds either way. */
  readonly fused: boolean;
}

/**
 * From so many coefficients on, what Estrin's scheme saves in waiting is worth the powers that it takes: a logarithm takes a
 * seventh less. With seven, erf would gain a few percent, and lose up to 0.3 units in the last place.
 */
const longPolynomial = 8;

/** Elementary functions in a kernel. Arguments may be read again and again. */
export class VectorMath {
  readonly #context: MathContext;

  constructor(context: MathContext) {
    this.#context = context;
  }

  #number(value: number): Vector {
    return this.#context.constant(splat32("f32x4", value));
  }

  #integer(value: number): Vector {
    return this.#context.constant(splat32("i32x4", value));
  }

  #keep(value: Vector): Vector {
    return this.#context.keep(value);
  }

  #multiplyAdd(x: Vector, y: Vector, z: Vector): Vector {
    return this.#context.fused ? op("f32x4.relaxed_madd", x, y, z) : op("f32x4.add", op("f32x4.mul", x, y), z);
  }

  /**
   * A polynomial, its coefficients from the lowest power on. A long one by Estrin's scheme, in which fewer products wait for
   * each other than in Horner's: pairs of coefficients, then pairs of those.
   */
  #polynomial(x: Vector, coefficients: readonly number[]): Vector {
    let terms = coefficients.map((each) => this.#number(each));
    if (terms.length < longPolynomial) {
      return terms.reduceRight((value, coefficient) => this.#multiplyAdd(value, x, coefficient));
    }
    let power = x;
    for (;;) {
      terms = Array.from({ length: Math.ceil(terms.length / 2) }, (_, pair) => {
        const [low, high] = [terms[2 * pair]!, terms[2 * pair + 1]];
        return high === undefined ? low : this.#keep(this.#multiplyAdd(high, power, low));
      });
      if (terms.length === 1) return terms[0]!; // there are coefficients
      power = this.#keep(op("f32x4.mul", power, power));
    }
  }

  #magnitude(x: Vector): Vector {
    return op("f32x4.abs", x);
  }

  /** `value`, which is not negative, with the sign of `x`. */
  #withSignOf(x: Vector, value: Vector): Vector {
    return op("v128.or", value, op("v128.and", x, this.#integer(-(2 ** 31))));
  }

  /** `2ⁿ` of whole numbers from −126 to 127. */
  #powerOfTwo(n: Vector): Vector {
    return op("i32x4.shl", op("i32x4.add", n, this.#integer(127)), i32(23));
  }

  /**
   * `x = n·ln 2 + r`: the whole number n, as an integer, and r, at most half of ln 2; and `eʳ − 1 = r + r²·q` with q. x is
   * between −200 and 200, or NaN.
   */
  #reduceExponent(x: Vector, coefficients: readonly number[]): { n: Vector; r: Vector; q: Vector } {
    // Added to a number that leaves no bits behind the point, a number is rounded.
    const magic = this.#number(1.5 * 2 ** 23);
    const shifted = this.#keep(this.#multiplyAdd(x, this.#number(Math.LOG2E), magic));
    const rounded = this.#keep(op("f32x4.sub", shifted, magic));
    // ln 2 in two parts, of which the first has so few bits that its products are exact.
    const first = this.#multiplyAdd(rounded, this.#number(-0.693359375), x);
    const r = this.#keep(this.#multiplyAdd(rounded, this.#number(2.12194440e-4), first));
    return { n: this.#keep(op("i32x4.sub", shifted, magic)), r, q: this.#polynomial(r, coefficients) };
  }

  /** `x · 2ⁿ`, rounded once, for n from −252 to 254. */
  #scale(x: Vector, n: Vector): Vector {
    const half = this.#keep(op("i32x4.shr_s", n, i32(1)));
    const rest = op("i32x4.sub", n, half);
    return op("f32x4.mul", op("f32x4.mul", x, this.#powerOfTwo(half)), this.#powerOfTwo(rest));
  }

  /** Numbers brought between two others; NaN stays what it is. */
  #clamp(x: Vector, low: number, high: number): Vector {
    return op("f32x4.pmax", op("f32x4.pmin", x, this.#number(high)), this.#number(low));
  }

  readonly exp = (x: Vector): Vector => {
    const { n, r, q } = this.#reduceExponent(this.#keep(this.#clamp(x, -104, 89)), exponential);
    const power = op("f32x4.add", this.#multiplyAdd(op("f32x4.mul", r, r), q, r), this.#number(1));
    return this.#scale(power, n);
  };

  /** `eˣ` for x from −87 to 0 and a little beyond, or NaN: neither overflows, and gives 0 where it is as good as that. */
  #expOfNegative(x: Vector): Vector {
    const { n, r, q } = this.#reduceExponent(this.#keep(op("f32x4.pmax", x, this.#number(-87))), exponential);
    const power = op("f32x4.add", this.#multiplyAdd(op("f32x4.mul", r, r), q, r), this.#number(1));
    return op("f32x4.mul", power, this.#powerOfTwo(n));
  }

  readonly expm1 = (x: Vector): Vector => {
    const { n, r, q } = this.#reduceExponent(this.#keep(this.#clamp(x, -40, 89)), exponentialMinusOne);
    const power = this.#multiplyAdd(op("f32x4.mul", r, r), q, r);
    // 2ⁿ·p + 2ⁿ − 1 by halves of n, so that 2¹²⁸ is no number on the way.
    const half = this.#keep(op("i32x4.shr_s", n, i32(1)));
    const rest = this.#keep(op("i32x4.sub", n, half));
    const scale = this.#keep(this.#powerOfTwo(half));
    const one = this.#powerOfTwo(op("i32x4.neg", rest));
    const sum = this.#multiplyAdd(power, scale, op("f32x4.sub", scale, one));
    return this.#withSignOf(x, op("f32x4.mul", sum, this.#powerOfTwo(rest)));
  };

  /** The logarithm of numbers that are not special: normal ones, or `m·2ᵉ` of which `e` is to be added. */
  #logOfNormal(x: Vector, e?: Vector): Vector {
    // The exponent that leaves a factor between √½ and √2.
    const exponent = this.#keep(op("i32x4.shr_s", op("i32x4.sub", x, this.#integer(0x3f3504f3)), i32(23)));
    const factor = op("i32x4.sub", x, op("i32x4.shl", exponent, i32(23)));
    const f = this.#keep(op("f32x4.sub", factor, this.#number(1)));
    const whole = e === undefined ? exponent : op("i32x4.add", exponent, e);
    const n = this.#keep(op("f32x4.convert_i32x4_s", whole));
    const square = this.#keep(op("f32x4.mul", f, f));
    const tail = op("f32x4.mul", op("f32x4.mul", square, f), this.#polynomial(f, logarithm));
    const low = this.#multiplyAdd(n, this.#number(-2.12194440e-4), tail);
    const rest = this.#multiplyAdd(square, this.#number(-0.5), low);
    return op("f32x4.add", this.#multiplyAdd(n, this.#number(0.693359375), f), rest);
  }

  readonly log = (x: Vector): Vector => {
    const isSmall = this.#keep(op("f32x4.lt", x, this.#number(2 ** -126)));
    const scaled = op("v128.bitselect", op("f32x4.mul", x, this.#number(2 ** 23)), x, isSmall);
    const normal = this.#logOfNormal(this.#keep(scaled), op("v128.and", isSmall, this.#integer(-23)));
    return this.#logSpecials(x, this.#keep(normal));
  };

  /** Minus infinity of 0, NaN of negative numbers, infinity and NaN of themselves. */
  #logSpecials(x: Vector, value: Vector): Vector {
    const zero = this.#number(0);
    const isPositive = op("f32x4.gt", x, zero);
    const isFinite = op("f32x4.lt", x, this.#number(Infinity));
    // Of x − x there is 0 left, or NaN; of infinity itself.
    const special = op("v128.bitselect", this.#number(-Infinity), this.#number(NaN), op("f32x4.eq", x, zero));
    const large = op("v128.bitselect", value, op("f32x4.mul", x, this.#number(1)), isFinite);
    return op("v128.bitselect", large, op("v128.bitselect", x, special, op("f32x4.ne", x, x)), isPositive);
  }

  readonly log1p = (x: Vector): Vector => {
    const u = this.#keep(op("f32x4.add", x, this.#number(1)));
    const value = this.#keep(this.#logOfNormal(u));
    // What the sum 1 + x has lost, by the first term of the series.
    const lost = op("f32x4.sub", x, op("f32x4.sub", u, this.#number(1)));
    const corrected = this.#keep(op("f32x4.add", value, op("f32x4.div", lost, u)));
    return this.#withSignOf(x, this.#logSpecials(u, corrected));
  };

  readonly tanh = (x: Vector): Vector => {
    const magnitude = this.#keep(this.#magnitude(x));
    // 1 − 2/(e²ˣ + 1), where that loses nothing; beyond 9.02 it is 1.
    const twice = op("f32x4.pmin", op("f32x4.add", magnitude, magnitude), this.#number(20));
    const { n, r, q } = this.#reduceExponent(this.#keep(twice), exponential);
    const power = op("f32x4.add", this.#multiplyAdd(op("f32x4.mul", r, r), q, r), this.#number(1));
    const denominator = this.#multiplyAdd(power, this.#powerOfTwo(n), this.#number(1));
    const large = op("f32x4.sub", this.#number(1), op("f32x4.div", this.#number(2), denominator));
    const square = this.#keep(op("f32x4.mul", magnitude, magnitude));
    const cube = op("f32x4.mul", square, magnitude);
    const small = this.#multiplyAdd(cube, this.#polynomial(square, tangent), magnitude);
    const isSmall = op("f32x4.lt", magnitude, this.#number(0.625));
    return this.#withSignOf(x, op("v128.bitselect", small, large, isSmall));
  };

  readonly sigmoid = (x: Vector): Vector => {
    // The exponential is only taken of numbers that are not positive, so that it cannot overflow.
    const power = this.#keep(this.exp(this.#keep(op("f32x4.neg", this.#magnitude(x)))));
    const positive = this.#keep(op("f32x4.div", this.#number(1), op("f32x4.add", power, this.#number(1))));
    // e/(1 + e) as e − e·e/(1 + e): where e is small, the sum has lost some of it.
    const part = op("f32x4.mul", power, positive);
    const negative = this.#multiplyAdd(op("f32x4.neg", power), part, power);
    return op("v128.bitselect", negative, positive, op("f32x4.lt", x, this.#number(0)));
  };

  readonly softplus = (x: Vector): Vector => {
    const power = this.#keep(this.exp(this.#keep(op("f32x4.neg", this.#magnitude(x)))));
    // NaN is no number that is smaller, and stays.
    return op("f32x4.add", op("f32x4.pmax", x, this.#number(0)), this.log1p(power));
  };

  readonly erf = (x: Vector): Vector => {
    const magnitude = this.#keep(this.#magnitude(x));
    // 1 − e^p(|x|); beyond 3.92 it is 1.
    const p = this.#polynomial(this.#keep(op("f32x4.pmin", magnitude, this.#number(4))), errorTail);
    const large = op("f32x4.sub", this.#number(1), this.#expOfNegative(this.#keep(p)));
    const square = this.#keep(op("f32x4.mul", magnitude, magnitude));
    const small = this.#multiplyAdd(magnitude, this.#polynomial(square, errorNear), magnitude);
    const isSmall = op("f32x4.lt", magnitude, this.#number(0.95));
    return this.#withSignOf(x, op("v128.bitselect", small, large, isSmall));
  };
}

/** `(eʳ − 1 − r)/r²` for |r| ≤ ½ ln 2, to 3.1e−9 of eʳ. */
const exponential = [
  0.4999999403953552,
  0.1666652113199234,
  0.04166838899254799,
  0.0083687175065279,
  0.0013814596459269524,
];

/** The same, to 2.4e−10 of eʳ − 1. */
const exponentialMinusOne = [
  0.5,
  0.1666666567325592,
  0.041666362434625626,
  0.008333389647305012,
  0.0013940627686679363,
  0.00019845877250190824,
];

/** `(ln(1 + f) − f + f²/2)/f³` for 1 + f from √½ to √2, to 7.5e−10 of the logarithm. */
const logarithm = [
  0.3333331346511841,
  -0.25000008940696716,
  0.2000211924314499,
  -0.1666799634695053,
  0.14219550788402557,
  -0.12405591458082199,
  0.11888174712657928,
  -0.11675640940666199,
  0.06746601313352585,
];

/** `(tanh x − x)/x³` by x² for |x| ≤ 0.625, to 4.4e−9 of tanh x. */
const tangent = [
  -0.3333328068256378,
  0.13331441581249237,
  -0.05373971164226532,
  0.020639078691601753,
  -0.005704978480935097,
];

/** `erf(x)/x − 1` by x² for |x| ≤ 1, to 1.2e−9 of erf x. */
const errorNear = [
  0.12837916612625122,
  -0.3761262595653534,
  0.1128358542919159,
  -0.026853810995817184,
  0.005188327748328447,
  -0.0008010192541405559,
  0.00007853857823647559,
];

/** `ln(1 − erf x)` for x from 0.9 to 4, such that erf x is within 1.7e−9. */
const errorTail = [
  -0.0001664390874793753,
  -1.127797245979309,
  -0.6369760036468506,
  -0.10411374270915985,
  0.02231524884700775,
  -0.003065499709919095,
  0.00019822070316877216,
];
