import { assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { zeros } from "../../mod.ts";
import { contract, type ContractAxes } from "../../src/ops/contract.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { testNumpyCases } from "./numpy_cases.ts";

// The elements are small multiples of 1/8, so that every sum is exact in float32, whatever its order.
describe("contract: as NumPy's einsum", () => {
  testNumpyCases("./contract.jsonl", {
    contract: ([x, y], [axes]) => contract(x!, y!, axes as ContractAxes | undefined),
  });
});

describe("contract: errors", () => {
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [
      () => contract(zeros([2]), zeros([2, 2])),
      RangeError,
      "Cannot contract float32[2] and float32[2,2]: they need at least 2 and 2 axes",
    ],
    [
      () => contract(zeros([2, 3, 4]), zeros([3, 5, 2]), { depth: 2 }),
      RangeError,
      "Cannot contract float32[2,3,4] and float32[3,5,2]: inner dimensions [3,4] and [3,5] differ",
    ],
    [
      () => contract(zeros([2, 1, 3]), zeros([3, 3, 1])),
      RangeError,
      "Cannot contract float32[2,1,3] and float32[3,3,1]: batch shapes [2] and [3] do not broadcast",
    ],
    [
      () => contract(zeros([2, 2], { dtype: "bool" }), zeros([2, 2])),
      TypeError,
      "Cannot contract bool[2,2] and float32[2,2]: it is not defined for bool",
    ],
  ];
  for (const [body, Kind, message] of cases) {
    it(message, () => void assertThrows(body, Kind, message));
  }
});

describe("contract: gradients", () => {
  const cases: [number[], number[], ContractAxes][] = [
    [[2, 3, 2], [3, 2, 4], { depth: 2 }],
    [[2, 2, 3], [3, 2, 2], { rows: 2, columns: 2 }],
    [[3], [4], { depth: 0 }],
    [[2, 3], [2, 3], { rows: 0, columns: 0 }],
    [[], [2], { rows: 0, depth: 0 }],
    // the stack: missing on either side, of length 1, both
    [[3, 2, 2], [2, 3, 2, 2], {}],
    [[2, 3, 2, 2], [3, 2, 2], {}],
    [[2, 1, 3, 2, 2], [3, 2, 2], { depth: 2, columns: 0 }],
    [[1, 2, 2], [1, 2, 2], {}],
    [[1, 2, 2], [0, 2, 2], {}],
    [[4, 1, 2, 2], [1, 3, 2, 2], {}],
  ];
  for (const [x, y, axes] of cases) {
    it(`of [${x}] and [${y}] by ${JSON.stringify(axes)}`, () => {
      const inputs = [randomTensor(x), randomTensor(y, -1, 1, 2)];
      checkGradient((x, y) => contract(x, y, axes).square(), inputs, { order: 2 });
    });
  }
});
