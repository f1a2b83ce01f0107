/**
 * Scalar intrinsics on four values: as vector instructions where there are such, otherwise as vector functions, and where
 * there is neither, lane by lane in a call of the function that the op table has.
 * @module
 */
import { type DType, isInteger } from "../../../../src/dtype.ts";
import type { DomainOf, IntrinsicName } from "../../../../src/ops/table.ts";
import { type Code, onLane, op, splat32, splat64, type Vector } from "../asm/code.ts";
import type { ImportName } from "../imports.ts";
import {
  type CallScalar,
  extractLane,
  fromDoubles,
  isUnsigned,
  laneCount,
  narrowMask,
  vectorCount,
  widenMask,
  wrapLanes,
} from "./lanes.ts";
import type { VectorFunction, VectorFunctionName } from "./vector_functions.ts";

/** What intrinsics need of the kernel around them. */
export interface OperationContext {
  /** Keeps a vector in a local, so that it can be read again. */
  keep(value: Vector): Vector;
  /** The constant, kept outside of all loops. */
  constant(value: Vector): Vector;
  call: CallScalar;
  /** The function on four float32 values. */
  vectorFunction(name: VectorFunctionName): VectorFunction;
}

/** A function of doubles that is called with each lane, and the function on four float32 values in its place. */
interface FunctionCall {
  readonly call: ImportName;
  readonly vector?: VectorFunctionName;
}

/** Floats of one width. */
interface Floats {
  readonly type: "f32x4" | "f64x2";
  /** The number in all lanes. */
  number(value: number): Vector;
  keep(value: Vector): Vector;
}

/** Integers of one dtype in 32 bits. */
interface Integers {
  readonly sign: "s" | "u";
  /** The number in all lanes. */
  number(value: number): Vector;
  /** Cuts them down to the bits that the dtype has. */
  wrap(value: Vector): Vector;
}

/** Instructions on vectors of the operands, which may be read again and again. What is true is a mask of ones. */
type LaneInstructions<Kind> = (kind: Kind, x: Vector, y: Vector, z: Vector) => Vector;

/** What an intrinsic becomes on floats, and where it is defined on more than those, on integers and on masks. */
interface FloatRule {
  readonly floats: LaneInstructions<Floats> | FunctionCall;
}
interface NumberRule extends FloatRule {
  readonly integers: LaneInstructions<Integers> | FunctionCall;
}
interface Rule extends NumberRule {
  readonly bools: (x: Vector, y: Vector, z: Vector) => Vector;
}

type RuleOf<Domain> = Domain extends "floats" ? FloatRule : Domain extends "numbers" ? NumberRule : Rule;
type Rules = { readonly [Name in IntrinsicName]: RuleOf<DomainOf<Name>> };

const select = (mask: Vector, x: Vector, y: Vector): Vector => op("v128.bitselect", x, y, mask);
const and = (x: Vector, y: Vector): Vector => op("v128.and", x, y);
const or = (x: Vector, y: Vector): Vector => op("v128.or", x, y);
const xor = (x: Vector, y: Vector): Vector => op("v128.xor", x, y);
const not = (x: Vector): Vector => op("v128.not", x);

/** Lanes that differ from 0. */
const floatIsTrue = ({ type, number }: Floats, x: Vector): Vector => op(`${type}.ne`, x, number(0));
const integerIsTrue = ({ number }: Integers, x: Vector): Vector => op("i32x4.ne", x, number(0));

/** A function of floats, called with each lane or, on four float32 values, a function of vectors. */
function calledFunction(call: ImportName, vector?: VectorFunctionName): FloatRule {
  return { floats: { call, ...(vector && { vector }) } };
}

