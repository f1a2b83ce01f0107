/**
 * What is measured: each work with the numbers it is done on, so that everyone does the same. A runtime says how it does a
 * kind of work; this table is all it is told.
 */

/** An operand: numbers spread evenly over `offset ± scale`, or classes below a count. */
export type Operand =
  | { readonly shape: readonly number[]; readonly scale: number; readonly offset?: number }
  | { readonly shape: readonly number[]; readonly classes: number };

/** A kind of work, and what there is to choose of it. */
export type Job =
  /** `a·b`, of operands `a` and `b`; one of them may be laid out as its transpose. */
  | { readonly kind: "matmul"; readonly transposed?: "a" | "b" }
  /** Of every element of `x`; gelu is the exact one, by the error function. */
  | { readonly kind: "exp" | "tanh" | "gelu" }
  /** `tanh(x·y + x)·y + 1`. */
  | { readonly kind: "chain" }
  /** All of `x` in one number. */
  | { readonly kind: "sum" }
  /** Along the last axis of `x`; `backward` also gives `dx` (and `dgamma`, `dbeta`) for the gradient `g` of the result. */
  | { readonly kind: "softmax" | "layerNorm"; readonly backward: boolean }
  /** The mean over rows of logits `x` for the classes `labels`, and `dx`. */
  | { readonly kind: "crossEntropy" }
  /** A step of gradient descent: layers `w1`, `b1`, `w2`, … on `x`, cross-entropy of `labels`. */
  | {
    readonly kind: "mlp";
    readonly layers: number;
    readonly activation: "relu" | "tanh";
    readonly learningRate: number;
  }
  /** The same: convolution, relu and pooling twice, then a dense layer. */
  | { readonly kind: "cnn"; readonly learningRate: number }
  /** The same, of the mean square of what a pre-norm transformer block makes of `x`. */
  | { readonly kind: "transformer"; readonly heads: number; readonly learningRate: number };

/** The kinds of work that are steps of gradient descent. */
export type Step = Extract<Job, { readonly learningRate: number }>;

/** One line of the table. */
export interface Work {
  /** What the line is called, and what `--work` looks in. */
  readonly name: string;
  /** What is done. */
  readonly job: Job;
  /** What it is done on, by name. A result of the same name is a parameter after the step. */
  readonly operands: Readonly<Record<string, Operand>>;
  /** On how many threads, a line each; on all without it. */
  readonly threads?: readonly number[];
  /** Multiplications and additions of its matrix products, where these are most of the work. */
  readonly operations?: number;
  /**
   * How far a number may be from the float64 one, as a part of the largest of its array; for a parameter, as a part of the
   * largest change that the step made to the array, beyond the rounding of the parameter itself.
   */
  readonly tolerance: number;
  /**
   * What its numbers are drawn from; 0 without it. Chosen where relu is at work, so that no sum comes so close to 0 that
   * rounding decides whether it counts.
   */
  readonly seed?: number;
}

const float = (shape: readonly number[], scale = 1, offset = 0): Operand => ({ shape, scale, offset });
const classes = (rows: number, count: number): Operand => ({ shape: [rows], classes: count });

/** A weight as layers begin with: within 1/√fan-in. */
const weight = (fanIn: number, shape: readonly number[]): Operand => float(shape, 1 / Math.sqrt(fanIn));

function dense(sizes: readonly number[]): Record<string, Operand> {
  return Object.fromEntries(
    sizes.slice(1).flatMap((size, index) => [
      [`w${index + 1}`, weight(sizes[index]!, [sizes[index]!, size])],
      [`b${index + 1}`, float([size], 0.1)],
    ]),
  );
}

function mlp(sizes: readonly number[], activation: "relu" | "tanh", batch = 64): Work {
  return {
    name: `MLP ${sizes.join("-")}`,
    job: { kind: "mlp", layers: sizes.length - 1, activation, learningRate: 0.1 },
    operands: { x: float([batch, sizes[0]!]), labels: classes(batch, sizes.at(-1)!), ...dense(sizes) },
    seed: 100,
    tolerance: 1e-3,
  };
}

const cnn: Work = {
  name: "CNN 28×28",
  job: { kind: "cnn", learningRate: 0.05 },
  operands: {
    x: float([64, 1, 28, 28]),
    labels: classes(64, 10),
    w1: weight(9, [8, 1, 3, 3]),
    b1: float([8], 0.1),
    w2: weight(72, [16, 8, 3, 3]),
    b2: float([16], 0.1),
    w3: weight(784, [784, 10]),
    b3: float([10], 0.1),
  },
  tolerance: 1e-3,
};

