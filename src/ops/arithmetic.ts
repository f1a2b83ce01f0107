/**
 * Arithmetic on elements: add, sub, mul, div, pow and their relatives, conversion and choice.
 * @module
 */
import type { DType } from "../dtype.ts";
import { dtype as dtypeKind, operand } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { resultWeakness, TensorType } from "../tensor_type.ts";
import type { Operand, Result } from "../value.ts";
import {
  broadcastAll,
  elementwiseGradient,
  elementwiseOp,
  hasGradient,
  mapElements,
  promotedDType,
} from "./elementwise.ts";
import { binary, ternary, unary } from "./function.ts";
import { apply } from "../graph/apply.ts";
import { type Op, operandError } from "./op.ts";
import type { ConvertOp, ElementwiseOp } from "./primitive.ts";
import {
  floorQuotient,
  floorRemainder,
  integerPower,
  integerQuotient,
  integerRemainder,
  power,
  signOf,
} from "./numerics/scalars.ts";
import { numberIn, vanishingOrder } from "./vanishing_order.ts";

/** Conversion to another dtype; the target is an attribute. */
const cast: ConvertOp<{ dtype: DType }> = {
  name: "cast",
  lowering: "convert",
  infer: ([x], { dtype }) => new TensorType(dtype, x!.shape),
  compute: (output, [x], { dtype }, type) => mapElements(output, [x!], type, dtype, (value) => value),
  gradient: ({ inputs: [x], gradient }) => [hasGradient(x!) ? gradient.astype(x!.dtype) : undefined],
};

/** The dtype of a choice between the second and the third operand. */
function chosenDType(inputs: readonly TensorType[]): DType {
  return promotedDType("where", inputs, inputs.slice(1));
}

/** Elements of `x` where the condition holds, of `y` elsewhere. */
const choose: ElementwiseOp<"where", "all"> = {
  name: "where",
  lowering: "elementwise",
  operands: 3,
  domain: "all",
  cost: "simple",
  rounding: "exact",
  laws: [],
  scalar: (condition, x, y) => condition ? x : y,
  operandDType: (inputs, operand) => operand === 0 ? "bool" : chosenDType(inputs),
  infer(inputs) {
    const [condition, x, y] = inputs as [TensorType, TensorType, TensorType]; // where() passes three
    if (condition.dtype !== "bool") throw operandError(TypeError, "where", inputs, "the condition must be bool");
    return new TensorType(chosenDType(inputs), broadcastAll("where", inputs), resultWeakness([x, y]));
  },
  compute: (output, inputs, _attributes, type) => mapElements(output, inputs, type, "float64", choose.scalar),
  gradient(context) {
    const condition = context.inputs[0]!;
    return elementwiseGradient(
      () => condition, // never asked for: a bool has no gradient
      ({ gradient }) => apply(choose, [condition, gradient, 0]),
      ({ gradient }) => apply(choose, [condition, 0, gradient]),
    )(context);
  },
};

