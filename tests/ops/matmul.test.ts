import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { arange, dot, grad, matmul, outer, tensor, type Value, zeros } from "../../mod.ts";
import { checkGradient } from "./check_gradient.ts";
import { testNumpyCases } from "./numpy_cases.ts";

// The elements are small multiples of 1/8, so that every sum is exact in float32, whatever its order.
describe("matmul: as NumPy", () => {
  testNumpyCases("./matmul.jsonl", {
    matmul: ([x, y]) => matmul(x!, y!),
    dot: ([x, y]) => dot(x!, y!),
    outer: ([x, y]) => outer(x!, y!),
  });
});

describe("matmul: NaN and infinities", () => {
  it("pass through", () => {
    assertEquals(matmul([[Infinity, 0], [NaN, 1]], [[1, 0], [0, 1]]).toArray(), [[Infinity, NaN], [NaN, NaN]]);
  });
});

describe("matmul: errors", () => {
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => matmul(zeros([2, 3]), zeros([4, 5])),
      RangeError,
      "Cannot matmul float32[2,3] and float32[4,5]: inner dimensions 3 and 4 differ",
    ],
    [
      () => matmul(zeros([3]), zeros([4])),
      RangeError,
      "Cannot matmul float32[3] and float32[4]: inner dimensions 3 and 4 differ",
    ],
    [
      () => matmul(zeros([2, 1, 3]), zeros([3, 3, 1])),
      RangeError,
      "Cannot matmul float32[2,1,3] and float32[3,3,1]: batch shapes [2] and [3] do not broadcast",
    ],
    [() => matmul(zeros([3]), 2), RangeError, "Cannot matmul float32[3] and number: both need at least one axis"],
    [
      () => matmul(zeros([2, 2], { dtype: "bool" }), zeros([2, 2])),
      TypeError,
      "Cannot matmul bool[2,2] and float32[2,2]: it is not defined for bool",
    ],
    [
      () => matmul(zeros([2, 2], { dtype: "int32" }), zeros([2, 2], { dtype: "uint32" })),
      TypeError,
      "Cannot matmul int32[2,2] and uint32[2,2]: no dtype holds both",
    ],
    [() => dot(zeros([2, 2, 2]), zeros([2])), RangeError, "Cannot dot float32[2,2,2] and float32[2]: it takes vectors"],
    [() => outer([true], [true]), TypeError, "Cannot outer bool[1] and bool[1]: it is not defined for bool"],
  ];
  for (const [body, Kind, message] of cases) {
    it(message, () => void assertThrows(body, Kind, message));
  }
});

describe("matmul: gradients", () => {
  const numbers = (shape: number[], step = 0.37) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return arange(size, undefined, 1, { dtype: "float64" }).mul(step).sin().reshape(shape);
  };
  const shapes: [number[], number[]][] = [
    [[2, 3], [3, 4]],
    [[3], [3]],
    [[2, 3], [3]],
    [[3], [3, 4]],
    [[5, 2, 3], [3]],
    [[3], [5, 3, 2]],
    [[5, 2, 3], [3, 4]],
    [[1, 3], [5, 3, 1]],
    [[5, 1, 2, 3], [4, 3, 7]],
    [[2, 0], [0, 2]],
    [[0, 3], [3, 2]],
    [[0], [0]],
  ];
  for (const [x, y] of shapes) {
    it(`of [${x}] and [${y}]`, () => {
      checkGradient((x, y) => matmul(x, y).square(), [numbers(x), numbers(y, 0.71)], { order: 2 });
    });
  }
  it("of a matrix with itself", () => checkGradient((x) => matmul(x, x).square(), [numbers([3, 3])], { order: 2 }));
  it("dot", () => checkGradient((x, y) => dot(x, y).square(), [numbers([2, 3]), numbers([3], 0.71)], { order: 2 }));
  it("outer", () => checkGradient((x, y) => outer(x, y).square(), [numbers([2, 2]), numbers([3], 0.71)], { order: 2 }));

  it("have the dtype of their operand, and leave integers out", () => {
    const integers = tensor([[1, 2], [3, 4]], { dtype: "int32" });
    const gradient = grad((x: Value) => matmul(integers, x).sum())(tensor([[1], [1]]));
    assertEquals(`${gradient.type}`, "float32[2,1]");
    assertEquals(gradient.toArray(), [[4], [6]]);
    const wide = tensor([[1], [2]], { dtype: "float64" });
    assertEquals(grad((x: Value) => matmul(x, wide).sum())(tensor([[1, 1]])).dtype, "float32");
  });

  it("can be differentiated again", () => {
    // By hand: the gradient of (x·x)² is 4 (x·x) x; that of the sum of its elements is 8 x Σx + 4 (x·x).
    const first = grad((x: Value) => matmul(x, x).square());
    assertEquals(first(tensor([1, 2])).toArray(), [20, 40]);
    const second = grad((x: Value) => first(x).sum());
    assertEquals(second(tensor([1, 2])).toArray(), [44, 68]);
  });
});
