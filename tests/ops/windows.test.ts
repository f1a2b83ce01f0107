import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { compile, grad, tensor, type Value, type WindowOptions, windows, zeros } from "../../mod.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { testNumpyCases } from "./numpy_cases.ts";

describe("windows: as NumPy's sliding_window_view", () => {
  testNumpyCases("./windows.jsonl", {
    windows: ([x], [options]) => windows(x!, options!),
  });
});

describe("windows: gradients", () => {
  it("of all strides, sizes and dilations", () => {
    for (const stride of [1, 2, 3, 5]) {
      for (const size of [1, 2, 3]) {
        for (const dilation of [1, 2, 4]) {
          for (const rest of [0, 1, 4]) {
            const options = [{ axis: 1, size, stride, dilation }];
            const length = (size - 1) * dilation + 1 + stride + rest; // two windows or more, and what is left over
            checkGradient((x) => windows(x, options).square(), [randomTensor([2, length, 2])]);
          }
        }
      }
    }
  });
  const several: [number[], WindowOptions[]][] = [
    [[4, 5], [{ axis: 0, size: 2 }, { axis: 1, size: 3 }]],
    [[6, 2, 7], [{ axis: 2, size: 2, stride: 2 }, { axis: 0, size: 3, stride: 2 }]],
    [[6, 7], [{ axis: 1, size: 2, stride: 3 }, { axis: 0, size: 2, stride: 3, dilation: 2 }]],
    [[5], []],
  ];
  for (const [shape, options] of several) {
    it(`of [${shape}] by ${JSON.stringify(options)}, twice`, () => {
      checkGradient((x) => windows(x, options).square(), [randomTensor(shape)], { order: 2 });
    });
  }
  it("count how often each element was taken", () => {
    // By hand, for windows of 2 at every place, and of 2 at every other one of 5.
    const counts = (stride: number): Value =>
      grad((x: Value) => windows(x, [{ axis: 0, size: 2, stride }]).sum())(zeros([5]));
    assertEquals(counts(1).toArray(), [1, 2, 2, 2, 1]);
    assertEquals(counts(2).toArray(), [1, 1, 1, 1, 0]);
  });
});

describe("windows: errors", () => {
  const x = zeros([2, 3]);
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => windows(x, [{ axis: 1, size: 2, dilation: 3 }]),
      RangeError,
      "Cannot take windows of float32[2,3]: a window spans 4 elements, and axis 1 has 3",
    ],
    [
      () => windows(x, [{ axis: 1, size: 2 }, { axis: -1, size: 2 }]),
      RangeError,
      "Cannot take windows of float32[2,3]: axis 1 is named twice",
    ],
    [
      () => windows(x, [{ axis: 2, size: 1 }]),
      RangeError,
      "Cannot take windows: axis 2 is out of range for a tensor of rank 2",
    ],
    [
      () => windows(x, [{ axis: 0, size: 0 }]),
      RangeError,
      "Cannot take windows: the option size is 0, not a whole number ≥ 1",
    ],
    [
      () => windows(x, [{ axis: 0, size: 1, stride: 0.5 }]),
      RangeError,
      "Cannot take windows: the option stride is 0.5, not a whole number ≥ 1",
    ],
  ];
  for (const [body, Kind, message] of cases) {
    it(message, () => void assertThrows(body, Kind, message));
  }
});

describe("windows: kernels", () => {
  it("are none: what is made of them reads them where they lie", () => {
    const f = compile((x: Value) => windows(x, [{ axis: 0, size: 3, stride: 2 }]).mul(2).max(0));
    const x = tensor([1, 5, 2, 4, 3, 0, 9]);
    assertEquals(f(x).toArray(), [10, 8, 18]);
    assertEquals(f.kernels(x).length, 1);
  });
});