/** What every intrinsic becomes. */
const rules: Rules = {
  add: {
    floats: ({ type }, x, y) => op(`${type}.add`, x, y),
    integers: ({ wrap }, x, y) => wrap(op("i32x4.add", x, y)),
  },
  sub: {
    floats: ({ type }, x, y) => op(`${type}.sub`, x, y),
    integers: ({ wrap }, x, y) => wrap(op("i32x4.sub", x, y)),
  },
  mul: {
    floats: ({ type }, x, y) => op(`${type}.mul`, x, y),
    integers: ({ wrap }, x, y) => wrap(op("i32x4.mul", x, y)),
  },
  div: { floats: ({ type }, x, y) => op(`${type}.div`, x, y) },
  pow: { floats: { call: "power", vector: "pow" }, integers: { call: "integerPower" } },
  maximum: {
    floats: ({ type }, x, y) => op(`${type}.max`, x, y),
    integers: ({ sign }, x, y) => op(`i32x4.max_${sign}`, x, y),
    bools: or,
  },
  minimum: {
    floats: ({ type }, x, y) => op(`${type}.min`, x, y),
    integers: ({ sign }, x, y) => op(`i32x4.min_${sign}`, x, y),
    bools: and,
  },
  mod: { floats: { call: "floorRemainder" }, integers: { call: "integerRemainder" } },
  floorDiv: { floats: { call: "floorQuotient" }, integers: { call: "integerQuotient" } },
  neg: {
    floats: ({ type }, x) => op(`${type}.neg`, x),
    integers: ({ wrap }, x) => wrap(op("i32x4.neg", x)),
  },
  abs: {
    floats: ({ type }, x) => op(`${type}.abs`, x),
    integers: ({ sign, wrap }, x) => sign === "u" ? x : wrap(op("i32x4.abs", x)),
  },
  sign: {
    floats({ type, number, keep }, x) {
      const one = op("v128.or", number(1), op("v128.and", x, number(-0)));
      const ofNumber = op("v128.and", one, op(`${type}.ne`, x, number(0))); // of −0 it is 0
      return op("v128.bitselect", ofNumber, x, keep(op(`${type}.eq`, x, x)));
    },
    integers(integers, x) {
      const { sign, number } = integers;
      if (sign === "u") return op("v128.and", integerIsTrue(integers, x), number(1));
      return op("v128.or", op("v128.and", op("i32x4.gt_s", x, number(0)), number(1)), op("i32x4.lt_s", x, number(0)));
    },
  },
  square: {
    floats: ({ type }, x) => op(`${type}.mul`, x, x),
    integers: ({ wrap }, x) => wrap(op("i32x4.mul", x, x)),
  },
  reciprocal: { floats: ({ type, number }, x) => op(`${type}.div`, number(1), x) },
  clip: {
    floats: ({ type }, x, y, z) => op(`${type}.min`, op(`${type}.max`, x, y), z),
    integers: ({ sign }, x, y, z) => op(`i32x4.min_${sign}`, op(`i32x4.max_${sign}`, x, y), z),
  },
  where: {
    floats: (_, mask, x, y) => select(mask, x, y),
    integers: (_, mask, x, y) => select(mask, x, y),
    bools: select,
  },
  sqrt: { floats: ({ type }, x) => op(`${type}.sqrt`, x) },
  rsqrt: { floats: ({ type, number }, x) => op(`${type}.div`, number(1), op(`${type}.sqrt`, x)) },
  exp: calledFunction("exp", "exp"),
  expm1: calledFunction("expm1", "expm1"),
  log: calledFunction("log", "log"),
  log1p: calledFunction("log1p", "log1p"),
  sin: calledFunction("sin", "sin"),
  cos: calledFunction("cos", "cos"),
  tan: calledFunction("tan"),
  asin: calledFunction("asin"),
  acos: calledFunction("acos"),
  atan: calledFunction("atan"),
  atan2: calledFunction("atan2"),
  sinh: calledFunction("sinh"),
  cosh: calledFunction("cosh"),
  tanh: calledFunction("tanh", "tanh"),
  sigmoid: calledFunction("logistic", "sigmoid"),
  softplus: calledFunction("softplus", "softplus"),
  relu: {
    // Of two equal numbers it is the first, so that −0 has to be made 0; NaN stays.
    floats: ({ type, number }, x) => op(`${type}.add`, op(`${type}.pmax`, x, number(0)), number(0)),
    integers: ({ sign, number }, x) => sign === "u" ? x : op("i32x4.max_s", x, number(0)),
  },
  erf: calledFunction("erf", "erf"),
  floor: { floats: ({ type }, x) => op(`${type}.floor`, x), integers: (_, x) => x },
  ceil: { floats: ({ type }, x) => op(`${type}.ceil`, x), integers: (_, x) => x },
  round: { floats: ({ type }, x) => op(`${type}.nearest`, x), integers: (_, x) => x },
  equal: {
    floats: ({ type }, x, y) => op(`${type}.eq`, x, y),
    integers: (_, x, y) => op("i32x4.eq", x, y),
    bools: (x, y) => not(xor(x, y)),
  },
  notEqual: {
    floats: ({ type }, x, y) => op(`${type}.ne`, x, y),
    integers: (_, x, y) => op("i32x4.ne", x, y),
    bools: xor,
  },
  less: {
    floats: ({ type }, x, y) => op(`${type}.lt`, x, y),
    integers: ({ sign }, x, y) => op(`i32x4.lt_${sign}`, x, y),
    bools: (x, y) => op("v128.andnot", y, x),
  },
  lessEqual: {
    floats: ({ type }, x, y) => op(`${type}.le`, x, y),
    integers: ({ sign }, x, y) => op(`i32x4.le_${sign}`, x, y),
    bools: (x, y) => or(not(x), y),
  },
  greater: {
    floats: ({ type }, x, y) => op(`${type}.gt`, x, y),
    integers: ({ sign }, x, y) => op(`i32x4.gt_${sign}`, x, y),
    bools: (x, y) => op("v128.andnot", x, y),
  },
  greaterEqual: {
    floats: ({ type }, x, y) => op(`${type}.ge`, x, y),
    integers: ({ sign }, x, y) => op(`i32x4.ge_${sign}`, x, y),
    bools: (x, y) => or(x, not(y)),
  },
  logicalAnd: {
    floats: (floats, x, y) => and(floatIsTrue(floats, x), floatIsTrue(floats, y)),
    integers: (integers, x, y) => and(integerIsTrue(integers, x), integerIsTrue(integers, y)),
    bools: and,
  },
  logicalOr: {
    floats: (floats, x, y) => or(floatIsTrue(floats, x), floatIsTrue(floats, y)),
    integers: (integers, x, y) => or(integerIsTrue(integers, x), integerIsTrue(integers, y)),
    bools: or,
  },
  logicalXor: {
    floats: (floats, x, y) => xor(floatIsTrue(floats, x), floatIsTrue(floats, y)),
    integers: (integers, x, y) => xor(integerIsTrue(integers, x), integerIsTrue(integers, y)),
    bools: xor,
  },
  logicalNot: {
    floats: ({ type, number }, x) => op(`${type}.eq`, x, number(0)),
    integers: ({ number }, x) => op("i32x4.eq", x, number(0)),
    bools: not,
  },
  isNaN: {
    floats: ({ type }, x) => op(`${type}.ne`, x, x),
    integers: ({ number }) => number(0),
    bools: (x) => xor(x, x),
  },
  isFinite: {
    floats: ({ type, number }, x) => op(`${type}.lt`, op(`${type}.abs`, x), number(Infinity)),
    integers: ({ number }) => not(number(0)),
    bools: (x) => not(xor(x, x)),
  },
  isInf: {
    floats: ({ type, number }, x) => op(`${type}.eq`, op(`${type}.abs`, x), number(Infinity)),
    integers: ({ number }) => number(0),
    bools: (x) => xor(x, x),
  },
};

