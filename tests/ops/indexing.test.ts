import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  arange,
  argsort,
  Graph,
  placeholder,
  scatterAdd,
  Session,
  sort,
  take,
  tensor,
  type Value,
  zeros,
} from "../../mod.ts";
import type { Op } from "../../src/ops/op.ts";
import { computeReference } from "../../src/graph/reference.ts";
import { opTable } from "../../src/ops/table.ts";
import { checkGradient } from "./check_gradient.ts";
import { testNumpyCases } from "./numpy_cases.ts";

describe("indexing: as NumPy", () => {
  testNumpyCases("./indexing.jsonl", {
    take: ([x, indices], [axis]) => take(x!, indices!, axis),
    argsort: ([x], [axis, options]) => argsort(x!, axis, options),
    sort: ([x], [axis, options]) => sort(x!, axis, options),
  });
});

describe("take", () => {
  it("takes indices written in the program", () => {
    assertEquals(take([10, 20, 30], [[2, -3]]).toArray(), [[30, 10]]);
    assertEquals(take([10, 20, 30], 1).item(), 20);
  });

  it("refuses indices out of range, naming index and length", () => {
    const x = zeros([3, 2]);
    assertThrows(() => take(x, [0, 3], 0), RangeError, "index 3 is out of range for length 3");
    assertThrows(() => take(x, [-3], 1), RangeError, "index -3 is out of range for length 2");
    assertThrows(() => take(zeros([0]), [0], 0), RangeError, "index 0 is out of range for length 0");
    new Graph().asDefault(() => {
      const indices = placeholder();
      const run = () => new Session().run(take(x, indices, 0), [[indices, tensor([7], { dtype: "int32" })]]);
      assertThrows(run, RangeError, "index 7 is out of range for length 3");
    });
  });

  it("refuses indices out of range by the reference, too", () => {
    const x = zeros([3, 2]);
    for (const [index, axis] of [[3, 0], [-4, 0], [2, 1], [-3, 1]] as const) {
      const indices = tensor([0, index], { dtype: "int32" });
      // Any op is applied by its own attributes.
      const compute = () => computeReference(opTable.take as Op, [x, indices], { axis }, take(x, [0, 0], axis).type);
      assertThrows(compute, RangeError, `index ${index} is out of range for length ${x.shape[axis]}`);
    }
  });

  it("refuses what is no index", () => {
    assertThrows(
      () => take([1, 2], tensor([0]), 0),
      TypeError,
      `Cannot take float32[2] and float32[1]: the indices have to be integers; convert them with astype("int32")`,
    );
    assertThrows(() => take([1, 2], [0.5], 0), TypeError, "the index 0.5 is not a whole number");
    assertThrows(() => take([1, 2], tensor([true]), 0), TypeError, "the indices have to be integers");
    assertThrows(() => take([1, 2], [0], 1), RangeError, "axis 1 is out of range");
    assertThrows(() => take(1, [0], 0), RangeError, "axis 0 is out of range for a tensor of rank 0");
  });
});

describe("scatterAdd", () => {
  it("adds updates in the place of their indices", () => {
    // np.add.at(np.zeros(4), [0, 2, 0, -1], [1, 2, 3, 4])
    assertEquals(scatterAdd([0, 2, 0, -1], [1, 2, 3, 4], { length: 4 }).toArray(), [4, 0, 2, 4]);
    // x = np.zeros((2, 3)); np.add.at(x, (slice(None), [2, 2]), [[1, 2], [3, 4]])
    assertEquals(scatterAdd([2, 2], [[1, 2], [3, 4]], { length: 3, axis: -1 }).toArray(), [[0, 0, 3], [0, 0, 7]]);
    assertEquals(scatterAdd(1, [5, 6], { length: 2 }).toArray(), [[0, 0], [5, 6]]);
    assertEquals(scatterAdd(zeros([0], { dtype: "int32" }), zeros([0]), { length: 2 }).toArray(), [0, 0]);
  });

  it("wraps integers around", () => {
    const updates = tensor([200, 100], { dtype: "uint8" });
    assertEquals(scatterAdd([0, 0], updates, { length: 1 }).toArray(), [44]);
  });

  it("refuses what does not fit", () => {
    assertThrows(() => scatterAdd([3], [1], { length: 3 }), RangeError, "index 3 is out of range for length 3");
    assertThrows(
      () => scatterAdd([0, 1], [1, 2, 3], { length: 3 }),
      RangeError,
      "Cannot scatterAdd int32[2] and float32[3]: the updates do not have the shape [2] of the indices",
    );
    assertThrows(() => scatterAdd([0], [true], { length: 1 }), TypeError, "bools cannot be added");
    assertThrows(
      () => scatterAdd([0], [1], { length: -1 }),
      RangeError,
      "Cannot scatterAdd: the option length is -1, not a whole number ≥ 0",
    );
  });
});

describe("sort and argsort", () => {
  it("keep the order of equal elements, and put NaN last, both ways", () => {
    const x = tensor([1, NaN, 0, -0, 1, NaN, 2]);
    assertEquals(argsort(x).toArray(), [2, 3, 0, 4, 6, 1, 5]);
    assertEquals(argsort(x, 0, { descending: true }).toArray(), [6, 0, 4, 2, 3, 1, 5]);
    assertEquals(sort(x, 0, { descending: true }).toArray(), [2, 1, 1, 0, -0, NaN, NaN]);
  });

  it("refuse an axis out of range", () => {
    assertThrows(() => sort(1), RangeError, "axis -1 is out of range for a tensor of rank 0");
    assertThrows(() => argsort([1], 1), RangeError, "axis 1 is out of range");
  });
});

describe("indexing: gradients", () => {
  const x = arange(12, undefined, 1, { dtype: "float64" }).reshape([3, 4]);
  const cases: Record<string, (x: Value) => Value> = {
    take: (x) => take(x, [2, 0, 2], 0),
    "take, another axis": (x) => take(x, [[-1, 0], [0, 0]], -1),
    "take, one": (x) => take(x, 1, 0),
    "take, none": (x) => take(x, zeros([0], { dtype: "int32" }), 0),
    scatterAdd: (x) => scatterAdd([1, 0, 1], x, { length: 2 }),
    "scatterAdd, another axis": (x) => scatterAdd([4, -1, 0, 1], x, { length: 5, axis: 1 }),
    sort: (x) => sort(x.sub(5).square().mul(0.9).add(x)),
    "sort, descending along axis 0": (x) => sort(x.sub(5).square().mul(0.9).add(x), 0, { descending: true }),
  };
  for (const [name, fn] of Object.entries(cases)) {
    it(name, () => checkGradient((x) => fn(x).mul(0.1).exp(), [x], { order: 2 }));
  }
});
