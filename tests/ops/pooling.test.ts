import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  argsort,
  averagePool1d,
  averagePool2d,
  compile,
  grad,
  maxPool1d,
  maxPool2d,
  type PoolOptions,
  tensor,
  type Value,
  zeros,
} from "../../mod.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { casesOf, checkCase, checkGraphs, titleOf } from "./torch_cases.ts";

describe("pooling: as PyTorch, result and gradients", () => {
  for (const each of casesOf("maxPool")) {
    it(titleOf(each), () => {
      checkCase(each, "float64", 0, false);
      checkCase(each, "float32", 0, true);
      checkGraphs(each, 0);
    });
  }
  for (const each of casesOf("averagePool")) {
    // Each mean is one division of an exact sum; a gradient may be a sum of several such quotients.
    it(titleOf(each), () => {
      checkCase(each, "float64", 8, false);
      checkCase(each, "float32", 8, true);
      checkGraphs(each, 1);
    });
  }
});

describe("pooling: gradients", () => {
  const cases: [number[], PoolOptions][] = [
    [[1, 2, 6, 6], { size: 2 }],
    [[1, 5, 6, 2], { size: [3, 2], stride: [2, 1], padding: 1, layout: "NHWC" }],
    [[1, 1, 8, 7], { size: 2, stride: 3, dilation: 2, padding: [[1, 0], [0, 1]] }],
  ];
  for (const [shape, options] of cases) {
    it(`of [${shape}] ${JSON.stringify(options)}, twice`, () => {
      // Far enough apart that a small step leaves the largest what they are.
      const size = shape.reduce((product, length) => product * length, 1);
      const x = argsort(randomTensor([size])).reshape(shape).div(size).astype("float64");
      checkGradient((x) => maxPool2d(x, options).square(), [x], { order: 2 });
      checkGradient((x) => averagePool2d(x, options).square(), [randomTensor(shape)], { order: 2 });
      checkGradient((x) => averagePool2d(x, { ...options, countIncludePadding: false }).square(), [
        randomTensor(shape),
      ]);
    });
  }
  it("of a maximum that is there twice go to the first", () => {
    const first = (x: Value): Value => maxPool2d(x, { size: 2, stride: 1 }).sum();
    // By hand: both windows have their first 1 in the middle.
    assertEquals(grad(first)(tensor([[[[0, 1, 1], [0, 1, 1]]]])).toArray(), [[[[0, 2, 0], [0, 0, 0]]]]);
    assertEquals(grad((x: Value) => maxPool1d(x, { size: 3 }).sum())(zeros([1, 1, 3])).toArray(), [[[1, 0, 0]]]);
  });
});

describe("pooling: special values and dtypes", () => {
  it("of NaN and infinities", () => {
    const x = tensor([[[NaN, 1, -Infinity, -Infinity, Infinity, 2]]]);
    assertEquals(maxPool1d(x, { size: 2 }).toArray(), [[[NaN, -Infinity, Infinity]]]);
    assertEquals(averagePool1d(x, { size: 2 }).toArray(), [[[NaN, -Infinity, Infinity]]]);
    assertEquals(maxPool1d([[[-5, -3]]], { size: 2, padding: 1 }).toArray(), [[[-5, -3]]]);
  });
  it("keep a dtype for the largest, and are floating for means", () => {
    const x = tensor([[[-128, -100, 3, 4]]], { dtype: "int8" });
    const largest = maxPool1d(x, { size: 2, padding: 1, stride: 1 });
    assertEquals(`${largest.type} ${largest.toArray()}`, "int8[1,1,5] -128,-100,3,4,4");
    const mean = averagePool1d(x, { size: 2 });
    assertEquals(`${mean.type} ${mean.toArray()}`, "float32[1,1,2] -114,3.5");
    assertEquals(averagePool1d(x.astype("float64"), { size: 2 }).dtype, "float64");
  });
  it("of no batch", () => assertEquals(maxPool2d(zeros([0, 2, 4, 4]), { size: 2 }).shape, [0, 2, 2, 2]));
});

describe("pooling: errors", () => {
  const x = zeros([1, 2, 5, 5]);
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => maxPool2d(zeros([2, 5, 5]), { size: 2 }),
      RangeError,
      "Cannot maxPool2d float32[2,5,5]: it needs 4 axes: NCHW",
    ],
    [
      () => averagePool2d(x, { size: [2, 6] }),
      RangeError,
      "Cannot averagePool2d float32[1,2,5,5]: a window spans 6 elements, and axis 3 has 5",
    ],
    [
      () => maxPool2d(x, { size: 2, padding: [2, 0] }),
      RangeError,
      "Cannot maxPool2d float32[1,2,5,5]: a window has nothing but the padding [2,2] of axis 2 in it",
    ],
    [() => maxPool2d(x, { size: 0 }), RangeError, "Cannot maxPool2d: the option size is 0, not a whole number ≥ 1"],
    [() => maxPool2d(x, { size: [1, 2, 3] }), RangeError, "Cannot maxPool2d: the size [1,2,3] is for 3 axes, not 2"],
    [
      () => maxPool1d(x, { size: 1, layout: "NHWC" }),
      TypeError,
      'Cannot maxPool1d: the option layout is the string "NHWC", not "NCW" or "NWC"',
    ],
  ];
  for (const [body, Kind, message] of cases) {
    it(message, () => void assertThrows(body, Kind, message));
  }
});

describe("pooling: kernels", () => {
  const x = randomTensor([2, 3, 8, 8]).astype("float32");
  it("are one, which reads the windows where they lie", () => {
    assertEquals(compile((x: Value) => maxPool2d(x, { size: 3, stride: 2 })).kernels(x), ["k0_max"]);
    assertEquals(compile((x: Value) => averagePool2d(x, { size: 2 })).kernels(x), ["k0_sum_mul"]);
  });
  it("of the gradient put nothing together where windows are apart", () => {
    const largest = compile(grad((x: Value) => maxPool2d(x, { size: 2 }).square().sum()));
    assertEquals(largest.kernels(x), ["k0_max_equal_where_min_mul", "k1_equal_where"]);
    const mean = compile(grad((x: Value) => averagePool2d(x, { size: 2 }).square().sum()));
    assertEquals(mean.kernels(x).length, 2);
  });
});