/** The table's entries of this family. */
export const arithmeticOps = {
  add: elementwiseOp("add", {
    operands: 2,
    domain: "numbers",
    cost: "simple",
    rounding: "once",
    laws: ["commutative"],
    scalar: (x, y) => x + y,
    gradient: elementwiseGradient(({ gradient }) => gradient, ({ gradient }) => gradient),
  }),
  sub: elementwiseOp("sub", {
    operands: 2,
    domain: "numbers",
    cost: "simple",
    rounding: "once",
    laws: [],
    scalar: (x, y) => x - y,
    gradient: elementwiseGradient(({ gradient }) => gradient, ({ gradient }) => gradient.neg()),
  }),
  mul: elementwiseOp("mul", {
    operands: 2,
    domain: "numbers",
    cost: "simple",
    rounding: "once",
    laws: ["commutative"],
    scalar: (x, y) => x * y,
    integer: Math.imul, // the product as a float64 would lose its low bits above 2⁵³
    gradient: elementwiseGradient(({ gradient, y }) => gradient.mul(y), ({ gradient, x }) => gradient.mul(x)),
  }),
  div: elementwiseOp("div", {
    operands: 2,
    domain: "floats",
    cost: "expensive",
    rounding: "once",
    laws: [],
    scalar: (x, y) => x / y,
    gradient: elementwiseGradient(
      ({ gradient, y }) => gradient.div(y),
      ({ gradient, y, output }) => gradient.mul(output).div(y).neg(),
    ),
  }),
  pow: elementwiseOp("pow", {
    operands: 2,
    domain: "numbers",
    cost: "expensive",
    rounding: "approximate",
    laws: [],
    scalar: power,
    integer: integerPower,
    gradient: elementwiseGradient(
      ({ gradient, x, y }) => {
        const root = numberIn(y);
        if (root !== undefined && root > 0 && root < 1 && root * vanishingOrder(x) >= 1) {
          // A root of what is flat where it is 0: the slope is 0 there, and ∞^(y−1) is.
          return gradient.mul(y).mul(apply(choose, [x.equal(0), Infinity, x]).pow(y.sub(1)));
        }
        // y·x^(y−1), but at (0, 0) that would be 0·∞; there the function is constant along x.
        const origin = x.equal(0).logicalAnd(y.equal(0));
        return gradient.mul(y).mul(x.pow(apply(choose, [origin, 1, y.sub(1)])));
      },
      // x^y·log x, but at x = 0 and y ≥ 0 that would be 0·∞; there the function is constant along y.
      ({ gradient, x, y, output }) => {
        const edge = x.equal(0).logicalAnd(y.greaterEqual(0));
        return apply(choose, [edge, 0, gradient.mul(output).mul(apply(choose, [edge, 1, x]).log())]);
      },
    ),
  }),
  maximum: elementwiseOp("maximum", {
    operands: 2,
    domain: "all",
    cost: "simple",
    rounding: "exact",
    laws: ["commutative"],
    scalar: (x, y) => Math.max(x, y),
    gradient: elementwiseGradient(
      ({ gradient, x, y }) =>
        apply(choose, [x.greater(y), gradient, apply(choose, [x.equal(y), gradient.mul(0.5), 0])]),
      ({ gradient, x, y }) => apply(choose, [x.less(y), gradient, apply(choose, [x.equal(y), gradient.mul(0.5), 0])]),
    ),
  }),
  minimum: elementwiseOp("minimum", {
    operands: 2,
    domain: "all",
    cost: "simple",
    rounding: "exact",
    laws: ["commutative"],
    scalar: (x, y) => Math.min(x, y),
    gradient: elementwiseGradient(
      ({ gradient, x, y }) => apply(choose, [x.less(y), gradient, apply(choose, [x.equal(y), gradient.mul(0.5), 0])]),
      ({ gradient, x, y }) =>
        apply(choose, [x.greater(y), gradient, apply(choose, [x.equal(y), gradient.mul(0.5), 0])]),
    ),
  }),
  mod: elementwiseOp("mod", {
    operands: 2,
    domain: "numbers",
    cost: "expensive",
    rounding: "once",
    laws: [],
    scalar: floorRemainder,
    integer: integerRemainder,
    gradient: elementwiseGradient(
      ({ gradient }) => gradient,
      ({ gradient, x, y }) => gradient.mul(x.floorDiv(y)).neg(),
    ),
  }),
  floorDiv: elementwiseOp("floorDiv", {
    operands: 2,
    domain: "numbers",
    cost: "expensive",
    rounding: "once",
    laws: [],
    scalar: floorQuotient,
    integer: integerQuotient,
    gradient: () => [], // constant but for its jumps
  }),
  neg: elementwiseOp("neg", {
    operands: 1,
    domain: "numbers",
    cost: "simple",
    rounding: "exact",
    laws: [],
    scalar: (x) => -x,
    gradient: elementwiseGradient(({ gradient }) => gradient.neg()),
  }),
  abs: elementwiseOp("abs", {
    operands: 1,
    domain: "numbers",
    cost: "simple",
    rounding: "exact",
    laws: ["idempotent"],
    scalar: Math.abs,
    gradient: elementwiseGradient(({ gradient, x }) => gradient.mul(x.sign())),
  }),
  sign: elementwiseOp("sign", {
    operands: 1,
    domain: "numbers",
    cost: "simple",
    rounding: "exact",
    laws: ["idempotent"],
    scalar: signOf,
    gradient: () => [],
  }),
  square: elementwiseOp("square", {
    operands: 1,
    domain: "numbers",
    cost: "expensive",
    rounding: "once",
    laws: [],
    scalar: (x) => x * x,
    integer: (x) => Math.imul(x, x),
    gradient: elementwiseGradient(({ gradient, x }) => gradient.mul(x.mul(2))),
  }),
  reciprocal: elementwiseOp("reciprocal", {
    operands: 1,
    domain: "floats",
    cost: "expensive",
    rounding: "once",
    laws: [],
    scalar: (x) => 1 / x,
    gradient: elementwiseGradient(({ gradient, output }) => gradient.mul(output.square()).neg()),
  }),
  clip: elementwiseOp("clip", {
    operands: 3,
    domain: "numbers",
    cost: "expensive",
    rounding: "exact",
    laws: [],
    scalar: (x, min, max) => Math.min(Math.max(x, min), max),
    gradient: elementwiseGradient(
      ({ gradient, x, y, z }) => apply(choose, [x.greaterEqual(y).logicalAnd(x.lessEqual(z)), gradient, 0]),
      ({ gradient, x, y, z }) => apply(choose, [x.less(y).logicalAnd(y.lessEqual(z)), gradient, 0]),
      ({ gradient, x, y, z }) => apply(choose, [x.greater(z).logicalOr(y.greater(z)), gradient, 0]),
    ),
  }),
  where: choose,
  cast,
} satisfies Record<string, Op>;

