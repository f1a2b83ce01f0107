import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import {
  argsort,
  concat,
  type DType,
  Graph,
  type Operation,
  placeholder,
  scatterAdd,
  Session,
  type Shape,
  sort,
  stack,
  type Tensor,
  tensor,
  type Value,
  windows,
} from "../../mod.ts";
import { apply } from "../../src/graph/apply.ts";
import { type Attributes, attributesKey, isComposite } from "../../src/ops/op.ts";
import type { Layout, SlideAttributes } from "../../src/ops/geometry/window_options.ts";
import { type MultiOpName, multiOpNames, multiOpTable, type OpName, opNames, opTable } from "../../src/ops/table.ts";
import { applyMulti } from "../../src/ops/apply_multi.ts";
import { isFloating } from "../../src/dtype.ts";
import { generators } from "../fuzz/generators.ts";
import { simplestOf } from "../fuzz/signature_generators.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";

/** Operands of one application: numbers in a range that is smooth, or tensors that are not differentiated. */
interface Case {
  readonly inputs: readonly (readonly [shape: Shape, low?: number, high?: number] | Tensor)[];
  readonly attributes?: Attributes;
  /** 2 where the gradient can be differentiated along the same lines, 1 where that is not cheap. Default 2. */
  readonly order?: 1 | 2;
}

const integers = (dtype: DType, ...numbers: number[]): Tensor => tensor(numbers, { dtype });
const unary = (low = -1, high = 1): Case => ({ inputs: [[[2, 3], low, high]] });
const binary: Case = { inputs: [[[2, 3], 0.6, 1.6], [[3], 0.7, 1.5]] };
const reduction: Case = { inputs: [[[3, 2, 2], 0.5, 1.5]], attributes: { axes: [0, -1], keepDims: false } };
const moved = (attributes: Attributes): Case => ({ inputs: [[[2, 3]]], attributes });

/** Windows that lie close together, and a little over the edge. */
function slide(layout: Layout): SlideAttributes & { padding: (readonly [number, number])[] } {
  const axes = [...layout].slice(2);
  return { stride: axes.map(() => 1), dilation: axes.map(() => 1), padding: axes.map(() => [1, 0] as const), layout };
}
const transposed = (layout: Layout): Attributes => ({
  ...slide(layout),
  outputPadding: [...layout].slice(2).map(() => 0),
});

