/**
 * How operands and attributes are found for every operation of the table.
 * @module
 */
import * as library from "../../mod.ts";
import type { Shape } from "../../mod.ts";
import { isInteger } from "../../src/dtype.ts";
import type { Attributes } from "../../src/ops/op.ts";
import type { ElementwiseOp } from "../../src/ops/primitive.ts";
import {
  type IntrinsicName,
  type MultiOpName,
  multiOpNames,
  type OpName,
  opNames,
  opTable,
} from "../../src/ops/table.ts";
import { broadcastShapes, equalShapes } from "../../src/shape.ts";
import { signatureOf } from "../../src/public/public_function.ts";
import type { TensorType } from "../../src/tensor_type.ts";
import {
  alongAxis,
  type Application,
  broadcasting,
  fitsWith,
  floating,
  type Generator,
  maximumSize,
  notBool,
  otherShape,
  product,
  ranked,
  reduction,
  several,
  someAxes,
  type Source,
  unary,
} from "./generator_kinds.ts";
import {
  averagePoolGradient,
  contraction,
  convolution,
  maxPoolGradient,
  pooling,
  sliding,
  weightGradient,
} from "./window_generators.ts";
import { generatorOf } from "./signature_generators.ts";

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

/** The operands of an intrinsic: as many as it takes, of numbers that it is defined on. */
function elementwise({ operands, domain }: ElementwiseOp): Generator {
  const fits = domain === "numbers" ? notBool : undefined;
  return operands === 1 ? unary(fits) : broadcasting(operands, fits);
}

/** Those of the intrinsics but `where`, whose operands are not alike. */
const ofIntrinsics = Object.fromEntries(
  Object.values(opTable).flatMap((op) => op.lowering === "elementwise" ? [[op.name, elementwise(op)]] : []),
) as Record<IntrinsicName, Generator>; // all intrinsics are in the op table

/** From which end elements are combined, and whether what none of them give comes first. */
function running(source: Source): Attributes {
  return { reverse: source.next(2) === 1, includeInitial: source.next(3) === 2 };
}

