/**
 * Comparisons and logic, element by element. All results are bool, and have no gradient.
 * @module
 */
import type { Operand, Result } from "../value.ts";
import { elementwiseOp } from "./elementwise.ts";
import { binary, unary } from "./function.ts";
import type { Op } from "./op.ts";
import type { ElementwiseOp, Scalar } from "./primitive.ts";

/** A question about numbers, from its facts but for those that all have in common. */
function predicate<Name extends string>(
  name: Name,
  holds: (x: number, y: number) => boolean,
  facts: Pick<ElementwiseOp, "operands" | "cost" | "laws">,
): ElementwiseOp<Name, "all"> {
  const scalar: Scalar = (x, y) => holds(x, y) ? 1 : 0;
  return elementwiseOp(name, { ...facts, domain: "all", result: "bool", rounding: "exact", scalar });
}

const ofTwo = { operands: 2, cost: "simple", laws: [] } as const;
const ofEitherOrder = { operands: 2, cost: "simple", laws: ["commutative"] } as const;
const ofOne = { operands: 1, cost: "expensive", laws: [] } as const;

/** The table's entries of this family. */
export const logicOps = {
  equal: predicate("equal", (x, y) => x === y, ofEitherOrder),
  notEqual: predicate("notEqual", (x, y) => x !== y, ofEitherOrder),
  less: predicate("less", (x, y) => x < y, ofTwo),
  lessEqual: predicate("lessEqual", (x, y) => x <= y, ofTwo),
  greater: predicate("greater", (x, y) => x > y, ofTwo),
  greaterEqual: predicate("greaterEqual", (x, y) => x >= y, ofTwo),
  logicalAnd: predicate("logicalAnd", (x, y) => x !== 0 && y !== 0, ofEitherOrder),
  logicalOr: predicate("logicalOr", (x, y) => x !== 0 || y !== 0, ofEitherOrder),
  logicalXor: predicate("logicalXor", (x, y) => (x !== 0) !== (y !== 0), ofEitherOrder),
  logicalNot: predicate("logicalNot", (x) => x === 0, { ...ofOne, cost: "simple" }),
  isNaN: predicate("isNaN", (x) => Number.isNaN(x), ofOne),
  isFinite: predicate("isFinite", (x) => Number.isFinite(x), ofOne),
  isInf: predicate("isInf", (x) => x === Infinity || x === -Infinity, ofOne),
} satisfies Record<string, Op>;

/**
 * Where `x` and `y` are equal, as a bool tensor, under broadcasting; NaN equals nothing.
 *
 * NumPy `np.equal`, PyTorch `torch.eq`, TensorFlow.js `tf.equal`.
 *
 * @example
 * ```ts
 * import { equal } from "@tensorloom/tensorloom";
 *
 * console.log(equal([1, 2], [1, 3]).toArray()); // [true, false]
 * ```
 */
export const equal: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(logicOps.equal);

/**
 * Where `x` and `y` differ, as a bool tensor, under broadcasting; NaN differs from everything.
 *
 * NumPy `np.not_equal`, PyTorch `torch.ne`, TensorFlow.js `tf.notEqual`.
 */
export const notEqual: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(logicOps.notEqual);

/**
 * Where `x < y`, as a bool tensor, under broadcasting; nowhere beside NaN.
 *
 * NumPy `np.less`, PyTorch `torch.less`, TensorFlow.js `tf.less`.
 */
export const less: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(logicOps.less);

/**
 * Where `x ≤ y`, as a bool tensor, under broadcasting; nowhere beside NaN.
 *
 * NumPy `np.less_equal`, PyTorch `torch.less_equal`, TensorFlow.js `tf.lessEqual`.
 */
export const lessEqual: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(
  logicOps.lessEqual,
);

/**
 * Where `x > y`, as a bool tensor, under broadcasting; nowhere beside NaN.
 *
 * NumPy `np.greater`, PyTorch `torch.greater`, TensorFlow.js `tf.greater`.
 *
 * @example
 * ```ts
 * import { greater } from "@tensorloom/tensorloom";
 *
 * console.log(greater([1, 2, 3], 1).toArray()); // [false, true, true]
 * ```
 */
export const greater: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(logicOps.greater);

/**
 * Where `x ≥ y`, as a bool tensor, under broadcasting; nowhere beside NaN.
 *
 * NumPy `np.greater_equal`, PyTorch `torch.greater_equal`, TensorFlow.js `tf.greaterEqual`.
 */
export const greaterEqual: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(
  logicOps.greaterEqual,
);

/**
 * Where both `x` and `y` hold, that is differ from 0, under broadcasting.
 *
 * NumPy `np.logical_and`, PyTorch `torch.logical_and`, TensorFlow.js `tf.logicalAnd`.
 *
 * @example
 * ```ts
 * import { logicalAnd } from "@tensorloom/tensorloom";
 *
 * console.log(logicalAnd([true, true], [true, false]).toArray()); // [true, false]
 * ```
 */
export const logicalAnd: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(
  logicOps.logicalAnd,
);

/**
 * Where `x` or `y` holds, that is differs from 0, or both do, under broadcasting.
 *
 * NumPy `np.logical_or`, PyTorch `torch.logical_or`, TensorFlow.js `tf.logicalOr`.
 */
export const logicalOr: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(
  logicOps.logicalOr,
);

/**
 * Where exactly one of `x` and `y` holds, that is differs from 0, under broadcasting.
 *
 * NumPy `np.logical_xor`, PyTorch `torch.logical_xor`, TensorFlow.js `tf.logicalXor`.
 */
export const logicalXor: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(
  logicOps.logicalXor,
);

/**
 * Where `x` does not hold, that is equals 0.
 *
 * NumPy `np.logical_not`, PyTorch `torch.logical_not`, TensorFlow.js `tf.logicalNot`.
 */
export const logicalNot: <X extends Operand>(x: X) => Result<X> = unary(logicOps.logicalNot);

/**
 * Where `x` is NaN.
 *
 * NumPy `np.isnan`, PyTorch `torch.isnan`, TensorFlow.js `tf.isNaN`.
 *
 * @example
 * ```ts
 * import { isNaN } from "@tensorloom/tensorloom";
 *
 * console.log(isNaN([1, NaN]).toArray()); // [false, true]
 * ```
 */
export const isNaN: <X extends Operand>(x: X) => Result<X> = unary(logicOps.isNaN);

/**
 * Where `x` is neither NaN nor infinite.
 *
 * NumPy `np.isfinite`, PyTorch `torch.isfinite`, TensorFlow.js `tf.isFinite`.
 */
export const isFinite: <X extends Operand>(x: X) => Result<X> = unary(logicOps.isFinite);

/**
 * Where `x` is Infinity or −Infinity.
 *
 * NumPy `np.isinf`, PyTorch `torch.isinf`, TensorFlow.js `tf.isInf`.
 */
export const isInf: <X extends Operand>(x: X) => Result<X> = unary(logicOps.isInf);