/**
 * `x + y`, element by element. Integers wrap around.
 *
 * The shapes of the two are broadcast and their dtypes promoted; a JavaScript number takes the dtype of the other
 * operand, but beside bool a whole one is int32, and beside bool or integers another one is float32. Throws a RangeError when the shapes do not broadcast, and a TypeError when no dtype holds both operands.
 * So do all operations of two operands.
 *
 * NumPy `np.add`, PyTorch `torch.add`, TensorFlow.js `tf.add`.
 *
 * @example
 * ```ts
 * import { add } from "@tensorloom/tensorloom";
 *
 * console.log(add([[1, 2], [3, 4]], [10, 20]).toArray()); // [[11, 22], [13, 24]]
 * ```
 */
export const add: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(arithmeticOps.add);

/**
 * `x − y`, element by element, under broadcasting and promotion. Integers wrap around.
 *
 * NumPy `np.subtract`, PyTorch `torch.sub`, TensorFlow.js `tf.sub`.
 */
export const sub: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(arithmeticOps.sub);

/**
 * `x · y`, element by element, under broadcasting and promotion; see `matmul` for the matrix product. Integers wrap
 * around, exactly.
 *
 * NumPy `np.multiply`, PyTorch `torch.mul`, TensorFlow.js `tf.mul`.
 *
 * @example
 * ```ts
 * import { mul } from "@tensorloom/tensorloom";
 *
 * console.log(mul([1, 2, 3], 2).toArray()); // [2, 4, 6]
 * ```
 */
export const mul: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(arithmeticOps.mul);

/**
 * `x / y`, element by element, under broadcasting; integers and bools give float32.
 *
 * NumPy `np.divide`, PyTorch `torch.div`, TensorFlow.js `tf.div`.
 */
export const div: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(arithmeticOps.div);

/**
 * `x` to the power of `y`, element by element, under broadcasting and promotion. Integer powers wrap around; where an
 * integer exponent is negative the result is rounded toward zero. 0 to the power of 0 is 1.
 *
 * NumPy `np.power`, PyTorch `torch.pow`, TensorFlow.js `tf.pow`.
 *
 * @example
 * ```ts
 * import { pow } from "@tensorloom/tensorloom";
 *
 * console.log(pow([1, 2, 3], 2).toArray()); // [1, 4, 9]
 * ```
 */
export const pow: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(arithmeticOps.pow);

/**
 * The larger of `x` and `y`, element by element; NaN if either is. Where they tie, each takes half of the gradient.
 *
 * NumPy `np.maximum`, PyTorch `torch.maximum`, TensorFlow.js `tf.maximum`.
 */
export const maximum: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(
  arithmeticOps.maximum,
);

/**
 * The smaller of `x` and `y`, element by element; NaN if either is. Where they tie, each takes half of the gradient.
 *
 * NumPy `np.minimum`, PyTorch `torch.minimum`, TensorFlow.js `tf.minimum`.
 */
export const minimum: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(
  arithmeticOps.minimum,
);

/**
 * The remainder that {@linkcode floorDiv} leaves, of the sign of `y`, as in Python; an integer modulo 0 is 0.
 *
 * NumPy `np.remainder`, PyTorch `torch.remainder`, TensorFlow.js `tf.mod`.
 */
