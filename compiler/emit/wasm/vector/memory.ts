/**
 * Loads and stores of four values: next to each other, the same one four times, every other one, each of two twice, two
 * by turns, or anywhere.
 *
 * What is left at the end of a row is fewer than four values. They are loaded as four, whatever lies behind them (the
 * arena keeps room for that at its end), and only as many as there are, are stored.
 * @module
 */
import { type DType, dtypeInfo } from "../../../../src/dtype.ts";
import {
  access,
  type Address,
  type Code,
  i32,
  i32x4,
  op,
  select,
  shuffle32,
  shuffleBytes,
  splat32,
  type Vector,
} from "../asm/code.ts";
import type { FunctionBuilder } from "../asm/function_builder.ts";
import { laneCount } from "./lanes.ts";

/** How far the elements of the four lanes are from the first one's, where that is known when the code is written. */
const laneOffsets = {
  none: [0, 0, 0, 0],
  next: [0, 1, 2, 3],
  second: [0, 2, 4, 6],
  repeated: [0, 0, 1, 1],
  alternating: [0, 1, 0, 1],
} as const;

/** A name for that, or the number of bytes from one lane to the next, which is known at run time. */
export type LaneStride = keyof typeof laneOffsets | Code<"i32">;

/** How many elements further the vectors after so many are; undefined where only the program that runs knows. */
export function elementsOver(stride: LaneStride, vectors: number): number | undefined {
  if (typeof stride !== "string") return undefined;
  const perVector = { none: 0, next: 4, second: 8, repeated: 2, alternating: 0 } as const;
  return perVector[stride] * vectors;
}

/** How many bytes a lane's element is from the first lane's. */
export function laneDistance(dtype: DType, stride: LaneStride, lane: number): Code<"i32"> {
  return typeof stride === "string"
    ? i32(laneOffsets[stride][lane]! * bytesOf(dtype))
    : lane === 1
    ? stride
    : op("i32.mul", stride, i32(lane));
}

/** The elements that are loaded or stored: four, or as many as are left, one to three. */
export type Count = "all" | Code<"i32">;

const bytesOf = (dtype: DType): number => dtypeInfo(dtype).bytes;

/** Bytes of four small integers, from one number of 32 bits, widened. */
function widen(dtype: DType, packed: Vector): Vector {
  return dtype === "int8"
    ? op("i32x4.extend_low_i16x8_s", op("i16x8.extend_low_i8x16_s", packed))
    : op("i32x4.extend_low_i16x8_u", op("i16x8.extend_low_i8x16_u", packed));
}

/** What is stored as 0 or 1 as all zeros or all ones. */
function asStoredLanes(dtype: DType, vector: Vector): Vector {
  return dtype === "bool" ? op("i32x4.ne", vector, splat32("i32x4", 0)) : vector;
}

/** Four values at an address; `offset` is a constant number of bytes to add. */
export function loadLanes(
  dtype: DType,
  address: Address,
  stride: LaneStride,
  count: Count,
  offset = 0,
): Vector[] {
  if (typeof stride === "string") return loadPattern(dtype, address, stride, offset);
  return loadEach(
    dtype,
    [0, 1, 2, 3].map((lane) => lane === 0 ? address : op("i32.add", address, laneOffset(stride, lane, count))),
    offset,
  );
}

/** Four values from four addresses. */
export function loadEach(dtype: DType, [a, b, c, d]: readonly Address[], offset = 0): Vector[] {
  const others = [b!, c!, d!]; // there are four
  switch (bytesOf(dtype)) {
    case 8:
      return [[a!, b!], [c!, d!]].map(([first, second]) =>
        access(
          "v128.load64_lane",
          { offset, lane: 1 },
          second!,
          access("v128.load64_zero", { offset }, first!),
        )
      );
    case 4:
      return [
        others.reduce(
          (vector, place, index) => access("v128.load32_lane", { offset, lane: index + 1 }, place, vector),
          access("v128.load32_zero", { offset }, a!),
        ),
      ];
    default: {
      const bytes = [a!, ...others].reduce<Vector>(
        (packed, place, lane) => access("v128.load8_lane", { offset, lane }, place, packed),
        splat32("i32x4", 0),
      );
      return [asStoredLanes(dtype, widen(dtype, bytes))];
    }
  }
}

/** How far a lane is from the first. Those that are not there are taken to be where that is. */
function laneOffset(stride: Code<"i32">, lane: number, count: Count): Address {
  const index = count === "all" ? i32(lane) : select(op("i32.gt_s", count, i32(lane)), i32(lane), i32(0));
  return lane === 1 && count === "all" ? stride : op("i32.mul", stride, index);
}

function loadPattern(dtype: DType, address: Address, stride: keyof typeof laneOffsets, offset: number): Vector[] {
  switch (stride) {
    case "none":
      return loadSplat(dtype, address, offset);
    case "next":
      return loadNext(dtype, address, offset);
    case "second":
      return loadSecond(dtype, address, offset);
    default:
      return loadTwo(dtype, address, stride, offset);
  }
}

/** Every other element of eight; the one behind the last may not be there, and is not looked at. */
function loadSecond(dtype: DType, address: Address, offset: number): Vector[] {
  const at = (bytes: number): Vector => access("v128.load", { offset: offset + bytes }, address);
  switch (bytesOf(dtype)) {
    case 8:
      return [0, 32].map((bytes) => shuffle32([0, 1, 4, 5], at(bytes), at(bytes + 16)));
    case 4:
      return [shuffle32([0, 2, 4, 6], at(0), at(16))];
    default: {
      const eight = access("v128.load64_zero", { offset }, address);
      return [asStoredLanes(dtype, widen(dtype, firstBytes([0, 2, 4, 6], eight)))];
    }
  }
}

