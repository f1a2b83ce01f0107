import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import * as t from "../../mod.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { assertNumbers, golden, restore } from "./elementwise_cases.ts";

const { grad, scalar, tensor, where } = t;
type Value = t.Value;

const binary = {
  add: t.add,
  sub: t.sub,
  mul: t.mul,
  div: t.div,
  pow: t.pow,
  maximum: t.maximum,
  minimum: t.minimum,
  mod: t.mod,
  floorDiv: t.floorDiv,
  atan2: t.atan2,
};
type BinaryName = keyof typeof binary;

describe("arithmetic", () => {
  for (const [name, expected] of Object.entries(golden.binary.results)) {
    it(`${name} of float64 is NumPy's`, () => {
      const x = tensor(restore(golden.binary.x), { dtype: "float64" });
      const y = tensor(restore(golden.binary.y), { dtype: "float64" });
      assertNumbers(binary[name as BinaryName](x, y), restore(expected), 4e-16, name);
    });
  }
  it("mod and floorDiv of numbers whose product underflows are NumPy's", () => {
    const x = tensor([-1e-200, 1e-200, -1e-200, 5e-324, -5e-324, -1e-310], { dtype: "float64" });
    const y = tensor([3e-200, -3e-200, -3e-200, -1e-310, 1e-310, 5e-324], { dtype: "float64" });
    // NumPy 2.4, float64
    const remainders = [2e-200, -2e-200, -1e-200, -9.9999999999995e-311, 9.9999999999995e-311, 0];
    const quotients = [-1, -1, 0, -1, -1, -20240225330731];
    assertNumbers(x.mod(y), remainders);
    assertNumbers(x.floorDiv(y), quotients);
    for (const emitter of ["js", "wasm"] as const) {
      const compiled = t.compile((x: Value, y: Value) => [x.mod(y), x.floorDiv(y)] as const, { emitter });
      const [remainder, quotient] = compiled(x, y);
      assertNumbers(remainder, remainders);
      assertNumbers(quotient, quotients);
    }
  });
  it("mod and floorDiv round as NumPy's, and their zeros have its signs", () => {
    const numbers = (...values: number[]) => tensor(values, { dtype: "float64" });
    // NumPy 2.4, float64. The quotients of the last four are a little below, or above, a whole number.
    const x = numbers(6, -6, 0, -0, 0, -0, 2.2, 0.3, 4.4, 44338.864690346505);
    const y = numbers(-3, -3, -3, -3, 3, 3, 0.7, 0.01, 0.003, 86.92916755822675);
    assertNumbers(x.mod(y).slice([0], [6]), [-0, -0, -0, -0, 0, 0]);
    assertNumbers(x.floorDiv(y), [-2, 2, -0, 0, 0, -0, 3, 29, 1466, 510]);
  });
  for (const dtype of ["int32", "uint32", "uint8"] as const) {
    for (const [name, expected] of Object.entries(golden[dtype].results)) {
      it(`${name} of ${dtype} wraps as NumPy's`, () => {
        const x = tensor(golden[dtype].x, { dtype });
        let y: Value = tensor(golden[dtype].y, { dtype });
        if (name === "pow") y = y.abs().mod(40);
        const result = binary[name as BinaryName](x, y);
        assertEquals(result.dtype, dtype);
        assertEquals(result.toArray(), expected);
      });
    }
  }
  it("gives float32 for the quotient of integers", () => {
    const x = tensor([7, 1], { dtype: "int32" });
    assertEquals(x.div(2).dtype, "float32");
    assertEquals(x.div(tensor([2, 4], { dtype: "int32" })).toArray(), [3.5, 0.25]);
    assertEquals(x.reciprocal().toArray(), [Math.fround(1 / 7), 1]);
  });
  it("computes functions of one operand", () => {
    const x = tensor([-2, -0, 0, 3, NaN, -Infinity]);
    assertNumbers(x.neg(), [2, 0, -0, -3, NaN, Infinity]);
    assertNumbers(x.abs(), [2, 0, 0, 3, NaN, Infinity]);
    assertNumbers(x.sign(), [-1, -0, 0, 1, NaN, -1]);
    assertNumbers(x.square(), [4, 0, 0, 9, NaN, Infinity]);
    assertEquals(tensor([65537, -46341], { dtype: "int32" }).square().toArray(), [131073, -2147479015]);
    assertEquals(tensor([1, 255], { dtype: "uint8" }).neg().toArray(), [255, 1]);
  });
  it("clips, with bounds that broadcast", () => {
    assertEquals(tensor([-2, 0.5, 3]).clip(0, 1).toArray(), [0, 0.5, 1]);
    assertEquals(tensor([[1, 2], [3, 4]]).clip([2, 3], [[3], [3]]).toArray(), [[2, 3], [3, 3]]);
    assertNumbers(tensor([NaN, 1]).clip(0, 1), [NaN, 1]);
  });
  it("chooses", () => {
    assertEquals(where([true, false], [1, 2], 9).toArray(), [1, 9]);
    assertEquals(where([[true], [false]], tensor([1, 2], { dtype: "int32" }), 0.5).dtype, "float32");
    assertThrows(() => where(tensor([1, 0]), 1, 2), TypeError, "the condition must be bool");
  });
  it("converts", () => {
    assertEquals(tensor([1.7, -1.7, NaN, Infinity, 2 ** 32 + 3], { dtype: "float64" }).astype("int32").toArray(), [
      1,
      -1,
      0,
      0,
      3,
    ]);
    assertEquals(tensor([0, -0.5, NaN]).astype("bool").toArray(), [false, true, true]);
    assertEquals(tensor([-1, 300], { dtype: "int32" }).astype("uint8").toArray(), [255, 44]);
    // @ts-expect-error an unknown dtype
    assertThrows(() => tensor([1]).astype("float128"), TypeError, "float128");
  });
  it("broadcasts, also to nothing", () => {
    assertEquals(tensor([[1], [2]]).add([10, 20, 30]).toArray(), [[11, 21, 31], [12, 22, 32]]);
    assertEquals(t.zeros([0, 3]).mul([1, 2, 3]).shape, [0, 3]);
    assertEquals(scalar(2).add(t.zeros([2, 0])).shape, [2, 0]);
  });
  it("says what does not fit", () => {
    assertThrows(() => tensor([1, 2]).add([1, 2, 3]), RangeError, "Cannot add float32[2] and float32[3]");
    assertThrows(() => tensor([true]).neg(), TypeError, "Cannot neg bool[1]");
    assertThrows(
      () => t.sub(tensor([1], { dtype: "uint32" }), tensor([1], { dtype: "int32" })),
      TypeError,
      "no dtype holds both",
    );
    // @ts-expect-error no operand
    assertThrows(() => t.add([1], "two"), TypeError, "string");
  });
});

