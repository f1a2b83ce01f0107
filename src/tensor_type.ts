/**
 * What is known of a value before it is computed: element type and shape.
 * @module
 */
import { checkDType, type DType, isFloating, promoteDTypes } from "./dtype.ts";
import { describeForeign } from "./describe.ts";
import { fromCaller } from "./public/caller.ts";
import { LruCache } from "./lru_cache.ts";
import { checkShape, equalShapes, formatShape, isLength, type Shape } from "./shape.ts";

/**
 * How a JavaScript number takes part in promotion: it is *weak*, and takes the dtype of the tensor it meets.
 * `"integer"` and `"float"` are numbers written in the program; `"scalar"` is one that arrives when a compiled function runs,
 * and `"fraction"` is such a one that need not be whole: one that was fed and is not, or the result of an operation.
 */
export type Weakness = "integer" | "float" | "scalar" | "fraction";

const weaknesses: readonly Weakness[] = ["integer", "float", "scalar", "fraction"];

/** Numbers of the types in use. One that is forgotten gets another number when it comes back, never one that was used. */
const identities = new LruCache<string, number>(16384);
let nextIdentity = 1;

function identify(key: string): number {
  let id = identities.get(key);
  if (id === undefined) identities.set(key, id = nextIdentity++);
  return id;
}

const action = "make a type";

/** The dtype and shape of a value. Two types with the same `key` are the same type. */
export class TensorType {
  /** Element type. A weak type is float64 until it meets a tensor. */
  readonly dtype: DType;
  /** Length of each axis. */
  readonly shape: Shape;
  /** Number of elements. */
  readonly size: number;
  /** Set when the value stands for a JavaScript number. */
  readonly weak: Weakness | undefined;
  #key: string | undefined;
  #id = 0;

  /**
   * A type; `weak` when it stands for a JavaScript number. Throws a TypeError for a dtype or a shape that is none, and a
   * RangeError for a length that is not a whole number ≥ 0 and for more than 2⁵³ elements.
   */
  constructor(dtype: DType, shape: Shape, weak?: Weakness) {
    try {
      if (weak !== undefined && !weaknesses.includes(weak)) {
        throw new TypeError(
          `Cannot make a type: a number is weak as ${weaknesses.join(", ")}, not ${describeForeign(weak)}`,
        );
      }
      this.dtype = checkDType(dtype);
      // Types are shared by results and kept by caches: a shape that a program writes to must not be theirs.
      const given = Array.isArray(shape) ? shape : checkShape(shape, action);
      const own = Object.isFrozen(given) ? given : Object.freeze([...given]);
      let size = 1;
      for (let axis = 0; axis < own.length; axis++) {
        const length = own[axis]!;
        if (!isLength(length)) checkShape(own, action); // which throws
        size *= length;
      }
      if (!isLength(size)) {
        throw new RangeError(`Cannot ${action} of shape ${formatShape(own)}: it has more than 2⁵³ elements`);
      }
      this.shape = own;
      this.size = size;
      this.weak = weak;
    } catch (error) {
      throw fromCaller(error, TensorType);
    }
  }

  /** A string that is equal exactly for equal types. Most types are never asked for it. */
  get key(): string {
    return this.#key ??= `${this.weak ?? this.dtype}${formatShape(this.shape)}`;
  }

  /** A whole number that is equal only for equal types: what caches are looked up by. */
  get id(): number {
    return this.#id === 0 ? this.#id = identify(this.key) : this.#id;
  }

  /** The type as errors and printed graphs show it: `float32[2,3]`. */
  toString(): string {
    return this.weak ? "number" : this.key;
  }

  /** Shown by `console.log` in Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** Shown by `console.log` in Node and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Whether two types are the same: what their keys tell, without making these. */
export function equalTypes(a: TensorType, b: TensorType): boolean {
  return a === b || a.dtype === b.dtype && a.weak === b.weak && equalShapes(a.shape, b.shape);
}

/** Whether a type stands for a number that is only known when a program runs. */
function arrives({ weak }: TensorType): boolean {
  return weak === "scalar" || weak === "fraction";
}

/** The dtype that the operands of an operation are brought to, or undefined when no dtype holds them all. */
export function resultDType(types: readonly TensorType[]): DType | undefined {
  let dtype: DType | undefined;
  let fraction = false;
  for (const type of types) {
    if (type.weak) {
      fraction ||= type.weak === "float" || type.weak === "fraction";
      continue;
    }
    dtype = dtype === undefined ? type.dtype : promoteDTypes(dtype, type.dtype);
    if (dtype === undefined) return undefined;
  }
  if (dtype === undefined) return types.some(arrives) ? "float64" : "float32";
  // A whole number takes an integer dtype, and makes one of bool, whether it is written or fed.
  if (isFloating(dtype)) return dtype;
  if (fraction) return "float32";
  return dtype === "bool" && types.some(({ weak }) => weak) ? "int32" : dtype;
}

/** Whether the result of an operation on such operands still stands for a run-time number. */
export function resultWeakness(types: readonly TensorType[]): Weakness | undefined {
  for (const type of types) if (type.weak === undefined) return undefined;
  return types.some(arrives) ? "fraction" : undefined;
}
