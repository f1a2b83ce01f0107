/**
 * Products of matrices and vectors.
 * @module
 */
import { isInteger } from "../dtype.ts";
import { TensorType } from "../tensor_type.ts";
import type { Operand, Result } from "../value.ts";
import { computeContract, contract, type ContractAxes, contractGradient, inferContract } from "./contract.ts";
import { convertNumber, promotedDType } from "./elementwise.ts";
import { reshape } from "./movement.ts";
import { binary } from "./function.ts";
import { type Composite, type Entry, type Op, operandError } from "./op.ts";

/** A product as a contraction: a vector on the left is depth alone and has no rows, one on the right no columns. */
function axesOf(x: { readonly shape: readonly number[] }, y: { readonly shape: readonly number[] }): ContractAxes {
  return { rows: x.shape.length > 1 ? 1 : 0, columns: y.shape.length > 1 ? 1 : 0 };
}

/** The result of `[…,M,K] × […,K,N]` with the leading axes broadcast, and of vectors. */
function inferMatmul(name: string, x: TensorType, y: TensorType): TensorType {
  if (x.shape.length === 0 || y.shape.length === 0) {
    throw operandError(RangeError, name, [x, y], "both need at least one axis; use mul for numbers");
  }
  return inferContract(name, x, y, axesOf(x, y));
}

/** A product by another name, which may take other operands. */
function productOp(name: string, infer: Entry["infer"]): Composite {
  return {
    name,
    infer,
    compute: (output, [x, y], _attributes, { dtype }) => computeContract(output, x!, y!, axesOf(x!, y!), dtype),
    gradient: (context) => contractGradient(context, axesOf(context.inputs[0]!, context.inputs[1]!)),
    decompose: ([x, y]) => contract(x!, y!, axesOf(x!, y!)),
  };
}

const matmulOp = productOp("matmul", ([x, y]) => inferMatmul("matmul", x!, y!));

const dotOp = productOp("dot", ([x, y]) => {
  if (x!.shape.length > 2 || y!.shape.length > 2) {
    throw operandError(RangeError, "dot", [x!, y!], "it takes vectors and matrices; use matmul for stacks of them");
  }
  return inferMatmul("dot", x!, y!);
});

const outerOp: Composite = {
  name: "outer",
  infer([x, y]) {
    const dtype = promotedDType("outer", [x!, y!]);
    if (dtype === "bool") {
      throw operandError(TypeError, "outer", [x!, y!], "it is not defined for bool; convert with astype()");
    }
    return new TensorType(dtype, [x!.size, y!.size]);
  },
  compute(output, [x, y], _attributes, { dtype }) {
    for (let index = 0; index < output.length; index++) {
      const a = convertNumber(x!.data[Math.floor(index / y!.size)]!, dtype);
      const b = convertNumber(y!.data[index % y!.size]!, dtype);
      output[index] = isInteger(dtype) ? convertNumber(Math.imul(a, b), dtype) : a * b;
    }
  },
  decompose: ([x, y]) => reshape(x!, [-1, 1]).mul(reshape(y!, [1, -1])),
};

/** The table's entries of this family. */
export const matmulOps = { matmul: matmulOp, dot: dotOp, outer: outerOp } satisfies Record<string, Op>;

/**
 * The matrix product: `[…,M,K] × […,K,N]` with leading axes broadcast. A vector on the left counts as a row, on the
 * right as a column, and its axis is not in the result; two vectors give a number. Dtypes are promoted; integers wrap
 * around. Throws a RangeError when the inner dimensions differ or the leading axes do not broadcast, and a TypeError
 * for bool.
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
 * @example
 * ```ts
 * import { outer } from "@tensorloom/tensorloom";
 *
 * console.log(outer([1, 2], [3, 4]).toArray()); // [[3, 4], [6, 8]]
 * ```
 */
export const outer: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(outerOp);
