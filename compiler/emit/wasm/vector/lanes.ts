/**
 * Four values at a time. A float32 or an integer of any width takes one vector, of four numbers of 32 bits; a bool is all
 * ones or all zeros there; a float64 takes two vectors, of two numbers each.
 * @module
 */
import type { DType } from "../../../../src/dtype.ts";
import { type Code, f64, get, i32, onLane, op, select, shuffle32, splat32, splat64, type Vector } from "../asm/code.ts";
import type { FunctionBuilder } from "../asm/function_builder.ts";
import type { ImportName } from "../imports.ts";

/** How many values are computed at a time. */
export const laneCount = 4;

/** Bytes of a vector. */
export const vectorBytes = 16;

/** Four values of a dtype. */
export interface Lanes {
  readonly dtype: DType;
  readonly vectors: readonly Vector[];
  /** Whether they are the same value. */
  readonly uniform: boolean;
}

/** The names of the lanes that hold a dtype. */
export type LaneType = "f32x4" | "i32x4" | "f64x2";

/** What a dtype's vectors are made of. */
export function laneType(dtype: DType): LaneType {
  return dtype === "float32" ? "f32x4" : dtype === "float64" ? "f64x2" : "i32x4";
}

/** How many vectors four values take. */
export function vectorCount(dtype: DType): 1 | 2 {
  return dtype === "float64" ? 2 : 1;
}

/** Whether a dtype is compared and widened without a sign. */
export function isUnsigned(dtype: DType): boolean {
  return dtype === "uint32" || dtype === "uint8";
}

/** The same number in all lanes; of a bool, whether it is not 0. */
export function constantLanes(dtype: DType, value: number): Vector[] {
  if (dtype === "float64") return [splat64(value), splat64(value)];
  if (dtype === "float32") return [splat32("f32x4", value)];
  return [splat32("i32x4", dtype === "bool" ? (value !== 0 ? -1 : 0) : value)];
}

/** The lower and the upper half of four numbers of 32 bits, each twice as wide. */
function vectorHalves(x: Vector, widen: (low: Vector) => Vector): Vector[] {
  return [widen(x), widen(shuffle32([2, 3, 2, 3], x, x))];
}

/** Masks of 64 bits from masks of 32. */
export function widenMask(mask: Vector): readonly [Vector, Vector] {
  return [shuffle32([0, 0, 1, 1], mask, mask), shuffle32([2, 2, 3, 3], mask, mask)];
}

/** Masks of 32 bits from masks of 64. */
export function narrowMask(low: Vector, high: Vector): Vector {
  return shuffle32([0, 2, 4, 6], low, high);
}

/** Calls a function with each lane. */
export type CallScalar = (name: ImportName, ...args: readonly Code<"f64">[]) => Code<"f64">;

/** A lane as a double. */
export function extractLane(dtype: DType, vectors: readonly Vector[], lane: number): Code<"f64"> {
  switch (dtype) {
    case "float64":
      return onLane("f64x2.extract_lane", lane % 2, vectors[lane >> 1]!);
    case "float32":
      return op("f64.promote_f32", onLane("f32x4.extract_lane", lane, vectors[0]!));
    case "bool":
      return select(onLane("i32x4.extract_lane", lane, vectors[0]!), f64(1), f64(0));
    default: {
      const value = onLane("i32x4.extract_lane", lane, vectors[0]!);
      return isUnsigned(dtype) ? op("f64.convert_i32_u", value) : op("f64.convert_i32_s", value);
    }
  }
}

/** Four doubles as values of a dtype that holds them. */
export function fromDoubles(dtype: DType, low: Vector, high: Vector): Vector[] {
  switch (dtype) {
    case "float64":
      return [low, high];
    case "float32":
      return [shuffle32([0, 1, 4, 5], op("f32x4.demote_f64x2_zero", low), op("f32x4.demote_f64x2_zero", high))];
    case "bool": {
      const isTrue = (x: Vector): Vector => op("f64x2.ne", x, splat64(0));
      return [narrowMask(isTrue(low), isTrue(high))];
    }
    default: {
      const truncate = isUnsigned(dtype) ? "i32x4.trunc_sat_f64x2_u_zero" : "i32x4.trunc_sat_f64x2_s_zero";
      return [shuffle32([0, 1, 4, 5], op(truncate, low), op(truncate, high))];
    }
  }
}