/** Two elements that are next to each other, each in two lanes. */
function loadTwo(dtype: DType, address: Address, stride: "repeated" | "alternating", offset: number): Vector[] {
  const places = laneOffsets[stride];
  switch (bytesOf(dtype)) {
    case 8: {
      if (stride === "repeated") {
        return [0, 8].map((bytes) => access("v128.load64_splat", { offset: offset + bytes }, address));
      }
      const both = access("v128.load", { offset }, address);
      return [both, both];
    }
    case 4: {
      const both = access("v128.load64_splat", { offset }, address);
      return [stride === "alternating" ? both : shuffle32(places, both, both)];
    }
    default: {
      const both = access("v128.load32_zero", { offset }, address);
      return [asStoredLanes(dtype, widen(dtype, firstBytes(places, both)))];
    }
  }
}

/** A vector that begins with these bytes of another; what the rest of it is, does not matter. */
function firstBytes(places: readonly number[], x: Vector): Vector {
  return shuffleBytes([...places, ...places, ...places, ...places], x, x);
}

function loadSplat(dtype: DType, address: Address, offset: number): Vector[] {
  switch (bytesOf(dtype)) {
    case 8: {
      const both = access("v128.load64_splat", { offset }, address);
      return [both, both];
    }
    case 4:
      return [access("v128.load32_splat", { offset }, address)];
    default: {
      const load = dtype === "int8" ? "i32.load8_s" : "i32.load8_u";
      return [asStoredLanes(dtype, op("i32x4.splat", access(load, { offset }, address)))];
    }
  }
}

function loadNext(dtype: DType, address: Address, offset: number): Vector[] {
  switch (bytesOf(dtype)) {
    case 8:
      return [access("v128.load", { offset }, address), access("v128.load", { offset: offset + 16 }, address)];
    case 4:
      return [access("v128.load", { offset }, address)];
    default:
      return [asStoredLanes(dtype, widen(dtype, access("v128.load32_zero", { offset }, address)))];
  }
}

/** Small integers as bytes, the four of them in the first 32 bits. */
function pack(dtype: DType, vector: Vector): Vector {
  const numbers = dtype === "bool" ? op("v128.and", vector, splat32("i32x4", 1)) : vector;
  // Each is in range already, so it only has to be the narrowing that keeps its sign, or its lack of one.
  return dtype === "int8"
    ? op("i8x16.narrow_i16x8_s", op("i16x8.narrow_i32x4_s", numbers, numbers), splat32("i32x4", 0))
    : op("i8x16.narrow_i16x8_u", op("i16x8.narrow_i32x4_u", numbers, numbers), splat32("i32x4", 0));
}

function packed(f: FunctionBuilder, dtype: DType, vectors: readonly Vector[]): readonly Vector[] {
  return bytesOf(dtype) === 1 ? [f.let("n", pack(dtype, vectors[0]!))] : vectors;
}

function storeLane(
  f: FunctionBuilder,
  dtype: DType,
  address: Address,
  vectors: readonly Vector[],
  lane: number,
  offset: number,
): void {
  switch (bytesOf(dtype)) {
    case 8:
      f.do(access("v128.store64_lane", { offset, lane: lane % 2 }, address, vectors[lane >> 1]!));
      return;
    case 4:
      f.do(access("v128.store32_lane", { offset, lane }, address, vectors[0]!));
      return;
    default:
      f.do(access("v128.store8_lane", { offset, lane }, address, vectors[0]!));
  }
}

/** Stores four values, or the first of them. Address and vectors are read more than once. */
export function storeLanes(
  f: FunctionBuilder,
  dtype: DType,
  address: Address,
  stride: LaneStride,
  count: Count,
  vectors: readonly Vector[],
  offset = 0,
): void {
  if (stride === "none") {
    storeLane(f, dtype, address, packed(f, dtype, vectors), 0, offset);
    return;
  }
  const bytes = bytesOf(dtype);
  if (count === "all" && stride === "next" && bytes > 1) {
    vectors.forEach((vector, index) => f.do(access("v128.store", { offset: offset + 16 * index }, address, vector)));
    return;
  }
  const stored = packed(f, dtype, vectors);
  if (count === "all" && stride === "next") {
    f.do(access("v128.store32_lane", { offset, lane: 0 }, address, stored[0]!));
    return;
  }
  const store = (lane: number): void => {
    if (typeof stride === "string") {
      storeLane(f, dtype, address, stored, lane, offset + laneOffsets[stride][lane]! * bytes);
    } else {
      const place = lane === 0 ? address : op("i32.add", address, laneDistance(dtype, stride, lane));
      storeLane(f, dtype, place, stored, lane, offset);
    }
  };
  store(0);
  for (let lane = 1; lane < laneCount; lane++) {
    if (count === "all") store(lane);
    else if (lane < laneCount - 1) f.if(op("i32.gt_s", count, i32(lane)), () => store(lane)); // the last is never among the first
  }
}

/** All ones in the lanes that there are. */
export function countMask(count: Code<"i32">): Vector {
  return op("i32x4.lt_s", i32x4([0, 1, 2, 3]), op("i32x4.splat", count));
}
