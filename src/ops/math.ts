/**
 * Functions of real numbers, element by element: roots, exponentials, angles, activations, rounding.
 *
 * Integers and bools are taken as float32, except by relu and by rounding.
 * @module
 */
import type { Operand, Result, Value } from "../value.ts";
import { where } from "./arithmetic.ts";
import { type ElementwiseGradient, elementwiseGradient, elementwiseOp } from "./elementwise.ts";
import { erf as errorFunction } from "./numerics/erf.ts";
import { binary, unary } from "./function.ts";
import type { Op } from "./op.ts";
import type { ElementwiseOp, Rounding } from "./primitive.ts";
import { logistic, roundHalfToEven } from "./numerics/scalars.ts";
import { vanishingOrder } from "./vanishing_order.ts";

/** A function of real numbers: operands and result are floating. */
function realOp<Name extends string>(
  name: Name,
  scalar: (x: number) => number,
  gradient: ElementwiseGradient,
  rounding: Rounding = "approximate",
): ElementwiseOp<Name, "floats"> {
  return elementwiseOp(name, {
    operands: 1,
    domain: "floats",
    cost: "expensive",
    rounding,
    laws: [],
    scalar,
    gradient: elementwiseGradient(gradient),
  });
}

/** A function to whole numbers: constant but for its jumps, its gradient is 0 everywhere. */
function stepwise<Name extends string>(name: Name, scalar: (x: number) => number): ElementwiseOp<Name, "numbers"> {
  return elementwiseOp(name, {
    operands: 1,
    domain: "numbers",
    cost: "expensive",
    rounding: "exact",
    laws: ["rounding"],
    scalar,
    gradient: () => [],
  });
}

/**
 * `gradient · a / (a² + b²)`, and 0 at the origin, as in PyTorch. The operands are divided by the larger magnitude first:
 * their squares could overflow, or vanish.
 */
function angleSlope(gradient: Value, a: Value, b: Value): Value {
  const largest = a.abs().maximum(b.abs());
  const isOrigin = largest.equal(0);
  const scale = where(isOrigin.logicalOr(largest.isInf()), 1, largest);
  const [near, far] = [a.div(scale), b.div(scale)];
  const square = near.square().add(far.square());
  return gradient.mul(near).div(where(isOrigin, 1, square)).div(scale);
}

