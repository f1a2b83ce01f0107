/**
 * The contraction: the primitive that products of matrices and convolutions come down to.
 *
 * Each operand's axes are, in this order, those of a stack, which broadcast, and two groups of any number of axes:
 * ```text
 * left    [stack…, rows…, depth…]
 * right   [stack…, depth…, columns…]
 * result  [stack…, rows…, columns…]
 * ```
 * Every element of the result is a sum over all indices of the depth.
 * @module
 */
import { type DType, isFloating, isInteger, type TypedArray } from "../dtype.ts";
import { broadcastShapes, equalShapes, formatShape, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import { convertNumber, promotedDType } from "./elementwise.ts";
import { permuteDims, reshape } from "./movement.ts";
import { broadcastOffsets } from "./geometry/offsets.ts";
import { apply } from "../graph/apply.ts";
import { type GradientContext, type Op, operandError } from "./op.ts";
import type { ContractOp } from "./primitive.ts";

/** How many axes are rows, depth and columns: one each, unless given. */
export type ContractAxes = { readonly rows?: number; readonly depth?: number; readonly columns?: number };

/** All three numbers. */
export function resolveContractAxes({ rows = 1, depth = 1, columns = 1 }: ContractAxes): Required<ContractAxes> {
  return { rows, depth, columns };
}

/** The shapes that the axes of both operands make. */
interface Parts {
  readonly left: Shape;
  readonly right: Shape;
  readonly rows: Shape;
  readonly depth: Shape;
  readonly columns: Shape;
}

/** Splits the shapes of two operands; `left` and `right` are those of their stacks. */
function partsOf(x: Shape, y: Shape, axes: ContractAxes): Parts {
  const { rows, depth, columns } = resolveContractAxes(axes);
  const [left, right] = [x.length - rows - depth, y.length - depth - columns];
  return {
    left: x.slice(0, left),
    right: y.slice(0, right),
    rows: x.slice(left, left + rows),
    depth: x.slice(left + rows),
    columns: y.slice(right + depth),
  };
}

/** The result's type. The operands have as many axes as it takes. */
function inferContract(x: TensorType, y: TensorType, axes: ContractAxes): TensorType {
  const dtype = promotedDType("contract", [x, y]);
  if (x.dtype === "bool" || y.dtype === "bool") {
    throw operandError(TypeError, "contract", [x, y], "it is not defined for bool; convert with astype()");
  }
  const { left, right, rows, depth, columns } = partsOf(x.shape, y.shape, axes);
  const inner = y.shape.slice(right.length, right.length + depth.length);
  if (!equalShapes(depth, inner)) {
    const [a, b] = [depth, inner].map((shape) => shape.length === 1 ? shape[0] : formatShape(shape));
    throw operandError(RangeError, "contract", [x, y], `inner dimensions ${a} and ${b} differ`);
  }
  const stack = broadcastShapes(left, right);
  if (stack === undefined) {
    const [a, b] = [formatShape(left), formatShape(right)];
    throw operandError(RangeError, "contract", [x, y], `batch shapes ${a} and ${b} do not broadcast`);
  }
  return new TensorType(dtype, [...stack, ...rows, ...columns]);
}

/** The contraction by plain loops: in row-major order several axes are walked as if they were one. */
function computeContract(output: TypedArray, x: Tensor, y: Tensor, axes: ContractAxes, dtype: DType): void {
  const { left, right, ...parts } = partsOf(x.shape, y.shape, axes);
  const [rows, depth, columns] = [sizeOf(parts.rows), sizeOf(parts.depth), sizeOf(parts.columns)];
  const stack = broadcastShapes(left, right)!; // as checked when it was inferred
  const [leftOf, rightOf] = [broadcastOffsets(left, stack), broadcastOffsets(right, stack)];
  for (let matrix = 0; matrix < sizeOf(stack); matrix++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let k = 0; k < depth; k++) {
          const a = convertNumber(x.data[(leftOf[matrix]! * rows + row) * depth + k]!, dtype);
          const b = convertNumber(y.data[(rightOf[matrix]! * depth + k) * columns + column]!, dtype);
          // Math.imul keeps the low 32 bits, which are all that an integer dtype can hold.
          sum = isInteger(dtype) ? sum + Math.imul(a, b) | 0 : sum + a * b;
        }
        output[(matrix * rows + row) * columns + column] = convertNumber(sum, dtype);
      }
    }
  }
}

