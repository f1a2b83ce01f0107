/**
 * Error bounds of element-wise operations.
 * @module
 */
import { isFloating, isInteger } from "../../src/dtype.ts";
import type { TableOperation } from "../../src/graph/operation.ts";
import { convertNumber, type ElementwiseOp, type Scalar } from "../../src/ops/elementwise.ts";
import { broadcastOffsets } from "../../src/ops/offsets.ts";
import { type Bounded, checkRange, convertBounded, significantBits, smallest, Undecided, unit } from "./bounds.ts";

/** A number and its bound. */
interface Ball {
  readonly value: number;
  readonly error: number;
}

/** What an element-wise operation makes of its operands. */
export function boundElements(node: TableOperation, inputs: readonly Bounded[]): Bounded {
  const op = node.op as ElementwiseOp; // the caller has asked for its kind
  const type = node.type!; // every type is known in a specialised graph
  const dtype = op.operandDType(inputs.map((input) => input.type));
  const operands = inputs.map((input, index) => {
    const converted = convertBounded(input, op.name === "where" && index === 0 ? "bool" : dtype);
    const offsets = broadcastOffsets(input.type.shape, type.shape);
    return (place: number): Ball => ({
      value: converted.values[offsets[place]!]!,
      error: converted.errors[offsets[place]!]!,
    });
  });
  const values = new Float64Array(type.size);
  const errors = new Float64Array(type.size);
  const scalar = isInteger(dtype) ? op.integer ?? op.scalar : op.scalar;
  for (let place = 0; place < type.size; place++) {
    const balls = operands.map((operand) => operand(place));
    const [x, y, z] = balls;
    const value = scalar(x!.value, y?.value ?? 0, z?.value ?? 0);
    values[place] = isFloating(type.dtype) ? value : convertNumber(value, type.dtype);
    if (!isFloating(dtype)) continue;
    const spread = spreadOf(op.name, op.scalar, balls, value);
    const rounding = isFloating(type.dtype) && Number.isFinite(value)
      ? roundingOf(op.name, balls, value, type.dtype as "float32" | "float64")
      : 0; // asked just now
    errors[place] = checkRange(value, Number.isNaN(value) && spread === 0 ? 0 : spread + rounding, type.dtype);
  }
  return { type, values, errors };
}

const choices = new Set([
  "maximum",
  "minimum",
  "clip",
  "neg",
  "abs",
  "relu",
  "sign",
  "floor",
  "ceil",
  "round",
  "where",
]);
const arithmetic = new Set(["add", "sub", "mul", "div", "square", "sqrt", "reciprocal", "mod", "floorDiv"]);

/** What the operation itself may round: nothing where the result is exact. */
function roundingOf(name: string, balls: readonly Ball[], value: number, dtype: "float32" | "float64"): number {
  if (choices.has(name)) return 0;
  const once = unit(dtype) * Math.abs(value) + smallest(dtype);
  if (!arithmetic.has(name)) return (name === "pow" ? 8 : 4) * once; // 4 and 2 units in the last place
  const exact = balls.every(({ error }) => error === 0) && isExact(name, balls[0]!.value, balls[1]?.value ?? 0, value);
  return exact && (dtype === "float64" || Math.fround(value) === value) ? 0 : once;
}

/** Whether float64 arithmetic got this result without rounding. */
function isExact(name: string, x: number, y: number, value: number): boolean {
  switch (name) {
    case "add":
    case "sub": {
      const other = name === "add" ? y : -y;
      const back = value - x;
      return x - (value - back) + (other - back) === 0; // the error of a sum, after Møller and Knuth
    }
    case "mul":
      return significantBits(x) + significantBits(y) <= 53;
    case "square":
      return significantBits(x) <= 26;
    case "div":
      return y === Infinity || y === -Infinity || significantBits(value) + significantBits(y) <= 53 && value * y === x;
    case "reciprocal":
      return significantBits(value) + significantBits(x) <= 53 && value * x === 1;
    case "sqrt":
      return significantBits(value) <= 26 && value * value === x;
    default:
      return significantBits(x) <= 24 && significantBits(y) <= 24 && significantBits(value) <= 24;
  }
}

/** How far the result may move when the operands move within their bounds. */
function spreadOf(name: string, scalar: Scalar, balls: readonly Ball[], value: number): number {
  const [x, y, z] = balls as [Ball, Ball | undefined, Ball | undefined];
  if (name === "where") return (x.value ? y! : z!).error;
  if (balls.every(({ error }) => error === 0)) return 0;
  if (balls.some((ball) => Number.isNaN(ball.value))) return cornersOf(scalar, balls, value);
  const straddles = ({ value, error }: Ball): boolean => error > 0 && Math.abs(value) <= error;
  const undecided = (): never => {
    throw new Undecided(`${name} of what is not exact`);
  };
  switch (name) {
    case "mod":
    case "floorDiv":
      return undecided();
    case "sin":
    case "cos":
    case "abs":
    case "relu":
      return x.error;
    case "maximum":
    case "minimum":
    case "clip":
      return Math.max(...balls.map(({ error }) => error));
    case "equal":
    case "notEqual":
      return Math.abs(x.value - y!.value) <= x.error + y!.error ? undecided() : 0;
    case "logicalAnd":
    case "logicalOr":
    case "logicalXor":
    case "logicalNot":
      return balls.some(straddles) ? undecided() : 0;
    case "isNaN":
    case "isFinite":
    case "isInf":
      return 0; // what may overflow was refused before
    case "floor":
    case "ceil":
    case "round":
    case "sign":
    case "less":
    case "lessEqual":
    case "greater":
    case "greaterEqual":
      return cornersOf(scalar, balls, value) === 0 ? 0 : undecided();
    case "reciprocal":
    case "rsqrt":
      if (straddles(x)) undecided();
      break;
    case "div":
      if (straddles(y!)) undecided();
      break;
    case "tan":
      if (
        x.error > 0.1 || Math.floor(x.value / Math.PI - 0.5 - x.error) !== Math.floor(x.value / Math.PI - 0.5 + x.error)
      ) undecided();
      break;
    case "pow":
      if (x.value - x.error <= 0 && (y!.error > 0 || !Number.isInteger(y!.value) || y!.value < 0 && straddles(x))) {
        undecided();
      }
      break;
    case "atan2": {
      const room = Math.hypot(x.value, y!.value) - x.error - y!.error;
      if (!(room > 0) || y!.value - y!.error < 0 && straddles(x)) undecided();
      return (x.error + y!.error) / room;
    }
  }
  return cornersOf(scalar, balls, value);
}

/** For what is monotone in each operand: the largest difference at the corners of the box that the operands lie in. */
function cornersOf(scalar: Scalar, balls: readonly Ball[], value: number): number {
  let spread = 0;
  for (let corner = 0; corner < 2 ** balls.length; corner++) {
    const [x, y, z] = balls.map((ball, index) =>
      ball.error === 0 ? ball.value : ball.value + (corner >> index & 1 ? ball.error : -ball.error)
    );
    const there = scalar(x!, y ?? 0, z ?? 0);
    if (Object.is(there, value) || there === value) continue;
    if (!Number.isFinite(there) || !Number.isFinite(value)) throw new Undecided("a result that may be NaN or infinite");
    spread = Math.max(spread, Math.abs(there - value));
  }
  return spread * (1 + 1e-9); // the corners are rounded too
}
