/**
 * Element types: how their numbers are stored, and what two of them make together.
 * @module
 */
import { describeForeign } from "./describe.ts";

/** The element type of a tensor. */
export type DType = "float32" | "float64" | "int32" | "uint32" | "int8" | "uint8" | "bool";

/** The arrays tensors keep their numbers in. A bool is stored as a byte, 0 or 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Int8Array | Uint8Array;

/** What kind of number a dtype holds; promotion and the choice of arithmetic follow from it. */
export type DTypeKind = "float" | "signed" | "unsigned" | "bool";

/** An array class that tensors keep their numbers in. */
type ArrayClass = {
  new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray;
  new (array: ArrayLike<number>): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
};

interface DTypeInfo {
  readonly kind: DTypeKind;
  readonly bytes: 1 | 4 | 8;
  /** The class of its arrays. */
  readonly array: ArrayClass;
  readonly allocate: (length: number) => TypedArray;
  /** An array of elements that lie in `buffer` from a byte on. */
  readonly view: (buffer: ArrayBufferLike, offset: number, length: number) => TypedArray;
  /** An array of its own with the numbers of one. Deno's `slice` fills it with zeros first. */
  readonly copy: (array: TypedArray) => TypedArray;
  /** Smallest and largest value, for reductions and for range checks. */
  readonly min: number;
  readonly max: number;
}

/** How the numbers of an array class are made and found. */
function stored(array: ArrayClass): Pick<DTypeInfo, "bytes" | "array" | "view" | "copy"> {
  return {
    bytes: array.BYTES_PER_ELEMENT as DTypeInfo["bytes"], // of the six classes in TypedArray
    array,
    view: (buffer, offset, length) => new array(buffer, offset, length),
    copy: (source) => new array(source),
  };
}

const table: Readonly<Record<DType, DTypeInfo>> = {
  float32: {
    kind: "float",
    ...stored(Float32Array),
    allocate: (n) => new Float32Array(n),
    min: -Infinity,
    max: Infinity,
  },
  float64: {
    kind: "float",
    ...stored(Float64Array),
    allocate: (n) => new Float64Array(n),
    min: -Infinity,
    max: Infinity,
  },
  int32: {
    kind: "signed",
    ...stored(Int32Array),
    allocate: (n) => new Int32Array(n),
    min: -(2 ** 31),
    max: 2 ** 31 - 1,
  },
  uint32: { kind: "unsigned", ...stored(Uint32Array), allocate: (n) => new Uint32Array(n), min: 0, max: 2 ** 32 - 1 },
  int8: { kind: "signed", ...stored(Int8Array), allocate: (n) => new Int8Array(n), min: -128, max: 127 },
  uint8: { kind: "unsigned", ...stored(Uint8Array), allocate: (n) => new Uint8Array(n), min: 0, max: 255 },
  bool: { kind: "bool", ...stored(Uint8Array), allocate: (n) => new Uint8Array(n), min: 0, max: 1 },
};

/** All dtypes, in the order they are documented. */
export const dtypes: readonly DType[] = Object.keys(table) as DType[]; // the keys of a Record<DType, …> are its DTypes

/** The kind, size and range of a dtype. */
export function dtypeInfo(dtype: DType): DTypeInfo {
  return table[dtype];
}

/** Whether `dtype` is float32 or float64. */
export function isFloating(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64";
}

/** Whether `dtype` is a signed or unsigned integer type; bool is not. */
export function isInteger(dtype: DType): boolean {
  const { kind } = table[dtype];
  return kind === "signed" || kind === "unsigned";
}

/** A fresh array of `length` zeros that stores `dtype`. Throws a RangeError where there is no room for it. */
export function allocate(dtype: DType, length: number): TypedArray {
  return length < roomy ? table[dtype].allocate(length) : allocateLarge(dtype, length);
}

/** For so few elements there is room, and every small tensor is made with no more than it takes. */
const roomy = 2 ** 20;

function allocateLarge(dtype: DType, length: number): TypedArray {
  try {
    return table[dtype].allocate(length);
  } catch (cause) {
    throw new RangeError(
      `Cannot allocate ${length} elements of ${dtype}: there is no room for ${length * table[dtype].bytes} bytes`,
      { cause },
    );
  }
}

/** `dtype` itself, or a TypeError that lists the dtypes there are. */
export function checkDType(dtype: unknown): DType {
  // What an object inherits has no bytes. Object.hasOwn would take as long as a small tensor does.
  if (typeof dtype === "string" && table[dtype as DType]?.bytes !== undefined) return dtype as DType;
  throw new TypeError(
    `Cannot use dtype ${typeof dtype === "string" ? dtype : describeForeign(dtype)}: the dtypes are ${
      dtypes.join(", ")
    }`,
  );
}

const arrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!
  .get! as (this: unknown) => string | undefined; // every engine has this accessor

/**
 * The engine's own name for a typed array, such as `Float32Array`; undefined for anything else. Unlike the class, it is
 * the same in every realm (a frame, node:vm, Jest's contexts), and no Proxy and no other object has one.
 */
export function arrayName(value: unknown): string | undefined {
  return arrayTag.call(value);
}

const dtypesOfArrays: Readonly<Record<string, DType>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int32Array: "int32",
  Uint32Array: "uint32",
  Int8Array: "int8",
  Uint8Array: "uint8",
};

/** The dtype that is stored in such an array; a Uint8Array is taken as uint8. */
export function dtypeOfArray(array: TypedArray): DType {
  return dtypesOfArrays[arrayName(array)!]!; // those are the classes in TypedArray
}

/** Whether `value` is one of the arrays a tensor can be stored in, of this realm or of another. */
export function isTypedArray(value: unknown): value is TypedArray {
  const name = arrayName(value);
  return name !== undefined && Object.hasOwn(dtypesOfArrays, name);
}

/** Whether the buffer of a typed array has been transferred, or has become too short for it: then its numbers are gone. */
export function isDetached(array: TypedArray): boolean {
  if (array.length > 0) return false;
  try {
    array.keys(); // as every method of a typed array, it throws then
    return false;
  } catch {
    return true;
  }
}

/**
 * The dtype two operands are brought to before an operation, after the Python array API standard's promotion table.
 * Where the standard leaves a mix undefined (an integer or bool with a float, a bool with an integer) the float, or
 * the integer, wins. Returns undefined where no dtype here holds both: uint32 with a signed integer.
 */
export function promoteDTypes(a: DType, b: DType): DType | undefined {
  if (a === b) return a;
  if (a === "bool") return b;
  if (b === "bool") return a;
  if (isFloating(a) || isFloating(b)) return a === "float64" || b === "float64" ? "float64" : "float32";
  const [x, y] = [table[a], table[b]];
  if (x.kind === y.kind) return x.bytes > y.bytes ? a : b;
  const unsigned = x.kind === "unsigned" ? a : b;
  if (unsigned === "uint32") return undefined;
  return "int32"; // int8 with uint8 would be int16 in the standard, which is not among ours; int32 holds both
}