/** What the gradient of an operation is checked on, or why it has none, where {@linkcode caseOf} would not do. */
const cases: Readonly<Partial<Record<OpName | MultiOpName, Case | readonly Case[] | string>>> = {
  add: binary,
  sub: binary,
  mul: binary,
  div: binary,
  pow: binary,
  maximum: binary,
  minimum: binary,
  mod: { inputs: [[[2, 3], 2.1, 2.4], [[3], 0.9, 1]] },
  floorDiv: "constant but for its jumps",
  neg: unary(),
  abs: unary(0.1),
  sign: "constant but for its jumps",
  square: unary(),
  reciprocal: unary(0.5, 2),
  clip: { inputs: [[[4, 3]], [[3], -0.6, -0.2], [[4, 1], 0.1, 0.7]] },
  where: { inputs: [tensor([true, false, true]), [[2, 3]], [[3]]] },
  cast: { inputs: [[[2, 3]]], attributes: { dtype: "float64" } },
  sqrt: unary(0.5, 2),
  rsqrt: unary(0.5, 2),
  exp: unary(),
  expm1: unary(),
  log: unary(0.5, 2),
  log1p: unary(-0.4, 2),
  sin: unary(),
  cos: unary(),
  tan: unary(),
  asin: unary(-0.7, 0.7),
  acos: unary(-0.7, 0.7),
  atan: unary(),
  atan2: binary,
  sinh: unary(),
  cosh: unary(),
  tanh: unary(),
  sigmoid: unary(),
  softplus: unary(),
  relu: unary(0.1),
  erf: unary(),
  floor: "constant but for its jumps",
  ceil: "constant but for its jumps",
  round: "constant but for its jumps",
  equal: "bool",
  notEqual: "bool",
  less: "bool",
  lessEqual: "bool",
  greater: "bool",
  greaterEqual: "bool",
  logicalAnd: "bool",
  logicalOr: "bool",
  logicalXor: "bool",
  logicalNot: "bool",
  isNaN: "bool",
  isFinite: "bool",
  isInf: "bool",
  sum: reduction,
  prod: reduction,
  max: reduction,
  min: reduction,
  argmax: "an index",
  argmin: "an index",
  any: "bool",
  all: "bool",
  mean: reduction,
  variance: { ...reduction, attributes: { ...reduction.attributes, correction: 1 } },
  std: { ...reduction, attributes: { ...reduction.attributes, correction: 0 } },
  logSumExp: reduction,
  cumulativeSum: moved({ axis: 1, reverse: true }),
  cumulativeProd: { inputs: [[[2, 5]]], attributes: { axis: 1, includeInitial: true } },
  contract: { inputs: [[[2, 1, 3, 2, 2]], [[4, 2, 2, 3]]], attributes: { depth: 2 } },
  matmul: { inputs: [[[2, 3, 2]], [[2]]] },
  dot: { inputs: [[[3, 2]], [[2, 3]]] },
  outer: { inputs: [[[2]], [[3]]] },
  reshape: moved({ shape: [3, -1] }),
  permuteDims: moved({ axes: [1, 0] }),
  broadcastTo: { inputs: [[[2, 1]]], attributes: { shape: [3, 2, 2] } },
  slice: moved({ start: [null, 2], stop: [null, null], step: [1, -2] }),
  pad: moved({ padding: [[1, 0], [0, 2]], value: 3, interior: [0, 1] }),
  concat: { inputs: [[[2, 1]], [[2, 3]]], attributes: { axis: -1 } },
  transpose: moved({}),
  expandDims: moved({ axis: 1 }),
  squeeze: { inputs: [[[2, 1, 3]]], attributes: { axis: 1 } },
  stack: { inputs: [[[2, 3]], [[2, 3]]], attributes: { axis: 1 } },
  split: moved({ parts: [1, 2], index: 1, axis: 1 }),
  flip: moved({ axis: 0 }),
  tile: moved({ repetitions: [2, 1, 2] }),
  repeat: moved({ count: 2, axis: 1 }),
  windows: moved({ windows: [{ axis: 1, size: 2, stride: 1, dilation: 1 }] }),
  convolution: [
    { inputs: [[[2, 2, 4]], [[2, 2, 2]]], attributes: { ...slide("NCW"), groups: 1 } },
    { inputs: [[[1, 2, 3, 4]], [[2, 1, 2, 2]]], attributes: { ...slide("NCHW"), groups: 2 } },
    { inputs: [[[1, 2, 2, 3, 1]], [[2, 1, 1, 2, 2]]], attributes: { ...slide("NDHWC"), groups: 1 } },
  ],
  transposedConvolution: [
    { inputs: [[[2, 2, 2]], [[2, 2, 2]]], attributes: { ...transposed("NCW"), groups: 1 } },
    { inputs: [[[1, 2, 2, 2]], [[2, 1, 2, 2]]], attributes: { ...transposed("NHWC"), groups: 2 } },
    { inputs: [[[1, 1, 2, 1, 2]], [[1, 2, 1, 2, 2]]], attributes: { ...transposed("NCDHW"), groups: 1 } },
  ],
  convolutionWeightGradient: [
    { inputs: [[[2, 2, 4]], [[2, 2, 4]]], attributes: { ...slide("NCW"), groups: 1, size: [2] } },
    { inputs: [[[1, 3, 4, 2]], [[1, 3, 4, 2]]], attributes: { ...slide("NHWC"), groups: 2, size: [2, 2] } },
  ],
  maxPool: [
    { inputs: [[[1, 2, 5]]], attributes: { ...slide("NCW"), size: [2] } },
    { inputs: [[[1, 2, 3, 4]]], attributes: { ...slide("NCHW"), size: [2, 2] } },
    { inputs: [[[1, 2, 2, 3, 2]]], attributes: { ...slide("NDHWC"), size: [2, 2, 2] } },
  ],
  maxPoolGradient: {
    inputs: [tensor([[[1, 3, 2, 2]]]).astype("float64"), tensor([[[1, 3, 3, 2]]]).astype("float64"), [[1, 1, 4]]],
    attributes: { ...slide("NCW"), size: [2] },
  },
  averagePool: [
    { inputs: [[[1, 2, 5]]], attributes: { ...slide("NCW"), size: [2], countIncludePadding: false } },
    { inputs: [[[1, 2, 3, 4]]], attributes: { ...slide("NCHW"), size: [2, 2], countIncludePadding: true } },
    { inputs: [[[1, 2, 2, 3, 2]]], attributes: { ...slide("NDHWC"), size: [2, 2, 2], countIncludePadding: false } },
  ],
  averagePoolGradient: {
    inputs: [[[1, 2, 5]]],
    attributes: { ...slide("NCW"), size: [2], countIncludePadding: false, shape: [1, 2, 5] },
  },
  fullLike: "takes nothing of its operand's numbers",
  meshgrid: { inputs: [[[2]], [[3]]], attributes: { index: 1, indexing: "xy" } },
  oneHot: "its operand is integers",
  tril: moved({ diagonal: 0 }),
  triu: moved({ diagonal: 1 }),
  take: { inputs: [[[2, 3]], integers("int32", 2, 0, 2, -1)], attributes: { axis: 1 } },
  checkIndex: "its operand is integers",
  scatterAdd: { inputs: [integers("int32", 2, 0, 2), [[2, 3]]], attributes: { axis: 1, length: 4 } },
  argsort: "an index",
  sort: moved({ axis: 1, descending: true }),
  softmax: moved({ axis: 0 }),
  logSoftmax: moved({ axis: 1 }),
  crossEntropy: { inputs: [[[2, 3]], [[2, 3], 0.1, 0.9]] },
  meanSquaredError: { inputs: [[[2, 3]], [[3]]] },
  gelu: moved({ approximate: "none" }),
  randomBits: "its operand is a key",
  optimizationBarrier: { inputs: [[[2, 3]], [[2]]] },
};

