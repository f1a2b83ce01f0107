import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { dot, type DType, Graph, placeholder, type Shape, tensor, zeros } from "../../mod.ts";
import { apply } from "../../src/graph/apply.ts";
import { definitionOf } from "../../src/graph/definition.ts";
import type { Composed } from "../../src/graph/operation.ts";
import { type Attributes, type Composite, isComposite } from "../../src/ops/op.ts";
import {
  type CompositeName,
  type MultiOpName,
  multiOpNames,
  multiOpTable,
  type OpName,
  opNames,
  opTable,
} from "../../src/ops/table.ts";
import { TensorType } from "../../src/tensor_type.ts";
import { generators } from "../fuzz/generators.ts";
import { simplestOf } from "../fuzz/signature_generators.ts";

/** Operands that do not fit, written as errors write them; attributes; and the reason. */
type Case = readonly [operands: string, attributes: Attributes, reason: string];

const outOfRange = (axis: number, rank: number): string => `axis ${axis} is out of range for a tensor of rank ${rank}`;
const alongAxis: readonly Case[] = [["float32[2,3]", { axis: 2 }, outOfRange(2, 2)], [
  "bool[]",
  { axis: -1 },
  outOfRange(-1, 0),
]];
const reduction: readonly Case[] = [
  ["float32[2,3]", { axes: [2], keepDims: false, correction: 0 }, outOfRange(2, 2)],
  ["bool[]", { axes: [0], keepDims: true, correction: 0 }, outOfRange(0, 0)],
  ["int8[2,3]", { axes: [1, -1], keepDims: false, correction: 0 }, "the axes [1,1] name one axis twice"],
];
const noBool = "it is not defined for bool; convert with astype()";
const product: readonly Case[] = [
  ["float32[2,3] and float32[4,5]", {}, "inner dimensions 3 and 4 differ"],
  ["float32[] and float32[2]", {}, "both need at least one axis; use mul for numbers"],
  ["bool[2,3] and bool[3,2]", {}, noBool],
];
const slide = {
  stride: [1],
  dilation: [1],
  padding: [[0, 0]],
  layout: "NCW",
  groups: 1,
  outputPadding: [0],
  size: [3],
};
const convolution: readonly Case[] = [
  ["float32[2,3] and float32[2,3,1]", slide, "the input needs 3 axes: NCW"],
  ["float32[2,3,4] and float32[2,3]", slide, "the weights need 3 axes: out, in / groups, W"],
  ["float32[2,3,4] and float32[2,2,1]", slide, "the input has 3 channels, and the weights are for 2"],
  ["float32[2,3,4] and float32[3,3,5]", slide, "a window spans 5 elements, and axis 2 has 4"],
  ["float32[2,3,4] and float32[2,3,0]", slide, "the weights have an empty window"],
  ["bool[2,3,4] and bool[3,3,1]", slide, noBool],
];
const transposed: readonly Case[] = [
  ["float32[2,3] and float32[3,2,1]", slide, "the input needs 3 axes: NCW"],
  ["float32[2,3,4] and float32[2,3]", slide, "the weights need 3 axes: in, out / groups, W"],
  ["float32[2,3,4] and float32[2,3,1]", slide, "the input has 3 channels, and the weights are for 2"],
  ["float32[2,3,4] and float32[3,2,1]", { ...slide, padding: [[2, 2]] }, "the padding [2,2] leaves nothing of axis 2"],
  ["bool[2,3,4] and bool[3,3,1]", slide, noBool],
];
const pooling: readonly Case[] = [
  ["float32[2,3]", slide, "it needs 3 axes: NCW"],
  ["bool[2,3,2]", slide, "a window spans 3 elements, and axis 2 has 2"],
  ["float32[2,3,4]", { ...slide, padding: [[3, 0]] }, "a window has nothing but the padding [3,0] of axis 2 in it"],
];
const matrices: readonly Case[] = [
  ["float32[3]", { diagonal: 0 }, "it takes matrices, of at least two axes"],
  ["bool[]", { diagonal: 0 }, "it takes matrices, of at least two axes"],
];

