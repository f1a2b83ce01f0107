/**
 * Products of matrices and vectors.
 * @module
 */
import type { Operand, Result, Value } from "../value.ts";
import { contract, type ContractAxes, contractGradient } from "./contract.ts";
import { inDType, promotedDType, typesOf } from "./elementwise.ts";
import { reshape } from "./movement.ts";
import { binary } from "./function.ts";
import { type Composite, type Op, refusal } from "./op.ts";

/** A product as a contraction: a vector on the left is depth alone and has no rows, one on the right no columns. */
function contractedAxesOf(
  x: { readonly shape: readonly number[] },
  y: { readonly shape: readonly number[] },
): ContractAxes {
  return { rows: x.shape.length > 1 ? 1 : 0, columns: y.shape.length > 1 ? 1 : 0 };
}

/** A product of operands that have axes, and no more than so many. */
function productOp(name: string, mostAxes = Infinity): Composite {
  return {
    name,
    gradient: (context) => contractGradient(context, contractedAxesOf(context.inputs[0]!, context.inputs[1]!)),
    decompose([x, y]) {
      if (x!.rank > mostAxes || y!.rank > mostAxes) {
        throw refusal(RangeError, "it takes vectors and matrices; use matmul for stacks of them");
      }
      if (x!.rank === 0 || y!.rank === 0) throw refusal(RangeError, "both need at least one axis; use mul for numbers");
      return contract(x!, y!, contractedAxesOf(x!, y!));
    },
  };
}

const matmulOp = productOp("matmul");
const dotOp = productOp("dot", 2);

const outerOp: Composite = {
  name: "outer",
  decompose(inputs) {
    const dtype = promotedDType("outer", typesOf(inputs)); // of a number, a reshape would make a float32
    const [x, y] = inputs.map((input) => inDType(input, dtype)) as [Value, Value]; // it has two operands
    return reshape(x, [x.size, 1]).mul(reshape(y, [1, y.size]));
  },
};

/** The table's entries of this family. */
export const matmulOps = { matmul: matmulOp, dot: dotOp, outer: outerOp } satisfies Record<string, Op>;

/**
 * The matrix product: `[…,M,K] × […,K,N]` with leading axes broadcast. A vector on the left counts as a row, on the
 * right as a column, and its axis is not in the result; two vectors give a number. Dtypes are promoted; integers wrap
 * around. Throws a RangeError when the inner dimensions differ or the leading axes do not broadcast, and a TypeError
 * for bool.
 *
 * NumPy `np.matmul`, PyTorch `torch.matmul`, TensorFlow.js `tf.matMul`.
 *
 * @example
 * ```ts
 * import { matmul } from "@tensorloom/tensorloom";
 *
 * console.log(matmul([[1, 2], [3, 4]], [1, 1]).toArray()); // [3, 7]
 * ```
 */
export const matmul: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(matmulOp);

/**
 * The product of two vectors (a number), two matrices, or one of each, as NumPy's `dot` has it. Dtypes are promoted.
 * Throws a RangeError for other ranks and when the inner dimensions differ, and a TypeError for bool.
 *
 * NumPy `np.dot`, PyTorch `torch.dot`, TensorFlow.js `tf.dot`.
 *
 * @example
 * ```ts
 * import { dot } from "@tensorloom/tensorloom";
 *
 * console.log(dot([1, 2, 3], [4, 5, 6]).item()); // 32
 * ```
 */
export const dot: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(dotOp);

/**
 * Every element of `x` times every element of `y`, both flattened: a matrix of `x.size` rows. Dtypes are promoted.
 *
 * NumPy `np.outer`, PyTorch `torch.outer`, TensorFlow.js `tf.outerProduct`.
 *
 * @example
 * ```ts
 * import { outer } from "@tensorloom/tensorloom";
 *
 * console.log(outer([1, 2], [3, 4]).toArray()); // [[3, 4], [6, 8]]
 * ```
 */
export const outer: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(outerOp);