export const mod: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(arithmeticOps.mod);

/**
 * `x / y` rounded down, as `//` in Python; integers stay integers, and over 0 give 0.
 *
 * NumPy `np.floor_divide`, PyTorch `torch.floor_divide`, TensorFlow.js `tf.floorDiv`.
 */
export const floorDiv: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(
  arithmeticOps.floorDiv,
);

/**
 * `−x`, element by element. Unsigned integers wrap around. Throws a TypeError for bool.
 *
 * NumPy `np.negative`, PyTorch `torch.neg`, TensorFlow.js `tf.neg`.
 */
export const neg: <X extends Operand>(x: X) => Result<X> = unary(arithmeticOps.neg);

/**
 * The magnitude of each element. Its gradient at 0 is 0. Throws a TypeError for bool.
 *
 * NumPy `np.abs`, PyTorch `torch.abs`, TensorFlow.js `tf.abs`.
 */
export const abs: <X extends Operand>(x: X) => Result<X> = unary(arithmeticOps.abs);

/**
 * −1, 0 or 1 for each element, of the dtype of `x`; 0 for −0, NaN for NaN. Throws a TypeError for bool.
 *
 * NumPy `np.sign`, PyTorch `torch.sign`, TensorFlow.js `tf.sign`.
 */
export const sign: <X extends Operand>(x: X) => Result<X> = unary(arithmeticOps.sign);

/**
 * `x · x`, element by element. Integers wrap around. Throws a TypeError for bool.
 *
 * NumPy `np.square`, PyTorch `torch.square`, TensorFlow.js `tf.square`.
 */
export const square: <X extends Operand>(x: X) => Result<X> = unary(arithmeticOps.square);

/**
 * `1 / x`, element by element; integers and bools give float32.
 *
 * NumPy `np.reciprocal`, PyTorch `torch.reciprocal`, TensorFlow.js `tf.reciprocal`.
 */
export const reciprocal: <X extends Operand>(x: X) => Result<X> = unary(arithmeticOps.reciprocal);

/**
 * Each element of `x`, raised to `min` and lowered to `max`; the three broadcast. The gradient passes where
 * `min ≤ x ≤ max`.
 *
 * NumPy `np.clip`, PyTorch `torch.clamp`, TensorFlow.js `tf.clipByValue`.
 *
 * @example
 * ```ts
 * import { clip } from "@tensorloom/tensorloom";
 *
 * console.log(clip([-2, 0.5, 3], 0, 1).toArray()); // [0, 0.5, 1]
 * ```
 */
export const clip: <X extends Operand, Min extends Operand, Max extends Operand>(
  x: X,
  min: Min,
  max: Max,
) => Result<X | Min | Max> = ternary(arithmeticOps.clip, "x", "min", "max", true);

/**
 * Elements of `x` where `condition` holds, and of `y` elsewhere; the three broadcast. The condition must be bool, or
 * a TypeError is thrown.
 *
 * NumPy `np.where`, PyTorch `torch.where`, TensorFlow.js `tf.where`.
 *
 * @example
 * ```ts
 * import { tensor, where } from "@tensorloom/tensorloom";
 *
 * const x = tensor([-1, 2]);
 * console.log(where(x.greater(0), x, 0).toArray()); // [0, 2]
 * ```
 */
export const where: <C extends Operand, X extends Operand, Y extends Operand>(
  condition: C,
  x: X,
  y: Y,
) => Result<C | X | Y> = ternary(arithmeticOps.where, "condition", "x", "y");

/**
 * `x` in another dtype. A float becomes an integer by dropping the fraction and wrapping around (NaN and the infinities
 * become 0), and a bool by whether it differs from 0. Throws a TypeError for an unknown dtype.
 *
 * NumPy `x.astype`, PyTorch `x.to`, TensorFlow.js `tf.cast`.
 *
 * @example
 * ```ts
 * import { astype } from "@tensorloom/tensorloom";
 *
 * console.log(astype([1.7, -1.7], "int32").toArray()); // [1, -1]
 * ```
 */
export const astype: <X extends Operand>(x: X, dtype: DType) => Result<X> = publicFunction(
  { name: "astype", positional: { x: operand, dtype: dtypeKind }, method: true },
  (x, dtype) => apply(arithmeticOps.cast, [x], { dtype }),
);