/**
 * The gradients: of each operand, the contraction of the result's gradient with the other operand. Axes of the stack
 * that an operand does not have, or has stretched, are summed over, so they are part of its depth.
 */
export function contractGradient(
  { inputs, gradient, needed }: Pick<GradientContext, "inputs" | "gradient" | "needed">,
  axes: ContractAxes,
): (Value | undefined)[] {
  const [x, y] = inputs as [Value, Value]; // a contraction has two operands
  const { rows, depth, columns } = resolveContractAxes(axes);
  const rank = gradient.rank - rows - columns;
  const stacked = (operand: Value, own: number): Value => {
    const missing = rank + own - operand.rank;
    return missing === 0 ? operand : reshape(operand, [...new Array<number>(missing).fill(1), ...operand.shape]);
  };
  const [left, right] = [stacked(x, rows + depth), stacked(y, depth + columns)];
  const stack = range(0, rank);
  const isSummed = (operand: Value) => (axis: number): boolean =>
    operand.shape[axis] === 1 && gradient.shape[axis] !== 1;
  const back = (contribution: Value, operand: Value): Value =>
    equalShapes(contribution.shape, operand.shape) ? contribution : reshape(contribution, operand.shape);

  const ofLeft = (): Value => {
    const summed = stack.filter(isSummed(left));
    const kept = stack.filter((axis) => !summed.includes(axis));
    const upper = permuted(gradient, [
      ...kept,
      ...range(rank, rows),
      ...summed,
      ...range(rank + rows, columns),
    ]);
    const other = permuted(right, [...kept, ...summed, ...range(rank + depth, columns), ...range(rank, depth)]);
    return back(contract(upper, other, { rows, depth: summed.length + columns, columns: depth }), x);
  };
  const ofRight = (): Value => {
    const summed = stack.filter(isSummed(right));
    const kept = stack.filter((axis) => !summed.includes(axis));
    const other = permuted(left, [...kept, ...range(rank + rows, depth), ...summed, ...range(rank, rows)]);
    const upper = permuted(gradient, [...kept, ...summed, ...range(rank, rows + columns)]);
    return back(contract(other, upper, { rows: depth, depth: summed.length + rows, columns }), y);
  };
  return [
    needed[0] && isFloating(x.dtype) ? ofLeft() : undefined,
    needed[1] && isFloating(y.dtype) ? ofRight() : undefined,
  ];
}

/** `count` whole numbers from `start` on. */
function range(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start + index);
}

/** `x` with its axes in another order, if it is another. */
function permuted(x: Value, axes: readonly number[]): Value {
  return axes.every((axis, index) => axis === index) ? x : permuteDims(x, axes);
}

const contractOp: ContractOp<ContractAxes> = {
  name: "contract",
  lowering: "contract",
  infer([x, y], axes) {
    const { rows, depth, columns } = resolveContractAxes(axes);
    if (x!.shape.length < rows + depth || y!.shape.length < depth + columns) {
      const reason = `they need at least ${rows + depth} and ${depth + columns} axes`;
      throw operandError(RangeError, "contract", [x!, y!], reason);
    }
    return inferContract(x!, y!, axes);
  },
  compute: (output, [x, y], axes, { dtype }) => computeContract(output, x!, y!, axes, dtype),
  gradient: (context) => contractGradient(context, context.attributes),
};

/** The table's entry. */
export const contractOps = { contract: contractOp } satisfies Record<string, Op>;

/** Contracts `x` with `y`; see the head of this file. */
export function contract(x: Value, y: Value, axes: ContractAxes = {}): Value {
  // What is 1 is left out, so that the same contraction is always written in the same way.
  const given = Object.entries(axes).filter(([, count]) => count !== 1);
  return apply(contractOp, [x, y], Object.fromEntries(given));
}
