import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { cumulativeProd, cumulativeSum, grad, scalar, tensor, type Value, zeros } from "../../mod.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { testNumpyCases } from "./numpy_cases.ts";

describe("cumulativeSum and cumulativeProd: as NumPy", () => {
  testNumpyCases("./cumulative.jsonl", {
    cumulativeSum: ([x], [axis, options]) => cumulativeSum(x!, axis, options),
    cumulativeProd: ([x], [axis, options]) => cumulativeProd(x!, axis, options),
  });
});

describe("cumulativeSum", () => {
  it("is a function and a method, and needs no axis where there is one", () => {
    assertEquals(cumulativeSum([1, 2, 3]).toArray(), [1, 3, 6]);
    assertEquals(tensor([[1, 2], [3, 4]]).cumulativeSum(-1).toArray(), [[1, 3], [3, 7]]);
  });

  it("refuses a missing axis, one out of range, and a single number", () => {
    const message = "Cannot cumulativeSum float32[2,3]: of 2 axes, the one to go along has to be named";
    assertThrows(() => cumulativeSum(zeros([2, 3])), RangeError, message);
    assertThrows(() => cumulativeSum(zeros([2, 3]), 2), RangeError, "axis 2 is out of range for a tensor of rank 2");
    assertThrows(() => cumulativeSum(scalar(1), 0), RangeError, "a single number has no axis to go along");
    assertThrows(() => cumulativeSum([1], 0.5), TypeError, "axis");
  });

  it("has the reversed sum for a gradient", () => {
    const loss = (x: Value, weights: Value): Value => cumulativeSum(x, 0).mul(weights).sum();
    assertEquals(grad(loss)(tensor([5, 6, 7]), tensor([1, 10, 100])).toArray(), [111, 110, 100]);
  });
});

describe("the gradients of cumulativeSum and cumulativeProd", () => {
  const everyOption = [{}, { reverse: true }, { includeInitial: true }, { includeInitial: true, reverse: true }];
  it("are right along every axis, from both ends", () => {
    for (const axis of [0, 1, 2]) {
      for (const options of everyOption) {
        checkGradient((x) => cumulativeSum(x, axis, options), [randomTensor([2, 3, 2])], { order: 2 });
        checkGradient((x) => cumulativeProd(x, axis, options), [randomTensor([2, 3, 2])], { order: 2 });
      }
    }
  });

  it("of products are right for lines of every length", () => {
    for (let length = 0; length < 10; length++) {
      checkGradient((x) => cumulativeProd(x), [randomTensor([length], 0.5, 1.5)], { order: 2 });
    }
  });

  it("of products are right where elements are 0, and so are theirs", () => {
    for (const numbers of [[0, 2, 3, 4], [2, 0, 3, 4], [2, 3, 4, 0], [2, 0, 3, 0], [0, 0, 0, 5]]) {
      for (const options of everyOption) {
        checkGradient((x) => cumulativeProd(x, 0, options), [tensor(numbers, { dtype: "float64" })], {
          order: 2,
          tolerance: 1e-6,
        });
      }
    }
    const loss = (x: Value): Value => cumulativeProd(x).sum();
    // 2 + 2·0 + 2·0·3, by each of its factors.
    assertEquals(grad(loss)(tensor([2, 0, 3])).toArray(), [1, 8, 0]);
  });
});
