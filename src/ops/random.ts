/**
 * Random numbers: keys, and tensors drawn from distributions. Import it as `random`.
 *
 * With `key` a draw is a pure function of it: the same key gives the same numbers, eagerly, in a session and
 * compiled. Without one the global generator is used, which {@linkcode seed} resets.
 * @module
 */
import { type DType, dtypeInfo, isFloating, isInteger } from "../dtype.ts";
import { outsideGraphs } from "../graph/recording.ts";
import { activeTrace } from "../graph/trace.ts";
import { Variable } from "../graph/variable.ts";
import {
  count as countKind,
  dtype as dtypeKind,
  finite,
  notNegative,
  numberBetween,
  orValue,
  shape as shapeKind,
  value as valueKind,
  whole,
} from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { type Kinds, optional, type OptionKinds, required } from "../public/signature.ts";
import { checkShape, equalShapes, type Shape } from "../shape.ts";
import { type Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { type Operand, Value } from "../value.ts";
import { where } from "./arithmetic.ts";
import { argsort, take } from "./indexing.ts";
import { concat } from "./movement.ts";
import { threefry } from "./numerics/threefry.ts";
import { randomBits, streams } from "./random_bits.ts";

/** What all samplers take. */
export interface SampleOptions {
  /** The key to draw from, of {@linkcode key}, {@linkcode split} or {@linkcode foldIn}; the global generator without it. */
  readonly key?: Value;
}

/** A tensor of uint32 words. */
function words(...values: number[]): Tensor {
  return tensorOver(Uint32Array.from(values), new TensorType("uint32", [values.length]));
}

/** The high and the low word of a whole number. */
function halves(value: number): [number, number] {
  return [Math.floor(value / 2 ** 32) >>> 0, value >>> 0];
}

const sampleOptions: OptionKinds<SampleOptions> = { key: valueKind };
const dimensions: Kinds = { shape: shapeKind };

/**
 * A key for a seed: `uint32[2]`. Use a key for one draw; make more keys of it with {@linkcode split} or
 * {@linkcode foldIn}. Throws a RangeError when the seed is not a whole number.
 *
 * NumPy `np.random.SeedSequence`, PyTorch `torch.Generator`, TensorFlow.js –.
 *
 * @example
 * ```ts
 * import { random } from "@tensorloom/tensorloom";
 *
 * const key = random.key(7);
 * const x = random.normal([3], { key });
 * const y = random.normal([3], { key });
 * console.log(x.equal(y).all().item()); // 1: the same key, the same numbers
 * ```
 */
export const key: (seed: number) => Tensor = publicFunction(
  { name: "random.key", positional: { seed: whole } },
  (seed) => words(...halves(seed)),
);

/**
 * `count` independent keys made of one: `uint32[count,2]`, a key in each row. Throws a RangeError when `count` is not a
 * whole number ≥ 0.
 *
 * NumPy `SeedSequence.spawn`, PyTorch –, TensorFlow.js –.
 *
 * @example
 * ```ts
 * import { random } from "@tensorloom/tensorloom";
 *
 * const [a, b] = random.split(random.key(0));
 * ```
 */
export const split: <K extends Value>(key: K, count?: number) => K extends Tensor ? Tensor : Value = publicFunction(
  { name: "random.split", positional: { key: valueKind, count: optional(countKind) } },
  <K extends Value>(key: K, count = 2) => {
    const keys: Value = randomBits<Value>(checkKey(key), [count, 2], streams.split);
    return keys as K extends Tensor ? Tensor : Value; // an operation on a Tensor alone gives one
  },
);

/**
 * Another key, made of a key and a number: an index of a step, a layer or a worker. `data` is a whole number, or a
 * scalar tensor of an integer dtype. Throws a RangeError when it is another number.
 *
 * NumPy –, PyTorch –, TensorFlow.js –.
 *
 * @example
 * ```ts
 * import { random } from "@tensorloom/tensorloom";
 *
 * const stepKey = random.foldIn(random.key(0), 42);
 * ```
 */
export const foldIn: (key: Value, data: number | Value) => Value = publicFunction(
  { name: "random.foldIn", positional: { key: valueKind, data: orValue(whole) } },
  (key, data) => {
    const counter = data instanceof Value ? data.astype("uint32").reshape([1]) : words(halves(data)[1]);
    return randomBits<Value>(concat<Value>([checkKey(key), counter], 0), [2], streams.fold);
  },
);

function checkKey(key: Value): Value {
  const { type } = key;
  if (type !== undefined && (type.dtype !== "uint32" || !equalShapes(type.shape, [2]))) {
    throw new TypeError(`Cannot use ${key.describe()} as a random key: a key is uint32[2]`);
  }
  return key;
}

let generator: Variable | undefined;

/**
 * The state of the global generator: a key, and the number of draws made from it. It is a Variable, so that a
 * compiled program which draws from it also moves it on. It belongs to no graph, whatever is recording when it is
 * first needed: in a graph built by hand, drawing gives numbers, not nodes.
 */
function generatorState(): Variable {
  generator ??= outsideGraphs(() => new Variable(words(0, 0, 0), { name: "random generator", trainable: false }));
  return generator;
}

/** The key of one draw: the one given, or the next of the global generator. */
function drawKey({ key }: SampleOptions): Value {
  if (key !== undefined) return checkKey(key);
  const state = generatorState();
  const trace = activeTrace();
  if (trace === undefined || trace.isByHand) {
    const [key0, key1, drawn] = state.snapshot().data as ArrayLike<number> as [number, number, number]; // made so above
    outsideGraphs(() => state.assign(words(key0, key1, drawn + 1)));
    return words(...threefry(key0, key1, drawn, streams.fold));
  }
  const current = state.value;
  state.assign(current.add(words(0, 0, 1)));
  return randomBits(current, [2], streams.fold);
}

/**
 * Resets the global generator, so that what follows draws the same numbers again. It starts at seed 0. Throws a
 * RangeError when the seed is not a whole number.
 *
 * NumPy `np.random.default_rng`, PyTorch `torch.manual_seed`, TensorFlow.js –.
 *
 * @example
 * ```ts
 * import { random } from "@tensorloom/tensorloom";
 *
 * random.seed(1);
 * const x = random.uniform([2]);
 * random.seed(1);
 * console.log(random.uniform([2]).equal(x).all().item()); // 1
 * ```
 */
export const seed: (value: number) => void = publicFunction(
  { name: "random.seed", positional: { seed: whole } },
  (value) => {
    generatorState().assign(words(...halves(value), 0));
  },
);

/** Random fractions in [0, 1): the top 24 bits of a word in float32, 53 bits of two words in float64. */
function fractions(key: Value, shape: Shape, dtype: DType, draw = 0): Value {
  const stream = streams.sample + 2 * draw;
  const high = randomBits(key, shape, stream);
  if (dtype === "float32") return high.floorDiv(2 ** 8).astype("float32").mul(2 ** -24);
  const low = randomBits(key, shape, stream + 1).floorDiv(2 ** 6).astype("float64");
  return high.floorDiv(2 ** 5).astype("float64").mul(2 ** 26).add(low).mul(2 ** -53);
}

function checkFloating(dtype: DType, action: string): DType {
  if (!isFloating(dtype)) throw new TypeError(`Cannot ${action} of dtype ${dtype}: it must be float32 or float64`);
  return dtype;
}

function checkRange(low: number, high: number, action: string): void {
  if (low >= high) {
    throw new RangeError(`Cannot ${action} between ${low} and ${high}: low must be less than high`);
  }
}

/** Options of {@linkcode uniform}. */
export interface UniformOptions extends SampleOptions {
  /** float32, which is the default, or float64. */
  readonly dtype?: DType;
  /** The least number; 0 by default. */
  readonly low?: number;
  /** What all numbers are less than; 1 by default. */
  readonly high?: number;
}

/**
 * Numbers spread evenly over [low, high), [0, 1) by default. Throws a RangeError for an empty range or a bad shape and
 * a TypeError for a dtype that is not floating.
 *
 * NumPy `Generator.uniform`, PyTorch `torch.rand`, TensorFlow.js `tf.randomUniform`.
 *
 * @example
 * ```ts
 * import { random } from "@tensorloom/tensorloom";
 *
 * const weights = random.uniform([784, 128], { low: -0.05, high: 0.05 });
 * ```
 */
export const uniform: (shape: Shape, options?: UniformOptions) => Value = publicFunction(
  {
    name: "random.uniform",
    positional: dimensions,
    options: { ...sampleOptions, dtype: dtypeKind, low: finite, high: finite } satisfies OptionKinds<UniformOptions>,
  },
  (shape, options = {}) => {
    const { low = 0, high = 1 } = options;
    const dtype = checkFloating(options.dtype ?? "float32", "draw uniform numbers");
    checkRange(low, high, "draw uniform numbers");
    const size = checkShape(shape, "draw uniform numbers");
    const u = fractions(drawKey(options), size, dtype);
    if (low === 0 && high === 1) return u;
    const scaled = u.mul(high - low).add(low);
    return where(scaled.less(high), scaled, low); // where it was rounded up to high, which is outside
  },
);

/** Options of {@linkcode normal}. */
export interface NormalOptions extends SampleOptions {
  /** float32, which is the default, or float64. */
  readonly dtype?: DType;
  /** The mean of the distribution; 0 by default. */
  readonly mean?: number;
  /** Its standard deviation, which is not negative; 1 by default. */
  readonly std?: number;
}

/**
 * Normally distributed numbers, of mean 0 and standard deviation 1 by default, by the method of Box and Muller
 * (Annals of Mathematical Statistics 29, 1958). Throws a RangeError for a bad shape and a TypeError for a dtype that
 * is not floating.
 *
 * NumPy `Generator.normal`, PyTorch `torch.randn`, TensorFlow.js `tf.randomNormal`.
 *
 * @example
 * ```ts
 * import { random, Variable } from "@tensorloom/tensorloom";
 *
 * const w = new Variable(random.normal([2, 16], { std: 0.5 }));
 * ```
 */
export const normal: (shape: Shape, options?: NormalOptions) => Value = publicFunction(
  {
    name: "random.normal",
    positional: dimensions,
    options: {
      ...sampleOptions,
      dtype: dtypeKind,
      mean: finite,
      std: notNegative,
    } satisfies OptionKinds<NormalOptions>,
  },
  (shape, options = {}) => {
    const { mean = 0, std = 1 } = options;
    const dtype = checkFloating(options.dtype ?? "float32", "draw normal numbers");
    const size = checkShape(shape, "draw normal numbers");
    const key = drawKey(options);
    const radius = fractions(key, size, dtype).neg().add(1).log().mul(-2).sqrt(); // of 1 − u, which is never 0
    const z = radius.mul(fractions(key, size, dtype, 1).mul(2 * Math.PI).cos());
    const scaled = std === 1 ? z : z.mul(std);
    return mean === 0 ? scaled : scaled.add(mean);
  },
);

/** Options of {@linkcode randint}. */
export interface RandintOptions extends SampleOptions {
  /** The least number; 0 by default. */
  readonly low?: number;
  /** What all numbers are less than. */
  readonly high: number;
  /** An integer dtype; int32 by default. */
  readonly dtype?: DType;
}

/**
 * Whole numbers spread evenly over [low, high), of an integer dtype (int32 by default); `low` is 0 by default. Throws
 * a RangeError when the range is empty or does not fit into the dtype and a TypeError for a dtype that is not integer.
 *
 * NumPy `Generator.integers`, PyTorch `torch.randint`, TensorFlow.js `tf.randomUniformInt`.
 *
 * @example
 * ```ts
 * import { random } from "@tensorloom/tensorloom";
 *
 * const dice = random.randint([10], { low: 1, high: 7 });
 * ```
 */
export const randint: (shape: Shape, options: RandintOptions) => Value = publicFunction(
  {
    name: "random.randint",
    positional: dimensions,
    options: { ...sampleOptions, low: whole, high: required(whole), dtype: dtypeKind } satisfies OptionKinds<
      RandintOptions
    >,
  },
  (shape, options) => {
    const { low = 0, high, dtype = "int32" } = options;
    if (!isInteger(dtype)) {
      throw new TypeError(`Cannot draw whole numbers of dtype ${dtype}: it must be an integer dtype`);
    }
    checkRange(low, high, "draw whole numbers");
    const { min, max } = dtypeInfo(dtype);
    if (!Number.isInteger(low) || !Number.isInteger(high) || low < min || high > max + 1) {
      throw new RangeError(
        `Cannot draw whole numbers of dtype ${dtype} between ${low} and ${high}: it holds ${min} to ${max}`,
      );
    }
    const size = checkShape(shape, "draw whole numbers");
    return fractions(drawKey(options), size, "float64").mul(high - low).floor().add(low).astype(dtype);
  },
);

/** Options of {@linkcode bernoulli}. */
export interface BernoulliOptions extends SampleOptions {
  /** How probable true is: a number from 0 to 1, or a tensor of such; 0.5 by default. */
  readonly p?: number | Value;
  /** bool by default. */
  readonly dtype?: DType;
}

/**
 * Truth values that are true with probability `p` (0.5 by default), or 1 and 0 in another dtype. A tensor of
 * probabilities is broadcast with the shape. Throws a RangeError for a number that is no probability.
 *
 * NumPy `Generator.binomial(1, p)`, PyTorch `torch.bernoulli`, TensorFlow.js –.
 *
 * @example
 * ```ts
 * import { random, tensor } from "@tensorloom/tensorloom";
 *
 * const x = tensor([1, 2, 3, 4]);
 * const dropped = x.mul(random.bernoulli([4], { p: 0.9 })).div(0.9);
 * ```
 */
export const bernoulli: (shape: Shape, options?: BernoulliOptions) => Value = publicFunction(
  {
    name: "random.bernoulli",
    positional: dimensions,
    options: { ...sampleOptions, p: orValue(numberBetween(0, 1)), dtype: dtypeKind } satisfies OptionKinds<
      BernoulliOptions
    >,
  },
  (shape, options = {}) => {
    const { p = 0.5, dtype = "bool" } = options;
    const size = checkShape(shape, "draw truth values");
    const result: Value = fractions(drawKey(options), size, "float32").less<Operand>(p);
    return dtype === "bool" ? result : result.astype(dtype);
  },
);

/**
 * The numbers 0 … n−1 in random order, as int32; given a tensor, the tensor with its first axis in random order.
 * Throws a RangeError when `n` is not a whole number ≥ 0.
 *
 * NumPy `Generator.permutation`, PyTorch `torch.randperm`, TensorFlow.js –.
 *
 * @example
 * ```ts
 * import { random } from "@tensorloom/tensorloom";
 *
 * const order = random.permutation(60000);
 * ```
 */
export const permutation: (n: number | Value, options?: SampleOptions) => Value = publicFunction(
  { name: "random.permutation", positional: { n: orValue(countKind) }, options: sampleOptions },
  (n, options = {}) => {
    if (n instanceof Value) return shuffle(n, options);
    return argsort(randomBits(drawKey(options), [n], streams.sample));
  },
);

/**
 * The tensor with its first axis in random order. Throws a RangeError for a scalar, which has none.
 *
 * NumPy `Generator.permutation`, PyTorch `x[torch.randperm(len(x))]`, TensorFlow.js –.
 *
 * @example
 * ```ts
 * import { random, tensor } from "@tensorloom/tensorloom";
 *
 * console.log(random.shuffle(tensor([1, 2, 3])).sum().item()); // 6
 * ```
 */
export const shuffle: (x: Value, options?: SampleOptions) => Value = publicFunction(
  { name: "random.shuffle", positional: { x: valueKind }, options: sampleOptions },
  (x, options = {}) => {
    if (x.rank === 0) throw new RangeError(`Cannot shuffle ${x.describe()}: it has no axis`);
    return take(x, permutation(x.shape[0]!, options), 0);
  },
);
