/**
 * Operations on single numbers that are too long for an expression. They are the op table's own, and generated kernels
 * call them by name, also where there is no op table: this file imports nothing.
 * @module
 */

/** `x` to the power of `y`. JavaScript has NaN for 1 to the power of NaN or ±∞, and for −1 to the power of ±∞. */
export function power(x: number, y: number): number {
  if (y === 2) return x * x;
  if (y > 2 && y < 2 ** 31 && y === Math.floor(y) && x !== 0 && x - x === 0) return wholePower(x, y);
  return x === 1 || x === -1 && (y === Infinity || y === -Infinity) ? 1 : Math.pow(x, y);
}

/** A factor that parts a float64 into two halves of 26 bits, whose products are exact. */
const halving = 2 ** 27 + 1;

/**
 * A finite number other than 0 to the power of a whole number from 3 to 2³¹. Engines multiply floats repeatedly, and each
 * product is rounded: hundreds of units in the last place for a power of 1000. Here products are sums of two float64, which
 * hold 106 bits (Dekker, "A floating-point technique for extending the available precision", 1971).
 */
function wholePower(x: number, n: number): number {
  if (n === 3) return x * x * x; // two roundings are no matter
  const magnitude = Math.abs(x);
  let isFar = false; // so near to the ends of the range that a product could overflow, or its error vanish
  let shift = 0;
  if (n > 40 || magnitude > 2 ** 10 || magnitude < 2 ** -10) {
    const exponent = n * Math.log2(magnitude);
    if (exponent > 1030 || exponent < -1080) return (x < 0 && n % 2 === 1 ? -1 : 1) * (exponent > 0 ? Infinity : 0);
    isFar = exponent > 400 || exponent < -400;
    if (isFar) shift = Math.round(exponent / n);
  }
  const half = shift >> 1;
  const factor = shift === 0 ? x : x * 2 ** -half * 2 ** (half - shift); // from √½ to √2 where it was shifted
  const factorHigh = halving * factor - (halving * factor - factor);
  const factorLow = factor - factorHigh;
  let value = factor; // the power is (value + rest) · 2^scale
  let rest = 0;
  let scale = shift;
  for (let bit = 30 - Math.clz32(n); bit >= 0; bit--) {
    let high = halving * value - (halving * value - value);
    let low = value - high;
    let product = value * value;
    let error = high * high - product + 2 * high * low + low * low + 2 * value * rest;
    value = product + error;
    rest = error - (value - product);
    scale *= 2;
    if (n >> bit & 1) {
      high = halving * value - (halving * value - value);
      low = value - high;
      product = value * factor;
      error = high * factorHigh - product + high * factorLow + low * factorHigh + low * factorLow + rest * factor;
      value = product + error;
      rest = error - (value - product);
      scale += shift;
    }
    while (isFar && Math.abs(value) > 2 ** 200) {
      value *= 2 ** -200;
      rest *= 2 ** -200;
      scale += 200;
    }
    while (isFar && Math.abs(value) < 2 ** -200) {
      value *= 2 ** 200;
      rest *= 2 ** 200;
      scale -= 200;
    }
  }
  if (scale === 0) return value;
  for (; scale > 500; scale -= 500) value *= 2 ** 500;
  for (; scale < -500; scale += 500) value *= 2 ** -500;
  return value * 2 ** scale;
}

/** The low 32 bits of an integer power; a negative exponent rounds toward zero, as the quotient of 1 by a power does. */
export function integerPower(x: number, y: number): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0;
  let power = 1;
  for (let square = x, exponent = y; exponent > 0; exponent = Math.floor(exponent / 2)) {
    if (exponent % 2 === 1) power = Math.imul(power, square);
    square = Math.imul(square, square);
  }
  return power;
}

/** NumPy's remainder: its sign, that of a zero too, is the divisor's. */
export function floorRemainder(x: number, y: number): number {
  const remainder = x % y;
  if (remainder === 0) return y < 0 ? -0 : 0;
  return (remainder < 0) !== (y < 0) ? remainder + y : remainder;
}

/** NumPy's remainder of integers: modulo 0 it is 0. */
export function integerRemainder(x: number, y: number): number {
  return y === 0 ? 0 : floorRemainder(x, y);
}

/**
 * NumPy's quotient rounded down, which agrees with the remainder: 1 over 0.1 is 9, since 0.1 is a little more than a
 * tenth, although the rounded quotient is 10.
 */
export function floorQuotient(x: number, y: number): number {
  if (y === 0) return x / y;
  const remainder = x % y;
  const quotient = (x - remainder) / y - (remainder !== 0 && (remainder < 0) !== (y < 0) ? 1 : 0);
  if (quotient === 0) return 1 / (x / y) < 0 ? -0 : 0; // a zero keeps the sign of the exact quotient
  const below = Math.floor(quotient);
  return quotient - below > 0.5 ? below + 1 : below; // the division may have rounded to just under a whole number
}

/** NumPy's quotient of integers rounded down: over 0 it is 0. */
export function integerQuotient(x: number, y: number): number {
  return y === 0 ? 0 : Math.floor(x / y);
}

/** −1, 0 or 1, as NumPy has it: of both zeros 0. */
export function signOf(x: number): number {
  return Math.sign(x) + 0; // `Math.sign(−0)` is −0
}

/** `1 / (1 + exp(−x))`. `exp` is only taken of numbers that are not positive, so that it cannot overflow. */
export function logistic(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const exponential = Math.exp(x);
  return exponential / (1 + exponential);
}

/** The nearest whole number. `Math.round` takes halves up; here they go to the even neighbour. */
export function roundHalfToEven(x: number): number {
  return Math.abs(x - Math.trunc(x)) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}