/** The simplest operands that there are, of numbers above 1. */
function caseOf(name: OpName | MultiOpName): Case | readonly Case[] | string {
  const given = cases[name];
  if (given !== undefined) return given;
  const generator = generators[name];
  if (typeof generator === "string") return generator;
  const simplest = simplestOf(generator, [2, 3]);
  assert(simplest !== undefined, `there are no operands for ${name}: give it a case`);
  return {
    inputs: simplest.inputs.map(() => [[2, 3], 1.25, 1.75] as const),
    ...(simplest.attributes && { attributes: simplest.attributes }),
  };
}

const isMultiOp = (name: OpName | MultiOpName): name is MultiOpName => Object.hasOwn(multiOpTable, name);

/** The results that have gradients, together: numbers of all of them. */
function resultOf(name: OpName | MultiOpName, operands: readonly Value[], attributes: Attributes): Value {
  if (!isMultiOp(name)) return apply<Attributes, Value>(opTable[name], operands, attributes);
  const floats = applyMulti(multiOpTable[name], operands, attributes).filter(({ dtype }) => isFloating(dtype));
  return concat(floats.map((each) => each.flatten()));
}

function checkCase(name: OpName | MultiOpName, { inputs, attributes = {}, order = 2 }: Case): void {
  const operands = inputs.map((input, index) =>
    input instanceof Array ? randomTensor(input[0], input[1], input[2], index + 3) : input
  );
  const free = operands.filter((_, index) => inputs[index] instanceof Array);
  checkGradient(
    (...xs) => {
      let next = 0;
      const given = operands.map((operand): Value => free.includes(operand) ? xs[next++]! : operand);
      return resultOf(name, given, attributes);
    },
    free,
    { order },
  );
}