describe("arithmetic gradients", () => {
  const x = randomTensor([2, 3], 0.6, 1.6, 3);
  const y = randomTensor([3], 0.5, 1.5, 4);
  for (const name of ["add", "sub", "mul", "div", "pow", "maximum", "minimum", "mod", "atan2"] as const) {
    it(`${name}, broadcast, to the second order`, () => {
      checkGradient(binary[name], [x, y], { order: 2 });
      checkGradient(binary[name], [y.reshape([3, 1]), x.reshape([1, 6])], { order: 2 });
      checkGradient(binary[name], [randomTensor([0, 3]), y]);
      checkGradient((a) => binary[name](a, a.mul(1.3)), [y]);
    });
    it(`${name} with a number`, () => {
      checkGradient((a) => binary[name](a, 1.1), [x], { order: 2 });
      checkGradient((a) => binary[name](0.9, a), [x], { order: 2 });
    });
  }
  it("of one operand", () => {
    for (const fn of [t.neg, t.abs, t.square, t.reciprocal]) checkGradient(fn, [x.mul([-1, 1, 1])], { order: 2 });
    checkGradient((a) => a.astype("float64").mul(a), [x]);
  });
  it("of choices", () => {
    checkGradient((a, b, c) => a.clip(b, c), [
      randomTensor([4, 3]),
      randomTensor([3], -0.6, -0.2),
      randomTensor([4, 1], 0.1, 0.7),
    ], { order: 2 });
    // Bounds the wrong way round: it is the upper one that counts.
    checkGradient((a, b, c) => a.clip(b, c), [
      randomTensor([4, 3]),
      randomTensor([3], 0.1, 0.7),
      randomTensor([4, 1], -0.6, -0.2),
    ], { order: 2 });
    checkGradient((a, b) => where(tensor([true, false, true]), a, b), [x, y], { order: 2 });
  });
  const gradient = (fn: (x: Value) => Value, ...at: number[]) => grad((x: Value) => fn(x).sum())(tensor(at)).toArray();
  it("shares it between ties", () => {
    assertEquals(gradient((x) => x.maximum([1, 1, 1]), 0, 1, 2), [0, 0.5, 1]);
    assertEquals(gradient((x) => x.minimum([1, 1, 1]), 0, 1, 2), [1, 0.5, 0]);
    assertEquals(gradient((x) => x.clip(0, 1), -1, 0, 0.5, 1, 2), [0, 1, 1, 1, 0]);
  });
  it("is right at the corners of pow", () => {
    assertEquals(gradient((x) => x.pow(2), 0, -3), [0, -6]);
    assertEquals(gradient((x) => x.pow(0), 0, 2), [0, 0]);
    assertEquals(gradient((x) => x.pow(1), 0, 2), [1, 1]);
    assertEquals(gradient((y) => t.pow(0, y), 0, 2), [0, 0]);
  });
  it("of an integer operand's partner keeps the dtype", () => {
    const g = grad((x: Value) => x.mul(tensor([1, 2], { dtype: "int32" })).sum())(tensor([1, 1]));
    assertEquals([g.dtype, g.toArray()], ["float32", [1, 2]]);
  });
});
