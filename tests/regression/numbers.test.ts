// Plain numbers against tensors: comparisons with what the dtype does not hold, powers of −1, printed zeros.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { compile, equal, greater, less, pow, tensor, type Value } from "../../mod.ts";

describe("integers compared with a number that their dtype does not hold", () => {
  it("are compared exactly", () => {
    const byte = tensor([1, 50, 255], { dtype: "uint8" });
    assertEquals(less(byte, 300).toArray(), [true, true, true]);
    assertEquals(greater(byte, -1).toArray(), [true, true, true]);
    assertEquals(less(tensor([1], { dtype: "int32" }), 3e9).toArray(), [true]);
    assertEquals(greater(tensor([4294967295], { dtype: "uint32" }), -1).toArray(), [true]);
    assertEquals(equal(tensor([16777217, 16777216], { dtype: "int32" }), 16777216.5).toArray(), [false, false]);
    assertEquals(less(300, byte).toArray(), [false, false, false]);
  });

  it("are compared with fractions that arrive when a compiled function runs", () => {
    const below = compile((x: Value, limit: Value) => [x.less(limit), x.equal(limit)]);
    const x = tensor([2, 3], { dtype: "int32" });
    assertEquals(below(x, 2.5).map((each) => each.toArray()), [[true, false], [false, false]]);
    assertEquals(below(x, 3).map((each) => each.toArray()), [[true, false], [false, true]]);
    assertEquals(below(x, Infinity).map((each) => each.toArray()), [[true, true], [false, false]]);
  });
});

describe("−1 to the power of ±Infinity", () => {
  it("is 1, as IEEE 754 has it", () => {
    assertEquals(pow([-1, -1, 1, 1], [Infinity, -Infinity, NaN, -Infinity]).toArray(), [1, 1, 1, 1]);
    assertEquals(compile((x: Value, y: Value) => x.pow(y))(tensor([-1, -2]), tensor([Infinity])).toArray(), [
      1,
      Infinity,
    ]);
  });
});

describe("a negative zero", () => {
  it("is printed with its sign, in scientific notation too", () => {
    assertEquals(String(tensor([-0, 1])), "tensor([-0.,  1.])");
    assertEquals(String(tensor([-0, 1e-7])), "tensor([-0.e+00,  1.e-07])");
  });
});
