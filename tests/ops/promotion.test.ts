import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import * as t from "../../mod.ts";

/**
 * The array API standard's promotion table, and the float or the integer where the standard leaves a mix undefined.
 * int8 with uint8 is int16 in the standard; the smallest dtype here that holds both is int32.
 */
const table: Record<string, Partial<Record<t.DType, t.DType>>> = {
  float32: {
    float32: "float32",
    float64: "float64",
    int32: "float32",
    uint32: "float32",
    int8: "float32",
    uint8: "float32",
    bool: "float32",
  },
  float64: {
    float64: "float64",
    int32: "float64",
    uint32: "float64",
    int8: "float64",
    uint8: "float64",
    bool: "float64",
  },
  int32: { int32: "int32", int8: "int32", uint8: "int32", bool: "int32" },
  uint32: { uint32: "uint32", uint8: "uint32", bool: "uint32" },
  int8: { int8: "int8", uint8: "int32", bool: "int8" },
  uint8: { uint8: "uint8", bool: "uint8" },
};

describe("promotion", () => {
  const one = (dtype: string) => t.tensor([1], { dtype: dtype as t.DType }); // a key of the table
  it("follows the table both ways round", () => {
    for (const [x, row] of Object.entries(table)) {
      for (const [y, expected] of Object.entries(row)) {
        assertEquals(t.add(one(x), one(y)).dtype, expected, `${x} + ${y}`);
        assertEquals(t.add(one(y), one(x)).dtype, expected, `${y} + ${x}`);
        assertEquals(t.where([true], one(x), one(y)).dtype, expected, `where of ${x} and ${y}`);
      }
    }
  });
  it("refuses uint32 with signed integers", () => {
    for (const signed of ["int32", "int8"]) {
      assertThrows(
        () => t.mul(one("uint32"), one(signed)),
        TypeError,
        `Cannot mul uint32[1] and ${signed}[1]: no dtype holds both`,
      );
    }
  });
  it("lets a number take the tensor's dtype", () => {
    for (const dtype of ["float32", "float64", "int32", "uint32", "int8", "uint8"]) {
      assertEquals(one(dtype).add(1).dtype, dtype);
      assertEquals(t.sub(3, one(dtype)).dtype, dtype);
    }
    assertEquals(one("int32").mul(0.5).dtype, "float32");
    assertEquals(one("float64").mul(0.1).item(), 0.1);
    assertEquals(one("float32").mul(0.1).item(), Math.fround(0.1));
    assertEquals(one("bool").add(1).dtype, "int32");
    assertEquals(one("bool").add(0.5).dtype, "float32");
    assertEquals(t.add(1, 2).dtype, "float32");
  });
  it("lets nested arrays be float32, or float64 beside it", () => {
    assertEquals(t.add([1], [2]).dtype, "float32");
    assertEquals(one("float64").add([0.1]).item(), 1.1);
  });
  it("keeps the precision of a number in gradients", () => {
    const slope = t.grad((x: t.Value) => x.pow(2.1).sum())(t.tensor([1], { dtype: "float64" }));
    assertEquals(slope.toArray(), [2.1]);
  });
});

describe("aliases", () => {
  it("are the same functions", () => {
    assertStrictEquals(t.multiply, t.mul);
    assertStrictEquals(t.negative, t.neg);
    assertStrictEquals(t.reduceSum, t.sum);
    for (const [alias, operation] of Object.entries(t.aliases)) {
      const exported: Record<string, unknown> = { ...t };
      assertStrictEquals(exported[alias], operation);
      assertStrictEquals(exported[operation.name], operation);
    }
  });
});

describe("methods", () => {
  it("iterate over the first axis", () => {
    assertEquals([...t.tensor([[1, 2], [3, 4]])].map((row) => row.toArray()), [[1, 2], [3, 4]]);
    assertEquals([...t.zeros([0, 2])].length, 0);
    assertEquals([...t.zeros([2, 0])].map((row) => row.shape), [[0], [0]]);
    assertThrows(() => [...t.scalar(1)], TypeError); // the engine's: a scalar has no iterator
  });
  it("do not show up when a tensor's properties are listed", () => {
    const names: string[] = [];
    for (const name in t.tensor([1])) names.push(name);
    assertEquals(names, ["shape", "dtype", "data"]);
  });
});