/** What a rule comes to for a dtype: a function of vectors, or one that is called with each lane. */
function formOf(
  context: OperationContext,
  rule: FloatRule | NumberRule | Rule,
  dtype: DType,
): ((x: Vector, y: Vector, z: Vector) => Vector) | FunctionCall {
  if (dtype === "bool" && "bools" in rule) return rule.bools;
  if (isInteger(dtype) && "integers" in rule) {
    const { integers } = rule;
    if (typeof integers === "object") return integers;
    const kind: Integers = {
      sign: isUnsigned(dtype) ? "u" : "s",
      number: (value) => context.constant(splat32("i32x4", value)),
      wrap: (value) => wrapLanes(dtype, value),
    };
    return (x, y, z) => integers(kind, x, y, z);
  }
  const { floats } = rule;
  if (typeof floats === "object") return floats;
  const type = dtype === "float64" ? "f64x2" : "f32x4";
  const kind: Floats = {
    type,
    number: (value) => context.constant(type === "f32x4" ? splat32("f32x4", value) : splat64(value)),
    keep: context.keep,
  };
  return (x, y, z) => floats(kind, x, y, z);
}

/**
 * An intrinsic on kept operands, which are four values of `dtype` each, or a mask; gives values of `result`. Operands may be
 * read again and again.
 */
export function elementwiseLanes(
  context: OperationContext,
  name: IntrinsicName,
  { dtype, result }: { readonly dtype: DType; readonly result: DType },
  args: readonly (readonly Vector[])[],
): Vector[] {
  const form = formOf(context, rules[name], dtype);
  if (typeof form === "object") {
    if (dtype !== "float32" || form.vector === undefined) {
      return laneByLane(context, form.call, { dtype, result }, args);
    }
    const [x, y = x] = args.map(([vector]) => vector!);
    return [context.vectorFunction(form.vector)(x!, y!)];
  }
  // Doubles take two vectors, of which a mask has to be as wide.
  const operands = args.map((arg) => arg.length < vectorCount(dtype) ? widenMask(arg[0]!) : arg);
  const results = operands[0]!.map((_, index) => {
    const [x, y = x, z = x] = operands.map((operand) => operand[index]!); // it looks at those that there are
    return form(x!, y!, z!);
  });
  return result === "bool" && results.length === 2 ? [narrowMask(results[0]!, results[1]!)] : results;
}

/** What a function of doubles gives for each lane. */
function laneByLane(
  context: OperationContext,
  name: ImportName,
  { dtype, result }: { readonly dtype: DType; readonly result: DType },
  args: readonly (readonly Vector[])[],
): Vector[] {
  const values = Array.from({ length: laneCount }, (_, lane) => {
    const value = context.call(name, ...args.map((arg) => extractLane(dtype, arg, lane)));
    return isInteger(result) ? context.call("toInt32", value) : value;
  });
  const pair = (x: Code<"f64">, y: Code<"f64">): Vector =>
    context.keep(onLane("f64x2.replace_lane", 1, op("f64x2.splat", x), y));
  const [a, b, c, d] = values as [Code<"f64">, Code<"f64">, Code<"f64">, Code<"f64">]; // one for each lane
  const [low, high] = [pair(a, b), pair(c, d)];
  return isInteger(result)
    ? [wrapLanes(result, context.keep(fromDoubles("int32", low, high)[0]!))]
    : fromDoubles(result, low, high);
}
