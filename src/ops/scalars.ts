/**
 * Operations on single numbers that are too long for an expression. They are the op table's own, and generated kernels
 * call them by name, also where there is no op table: this file imports nothing.
 * @module
 */

/** `x` to the power of `y`. JavaScript has NaN for 1 to the power of NaN or ±∞, and for −1 to the power of ±∞. */
export function power(x: number, y: number): number {
  return x === 1 || x === -1 && (y === Infinity || y === -Infinity) ? 1 : Math.pow(x, y);
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
