/**
 * What users write or keep numbers in, to tensors: nested arrays, typed arrays, and the plain data of a tensor.
 * @module
 */
import { describeForeign } from "../describe.ts";
import {
  allocate,
  arrayName,
  checkDType,
  type DType,
  dtypeInfo,
  dtypeOfArray,
  isDetached,
  isFloating,
  isTypedArray,
  type TypedArray,
} from "../dtype.ts";
import { checkShape, formatShape, type Shape, sizeOf } from "../shape.ts";
import { type Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import type { NestedArray, TensorData } from "../value.ts";

/** No arrays are nested deeper: this many calls fit on every engine's stack. */
const deepest = 1000;

/**
 * A tensor of nested arrays of numbers or booleans, or of what {@linkcode fromTensorData} takes. Without `dtype`,
 * booleans make a bool tensor and numbers a float32 one. Throws a TypeError for anything else, and a RangeError, naming
 * the index, where the arrays are ragged.
 */
export function fromNested(data: NestedArray | TensorData, dtype: DType | undefined, action: string): Tensor {
  if (isTensorData(data)) return fromTensorData(data, dtype, action);
  const shape = shapeOfNested(data, action);
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
        `Cannot ${action}: ${where()} is ${describeForeign(level)}, ${adviceFor(level)}`,
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
  return tensorOver(array, type);
}

/** What an error says of something that holds no numbers, or none that can be taken as they are. */
function adviceFor(value: unknown): string {
  const name = arrayName(value);
  if (name !== undefined) {
    const way = name.startsWith("Big") ? "Float64Array.from(…, Number)" : "Float32Array.from(…)";
    return `in which no dtype is stored; convert it, as with ${way}`;
  }
  const isBytes = ArrayBuffer.isView(value) || Object.prototype.toString.call(value).endsWith("ArrayBuffer]");
  return isBytes
    ? "of which no dtype is known; make a typed array of it, as with new Float32Array(…)"
    : "not a number, a boolean, an array or a Value";
}

/** The shape that nested arrays have if they are not ragged: the lengths of the first ones. */
function shapeOfNested(data: NestedArray, action: string): number[] {
  const shape: number[] = [];
  const path: NestedArray[] = [];
  for (let level = data; Array.isArray(level); level = level[0]!) {
    if (path.includes(level)) throw new TypeError(`Cannot ${action}: an array contains itself`);
    if (path.length === deepest) throw new RangeError(`Cannot ${action}: arrays are nested more than ${deepest} deep`);
    path.push(level);
    shape.push(level.length);
    if (level.length === 0) break;
  }
  return shape;
}

/** A tensor with a copy of the array's elements, which are converted to another dtype as by `astype`, but checked. */
export function fromTypedArray(data: TypedArray, dtype: DType, shape: Shape, action: string): Tensor {
  if (isDetached(data)) {
    throw new TypeError(`Cannot ${action} of ${describeForeign(data)}: its buffer was transferred or cut`);
  }
  const array = allocate(dtype, data.length);
  if (dtype === dtypeOfArray(data) || isFloating(dtype)) array.set(data);
  else for (let index = 0; index < data.length; index++) array[index] = store(data[index]!, dtype, action);
  return tensorOver(array, new TensorType(dtype, shape));
}

/** Whether a value has the fields of a tensor: a clone of one has, and a tensor of another copy of the library. */
export function isTensorData(value: unknown): value is TensorData {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.hasOwn(value, "shape") && Object.hasOwn(value, "dtype") && Object.hasOwn(value, "data");
}

/** A tensor with a copy of those elements. Throws when they do not fit together. */
export function fromTensorData(value: TensorData, dtype: DType | undefined, action: string): Tensor {
  const { data } = value;
  const own = checkDType(value.dtype);
  const shape = checkShape(value.shape, action);
  const { array } = dtypeInfo(own);
  if (!isTypedArray(data) || dtypeInfo(dtypeOfArray(data)).array !== array) {
    throw new TypeError(`Cannot ${action} of ${own} data: they are ${describeForeign(data)}, not a ${array.name}`);
  }
  const size = sizeOf(shape);
  if (data.length !== size && !isDetached(data)) {
    throw new RangeError(`Cannot ${action} of shape ${formatShape(shape)}: there are ${data.length} numbers`);
  }
  return fromTypedArray(data, dtype ?? own, shape, action);
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
