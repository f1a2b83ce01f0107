/**
 * The error function in double precision.
 * @module
 */

/**
 * erf(x), to within one unit in the last place, by the rational approximations of fdlibm's s_erf.c (Sun Microsystems,
 * 1993): one near 0, one around 1, and two of x² for the tails, where erf is 1 − exp(−x²)·(…)/x.
 */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 0.84375) {
    if (magnitude < 2 ** -28) return x + 0.12837916709551259 * x;
    const square = x * x;
    return x + x * (polynomial(nearNumerator, square) / polynomial(nearDenominator, square));
  }
  if (Number.isNaN(x)) return x;
  if (magnitude < 1.25) {
    const s = magnitude - 1;
    return Math.sign(x) * (0.8450629115104675 + polynomial(oneNumerator, s) / polynomial(oneDenominator, s));
  }
  if (magnitude >= 6) return Math.sign(x);
  const s = 1 / (magnitude * magnitude);
  const ratio = magnitude < 1 / 0.35
    ? polynomial(middleNumerator, s) / polynomial(middleDenominator, s)
    : polynomial(tailNumerator, s) / polynomial(tailDenominator, s);
  const head = Math.fround(magnitude); // its square is exact, so that exp(−x²) loses nothing to rounding
  const exponential = Math.exp(-head * head - 0.5625) * Math.exp((head - magnitude) * (head + magnitude) + ratio);
  return Math.sign(x) * (1 - exponential / magnitude);
}

/** The polynomial in `x` with these coefficients, the constant one first. */
function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let power = coefficients.length - 1; power >= 0; power--) value = value * x + coefficients[power]!;
  return value;
}

// deno-fmt-ignore-start: one table each, in the order of s_erf.c
const nearNumerator = [1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02,
  -5.77027029648944159157e-03, -2.37630166566501626084e-05];
const nearDenominator = [
  1,
  3.97917223959155352819e-01,
  6.50222499887672944485e-02,
  5.08130628187576562776e-03,
  1.32494738004321644526e-04,
  -3.96022827877536812320e-06,
];
const oneNumerator = [
  -2.36211856075265944077e-03,
  4.14856118683748331666e-01,
  -3.72207876035701323847e-01,
  3.18346619901161753674e-01,
  -1.10894694282396677476e-01,
  3.54783043256182359371e-02,
  -2.16637559486879084300e-03,
];
const oneDenominator = [
  1,
  1.06420880400844228286e-01,
  5.40397917702171048937e-01,
  7.18286544141962662868e-02,
  1.26171219808761642112e-01,
  1.36370839120290507362e-02,
  1.19844998467991074170e-02,
];
const middleNumerator = [
  -9.86494403484714822705e-03,
  -6.93858572707181764372e-01,
  -1.05586262253232909814e+01,
  -6.23753324503260060396e+01,
  -1.62396669462573470355e+02,
  -1.84605092906711035994e+02,
  -8.12874355063065934246e+01,
  -9.81432934416914548592e+00,
];
const middleDenominator = [
  1,
  1.96512716674392571292e+01,
  1.37657754143519042600e+02,
  4.34565877475229228821e+02,
  6.45387271733267880336e+02,
  4.29008140027567833386e+02,
  1.08635005541779435134e+02,
  6.57024977031928170135e+00,
  -6.04244152148580987438e-02,
];
const tailNumerator = [
  -9.86494292470009928597e-03,
  -7.99283237680523006574e-01,
  -1.77579549177547519889e+01,
  -1.60636384855821916062e+02,
  -6.37566443368389627722e+02,
  -1.02509513161107724954e+03,
  -4.83519191608651397019e+02,
];
const tailDenominator = [
  1,
  3.03380607434824582924e+01,
  3.25792512996573918826e+02,
  1.53672958608443695994e+03,
  3.19985821950859553908e+03,
  2.55305040643316442583e+03,
  4.74528541206955367215e+02,
  -2.24409524465858183362e+01,
];
// deno-fmt-ignore-end
