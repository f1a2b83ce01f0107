/**
 * Element-wise operations on four values: as vector instructions where there are such, otherwise as vector functions, and
 * where there is neither, lane by lane in a call of the function that the op table has.
 * @module
 */
import { type DType, isFloating, isInteger } from "../../../src/dtype.ts";
import type { ElementwiseName } from "../../../src/ops/table.ts";
import { type Code, onLane, op, splat32, splat64 } from "./code.ts";
import { type ImportName, isImportName } from "./imports.ts";
import type { InstructionName } from "./instructions.ts";
import {
  type CallScalar,
  extractLane,
  fromDoubles,
  isUnsigned,
  laneCount,
  type LaneType,
  laneType,
  narrowMask,
  widenMask,
  wrapLanes,
} from "./lanes.ts";
import type { VectorFunction } from "./vector_functions.ts";

type Vector = Code<"v128">;

/** What operations need of the kernel around them. */
export interface OperationContext {
  /** Keeps a vector in a local, so that it can be read again. */
  keep(value: Vector): Vector;
  /** The constant, kept outside of all loops. */
  constant(value: Vector): Vector;
  call: CallScalar;
  /** The function on four float32 values, if there is one. */
  vectorFunction(name: ElementwiseName): VectorFunction | undefined;
}

type Binary = `${LaneType}.${"add" | "sub" | "mul"}` & InstructionName;

/** An operation on kept operands, four values of `dtype` each, which may be read again and again; gives values of `result`. */
export function elementwiseLanes(
  context: OperationContext,
  name: ElementwiseName,
  { dtype, result }: { readonly dtype: DType; readonly result: DType },
  args: readonly (readonly Vector[])[],
): Vector[] {
  if (dtype === "bool") {
    const vector = boolLanes(name, args.map(([x]) => x!));
    if (vector !== undefined) return [vector];
  } else if (isFloating(dtype)) {
    const operation = floating(context, name, laneType(dtype) as "f32x4" | "f64x2"); // those are the floating ones
    if (operation !== undefined) {
      const results = args[0]!.map((_, index) => operation.apply(...args.map((arg) => arg[index]!) as [Vector]));
      return operation.compares && dtype === "float64" ? [narrowMask(results[0]!, results[1]!)] : results;
    }
    const vector = dtype === "float32" ? context.vectorFunction(name) : undefined;
    if (vector !== undefined) return [vector(...args.map(([x]) => x!) as [Vector, Vector])]; // as many as it takes
  } else {
    const operation = integral(context, name, dtype);
    if (operation !== undefined) return [operation(...args.map(([x]) => x!) as [Vector])];
  }
  return laneByLane(context, name, { dtype, result }, args);
}

/** A choice between values of any dtype, by a mask. */
export function whereLanes(dtype: DType, mask: Vector, x: readonly Vector[], y: readonly Vector[]): Vector[] {
  const masks = dtype === "float64" ? widenMask(mask) : [mask];
  return x.map((each, index) => op("v128.bitselect", each, y[index]!, masks[index]!));
}

interface FloatingOperation {
  readonly apply: (x: Vector, y?: Vector, z?: Vector) => Vector;
  /** Whether the result is a mask. */
  readonly compares?: boolean;
}

/** Instructions by their names without the type. */
const floatingBinary: Partial<Record<ElementwiseName, "add" | "sub" | "mul" | "div" | "min" | "max">> = {
  add: "add",
  sub: "sub",
  mul: "mul",
  div: "div",
  maximum: "max",
  minimum: "min",
};
const floatingUnary: Partial<Record<ElementwiseName, "neg" | "abs" | "sqrt" | "floor" | "ceil" | "nearest">> = {
  neg: "neg",
  abs: "abs",
  sqrt: "sqrt",
  floor: "floor",
  ceil: "ceil",
  round: "nearest",
};
const comparisons: Partial<Record<ElementwiseName, "eq" | "ne" | "lt" | "le" | "gt" | "ge">> = {
  equal: "eq",
  notEqual: "ne",
  less: "lt",
  lessEqual: "le",
  greater: "gt",
  greaterEqual: "ge",
};