/** Those that do not follow from the signature of a public function, and the reasons why there is none. */
const own: Readonly<Partial<Record<OpName | MultiOpName, Generator | string>>> = {
  ...ofIntrinsics,
  where(source) {
    const rest = broadcasting(2)(source);
    if (rest === undefined) return undefined;
    const shape = rest.inputs.reduce<Shape>(
      (shape, place) => broadcastShapes(shape, source.typeOf(place).shape)!,
      [],
    ); // they were picked so
    const condition = source.pick((type) => type.dtype === "bool" && fitsWith(shape, type.shape)) ??
      source.leaf("bool", source.next(2) === 0 ? shape : shape.slice(source.next(shape.length + 1)));
    return { inputs: [condition, ...rest.inputs] };
  },
  cast(source) {
    const x = source.pick((type) => !type.weak);
    return x === undefined ? undefined : { inputs: [x], attributes: { dtype: dtypes[source.next(dtypes.length)]! } };
  },
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
  cumulativeSum: alongAxis(() => true, running),
  cumulativeProd: alongAxis(() => true, running),
  contract: contraction,
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
    return {
      inputs: [x],
      attributes: { axes: source.next(4) === 3 ? axes.map((axis) => axis - axes.length) : axes },
    };
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
  pad(source) {
    const x = source.pick((type) => !type.weak);
    if (x === undefined) return undefined;
    const { shape, dtype } = source.typeOf(x);
    const padding = shape.map(() => [source.next(3), source.next(3)] as const);
    const interior = source.next(3) === 2 ? { interior: shape.map(() => source.next(3)) } : {};
    return {
      inputs: [x],
      attributes: { padding, value: dtype === "bool" ? source.next(2) : source.next(4), ...interior },
    };
  },
  concat: several(
    (source) => source.next(3),
    (first, other) => equalShapes(first.shape, other.shape) && ranked(first),
    (source, type) => ({
      axis: source.next(2 * Math.max(1, type.shape.length)) - Math.max(1, type.shape.length),
    }),
  ),
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
  windows: sliding,
  convolution: convolution(),
  transposedConvolution: convolution(true),
  convolutionWeightGradient: weightGradient,
  maxPool: pooling(),
  maxPoolGradient,
  averagePool: pooling(true),
  averagePoolGradient,
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
    return {
      inputs,
      attributes: { index: source.next(inputs.length), indexing: source.next(2) === 1 ? "ij" : "xy" },
    };
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
    const length = Math.min(shape[axis]!, 128); // what every dtype of an index holds
    const dtype = indexDTypes[source.next(4)]!;
    const lowest = dtype.startsWith("u") ? 0 : length;
    const indices = source.leaf(
      dtype,
      [[2], [], [3], [2, 2], [0]][source.next(5)]!,
      () => source.next(length + lowest) - lowest,
    );
    return { inputs: [x, indices], attributes: { axis: source.next(3) === 2 ? axis - shape.length : axis } };
  },
  checkIndex: "the public operations do not record it; crossEntropy decomposes into it",
  scatterAdd(source) {
    const x = source.pick((type) => notBool(type) && !type.weak && type.size <= maximumSize / 4);
    if (x === undefined) return undefined;
    const { shape } = source.typeOf(x);
    const axis = source.next(shape.length + 1);
    const length = 1 + source.next(4);
    const covered = source.next(shape.length - axis + 1);
    const dtype = indexDTypes[source.next(4)]!;
    const lowest = dtype.startsWith("u") ? 0 : length;
    const indices = source.leaf(
      dtype,
      shape.slice(axis, axis + covered),
      () => source.next(length + lowest) - lowest,
    );
    const rank = shape.length - covered + 1;
    return { inputs: [indices, x], attributes: { axis: source.next(3) === 2 ? axis - rank : axis, length } };
  },
  crossEntropy(source) {
    const x = source.pick((type) => ranked(type) && floating(type) && type.size > 0);
    if (x === undefined) return undefined;
    const { shape, dtype } = source.typeOf(x);
    const classes = shape.at(-1)!;
    const rows = source.next(2) === 1;
    const labels = rows
      ? source.leaf(dtype, shape, () => source.next(5) / 4)
      : source.leaf(indexDTypes[source.next(4)]!, shape.slice(0, -1), () => source.next(Math.min(classes, 128)));
    return { inputs: [x, labels] };
  },
  gelu(source) {
    const applied = unary()(source);
    return applied && { ...applied, attributes: { approximate: source.next(2) === 1 ? "tanh" : "none" } };
  },
  optimizationBarrier(source) {
    const [x, other] = [source.pick(), source.pick()];
    return x === undefined || other === undefined ? undefined : { inputs: [x, other] };
  },
  randomBits(source) {
    const key = source.leaf("uint32", [2 + source.next(2)], () => source.next(1000));
    return {
      inputs: [key],
      attributes: { shape: [[2], [], [5], [2, 3], [0]][source.next(5)]!, stream: source.next(3) },
    };
  },
  checkpoint: "it owns a function, which the plans have none of",
};

/** The generator of an operation's public function. */
function ofFunction(name: string): Generator {
  const entry = (library as Readonly<Record<string, unknown>>)[name];
  const signature = typeof entry === "function" ? signatureOf(entry as () => unknown) : undefined;
  if (signature === undefined) throw new Error(`Cannot draw operands of ${name}: there is no function of that name`);
  return generatorOf(signature);
}

/** A generator for every operation, or the reason why there is none. */
export const generators = Object.fromEntries(
  [...opNames, ...multiOpNames].map((name) => [name, own[name] ?? ofFunction(name)]),
) as Readonly<Record<OpName | MultiOpName, Generator | string>>; // all names

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
  "scatterAdd",
  "where",
  "tanh",
  "exp",
  "relu",
];