/** Operands that a composite refuses; or why there are none. */
const cases: Readonly<Partial<Record<CompositeName, readonly Case[] | string>>> = {
  mean: reduction,
  variance: reduction,
  std: reduction,
  logSumExp: reduction,
  matmul: product,
  dot: [
    ...product,
    ["float32[1,2,3] and float32[3]", {}, "it takes vectors and matrices; use matmul for stacks of them"],
  ],
  outer: [[
    "bool[2] and bool[3]",
    {},
    "it is not defined for bool; use the logical operations, or convert with astype()",
  ]],
  transpose: "it takes anything",
  expandDims: [["float32[2,3]", { axis: 3 }, outOfRange(3, 3)]],
  squeeze: [...alongAxis, ["int32[1,3]", { axis: 1 }, "axis 1 has length 3, not 1"]],
  stack: [
    ["float32[2] and float32[3]", { axis: 0 }, "their shapes differ"],
    ["float32[2] and float32[2]", { axis: 2 }, outOfRange(2, 2)],
    ["uint32[2] and int32[2]", { axis: 0 }, "no dtype holds both; convert one with astype()"],
  ],
  split: [
    ["float32[2]", { parts: 2, index: 0, axis: 1 }, outOfRange(1, 1)],
    ["float32[3]", { parts: 2, index: 0, axis: 0 }, "axis 0 has length 3, which 2 does not divide"],
    ["bool[3]", { parts: [1, 1], index: 0, axis: 0 }, "the parts [1,1] add up to 2, and axis 0 has length 3"],
  ],
  flip: alongAxis,
  tile: "it takes anything",
  repeat: [["float32[2]", { count: 2, axis: 1 }, outOfRange(1, 1)]],
  convolution,
  transposedConvolution: transposed,
  convolutionWeightGradient: [
    ["float32[2,3] and float32[2,3,1]", slide, "both need 3 axes: NCW"],
    ["float32[2,3,4] and float32[2,2,2]", { ...slide, groups: 2 }, "2 groups do not divide the 3 and 2 channels"],
    ["float32[2,3,2] and float32[2,2,2]", slide, "a window spans 3 elements, and axis 2 has 2"],
    ["bool[2,3,4] and bool[2,2,2]", slide, noBool],
  ],
  maxPool: pooling,
  maxPoolGradient: [
    ["float32[2,3] and float32[2,3] and float32[2,3]", slide, "it needs 3 axes: NCW"],
    ["float32[2,3,4] and float32[2,3,2] and float32[2,3]", slide, "the result of pooling has the shape [2,3,2]"],
  ],
  averagePool: pooling,
  averagePoolGradient: [
    ["float32[2,3]", { ...slide, shape: [2, 3] }, "it needs 3 axes: NCW"],
    ["float32[2,3]", { ...slide, shape: [2, 3, 4] }, "the result of pooling has the shape [2,3,2]"],
  ],
  fullLike: [["uint8[2]", { value: 300 }, "300 is not between 0 and 255"]],
  meshgrid: [["float32[2,2] and float32[3]", { index: 0, indexing: "xy" }, "it takes vectors and numbers"]],
  oneHot: [[
    "float32[2]",
    { classes: 3, dtype: "float32" },
    `the indices have to be integers; convert them with astype("int32")`,
  ]],
  tril: matrices,
  triu: matrices,
  sort: alongAxis,
  softmax: alongAxis,
  logSoftmax: alongAxis,
  crossEntropy: [
    ["float32[] and int32[]", {}, "the logits need a last axis, of one element per class"],
    ["float32[2,0] and int32[2]", {}, "the logits' last axis is empty: there are no classes"],
    ["float32[2,3] and int32[3]", {}, "labels must have shape [2] (class indices) or [2,3] (one row each)"],
    ["float32[2,3] and float32[2]", {}, `class indices must be integers; convert them with astype("int32")`],
  ],
  meanSquaredError: [
    ["float32[2] and float32[3]", {}, "their shapes do not broadcast"],
    ["uint32[2] and int32[2]", {}, "no dtype holds both; convert one with astype()"],
    ["int8[2,1] and bool[2]", {}, "they would broadcast to [2,2], the shape of neither; reshape one to the other's"],
  ],
  gelu: "it takes anything",
};

const ofSeveral: Readonly<Partial<Record<MultiOpName, readonly Case[]>>> = {
  topK: [
    ["float32[2,3]", { k: 1, axis: 2, largest: true }, outOfRange(2, 2)],
    ["bool[3]", { k: 4, axis: 0, largest: true }, "axis 0 has 3 elements, not 4"],
  ],
};

function typeOf(text: string): TensorType {
  const [, dtype, lengths] = /^(\w+)\[(.*)\]$/.exec(text)!;
  return new TensorType(dtype as DType, lengths === "" ? [] : lengths!.split(",").map(Number)); // as the cases have it
}

function check(op: Composed, [operands, attributes, reason]: Case): void {
  const types = operands.split(" and ").map(typeOf);
  const error = assertThrows(() => definitionOf(op, types, attributes), Error);
  assertEquals(error.message, `Cannot ${op.title?.(attributes) ?? op.name} ${operands}: ${reason}`);
  assert(error instanceof TypeError || error instanceof RangeError);
}