/** Integers cut down to the bits that their dtype has. */
export function wrapLanes(dtype: DType, x: Vector): Vector {
  if (dtype === "uint8") return op("v128.and", x, splat32("i32x4", 255));
  return dtype === "int8" ? op("i32x4.shr_s", op("i32x4.shl", x, i32(24)), i32(24)) : x;
}

/** Where numbers leave the range of 32 bits, their conversion to integers is JavaScript's: it wraps. */
function isLarge(dtype: "float32" | "float64", vectors: readonly Vector[]): Code<"i32"> {
  const [x, y] = vectors as readonly [Vector, Vector]; // a float64 has two
  if (dtype === "float32") {
    // NaN is no number that is below; it is large, too.
    return op("i32.eqz", op("i32x4.all_true", op("f32x4.lt", op("f32x4.abs", x), splat32("f32x4", 2 ** 31))));
  }
  const below = (each: Vector): Vector => op("f64x2.lt", op("f64x2.abs", each), splat64(2 ** 31));
  return op("i32.eqz", op("i32x4.all_true", op("v128.and", below(x), below(y))));
}

/** What conversions need of the kernel around them. */
export interface ConversionContext {
  readonly f: FunctionBuilder;
  /** Keeps a vector in a local. */
  keep(value: Vector): Vector;
  call: CallScalar;
}

/** Values of one dtype as another. All vectors that it is given can be read again and again. */
export function convertLanes(context: ConversionContext, { dtype: from, vectors, uniform }: Lanes, to: DType): Lanes {
  return { dtype: to, uniform, vectors: convertVectors(context, from, vectors, to).map((each) => context.keep(each)) };
}

function convertVectors(context: ConversionContext, from: DType, vectors: readonly Vector[], to: DType): Vector[] {
  const [x, y] = vectors as readonly [Vector, Vector]; // a float64 has two
  if (from === to) return [...vectors];
  if (to === "bool") {
    if (from === "float64") {
      return [narrowMask(op("f64x2.ne", x, splat64(0)), op("f64x2.ne", y, splat64(0)))];
    }
    return [from === "float32" ? op("f32x4.ne", x, splat32("f32x4", 0)) : op("i32x4.ne", x, splat32("i32x4", 0))];
  }
  if (from === "bool") {
    if (to === "float64") return widenMask(x).map((mask) => op("v128.and", mask, splat64(1)));
    return [op("v128.and", x, to === "float32" ? splat32("f32x4", 1) : splat32("i32x4", 1))];
  }
  if (to === "float64") {
    if (from === "float32") return vectorHalves(x, (low) => op("f64x2.promote_low_f32x4", low));
    return vectorHalves(
      x,
      (low) => isUnsigned(from) ? op("f64x2.convert_low_i32x4_u", low) : op("f64x2.convert_low_i32x4_s", low),
    );
  }
  if (to === "float32") {
    if (from === "float64") return fromDoubles("float32", x, y);
    return [isUnsigned(from) ? op("f32x4.convert_i32x4_u", x) : op("f32x4.convert_i32x4_s", x)];
  }
  if (from !== "float32" && from !== "float64") return [wrapLanes(to, x)];
  // To an integer: small numbers are cut off at the point; large ones wrap, one by one.
  const { f } = context;
  const result = f.local("t", "v128");
  f.if(
    isLarge(from, vectors),
    () => {
      for (let lane = 0; lane < laneCount; lane++) {
        const wrapped = context.call("toInt32", extractLane(from, vectors, lane));
        const bits = onLane("i32x4.extract_lane", 0, op("i32x4.trunc_sat_f64x2_s_zero", op("f64x2.splat", wrapped)));
        f.set(result, onLane("i32x4.replace_lane", lane, get(result), bits));
      }
    },
    () => f.set(result, from === "float32" ? op("i32x4.trunc_sat_f32x4_s", x) : fromDoubles("int32", x, y)[0]!),
  );
  return [wrapLanes(to, get(result))];
}