describe("the op table", () => {
  it("calls every operation by its own name", () => {
    for (const name of opNames) assertEquals(opTable[name].name, name);
  });
  it("has a generator of random applications for every operation, or a reason why not", () => {
    assertEquals(Object.keys(generators), [...opNames, ...multiOpNames]);
  });
  for (const name of [...opNames, ...multiOpNames]) {
    const given = caseOf(name);
    if (typeof given === "string") continue;
    it(`has the gradient of ${name}`, () => {
      for (const each of [given].flat()) checkCase(name, each);
    });
  }
  it("says of every operation without a gradient that there is none to check", () => {
    for (const name of opNames) {
      const op = opTable[name];
      if (op.gradient === undefined && !isComposite(op)) assert(typeof caseOf(name) === "string", name);
    }
  });
});

describe("attributes of a node", () => {
  const attributesOf = (x: Value): string => attributesKey((x as Operation).attributes); // what is recorded is one
  /** Each application, and another way of writing it. */
  const pairs: Readonly<Record<string, readonly [(x: Value) => Value, (x: Value) => Value]>> = {
    sum: [(x) => x.sum([-1, 0]), (x) => x.sum([0, 2])],
    variance: [(x) => x.variance(), (x) => x.variance([2, 1, 0])],
    argmax: [(x) => x.argmax(-1), (x) => x.argmax(2)],
    permuteDims: [(x) => x.permuteDims([-1, 0, -2]), (x) => x.permuteDims([2, 0, 1])],
    concat: [(x) => concat([x, x], -3), (x) => concat([x, x], 0)],
    stack: [(x) => stack([x, x], -1), (x) => stack([x, x], 3)],
    expandDims: [(x) => x.expandDims(-1), (x) => x.expandDims(3)],
    squeeze: [(x) => x.squeeze(), (x) => x.squeeze(-2)],
    split: [(x) => x.split(2, -3)[1]!, (x) => x.split(2, 0)[1]!],
    flip: [(x) => x.flip(), (x) => x.flip([2, 0, 1])],
    repeat: [(x) => x.repeat(2, -1), (x) => x.repeat(2, 2)],
    windows: [(x) => windows(x, [{ axis: -1, size: 2 }]), (x) => windows(x, [{ axis: 2, size: 2 }])],
    take: [(x) => x.take([0], -1), (x) => x.take([0], 2)],
    argsort: [(x) => argsort(x, -1), (x) => argsort(x, 2)],
    sort: [(x) => sort(x, -1), (x) => sort(x, 2)],
    cumulativeSum: [(x) => x.cumulativeSum(-1), (x) => x.cumulativeSum(2, { includeInitial: false })],
    softmax: [(x) => x.softmax(-1), (x) => x.softmax(2)],
    scatterAdd: [
      (x) => scatterAdd([0, 1, 1], x, { axis: -1, length: 2 }),
      (x) => scatterAdd([0, 1, 1], x, { axis: 2, length: 2 }),
    ],
  };
  for (const [name, [first, second]] of Object.entries(pairs)) {
    it(`are the same for ${name}, however its axes are written`, () => {
      new Graph().asDefault(() => {
        const x = placeholder({ shape: [2, 1, 3], dtype: "float32" });
        assertEquals(attributesOf(first(x)), attributesOf(second(x)));
      });
    });
  }
  it("of a shape that is not known yet are as they were written, and the result is the same", () => {
    new Graph().asDefault(() => {
      const x = placeholder();
      const sum = x.sum([-1, 0]);
      assertEquals((sum as Operation).attributes["axes"], [-1, 0]);
      assertEquals(new Session().run(sum, [[x, [[[1, 2]], [[3, 4]]]]]).toArray(), [10]);
    });
  });
});