/** Whatever operands a composite without cases refuses, the error is its own. */
function checkAny(op: Composed, name: OpName | MultiOpName): void {
  const generator = generators[name];
  const application = typeof generator === "string" ? undefined : simplestOf(generator, [2, 3]);
  if (application === undefined) throw new Error(`Cannot draw operands of ${name}: give it a case`);
  const { inputs, attributes = {} } = application;
  const texts = ["bool[]", "bool[2,3]", "float32[]", "int8[0]", "float32[2,3,4]", "uint32[2]", "int32[3]"];
  for (const [index, first] of texts.entries()) {
    const operands = inputs.map((_, place) => place === 0 ? first : texts[(index + 4 * place) % texts.length]!);
    try {
      definitionOf(op, operands.map(typeOf), attributes);
    } catch (error) {
      assert(error instanceof TypeError || error instanceof RangeError, String(error));
      assertEquals(error.message.split(": ")[0], `Cannot ${op.title?.(attributes) ?? name} ${operands.join(" and ")}`);
    }
  }
}

describe("the error of a composite", () => {
  for (const name of opNames) {
    const op = opTable[name];
    const list = cases[name as CompositeName]; // if it is one
    if (!isComposite(op) || typeof list === "string") continue;
    it(`${name} names it, its operands and the reason`, () => {
      if (list === undefined) checkAny(op as Composed, name); // an entry is only given attributes that are its own
      else for (const each of list) check(op as Composed, each); // as above
    });
  }
  for (const name of multiOpNames) {
    const op = multiOpTable[name];
    if (op.infer !== undefined) continue; // its types follow from functions that it owns
    it(`${name} names it, its operands and the reason`, () => {
      const list = ofSeveral[name];
      if (list === undefined) checkAny(op, name);
      else for (const each of list) check(op, each);
    });
  }

  it("is the same whether it computes, or is recorded", () => {
    const message = "Cannot dot float32[2,3] and float32[4]: inner dimensions 3 and 4 differ";
    assertThrows(() => dot(zeros([2, 3]), zeros([4])), RangeError, message);
    new Graph().asDefault(() => {
      assertThrows(
        () => dot(placeholder({ dtype: "float32", shape: [2, 3] }), placeholder({ dtype: "float32", shape: [4] })),
        RangeError,
        message,
      );
    });
  });

  it("has the error of what it is made of as its cause", () => {
    const error = assertThrows(() => dot(zeros([2, 3]), zeros([4])), RangeError);
    assert(error.cause instanceof RangeError);
    assertEquals(error.cause.message, "Cannot contract float32[2,3] and float32[4]: inner dimensions 3 and 4 differ");
  });
});

describe("definitionOf", () => {
  const types = (...shape: Shape): TensorType[] => [new TensorType("float32", shape)];

  it("decomposes once for operands of a type, whichever way the attributes are written", () => {
    let calls = 0;
    const op: Composite = {
      name: "lastTwice",
      canonical: ({ axis }, [x]) => ({ axis: axis as number < 0 ? axis as number + x!.shape.length : axis }),
      decompose([x]) {
        calls++;
        return x!.add(x!);
      },
    };
    const first = definitionOf(op, types(2, 3), { axis: -1 });
    assertEquals([first.attributes, first.types.map(String)], [{ axis: 1 }, ["float32[2,3]"]]);
    assert(definitionOf(op, types(2, 3), { axis: -1 }) === first);
    assert(definitionOf(op, types(2, 3), { axis: 1 }) === first);
    assertEquals(calls, 1);
    definitionOf(op, types(3, 2), { axis: 1 });
    assertEquals(calls, 2);
  });

  it("leaves nothing in the graph that is recorded", () => {
    const graph = new Graph();
    graph.asDefault(() => apply(opTable.softmax, [placeholder({ shape: [2, 3] })], { axis: -1 }));
    assertEquals(graph.operations.map(({ name }) => name), ["softmax"]);
    assertEquals(graph.leaves.length, 0);
  });

  it("is right for a result that is an operand, or a tensor", () => {
    const self: Composite = { name: "self", decompose: ([x]) => x! };
    const one: Composite = { name: "one", decompose: () => tensor(1) };
    assertEquals(definitionOf(self, types(2), {}).types.map(String), ["float32[2]"]);
    assertEquals(definitionOf(one, types(2), {}).types.map(String), ["float32[]"]);
  });
});