/** The table's entries of this family. */
export const mathOps = {
  sqrt: realOp("sqrt", Math.sqrt, ({ gradient, x, output }) => {
    // What is divided by ∞ is 0, to any order; a choice after the division would leave 0/0 for the second derivative.
    const slope = vanishingOrder(x) >= 2 ? where(output.equal(0), Infinity, output) : output;
    return gradient.mul(0.5).div(slope);
  }, "once"),
  rsqrt: realOp(
    "rsqrt",
    (x) => 1 / Math.sqrt(x),
    ({ gradient, output }) => gradient.mul(-0.5).mul(output.mul(output.square())),
  ),
  exp: realOp("exp", Math.exp, ({ gradient, output }) => gradient.mul(output)),
  expm1: realOp("expm1", Math.expm1, ({ gradient, x }) => gradient.mul(x.exp())), // output + 1 would lose small exp(x)
  log: realOp("log", Math.log, ({ gradient, x }) => gradient.div(x)),
  log1p: realOp("log1p", Math.log1p, ({ gradient, x }) => gradient.div(x.add(1))),
  sin: realOp("sin", Math.sin, ({ gradient, x }) => gradient.mul(x.cos())),
  cos: realOp("cos", Math.cos, ({ gradient, x }) => gradient.mul(x.sin()).neg()),
  tan: realOp("tan", Math.tan, ({ gradient, output }) => gradient.mul(output.square().add(1))),
  asin: realOp("asin", Math.asin, ({ gradient, x }) => gradient.mul(x.square().neg().add(1).rsqrt())),
  acos: realOp("acos", Math.acos, ({ gradient, x }) => gradient.mul(x.square().neg().add(1).rsqrt()).neg()),
  atan: realOp("atan", Math.atan, ({ gradient, x }) => gradient.div(x.square().add(1))),
  atan2: elementwiseOp("atan2", {
    operands: 2,
    domain: "floats",
    cost: "expensive",
    rounding: "approximate",
    laws: [],
    scalar: Math.atan2,
    // The operands are (ordinate, abscissa), as everywhere: here x is the ordinate.
    gradient: elementwiseGradient(
      ({ gradient, x, y }) => angleSlope(gradient, y, x),
      ({ gradient, x, y }) => angleSlope(gradient, x, y).neg(),
    ),
  }),
  sinh: realOp("sinh", Math.sinh, ({ gradient, x }) => gradient.mul(x.cosh())),
  cosh: realOp("cosh", Math.cosh, ({ gradient, x }) => gradient.mul(x.sinh())),
  tanh: realOp("tanh", Math.tanh, ({ gradient, output }) => gradient.mul(output.square().neg().add(1))),
  sigmoid: realOp("sigmoid", logistic, ({ gradient, output }) => gradient.mul(output.mul(output.neg().add(1)))),
  softplus: realOp(
    "softplus",
    (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    ({ gradient, x }) => gradient.mul(x.sigmoid()),
  ),
  relu: elementwiseOp("relu", {
    operands: 1,
    domain: "numbers",
    cost: "simple",
    rounding: "exact",
    laws: ["idempotent"],
    scalar: (x) => Math.max(x, 0),
    gradient: elementwiseGradient(({ gradient, x }) => where(x.greater(0), gradient, 0)),
  }),
  erf: realOp(
    "erf",
    errorFunction,
    ({ gradient, x }) => gradient.mul(x.square().neg().exp()).mul(2 / Math.sqrt(Math.PI)),
  ),
  floor: stepwise("floor", Math.floor),
  ceil: stepwise("ceil", Math.ceil),
  round: stepwise("round", roundHalfToEven),
} satisfies Record<string, Op>;

/**
 * The square root of each element; NaN below 0. Its gradient at 0 is Infinity, but 0 where the root is one of a sum of
 * squares, as of a norm or a standard deviation.
 *
 * NumPy `np.sqrt`, PyTorch `torch.sqrt`, TensorFlow.js `tf.sqrt`.
 *
 * @example
 * ```ts
 * import { sqrt } from "@tensorloom/tensorloom";
 *
 * console.log(sqrt([1, 4, 9]).toArray()); // [1, 2, 3]
 * ```
 */
export const sqrt: <X extends Operand>(x: X) => Result<X> = unary(mathOps.sqrt);

/**
 * `1 / √x` for each element; Infinity at 0.
 *
 * NumPy `1 / np.sqrt(x)`, PyTorch `torch.rsqrt`, TensorFlow.js `tf.rsqrt`.
 */
export const rsqrt: <X extends Operand>(x: X) => Result<X> = unary(mathOps.rsqrt);

/**
 * `e` to the power of each element.
 *
 * NumPy `np.exp`, PyTorch `torch.exp`, TensorFlow.js `tf.exp`.
 *
 * @example
 * ```ts
 * import { exp } from "@tensorloom/tensorloom";
 *
 * console.log(exp([0, Infinity, -Infinity]).toArray()); // [1, Infinity, 0]
 * ```
 */
export const exp: <X extends Operand>(x: X) => Result<X> = unary(mathOps.exp);

/**
 * `exp(x) − 1` for each element, exact near 0 too.
 *
 * NumPy `np.expm1`, PyTorch `torch.expm1`, TensorFlow.js `tf.expm1`.
 */
export const expm1: <X extends Operand>(x: X) => Result<X> = unary(mathOps.expm1);

/**
 * The natural logarithm of each element; −Infinity at 0, NaN below.
 *
 * NumPy `np.log`, PyTorch `torch.log`, TensorFlow.js `tf.log`.
 *
 * @example
 * ```ts
 * import { log } from "@tensorloom/tensorloom";
 *
 * console.log(log([1, 0]).toArray()); // [0, -Infinity]
 * ```
 */
export const log: <X extends Operand>(x: X) => Result<X> = unary(mathOps.log);

/**
 * `log(1 + x)` for each element, exact near 0 too.
 *
 * NumPy `np.log1p`, PyTorch `torch.log1p`, TensorFlow.js `tf.log1p`.
 */
export const log1p: <X extends Operand>(x: X) => Result<X> = unary(mathOps.log1p);

/**
 * The sine of each element, in radians.
 *
 * NumPy `np.sin`, PyTorch `torch.sin`, TensorFlow.js `tf.sin`.
 */
export const sin: <X extends Operand>(x: X) => Result<X> = unary(mathOps.sin);

/**
 * The cosine of each element, in radians.
 *
 * NumPy `np.cos`, PyTorch `torch.cos`, TensorFlow.js `tf.cos`.
 */
export const cos: <X extends Operand>(x: X) => Result<X> = unary(mathOps.cos);

/**
 * The tangent of each element, in radians.
 *
 * NumPy `np.tan`, PyTorch `torch.tan`, TensorFlow.js `tf.tan`.
 */
export const tan: <X extends Operand>(x: X) => Result<X> = unary(mathOps.tan);

/**
 * The angle in [−π/2, π/2] whose sine is the element; NaN outside [−1, 1].
 *
 * NumPy `np.arcsin`, PyTorch `torch.asin`, TensorFlow.js `tf.asin`.
 */
export const asin: <X extends Operand>(x: X) => Result<X> = unary(mathOps.asin);

/**
 * The angle in [0, π] whose cosine is the element; NaN outside [−1, 1].
 *
 * NumPy `np.arccos`, PyTorch `torch.acos`, TensorFlow.js `tf.acos`.
 */
export const acos: <X extends Operand>(x: X) => Result<X> = unary(mathOps.acos);

/**
 * The angle in [−π/2, π/2] whose tangent is the element.
 *
 * NumPy `np.arctan`, PyTorch `torch.atan`, TensorFlow.js `tf.atan`.
 */
export const atan: <X extends Operand>(x: X) => Result<X> = unary(mathOps.atan);

/**
 * The angle in [−π, π] from the positive first axis to the point (`x`, `y`), element by element, under broadcasting.
 *
 * NumPy `np.arctan2`, PyTorch `torch.atan2`, TensorFlow.js `tf.atan2`.
 */
export const atan2: <Y extends Operand, X extends Operand>(y: Y, x: X) => Result<Y | X> = binary(
  mathOps.atan2,
  "y",
  "x",
);

/**
 * The hyperbolic sine of each element.
 *
 * NumPy `np.sinh`, PyTorch `torch.sinh`, TensorFlow.js `tf.sinh`.
 */
export const sinh: <X extends Operand>(x: X) => Result<X> = unary(mathOps.sinh);

/**
 * The hyperbolic cosine of each element.
 *
 * NumPy `np.cosh`, PyTorch `torch.cosh`, TensorFlow.js `tf.cosh`.
 */
export const cosh: <X extends Operand>(x: X) => Result<X> = unary(mathOps.cosh);

/**
 * The hyperbolic tangent of each element.
 *
 * NumPy `np.tanh`, PyTorch `torch.tanh`, TensorFlow.js `tf.tanh`.
 *
 * @example
 * ```ts
 * import { tanh } from "@tensorloom/tensorloom";
 *
 * console.log(tanh([0, 100]).toArray()); // [0, 1]
 * ```
 */
export const tanh: <X extends Operand>(x: X) => Result<X> = unary(mathOps.tanh);

/**
 * The logistic function `1 / (1 + exp(−x))` of each element, without overflow.
 *
 * NumPy `scipy.special.expit`, PyTorch `torch.sigmoid`, TensorFlow.js `tf.sigmoid`.
 *
 * @example
 * ```ts
 * import { sigmoid } from "@tensorloom/tensorloom";
 *
 * console.log(sigmoid([-1000, 0, 1000]).toArray()); // [0, 0.5, 1]
 * ```
 */
export const sigmoid: <X extends Operand>(x: X) => Result<X> = unary(mathOps.sigmoid);

/**
 * `log(1 + exp(x))` for each element, without overflow.
 *
 * NumPy `np.logaddexp(0, x)`, PyTorch `torch.nn.functional.softplus`, TensorFlow.js `tf.softplus`.
 *
 * @example
 * ```ts
 * import { softplus } from "@tensorloom/tensorloom";
 *
 * console.log(softplus([-1000, 1000]).toArray()); // [0, 1000]
 * ```
 */
export const softplus: <X extends Operand>(x: X) => Result<X> = unary(mathOps.softplus);

/**
 * The error function, 2/√π times the integral of exp(−t²) from 0 to each element.
 *
 * NumPy `scipy.special.erf`, PyTorch `torch.erf`, TensorFlow.js `tf.erf`.
 *
 * @example
 * ```ts
 * import { erf } from "@tensorloom/tensorloom";
 *
 * console.log(erf([0, 10]).toArray()); // [0, 1]
 * ```
 */
export const erf: <X extends Operand>(x: X) => Result<X> = unary(mathOps.erf);

/**
 * Each element, but 0 where it is negative; NaN stays. Integers keep their dtype. The gradient at 0 is 0.
 *
 * NumPy `np.maximum(x, 0)`, PyTorch `torch.relu`, TensorFlow.js `tf.relu`.
 *
 * @example
 * ```ts
 * import { relu } from "@tensorloom/tensorloom";
 *
 * console.log(relu([-1, 2]).toArray()); // [0, 2]
 * ```
 */
export const relu: <X extends Operand>(x: X) => Result<X> = unary(mathOps.relu);

/**
 * The largest whole number that is no larger than the element. Integers are returned as they are.
 *
 * NumPy `np.floor`, PyTorch `torch.floor`, TensorFlow.js `tf.floor`.
 */
export const floor: <X extends Operand>(x: X) => Result<X> = unary(mathOps.floor);

/**
 * The smallest whole number that is no smaller than the element. Integers are returned as they are.
 *
 * NumPy `np.ceil`, PyTorch `torch.ceil`, TensorFlow.js `tf.ceil`.
 */
export const ceil: <X extends Operand>(x: X) => Result<X> = unary(mathOps.ceil);

/**
 * The nearest whole number; a half goes to the even one, as in NumPy. Integers are returned as they are.
 *
 * NumPy `np.round`, PyTorch `torch.round`, TensorFlow.js `tf.round`.
 *
 * @example
 * ```ts
 * import { round } from "@tensorloom/tensorloom";
 *
 * console.log(round([0.5, 1.5, 2.4]).toArray()); // [0, 2, 2]
 * ```
 */
export const round: <X extends Operand>(x: X) => Result<X> = unary(mathOps.round);
