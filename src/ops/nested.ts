/**
 * Numbers in nested arrays, as users write them, to tensors.
 * @module
 */
import { allocate, type DType, dtypeInfo, isFloating, isTypedArray } from "../dtype.ts";
import { Tensor } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import type { NestedArray } from "../value.ts";

/**
 * A tensor of nested arrays of numbers or booleans. Without `dtype`, booleans make a bool tensor and numbers a
 * float32 one. Throws a TypeError for anything else, and a RangeError, naming the index, where the arrays are ragged.
 */
export function fromNested(data: NestedArray, dtype: DType | undefined, action: string): Tensor {
  const shape: number[] = [];
  for (let level: NestedArray = data; Array.isArray(level); level = level[0]!) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const values: (number | boolean)[] = [];
  const index: number[] = [];
  const where = (): string => index.length === 0 ? "the value" : `the element at [${index.join(",")}]`;
  const collect = (level: NestedArray, depth: number): void => {
    if (isTypedArray(level)) {
      const way = index.length === 0 ? "make a tensor of it first" : "make a tensor of all the numbers, with { shape }";
      throw new TypeError(`Cannot ${action}: ${where()} is a typed array; ${way}`);
    }
    if (Array.isArray(level)) {
      if (depth === shape.length || level.length !== shape[depth]) {
        const expected = depth === shape.length ? "a number" : `${shape[depth]} elements`;
        throw new RangeError(
          `Cannot ${action} from ragged arrays: ${where()} has ${level.length} elements where its neighbours have ${expected}`,
        );
      }
      for (const [position, element] of (level as readonly NestedArray[]).entries()) {
        index.push(position);
        collect(element, depth + 1);
        index.pop();
      }
      return;
    }
    if (typeof level !== "number" && typeof level !== "boolean") {
      throw new TypeError(
        `Cannot ${action}: ${where()} is ${describeForeign(level)}, not a number, a boolean, an array or a Value`,
      );
    }
    if (depth !== shape.length) {
      throw new RangeError(
        `Cannot ${action} from ragged arrays: ${where()} is a number where its neighbours have ${
          shape[depth]
        } elements`,
      );
    }
    values.push(level);
  };
  collect(data, 0);
  const type = new TensorType(
    dtype ?? (values.length > 0 && values.every((value) => typeof value === "boolean") ? "bool" : "float32"),
    shape,
  );
  const array = allocate(type.dtype, type.size);
  for (let position = 0; position < array.length; position++) {
    array[position] = store(Number(values[position]), type.dtype, action);
  }
  return new Tensor(array, type);
}

/** A number as `dtype` holds it; NaN and infinities in an integer type, and numbers beyond its range, are errors. */
export function store(value: number, dtype: DType, action: string): number {
  if (isFloating(dtype)) return value;
  if (dtype === "bool") return value !== 0 ? 1 : 0;
  const { min, max } = dtypeInfo(dtype);
  const whole = Math.trunc(value);
  if (!(whole >= min && whole <= max)) {
    throw new RangeError(`Cannot ${action} with dtype ${dtype}: ${value} is not between ${min} and ${max}`);
  }
  return whole;
}

/** What an error calls something that is no operand. */
export function describeForeign(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the string ${JSON.stringify(value)}`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object") return `an object of class ${value.constructor?.name ?? "unknown"}`;
  return `${typeof value} ${String(value)}`;
}
