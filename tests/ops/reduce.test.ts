import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import * as t from "../../mod.ts";
import { dtypeInfo, dtypes } from "../../src/dtype.ts";
import type { Op } from "../../src/ops/op.ts";
import { computeReference } from "../../src/graph/reference.ts";
import { reduceOps } from "../../src/ops/reduce.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { assertNumbers, golden, restore } from "./elementwise_cases.ts";

type Reduction = "sum" | "prod" | "max" | "min" | "mean" | "variance" | "std" | "logSumExp" | "any" | "all";

describe("reductions", () => {
  const x = t.tensor(golden.reduce.x, { dtype: "float64" });
  for (const [key, results] of Object.entries(golden.reduce.results)) {
    const [axis, keepDims] = JSON.parse(key) as [number | number[] | null, boolean];
    it(`along ${axis ?? "all axes"}${keepDims ? ", kept" : ""} are NumPy's`, () => {
      for (const [name, expected] of Object.entries(results)) {
        const result = t[name as Reduction](x, axis ?? undefined, { keepDims });
        assertEquals(result.shape, t.tensor(restore(expected)).shape, name);
        assertNumbers(result, restore(expected), 1e-15, name);
      }
    });
  }
  it("takes null for all axes, as a function and as a method", () => {
    const m = t.tensor([[1, 2], [4, 8]]);
    const all = { sum: 15, prod: 64, max: 8, min: 1, mean: 3.75, argmax: 3, argmin: 0, any: true, all: true } as const;
    for (const [name, expected] of Object.entries(all)) {
      const op = name as keyof typeof all; // a key of it
      assertEquals([t[op](m, null).item(), m[op](null).item()].map(Number), [Number(expected), Number(expected)], name);
      assertEquals(t[op](m, null, { keepDims: true }).shape, [1, 1], name);
      assertEquals(Number(t.compile((x: t.Value) => t[op](x, null))(m).item()), Number(expected), name);
    }
    for (const name of ["variance", "std", "logSumExp"] as const) {
      assertEquals([t[name](m, null).item(), m[name](null).item()], [t[name](m).item(), t[name](m).item()], name);
    }
    assertEquals(t.reduceSum(m, null).item(), 15);
  });
  it("finds the place of the largest and smallest", () => {
    for (const name of ["argmax", "argmin"] as const) {
      for (const [axis, expected] of Object.entries(golden.reduce[name])) {
        const result = t[name](x, axis === "None" ? undefined : Number(axis));
        assertEquals([result.dtype, result.toArray()], ["int32", expected]);
      }
    }
    assertEquals(t.argmax([1, NaN, 3, NaN]).item(), 1);
    assertEquals(t.argmin([1, NaN, 3, NaN]).item(), 1);
    // In kernels, too, it is the first NaN, or else the first of those that are alike.
    const rows = [
      [5, 1, 9, 3, 9, NaN, 0, 9, NaN, NaN, 1, 0],
      [5, 1, 9, 3, 9, 4, 0, 9, 2, 5, 1, 0],
      [NaN, 1, 9, 3, NaN, 4, 0, NaN, 2, 5, 1, 0],
    ];
    const places = (y: t.Value) =>
      [y.argmax(1), y.argmin(1), y.transpose().argmax(0), y.reshape([36]).argmin()] as const;
    const expected = [[5, 2, 0], [5, 6, 0], [5, 2, 0], 5];
    for (const dtype of ["float32", "float64"] as const) {
      const y = t.tensor(rows, { dtype });
      assertEquals(places(y).map((each) => each.concrete("compare").toArray()), expected);
      for (const emitter of ["js", "wasm"] as const) {
        assertEquals(t.compile(places, { emitter })(y).map((each) => each.toArray()), expected, `${emitter}, ${dtype}`);
      }
      for (const [index, op] of [reduceOps.argmax, reduceOps.argmin].entries()) {
        const attributes = { axes: [1], keepDims: false };
        const type = op.infer([y.type], attributes);
        assertEquals(computeReference(op as Op, [y], attributes, type).toArray(), expected[index]); // any op is applied by its own attributes
      }
    }
    assertEquals(t.argmax([[1, 2]], 1, { keepDims: true }).toArray(), [[1]]);
    assertEquals(t.argmax([-Infinity, -Infinity]).item(), 0);
  });
  it("corrects the variance", () => {
    assertNumbers(x.variance(1, { correction: 1 }), golden.reduce.unbiased, 1e-15);
    assertEquals(t.variance([1], 0, { correction: 1 }).item(), NaN);
  });
  it("has a dtype for every dtype", () => {
    const small = t.tensor([200, 100], { dtype: "uint8" });
    assertEquals([small.sum().dtype, small.sum().item()], ["uint32", 300]);
    assertEquals([small.prod().dtype, small.prod().item()], ["uint32", 20000]);
    assertEquals([small.max().dtype, small.max().item()], ["uint8", 200]);
    assertEquals([small.mean().dtype, small.mean().item()], ["float32", 150]);
    assertEquals([t.sum([true, true]).dtype, t.sum([true, true]).item()], ["int32", 2]);
    assertEquals(t.sum(t.tensor([2 ** 31 - 1, 1], { dtype: "int32" })).item(), -(2 ** 31));
    assertEquals(t.prod(t.tensor([123456789, 987654321], { dtype: "int32" })).item(), -67153019);
    assertEquals(t.logSumExp(t.tensor([0, 0], { dtype: "int32" })).item(), Math.fround(Math.log(2)));
    assertEquals(t.any([0, 2]).dtype, "bool");
  });
  it("finds what is at the end of a dtype's range, in kernels, too", () => {
    for (const dtype of dtypes) {
      const { min, max } = dtypeInfo(dtype);
      const [low, high] = [t.full([3, 5], min, { dtype }), t.full([3, 5], max, { dtype })];
      const extremes = (low: t.Value, high: t.Value) => [low.max(1), high.min(1), low.max(), high.min()] as const;
      for (const emitter of ["js", "wasm"] as const) {
        const found = t.compile(extremes, { emitter })(low, high).map((each) => [...each.data]);
        assertEquals(found, [Array(3).fill(min), Array(3).fill(max), [min], [max]], `${emitter}, ${dtype}`);
      }
    }
  });
  it("propagates NaN and Infinity", () => {
    for (const name of ["sum", "prod", "max", "min", "mean", "variance", "std", "logSumExp"] as const) {
      assertEquals(t[name]([1, NaN, -Infinity]).item(), NaN, name);
    }
    assertEquals(t.logSumExp([-Infinity, -Infinity]).item(), -Infinity);
    assertEquals(t.logSumExp([Infinity, 1]).item(), Infinity);
    assertEquals(t.logSumExp([1000, 1000]).item(), Math.fround(1000 + Math.log(2)));
    assertEquals(t.logSumExp([-1000, -1000]).item(), Math.fround(-1000 + Math.log(2)));
  });
  it("of nothing", () => {
    const empty = t.zeros([2, 0]);
    assertEquals(empty.sum(1).toArray(), [0, 0]);
    assertEquals(empty.prod(1).toArray(), [1, 1]);
    assertEquals(empty.any(1).toArray(), [false, false]);
    assertEquals(empty.all(1).toArray(), [true, true]);
    assertEquals(empty.mean(1).toArray(), [NaN, NaN]);
    assertEquals(empty.logSumExp(1).toArray(), [-Infinity, -Infinity]);
    assertEquals(empty.max(0).shape, [0]);
    for (const name of ["max", "min", "argmax", "argmin"] as const) {
      assertThrows(() => empty[name](1), RangeError, `Cannot ${name} float32[2,0]: there are no elements`);
    }
    assertEquals(t.sum(3).item(), 3);
  });
  it("says which axis is wrong", () => {
    assertThrows(() => x.sum(3), RangeError, "Cannot sum float64[2,2,3]: axis 3 is out of range");
    assertThrows(() => x.sum([0, -3]), RangeError, "one axis twice");
    assertThrows(() => x.sum(0.5), TypeError, "Cannot sum: axis is 0.5");
    // @ts-expect-error argmax takes one axis
    assertThrows(() => x.argmax([0, 1]), TypeError, "Cannot argmax: axis is [0,1], not a whole number");
  });
});

