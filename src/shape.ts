/**
 * Shapes: sizes, strides, axes, and NumPy's broadcasting rule.
 * @module
 */

/** The length of a tensor along each of its axes; `[]` is a single number. */
export type Shape = readonly number[];

/** The number of elements of a tensor of this shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** How far apart, in elements, neighbours along each axis lie in row-major order. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Whether two shapes are the same. */
export function equalShapes(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** A shape as errors and printed graphs show it: `[2,3]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

/**
 * The shape two operands are stretched to before an element-wise operation: aligned at the last axis, and an axis of
 * length 1 (or missing) takes the other's length. Undefined when they do not fit.
 */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  if (equalShapes(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let axis = 1; axis <= rank; axis++) {
    const x = a[a.length - axis] ?? 1;
    const y = b[b.length - axis] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    shape[rank - axis] = x === 1 ? y : x;
  }
  return shape;
}

/** Whether `length` is a whole number ≥ 0, as lengths of axes and sizes of tensors are. */
export function isLength(length: unknown): length is number {
  return Number.isSafeInteger(length) && length as number >= 0; // by the first condition
}

/** A frozen copy of `shape` (a number is one axis), or an error that says why it is none. */
export function checkShape(shape: unknown, action: string): Shape {
  if (typeof shape === "number") return checkShape([shape], action);
  if (!Array.isArray(shape)) {
    throw new TypeError(`Cannot ${action}: a shape is an array of lengths, not ${String(shape)}`);
  }
  const own: number[] = [...shape]; // numbers, as is found out now
  let isValid = true;
  for (let axis = 0; axis < own.length; axis++) isValid &&= isLength(own[axis]); // this is every reshape's: no closures here
  if (isValid) return Object.freeze(own);
  throw new RangeError(
    `Cannot ${action}: the shape [${
      own.map((each: unknown) => typeof each === "bigint" ? `${each}n` : String(each)).join(",")
    }] has a length that is not a whole number ≥ 0`,
  );
}

/** An axis counted from the front, from one that may count from the back (−1 is the last). */
export function normalizeAxis(axis: number, rank: number, action: string): number {
  if (!Number.isInteger(axis)) throw new TypeError(`Cannot ${action}: axis ${axis} is not a whole number`);
  if (axis < -rank || axis >= rank) {
    throw new RangeError(`Cannot ${action}: axis ${axis} is out of range for a tensor of rank ${rank}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** The same attributes with an axis counted from the front. It is in range. */
export function countedFromFront<A extends { readonly axis: number }>(attributes: A, rank: number): A {
  const { axis } = attributes;
  return axis < 0 ? { ...attributes, axis: axis + rank } : attributes;
}

/** Axes counted from the front, ascending and each once; left out (undefined) means all of them. */
export function normalizeAxes(axis: number | readonly number[] | undefined, rank: number, action: string): number[] {
  if (axis === undefined) return Array.from({ length: rank }, (_, index) => index);
  const axes = (typeof axis === "number" ? [axis] : axis).map((each) => normalizeAxis(each, rank, action));
  const distinct = [...new Set(axes)].sort((a, b) => a - b);
  if (distinct.length !== axes.length) {
    throw new RangeError(`Cannot ${action}: the axes [${axes.join(",")}] name one axis twice`);
  }
  return distinct;
}