function transformer(batch: number, length = 128, width = 256, heads = 4): Work {
  const wide = 4 * width;
  const rows = batch * length;
  const products = rows * width * (3 * width + width + 2 * wide) + 2 * rows * length * width;
  return {
    name: `transformer, batch ${batch}`,
    job: { kind: "transformer", heads, learningRate: 0.1 },
    operands: {
      x: float([batch, length, width]),
      gamma1: float([width], 0.1, 1),
      beta1: float([width], 0.1),
      wqkv: weight(width, [width, 3 * width]),
      bqkv: float([3 * width], 0.1),
      wo: weight(width, [width, width]),
      bo: float([width], 0.1),
      gamma2: float([width], 0.1, 1),
      beta2: float([width], 0.1),
      w1: weight(width, [width, wide]),
      b1: float([wide], 0.1),
      w2: weight(wide, [wide, width]),
      b2: float([width], 0.1),
    },
    operations: 3 * 2 * products, // the gradient of a product is two products
    tolerance: 1e-3,
  };
}

interface Product {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly threads: readonly number[];
  readonly transposed?: "a" | "b";
}

/** Sums of up to 1024 products, rounded at each: √1024·2⁻²⁴ of what they are made of, and a reserve. */
const productTolerance = 1e-5;

function matmul(name: string, { a, b, threads, transposed }: Product): Work {
  const rows = a.slice(0, -2).reduce((product, length) => product * length, transposed === "a" ? a.at(-1)! : a.at(-2)!);
  const depth = transposed === "a" ? a.at(-2)! : a.at(-1)!;
  const columns = transposed === "b" ? b.at(-2)! : b.at(-1)!;
  return {
    name: `matmul ${name}`,
    job: { kind: "matmul", ...(transposed === undefined ? {} : { transposed }) },
    operands: { a: float(a), b: float(b) },
    threads,
    operations: 2 * rows * depth * columns,
    tolerance: productTolerance,
  };
}

const square = (size: number): Pick<Product, "a" | "b"> => ({ a: [size, size], b: [size, size] });
const million = [1000, 1000];
const rows = [512, 1024];

/** A few roundings, and functions that are right within some units in the last place. */
const elementTolerance = 2e-6;
const rowTolerance = 1e-5;

/** All works, in the order of the table. */
export const works: readonly Work[] = [
  mlp([784, 256, 128, 10], "relu"),
  cnn,
  mlp([2, 16, 2], "tanh"),
  transformer(1),
  transformer(8),
  matmul("512³", { ...square(512), threads: [1] }),
  matmul("512³ AᵀB", { ...square(512), threads: [1], transposed: "a" }),
  matmul("512³ ABᵀ", { ...square(512), threads: [1], transposed: "b" }),
  matmul("16×128³", { a: [16, 128, 128], b: [16, 128, 128], threads: [1] }),
  matmul("510³", { ...square(510), threads: [1] }),
  matmul("512×512×10", { a: [512, 512], b: [512, 10], threads: [1] }),
  matmul("1024³", { ...square(1024), threads: [1, 2] }),
  { name: "exp 1e6", job: { kind: "exp" }, operands: { x: float(million, 4) }, tolerance: elementTolerance },
  { name: "tanh 1e6", job: { kind: "tanh" }, operands: { x: float(million, 4) }, tolerance: elementTolerance },
  { name: "gelu 1e6", job: { kind: "gelu" }, operands: { x: float(million, 4) }, tolerance: elementTolerance },
  {
    name: "chain 1e6",
    job: { kind: "chain" },
    operands: { x: float(million), y: float(million) },
    tolerance: elementTolerance,
  },
  {
    name: "softmax 512×1024",
    job: { kind: "softmax", backward: false },
    operands: { x: float(rows, 4) },
    tolerance: rowTolerance,
  },
  {
    name: "softmax 512×1024, forward and backward",
    job: { kind: "softmax", backward: true },
    operands: { x: float(rows, 4), g: float(rows) },
    tolerance: rowTolerance,
  },
  {
    name: "layer norm 512×1024",
    job: { kind: "layerNorm", backward: false },
    operands: { x: float(rows, 4), gamma: float([1024], 0.1, 1), beta: float([1024], 0.1) },
    tolerance: rowTolerance,
  },
  {
    name: "layer norm 512×1024, forward and backward",
    job: { kind: "layerNorm", backward: true },
    operands: { x: float(rows, 4), gamma: float([1024], 0.1, 1), beta: float([1024], 0.1), g: float(rows) },
    tolerance: rowTolerance,
  },
  {
    name: "cross-entropy 64×10, forward and backward",
    job: { kind: "crossEntropy" },
    operands: { x: float([64, 10], 4), labels: classes(64, 10) },
    tolerance: rowTolerance,
  },
  // Numbers around 0.5: a sum of numbers that cancel would be nothing but rounding. Added up one by one, as some do, the
  // roundings make √4e6·2⁻²⁴ of the sum, and some more.
  { name: "sum 4e6", job: { kind: "sum" }, operands: { x: float([4_000_000], 0.5, 0.5) }, tolerance: 2e-4 },
];

/** The parameters that a step changes: all operands but those the loss is asked about. */
export function parametersOf({ job, operands }: Work): readonly string[] {
  return "learningRate" in job ? Object.keys(operands).filter((name) => name !== "x" && name !== "labels") : [];
}
