/**
 * What generators have in common: operands that broadcast, axes, shapes of the same size, matrices that fit.
 * @module
 */
import type { DType, Shape } from "../../mod.ts";
import { isFloating } from "../../src/dtype.ts";
import type { Attributes } from "../../src/ops/op.ts";
import { broadcastShapes, sizeOf } from "../../src/shape.ts";
import type { TensorType } from "../../src/tensor_type.ts";

/** What a generator draws from: the values there are, and a sequence of numbers that the search controls. */
export interface Source {
  /** A whole number from 0 to `count − 1`; 0 is the simplest. */
  next(count: number): number;
  /** The place of a value that fits, if there is one. */
  pick(fits?: (type: TensorType) => boolean): number | undefined;
  typeOf(place: number): TensorType;
  /** A new value of these numbers; `number` gives each. */
  leaf(dtype: DType, shape: Shape, number?: () => number): number;
  /** A number written in the program. */
  number(value: number): number;
}

/** An application of an operation: places of operands, and attributes. Undefined when nothing fits. */
export type Application = { readonly inputs: readonly number[]; readonly attributes?: Attributes } | undefined;

/** Finds an application of one operation. */
export type Generator = (source: Source) => Application;

/** What arithmetic is defined for. */
export const notBool = (type: TensorType): boolean => type.dtype !== "bool";
/** What has gradients. */
export const floating = (type: TensorType): boolean => isFloating(type.dtype) && !type.weak;
/** What has an axis. */
export const ranked = (type: TensorType): boolean => type.shape.length > 0;

/** One operand. */
export function unary(fits: (type: TensorType) => boolean = () => true): Generator {
  return (source) => {
    const x = source.pick((type) => fits(type) && !type.weak);
    return x === undefined ? undefined : { inputs: [x] };
  };
}

/** Operands that broadcast: the second is picked to fit the first, is the first, or a number. */
export function broadcasting(count: number, fits: (type: TensorType) => boolean = () => true): Generator {
  return (source) => {
    const first = source.pick((type) => fits(type) && !type.weak);
    if (first === undefined) return undefined;
    const inputs = [first];
    let shape = source.typeOf(first).shape;
    while (inputs.length < count) {
      if (source.next(6) === 5) {
        inputs.push(source.number(source.next(9) / 4 - 0.5));
        continue;
      }
      const other = source.pick((type) => fits(type) && fitsWith(shape, type.shape)) ?? first;
      shape = broadcastShapes(shape, source.typeOf(other).shape)!; // it was picked so
      inputs.push(other);
    }
    return { inputs: source.next(2) === 1 ? inputs.toReversed() : inputs };
  };
}

/** The largest tensor that a graph may hold. */
export const maximumSize = 400;

/** Whether two shapes broadcast to one that is not too large. */
export function fitsWith(shape: Shape, other: Shape): boolean {
  const together = broadcastShapes(shape, other);
  return together !== undefined && sizeOf(together) <= maximumSize;
}

/** Axes of a reduction: none given, one, or several; negative ones too. */
export function someAxes(source: Source, rank: number): readonly number[] | undefined {
  const kind = source.next(3);
  if (rank === 0 || kind === 0) return undefined;
  const chosen = [...Array(rank).keys()].filter(() => source.next(2) === 1);
  const axes = kind === 1 || chosen.length === 0
    ? [source.next(rank)]
    : source.next(2) === 1
    ? chosen.toReversed()
    : chosen;
  return axes.map((axis) => source.next(4) === 3 ? axis - rank : axis);
}

/** One operand that is reduced. */
export function reduction(
  options: { readonly nonEmpty?: boolean; readonly single?: boolean; readonly correction?: boolean } = {},
): Generator {
  return (source) => {
    const x = source.pick((type) => !type.weak && (!options.nonEmpty || type.size > 0));
    if (x === undefined) return undefined;
    const rank = source.typeOf(x).shape.length;
    const axes = options.single
      ? (rank > 0 && source.next(3) > 0 ? [source.next(rank)] : undefined)
      : someAxes(source, rank);
    const keepDims = source.next(2) === 1;
    const correction = options.correction ? { correction: source.next(2) } : {};
    return { inputs: [x], attributes: { ...(axes && { axes }), keepDims, ...correction } };
  };
}

/** One operand, and one of its axes. */
export function alongAxis(
  fits: (type: TensorType) => boolean,
  more: (source: Source, axis: number, type: TensorType) => Attributes = () => ({}),
): Generator {
  return (source) => {
    const x = source.pick((type) => fits(type) && ranked(type) && !type.weak);
    if (x === undefined) return undefined;
    const type = source.typeOf(x);
    const axis = source.next(type.shape.length);
    const given = source.next(3) === 2 ? axis - type.shape.length : axis;
    return { inputs: [x], attributes: { axis: given, ...more(source, axis, type) } };
  };
}

/** Another shape of the same size: factors are taken out one by one. */
export function otherShape(source: Source, size: number): number[] {
  if (size === 0) return [[0], [0, 3], [2, 0], [1, 0, 1]][source.next(4)]!;
  const shape: number[] = [];
  let rest = size;
  for (let axis = source.next(4); axis > 0; axis--) {
    const divisors = [...Array(rest).keys()].map((each) => each + 1).filter((each) => rest % each === 0);
    const divisor = divisors[source.next(divisors.length)]!;
    shape.push(divisor);
    rest /= divisor;
  }
  if (rest > 1 || shape.length === 0 && source.next(2) === 1) shape.splice(source.next(shape.length + 1), 0, rest);
  return shape;
}

/** Two operands whose inner lengths agree: the second is picked, the first transposed by another step, or made. */
export function product(maximumRank: number): Generator {
  return (source) => {
    const fits = (type: TensorType): boolean =>
      notBool(type) && !type.weak && ranked(type) && type.shape.length <= maximumRank;
    const x = source.pick(fits);
    if (x === undefined) return undefined;
    const left = source.typeOf(x).shape;
    const matches = (type: TensorType): boolean =>
      fits(type) && (type.shape.at(-2) ?? type.shape[0]) === left.at(-1) &&
      broadcastShapes(left.slice(0, -2), type.shape.slice(0, -2)) !== undefined &&
      sizeOf([
          ...broadcastShapes(left.slice(0, -2), type.shape.slice(0, -2))!,
          left.at(-2) ?? 1,
          type.shape.length > 1 ? type.shape.at(-1)! : 1,
        ]) <= maximumSize;
    const y = source.next(3) > 0 ? source.pick(matches) : undefined;
    if (y !== undefined) return { inputs: [x, y] };
    const columns = [1, 2, 3, 5, 0, 7, 13][source.next(7)]!;
    const batch = maximumRank > 2 && source.next(3) === 2 ? left.slice(0, -2) : [];
    const shape = source.next(4) === 3 ? [left.at(-1)!] : [...batch, left.at(-1)!, columns];
    const { dtype } = source.typeOf(x);
    return { inputs: [x, source.leaf(dtype, shape)] };
  };
}

/** One to three operands, which fit the first. */
export function several(
  count: (source: Source) => number,
  fits: (first: TensorType, other: TensorType) => boolean,
  attributes: (source: Source, type: TensorType) => Attributes,
): Generator {
  return (source) => {
    const first = source.pick((type) => !type.weak);
    if (first === undefined) return undefined;
    const type = source.typeOf(first);
    const inputs = [first];
    for (let more = count(source); more > 0; more--) {
      inputs.push(source.pick((other) => !other.weak && fits(type, other)) ?? first);
    }
    return { inputs, attributes: attributes(source, type) };
  };
}