function floating(
  context: OperationContext,
  name: ElementwiseName,
  type: "f32x4" | "f64x2",
): FloatingOperation | undefined {
  const number = (value: number): Vector =>
    context.constant(type === "f32x4" ? splat32("f32x4", value) : splat64(value));
  const binary = floatingBinary[name];
  if (binary !== undefined) return { apply: (x, y) => op(`${type}.${binary}`, x, y!) };
  const unary = floatingUnary[name];
  if (unary !== undefined) return { apply: (x) => op(`${type}.${unary}`, x) };
  const comparison = comparisons[name];
  if (comparison !== undefined) return { apply: (x, y) => op(`${type}.${comparison}`, x, y!), compares: true };
  const isTrue = (x: Vector): Vector => op(`${type}.ne`, x, number(0));
  switch (name) {
    case "square":
      return { apply: (x) => op(`${type}.mul`, x, x) };
    case "reciprocal":
      return { apply: (x) => op(`${type}.div`, number(1), x) };
    case "rsqrt":
      return { apply: (x) => op(`${type}.div`, number(1), op(`${type}.sqrt`, x)) };
    case "relu":
      // Of two equal numbers it is the first, so that −0 has to be made 0; NaN stays.
      return { apply: (x) => op(`${type}.add`, op(`${type}.pmax`, x, number(0)), number(0)) };
    case "clip":
      return { apply: (x, y, z) => op(`${type}.min`, op(`${type}.max`, x, y!), z!) };
    case "sign": {
      const one = (x: Vector): Vector => op("v128.or", number(1), op("v128.and", x, number(-0)));
      const ofNumber = (x: Vector): Vector => op("v128.and", one(x), op(`${type}.ne`, x, number(0))); // of −0 it is 0
      return { apply: (x) => op("v128.bitselect", ofNumber(x), x, context.keep(op(`${type}.eq`, x, x))) };
    }
    case "logicalAnd":
      return { apply: (x, y) => op("v128.and", isTrue(x), isTrue(y!)), compares: true };
    case "logicalOr":
      return { apply: (x, y) => op("v128.or", isTrue(x), isTrue(y!)), compares: true };
    case "logicalXor":
      return { apply: (x, y) => op("v128.xor", isTrue(x), isTrue(y!)), compares: true };
    case "logicalNot":
      return { apply: (x) => op(`${type}.eq`, x, number(0)), compares: true };
    case "isNaN":
      return { apply: (x) => op(`${type}.ne`, x, x), compares: true };
    case "isFinite":
      return { apply: (x) => op(`${type}.lt`, op(`${type}.abs`, x), number(Infinity)), compares: true };
    case "isInf":
      return { apply: (x) => op(`${type}.eq`, op(`${type}.abs`, x), number(Infinity)), compares: true };
    default:
      return undefined;
  }
}

const integerBinary: Partial<Record<ElementwiseName, Binary>> = {
  add: "i32x4.add",
  sub: "i32x4.sub",
  mul: "i32x4.mul",
};

