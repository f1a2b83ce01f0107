/**
 * How operands and attributes are found for every operation of the table.
 * @module
 */
import type { DType, Shape } from "../../mod.ts";
import { isFloating, isInteger } from "../../src/dtype.ts";
import type { Attributes } from "../../src/ops/op.ts";
import type { OpName } from "../../src/ops/table.ts";
import { broadcastShapes, equalShapes, sizeOf } from "../../src/shape.ts";
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

const notBool = (type: TensorType): boolean => type.dtype !== "bool";
const floating = (type: TensorType): boolean => isFloating(type.dtype) && !type.weak;
const ranked = (type: TensorType): boolean => type.shape.length > 0;

function unary(fits: (type: TensorType) => boolean = () => true): Generator {
  return (source) => {
    const x = source.pick((type) => fits(type) && !type.weak);
    return x === undefined ? undefined : { inputs: [x] };
  };
}

/** Operands that broadcast: the second is picked to fit the first, is the first, or a number. */
function broadcasting(count: number, fits: (type: TensorType) => boolean = () => true): Generator {
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

function fitsWith(shape: Shape, other: Shape): boolean {
  const together = broadcastShapes(shape, other);
  return together !== undefined && sizeOf(together) <= maximumSize;
}

/** Axes of a reduction: none given, one, or several; negative ones too. */
function someAxes(source: Source, rank: number): readonly number[] | undefined {
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

function reduction(
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

function alongAxis(
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
function otherShape(source: Source, size: number): number[] {
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
function product(maximumRank: number): Generator {
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

function several(
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

const dtypes = ["float32", "float64", "int32", "uint32", "int8", "uint8", "bool"] as const;

/** Positions of a slice, as Python has them: in range or beyond it, from either end, or left open. */
function slicePosition(source: Source, length: number): number | null {
  return source.next(3) === 0 ? null : source.next(2 * length + 5) - length - 2;
}

function sliceAttributes(
  source: Source,
  shape: Shape,
): Attributes & { start: (number | null)[]; stop: (number | null)[]; step: number[] } {
  return {
    start: shape.map((length) => slicePosition(source, length)),
    stop: shape.map((length) => slicePosition(source, length)),
    step: shape.map(() => [1, -1, 2, -2, 3][source.next(5)]!),
  };
}

const indexDTypes = ["int32", "uint32", "int8", "uint8"] as const;

/** A generator for every operation, or the reason why there is none. */
export const generators = {
  add: broadcasting(2, notBool),
  sub: broadcasting(2, notBool),
  mul: broadcasting(2, notBool),
  div: broadcasting(2),
  pow: broadcasting(2, notBool),
  maximum: broadcasting(2),
  minimum: broadcasting(2),
  mod: broadcasting(2, notBool),
  floorDiv: broadcasting(2, notBool),
  neg: unary(notBool),
  abs: unary(notBool),
  sign: unary(notBool),
  square: unary(notBool),
  reciprocal: unary(),
  clip: broadcasting(3, notBool),
  where(source) {
    const rest = broadcasting(2)(source);
    if (rest === undefined) return undefined;
    const shape = rest.inputs.reduce<Shape>((shape, place) => broadcastShapes(shape, source.typeOf(place).shape)!, []); // they were picked so
    const condition = source.pick((type) => type.dtype === "bool" && fitsWith(shape, type.shape)) ??
      source.leaf("bool", source.next(2) === 0 ? shape : shape.slice(source.next(shape.length + 1)));
    return { inputs: [condition, ...rest.inputs] };
  },
  cast(source) {
    const x = source.pick((type) => !type.weak);
    return x === undefined ? undefined : { inputs: [x], attributes: { dtype: dtypes[source.next(dtypes.length)]! } };
  },
  sqrt: unary(),
  rsqrt: unary(),
  exp: unary(),
  expm1: unary(),
  log: unary(),
  log1p: unary(),
  sin: unary(),
  cos: unary(),
  tan: unary(),
  asin: unary(),
  acos: unary(),
  atan: unary(),
  atan2: broadcasting(2),
  sinh: unary(),
  cosh: unary(),
  tanh: unary(),
  sigmoid: unary(),
  softplus: unary(),
  relu: unary(notBool),
  erf: unary(),
  floor: unary(notBool),
  ceil: unary(notBool),
  round: unary(notBool),
  equal: broadcasting(2),
  notEqual: broadcasting(2),
  less: broadcasting(2),
  lessEqual: broadcasting(2),
  greater: broadcasting(2),
  greaterEqual: broadcasting(2),
  logicalAnd: broadcasting(2),
  logicalOr: broadcasting(2),
  logicalXor: broadcasting(2),
  logicalNot: unary(),
  isNaN: unary(),
  isFinite: unary(),
  isInf: unary(),
  sum: reduction(),
  prod: reduction(),
  max: reduction({ nonEmpty: true }),
  min: reduction({ nonEmpty: true }),
  argmax: reduction({ nonEmpty: true, single: true }),
  argmin: reduction({ nonEmpty: true, single: true }),
  any: reduction(),
  all: reduction(),
  mean: reduction(),
  variance: reduction({ correction: true }),
  std: reduction({ correction: true }),
  logSumExp: reduction(),
  contract: "the public operations do not record it; matmul and dot decompose into it",
  matmul: product(4),
  dot: product(2),
  outer(source) {
    const small = (type: TensorType): boolean => notBool(type) && type.size <= 20;
    const [x, y] = [source.pick(small), source.pick(small)];
    return x === undefined || y === undefined ? undefined : { inputs: [x, y] };
  },
  reshape(source) {
    const x = source.pick((type) => !type.weak);
    return x === undefined
      ? undefined
      : { inputs: [x], attributes: { shape: otherShape(source, source.typeOf(x).size) } };
  },
  permuteDims(source) {
    const x = source.pick((type) => type.shape.length > 1);
    if (x === undefined) return undefined;
    const rest = [...source.typeOf(x).shape.keys()].reverse();
    const axes: number[] = [];
    while (rest.length > 0) axes.push(rest.splice(source.next(rest.length), 1)[0]!);
    return { inputs: [x], attributes: { axes: source.next(4) === 3 ? axes.map((axis) => axis - axes.length) : axes } };
  },
  broadcastTo(source) {
    const x = source.pick((type) => !type.weak && type.size <= 60);
    if (x === undefined) return undefined;
    const stretched = source.typeOf(x).shape.map((length) => length === 1 ? [2, 3, 1, 0][source.next(4)]! : length);
    const leading = [[], [2], [3, 1], [1], [0]][source.next(5)]!;
    return { inputs: [x], attributes: { shape: [...leading, ...stretched] } };
  },
  slice(source) {
    const x = source.pick(ranked);
    if (x === undefined) return undefined;
    return { inputs: [x], attributes: sliceAttributes(source, source.typeOf(x).shape.slice(0, 1 + source.next(4))) };
  },
  unslice: "the public operations do not record it; the gradient of a slice with steps does",
  pad(source) {
    const x = source.pick((type) => !type.weak);
    if (x === undefined) return undefined;
    const { shape, dtype } = source.typeOf(x);
    const padding = shape.map(() => [source.next(3), source.next(3)] as const);
    return { inputs: [x], attributes: { padding, value: dtype === "bool" ? source.next(2) : source.next(4) } };
  },
  concat: several(
    (source) => source.next(3),
    (first, other) => equalShapes(first.shape, other.shape) && ranked(first),
    (source, type) => ({
      axis: source.next(2 * Math.max(1, type.shape.length)) - Math.max(1, type.shape.length),
    }),
  ),
  transpose: unary(),
  expandDims(source) {
    const x = source.pick((type) => !type.weak);
    if (x === undefined) return undefined;
    const rank = source.typeOf(x).shape.length + 1;
    return { inputs: [x], attributes: { axis: source.next(2 * rank) - rank } };
  },
  squeeze(source) {
    const x = source.pick((type) => type.shape.includes(1));
    if (x === undefined) return undefined;
    const axis = source.typeOf(x).shape.indexOf(1);
    return { inputs: [x], attributes: source.next(2) === 1 ? { axis } : {} };
  },
  stack: several(
    (source) => source.next(3),
    (first, other) => equalShapes(first.shape, other.shape),
    (source, type) => ({
      axis: source.next(2 * type.shape.length + 2) - type.shape.length - 1,
    }),
  ),
  split: alongAxis(({ size }) => size > 0, (source, axis, type) => {
    const length = type.shape[axis]!;
    const first = source.next(length + 1);
    if (source.next(2) === 1) return { parts: [first, length - first], index: source.next(2) };
    const divisors = [1, 2, 3, 5, 7].filter((each) => length % each === 0);
    const parts = divisors[source.next(divisors.length)]!;
    return { parts, index: source.next(parts) };
  }),
  flip(source) {
    const x = source.pick((type) => !type.weak);
    if (x === undefined) return undefined;
    const axis = someAxes(source, source.typeOf(x).shape.length);
    return { inputs: [x], attributes: axis === undefined ? {} : { axis } };
  },
  tile(source) {
    const x = source.pick((type) => !type.weak && type.size <= 40);
    if (x === undefined) return undefined;
    const count = source.next(source.typeOf(x).shape.length + 2);
    return {
      inputs: [x],
      attributes: { repetitions: Array.from({ length: count }, () => [2, 1, 3, 0][source.next(4)]!) },
    };
  },
  repeat(source) {
    const x = source.pick((type) => !type.weak && type.size <= 80);
    if (x === undefined) return undefined;
    const rank = source.typeOf(x).shape.length;
    const count = [2, 3, 1, 0][source.next(4)]!;
    return {
      inputs: [x],
      attributes: rank > 0 && source.next(2) === 1 ? { count, axis: source.next(rank) } : { count },
    };
  },
  fullLike(source) {
    const x = source.pick((type) => !type.weak);
    if (x === undefined) return undefined;
    const dtype = dtypes[source.next(dtypes.length)]!;
    return { inputs: [x], attributes: { value: source.next(2), ...(source.next(2) === 1 && { dtype }) } };
  },
  meshgrid(source) {
    const vector = (type: TensorType): boolean => type.shape.length === 1 && type.size <= 7;
    const inputs = [source.pick(vector), source.pick(vector)].filter((each) => each !== undefined);
    if (inputs.length === 0) return undefined;
    return { inputs, attributes: { index: source.next(inputs.length), indexing: source.next(2) === 1 ? "ij" : "xy" } };
  },
  oneHot(source) {
    const x = source.pick((type) => isInteger(type.dtype) && type.size <= 60);
    return x === undefined
      ? undefined
      : { inputs: [x], attributes: { classes: 1 + source.next(5), dtype: dtypes[source.next(dtypes.length)]! } };
  },
  tril: triangle,
  triu: triangle,
  take(source) {
    const x = source.pick((type) => ranked(type) && type.size > 0 && type.size <= 100);
    if (x === undefined) return undefined;
    const { shape } = source.typeOf(x);
    const axis = source.next(shape.length);
    const length = shape[axis]!;
    const dtype = indexDTypes[source.next(4)]!;
    const lowest = dtype.startsWith("u") ? 0 : length;
    const indices = source.leaf(
      dtype,
      [[2], [], [3], [2, 2], [0]][source.next(5)]!,
      () => source.next(length + lowest) - lowest,
    );
    return { inputs: [x, indices], attributes: { axis: source.next(3) === 2 ? axis - shape.length : axis } };
  },
  scatterAdd(source) {
    const x = source.pick((type) => ranked(type) && notBool(type) && !type.weak && type.size <= 100);
    if (x === undefined) return undefined;
    const { shape } = source.typeOf(x);
    const axis = source.next(shape.length);
    const length = 1 + source.next(4);
    const covered = 1 + source.next(shape.length - axis);
    const indices = source.leaf(
      indexDTypes[source.next(4)]!,
      shape.slice(axis, axis + covered),
      () => source.next(length),
    );
    return { inputs: [indices, x], attributes: { axis, length } };
  },
  argsort: alongAxis(() => true, (source) => ({ descending: source.next(2) === 1 })),
  sort: alongAxis(() => true, (source) => ({ descending: source.next(2) === 1 })),
  softmax: alongAxis(() => true),
  logSoftmax: alongAxis(() => true),
  crossEntropy(source) {
    const x = source.pick((type) => ranked(type) && floating(type) && type.size > 0);
    if (x === undefined) return undefined;
    const { shape, dtype } = source.typeOf(x);
    const classes = shape.at(-1)!;
    const rows = source.next(2) === 1;
    const labels = rows
      ? source.leaf(dtype, shape, () => source.next(5) / 4)
      : source.leaf(indexDTypes[source.next(4)]!, shape.slice(0, -1), () => source.next(classes));
    return { inputs: [x, labels] };
  },
  meanSquaredError: broadcasting(2),
  randomBits(source) {
    const key = source.leaf("uint32", [2 + source.next(2)], () => source.next(1000));
    return {
      inputs: [key],
      attributes: { shape: [[2], [], [5], [2, 3], [0]][source.next(5)]!, stream: source.next(3) },
    };
  },
} satisfies Record<OpName, Generator | string>;

function triangle(source: Source): Application {
  const x = source.pick((type) => type.shape.length > 1);
  return x === undefined ? undefined : { inputs: [x], attributes: { diagonal: source.next(5) - 2 } };
}

/** What is drawn more often than its share of the table: views and plain arithmetic, which everything else meets. */
export const frequent: readonly OpName[] = [
  "permuteDims",
  "permuteDims",
  "slice",
  "slice",
  "reshape",
  "reshape",
  "broadcastTo",
  "transpose",
  "add",
  "add",
  "mul",
  "mul",
  "sub",
  "matmul",
  "matmul",
  "matmul",
  "sum",
  "sum",
  "max",
  "mean",
  "softmax",
  "crossEntropy",
  "concat",
  "pad",
  "take",
  "where",
  "tanh",
  "exp",
  "relu",
];