describe("reduction gradients", () => {
  const x = randomTensor([2, 3, 4], -1.5, 1.5);
  for (const name of ["sum", "prod", "max", "min", "mean", "variance", "std", "logSumExp"] as const) {
    it(`${name}, to the second order`, () => {
      for (const axis of [undefined, 1, [0, -1], []]) {
        if (name === "std" && Array.isArray(axis) && axis.length === 0) continue; // 0 has no slope as a deviation
        checkGradient((x) => t[name](x, axis), [x], { order: 2 });
        checkGradient((x) => t[name](x, axis, { keepDims: true }), [x]);
      }
      if (name !== "max" && name !== "min") checkGradient((x) => t[name](x, 1), [randomTensor([0, 3])]);
    });
  }
  it("variance with a correction", () => checkGradient((x) => x.variance(0, { correction: 1 }), [x], { order: 2 }));
  it("prod with zeros, to the second order", () => {
    for (const row of [[2, 0, 3], [0, 0, 3], [0, 0, 0], [5], [0], [1, 2, 3, 4, 0, 6, 7]]) {
      checkGradient((x) => x.prod(), [t.tensor(row, { dtype: "float64" })], { order: 2 });
    }
    const slopes = t.grad((x: t.Value) => x.prod(1).sum())(t.tensor([[2, 0, 3], [0, 0, 1]]));
    assertEquals(slopes.toArray(), [[0, 6, 0], [0, 0, 0]]);
  });
  const gradient = (fn: (x: t.Value) => t.Value, ...at: number[]) =>
    t.grad((x: t.Value) => fn(x))(t.tensor(at)).toArray();
  it("shares it between ties", () => {
    assertEquals(gradient((x) => x.max(), 1, 3, 3, 2), [0, 0.5, 0.5, 0]);
    assertEquals(gradient((x) => x.min(), 1, 3, 3, 1), [0.5, 0, 0, 0.5]);
  });
  it("of logSumExp at the extremes", () => {
    assertEquals(gradient((x) => x.logSumExp(), 1000, -1000), [1, 0]);
    assertEquals(gradient((x) => x.logSumExp(), -Infinity, -Infinity), [0, 0]);
    assertEquals(gradient((x) => x.logSumExp(), -Infinity, 0), [0, 1]);
  });
  it("decomposes into what compute says", () => {
    const far = t.tensor([[1000, 1000], [-1000, -1000], [-Infinity, -Infinity]], { dtype: "float64" });
    const type = far.sum(1).type;
    // Any op is applied by its own attributes.
    const sums = computeReference(reduceOps.logSumExp as Op, [far], { axes: [1], keepDims: false }, type);
    assertNumbers(sums, [1000 + Math.LN2, -1000 + Math.LN2, -Infinity], 1e-15);
    for (const name of ["mean", "variance", "std", "logSumExp"] as const) {
      const attributes = { axes: [0, 2], keepDims: false, correction: 0 };
      const [actual, expected] = [reduceOps[name].decompose!([x], attributes), t[name](x, [0, 2])];
      assertEquals([actual.shape, actual.dtype], [expected.shape, expected.dtype]);
      expected.data.forEach((value, index) => assertAlmostEquals(actual.data[index]!, value, 1e-12));
    }
  });
});