function integral(
  context: OperationContext,
  name: ElementwiseName,
  dtype: DType,
): ((x: Vector, y?: Vector, z?: Vector) => Vector) | undefined {
  const zero = (): Vector => context.constant(splat32("i32x4", 0));
  const sign = isUnsigned(dtype) ? "u" : "s";
  const binary = integerBinary[name];
  if (binary !== undefined) return (x, y) => wrapLanes(dtype, op(binary, x, y!));
  const comparison = comparisons[name];
  if (comparison === "eq" || comparison === "ne") return (x, y) => op(`i32x4.${comparison}`, x, y!);
  if (comparison !== undefined) return (x, y) => op(`i32x4.${comparison}_${sign}`, x, y!);
  const isTrue = (x: Vector): Vector => op("i32x4.ne", x, zero());
  switch (name) {
    case "maximum":
      return (x, y) => op(`i32x4.max_${sign}`, x, y!);
    case "minimum":
      return (x, y) => op(`i32x4.min_${sign}`, x, y!);
    case "clip":
      return (x, y, z) => op(`i32x4.min_${sign}`, op(`i32x4.max_${sign}`, x, y!), z!);
    case "neg":
      return (x) => wrapLanes(dtype, op("i32x4.neg", x));
    case "abs":
      return (x) => sign === "u" ? x : wrapLanes(dtype, op("i32x4.abs", x));
    case "square":
      return (x) => wrapLanes(dtype, op("i32x4.mul", x, x));
    case "relu":
      return (x) => sign === "u" ? x : op("i32x4.max_s", x, zero());
    case "sign": {
      const one = (): Vector => context.constant(splat32("i32x4", 1));
      return (x) =>
        sign === "u"
          ? op("v128.and", isTrue(x), one())
          : op("v128.or", op("v128.and", op("i32x4.gt_s", x, zero()), one()), op("i32x4.lt_s", x, zero()));
    }
    case "floor":
    case "ceil":
    case "round":
      return (x) => x;
    case "logicalAnd":
      return (x, y) => op("v128.and", isTrue(x), isTrue(y!));
    case "logicalOr":
      return (x, y) => op("v128.or", isTrue(x), isTrue(y!));
    case "logicalXor":
      return (x, y) => op("v128.xor", isTrue(x), isTrue(y!));
    case "logicalNot":
      return (x) => op("i32x4.eq", x, zero());
    case "isNaN":
    case "isInf":
      return zero;
    case "isFinite":
      return () => op("v128.not", zero());
    default:
      return undefined;
  }
}

/** On masks. What has no form here is computed on the numbers 0 and 1. */
function boolLanes(name: ElementwiseName, [x, y, z]: readonly Vector[]): Vector | undefined {
  switch (name) {
    case "logicalAnd":
    case "minimum":
    case "mul":
      return op("v128.and", x!, y!);
    case "logicalOr":
    case "maximum":
      return op("v128.or", x!, y!);
    case "logicalXor":
    case "notEqual":
      return op("v128.xor", x!, y!);
    case "equal":
      return op("v128.not", op("v128.xor", x!, y!));
    case "logicalNot":
      return op("v128.not", x!);
    case "less":
      return op("v128.andnot", y!, x!);
    case "greater":
      return op("v128.andnot", x!, y!);
    case "lessEqual":
      return op("v128.or", op("v128.not", x!), y!);
    case "greaterEqual":
      return op("v128.or", x!, op("v128.not", y!));
    case "clip":
      return op("v128.and", op("v128.or", x!, y!), z!);
    case "isNaN":
    case "isInf":
      return op("v128.xor", x!, x!);
    case "isFinite":
      return op("v128.not", op("v128.xor", x!, x!));
    default:
      return undefined;
  }
}

/** The names of functions that a module imports, where they are not those of the operations. */
const scalarNames: Partial<Record<ElementwiseName, { readonly floating: ImportName; readonly integer: ImportName }>> = {
  pow: { floating: "power", integer: "integerPower" },
  mod: { floating: "floorRemainder", integer: "integerRemainder" },
  floorDiv: { floating: "floorQuotient", integer: "integerQuotient" },
  sigmoid: { floating: "logistic", integer: "logistic" },
};

/** What the op table's own function gives for each lane. */
function laneByLane(
  context: OperationContext,
  name: ElementwiseName,
  { dtype, result }: { readonly dtype: DType; readonly result: DType },
  args: readonly (readonly Vector[])[],
): Vector[] {
  const scalar = scalarNames[name]?.[isInteger(dtype) ? "integer" : "floating"] ?? name;
  if (!isImportName(scalar)) {
    throw new Error(`Cannot compute ${name} of ${dtype} in WebAssembly: there is no function to call`);
  }
  const values = Array.from({ length: laneCount }, (_, lane) => {
    const value = context.call(scalar, ...args.map((arg) => extractLane(dtype, arg, lane)));
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
