/**
 * Products of matrices and vectors.
 * @module
 */
import { type DType, isFloating, isInteger, type TypedArray } from "../dtype.ts";
import { broadcastShapes, formatShape, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import type { Operand, Result, Value } from "../value.ts";
import { convertNumber, promotedDType, unbroadcast } from "./elementwise.ts";
import { reshape, swapMatrixAxes } from "./movement.ts";
import { apply, type GradientContext, type Op, operandError } from "./op.ts";
import { broadcastOffsets } from "./offsets.ts";

/** A vector as a matrix: a row on the left of a product, a column on its right. */
function matrixShape(shape: Shape, side: "left" | "right"): Shape {
  return shape.length > 1 ? shape : side === "left" ? [1, ...shape] : [...shape, 1];
}

/** The result of `[…,M,K] × [K,N]` with the batch axes broadcast; vectors count as matrices here. */
function inferProduct(name: string, x: TensorType, y: TensorType): TensorType {
  const dtype = promotedDType(name, [x, y]);
  if (x.dtype === "bool" || y.dtype === "bool") {
    throw operandError(TypeError, name, [x, y], "it is not defined for bool; convert with astype()");
  }
  const [left, right] = [matrixShape(x.shape, "left"), matrixShape(y.shape, "right")];
  if (left.at(-1) !== right.at(-2)) {
    throw operandError(RangeError, name, [x, y], `inner dimensions ${left.at(-1)} and ${right.at(-2)} differ`);
  }
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  if (batch === undefined) {
    const [a, b] = [left, right].map((shape) => formatShape(shape.slice(0, -2)));
    throw operandError(RangeError, name, [x, y], `batch shapes ${a} and ${b} do not broadcast`);
  }
  return new TensorType(dtype, [...batch, left.at(-2)!, right.at(-1)!]);
}

/** `inferProduct` for operands that may be vectors, whose axes the result does not have. */
function inferMatmul(name: string, x: TensorType, y: TensorType): TensorType {
  if (x.shape.length === 0 || y.shape.length === 0) {
    throw operandError(RangeError, name, [x, y], "both need at least one axis; use mul for numbers");
  }
  const { dtype, shape } = inferProduct(name, x, y);
  const kept = [...shape.slice(0, -2)];
  if (x.shape.length > 1) kept.push(shape.at(-2)!);
  if (y.shape.length > 1) kept.push(shape.at(-1)!);
  return new TensorType(dtype, kept);
}

/** The product by three plain loops per pair of matrices. */
function computeProduct(output: TypedArray, x: Tensor, y: Tensor, dtype: DType): void {
  const [left, right] = [matrixShape(x.shape, "left"), matrixShape(y.shape, "right")];
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2))!; // inferProduct has checked that they fit
  const [rows, inner, columns] = [left.at(-2)!, left.at(-1)!, right.at(-1)!];
  const [leftOf, rightOf] = [broadcastOffsets(left.slice(0, -2), batch), broadcastOffsets(right.slice(0, -2), batch)];
  for (let matrix = 0; matrix < sizeOf(batch); matrix++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          const a = convertNumber(x.data[(leftOf[matrix]! * rows + row) * inner + k]!, dtype);
          const b = convertNumber(y.data[(rightOf[matrix]! * inner + k) * columns + column]!, dtype);
          // Math.imul keeps the low 32 bits, which are all that an integer dtype can hold.
          sum = isInteger(dtype) ? sum + Math.imul(a, b) | 0 : sum + a * b;
        }
        output[(matrix * rows + row) * columns + column] = convertNumber(sum, dtype);
      }
    }
  }
}

/** The gradients of a product, of vectors too: they are made matrices, and their gradients vectors again. */
function productGradient({ inputs, gradient, needed }: GradientContext): (Value | undefined)[] {
  const [x, y] = inputs as [Value, Value]; // a product has two
  const left = asMatrix(x, "left");
  const right = asMatrix(y, "right");
  const batch = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2))!; // as checked when it was inferred
  const product = [...batch, left.shape.at(-2)!, right.shape.at(-1)!];
  const matrices = product.length === gradient.rank ? gradient : reshape(gradient, product);
  const back = (contribution: Value, matrix: Value, operand: Value): Value => {
    const sum = unbroadcast(contribution, matrix);
    return matrix === operand ? sum : reshape(sum, operand.shape);
  };
  return [
    needed[0] && isFloating(x.dtype) ? back(contract(matrices, swapMatrixAxes(right)), left, x) : undefined,
    needed[1] && isFloating(y.dtype) ? back(contract(swapMatrixAxes(left), matrices), right, y) : undefined,
  ];
}

function asMatrix(x: Value, side: "left" | "right"): Value {
  return x.rank > 1 ? x : reshape(x, matrixShape(x.shape, side));
}

/** The primitive: products of stacks of matrices. */
const contractOp: Op = {
  name: "contract",
  infer([x, y]) {
    if (x!.shape.length < 2 || y!.shape.length < 2) {
      throw operandError(RangeError, "contract", [x!, y!], "both need at least two axes");
    }
    return inferProduct("contract", x!, y!);
  },
  compute: (output, [x, y], _attributes, { dtype }) => computeProduct(output, x!, y!, dtype),
  gradient: productGradient,
};

/** A product with vectors made matrices; the result has the shape that `type` says. */
function decomposeMatmul(x: Value, y: Value): Value {
  if (x.rank > 1 && y.rank > 1) return contract(x, y);
  const { shape } = inferMatmul("matmul", x.type!, y.type!); // types are known when decomposing
  return reshape(contract(asMatrix(x, "left"), asMatrix(y, "right")), shape);
}

const matmulOp: Op = {
  name: "matmul",
  infer: ([x, y]) => inferMatmul("matmul", x!, y!),
  compute: (output, [x, y], _attributes, { dtype }) => computeProduct(output, x!, y!, dtype),
  gradient: productGradient,
  decompose: ([x, y]) => decomposeMatmul(x!, y!),
};

const dotOp: Op = {
  name: "dot",
  infer([x, y]) {
    if (x!.shape.length > 2 || y!.shape.length > 2) {
      throw operandError(RangeError, "dot", [x!, y!], "it takes vectors and matrices; use matmul for stacks of them");
    }
    return inferMatmul("dot", x!, y!);
  },
  compute: (output, [x, y], _attributes, { dtype }) => computeProduct(output, x!, y!, dtype),
  gradient: productGradient,
  decompose: ([x, y]) => decomposeMatmul(x!, y!),
};

const outerOp: Op = {
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
export const matmulOps = { contract: contractOp, matmul: matmulOp, dot: dotOp, outer: outerOp } satisfies Record<
  string,
  Op
>;

/** The product of stacks of matrices: what {@linkcode matmul} comes down to. Both operands have at least two axes. */
function contract(x: Value, y: Value): Value {
  return apply(contractOp, [x, y]);
}

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
export function matmul<X extends Operand, Y extends Operand>(x: X, y: Y): Result<X | Y> {
  return apply(matmulOp, [x, y]);
}

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
export function dot<X extends Operand, Y extends Operand>(x: X, y: Y): Result<X | Y> {
  return apply(dotOp, [x, y]);
}

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
export function outer<X extends Operand, Y extends Operand>(x: X, y: Y): Result<X | Y> {
  return apply(outerOp, [x, y]);
}
