/**
 * Error bounds of element-wise operations.
 * @module
 */
import { isFloating, isInteger } from "../../src/dtype.ts";
import type { TableOperation } from "../../src/graph/operation.ts";
import { convertNumber } from "../../src/ops/elementwise.ts";
import { broadcastOffsets } from "../../src/ops/geometry/offsets.ts";
import type { Scalar } from "../../src/ops/primitive.ts";
import type { Intrinsic, IntrinsicName } from "../../src/ops/table.ts";
import { type Bounded, checkRange, convertBounded, significantBits, smallest, Undecided, unit } from "./bounds.ts";

/** A number and its bound. */
interface Ball {
  readonly value: number;
  readonly error: number;
}

/** What an element-wise operation makes of its operands. */
export function boundElements(node: TableOperation, op: Intrinsic, inputs: readonly Bounded[]): Bounded {
  const type = node.type!; // every type is known in a specialised graph
  const types = inputs.map((input) => input.type);
  const dtype = op.operandDType(types, inputs.length - 1);
  const operands = inputs.map((input, index) => {
    const converted = convertBounded(input, op.operandDType(types, index));
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
    const spread = spreadOf(op, balls, value);
    const rounding = isFloating(type.dtype) && Number.isFinite(value)
      ? roundingOf(op, balls, value, type.dtype as "float32" | "float64")
      : 0; // asked just now
    errors[place] = checkRange(value, Number.isNaN(value) && spread === 0 ? 0 : spread + rounding, type.dtype);
  }
  return { type, values, errors };
}

/** What the operation itself may round: nothing where the result is exact. */
function roundingOf(
  { name, rounding }: Intrinsic,
  balls: readonly Ball[],
  value: number,
  dtype: "float32" | "float64",
): number {
  if (rounding === "exact") return 0;
  const once = unit(dtype) * Math.abs(value) + smallest(dtype);
  if (rounding === "approximate") return (name === "pow" ? 8 : 4) * once; // 4 and 2 units in the last place
  const exact = balls.every(({ error }) => error === 0) && isExact(name, balls[0]!.value, balls[1]?.value ?? 0, value);
  return exact && (dtype === "float64" || Math.fround(value) === value) ? 0 : once;
}

/** Whether float64 arithmetic got this result without rounding. */
function isExact(name: IntrinsicName, x: number, y: number, value: number): boolean {
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

/** How far a result may move when the operands move within their bounds. */
type Spread = (x: Ball, y: Ball, z: Ball, corners: () => number) => number;

function undecided(): never {
  throw new Undecided("an operation of what is not exact");
}

function straddles({ value, error }: Ball): boolean {
  return error > 0 && Math.abs(value) <= error;
}

/** For what is monotone in each operand. */
const monotone: Spread = (_x, _y, _z, corners) => corners();
/** For what is no steeper than the identity. */
const gentle: Spread = (x) => x.error;
/** For what is one of the operands. */
const chosen: Spread = (x, y, z) => Math.max(x.error, y.error, z.error);
/** For what is monotone and jumps. */
const stepped: Spread = (_x, _y, _z, corners) => corners() === 0 ? 0 : undecided();
/** For what jumps anywhere. */
const jumping: Spread = () => undecided();
const equality: Spread = (x, y) => Math.abs(x.value - y.value) <= x.error + y.error ? undecided() : 0;
const logic: Spread = (x, y, z) => [x, y, z].some(straddles) ? undecided() : 0;
/** What may overflow was refused before. */
const decided: Spread = () => 0;

const chosenByCondition: Spread = (condition, x, y) => (condition.value ? x : y).error;

/** Of an intrinsic that is not among them, nothing is known but its value at exact operands. */
const spreads: Readonly<Partial<Record<IntrinsicName, Spread>>> = {
  add: monotone,
  sub: monotone,
  mul: monotone,
  div: (_x, y, _z, corners) => straddles(y) ? undecided() : corners(),
  pow(x, y, _z, corners) {
    const isRoot = y.error > 0 || !Number.isInteger(y.value) || y.value < 0 && straddles(x);
    return x.value - x.error <= 0 && isRoot ? undecided() : corners();
  },
  maximum: chosen,
  minimum: chosen,
  mod: jumping,
  floorDiv: jumping,
  neg: monotone,
  abs: gentle,
  sign: stepped,
  square: monotone,
  reciprocal: (x, _y, _z, corners) => straddles(x) ? undecided() : corners(),
  clip: chosen,
  where: chosenByCondition,
  sqrt: monotone,
  rsqrt: (x, _y, _z, corners) => straddles(x) ? undecided() : corners(),
  exp: monotone,
  expm1: monotone,
  log: monotone,
  log1p: monotone,
  sin: gentle,
  cos: gentle,
  tan({ value, error }, _y, _z, corners) {
    const branch = (at: number): number => Math.floor(at / Math.PI - 0.5);
    return error > 0.1 || branch(value - Math.PI * error) !== branch(value + Math.PI * error) ? undecided() : corners();
  },
  asin: monotone,
  acos: monotone,
  atan: monotone,
  atan2(x, y) {
    const room = Math.hypot(x.value, y.value) - x.error - y.error;
    return !(room > 0) || y.value - y.error < 0 && straddles(x) ? undecided() : (x.error + y.error) / room;
  },
  sinh: monotone,
  cosh: monotone,
  tanh: monotone,
  sigmoid: monotone,
  softplus: monotone,
  relu: gentle,
  erf: monotone,
  floor: stepped,
  ceil: stepped,
  round: stepped,
  equal: equality,
  notEqual: equality,
  less: stepped,
  lessEqual: stepped,
  greater: stepped,
  greaterEqual: stepped,
  logicalAnd: logic,
  logicalOr: logic,
  logicalXor: logic,
  logicalNot: logic,
  isNaN: decided,
  isFinite: decided,
  isInf: decided,
};

/** An operand that there is not. */
const nothing: Ball = { value: 0, error: 0 };

function spreadOf({ name, scalar }: Intrinsic, balls: readonly Ball[], value: number): number {
  const [x = nothing, y = nothing, z = nothing] = balls;
  const corners = (): number => cornersOf(scalar, balls, value);
  if (name === "where") return chosenByCondition(x, y, z, corners); // of the operands one does not count
  if (balls.every(({ error }) => error === 0)) return 0;
  return balls.some((ball) => Number.isNaN(ball.value)) ? corners() : (spreads[name] ?? jumping)(x, y, z, corners);
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
