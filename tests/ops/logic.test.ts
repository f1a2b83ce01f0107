import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import * as t from "../../mod.ts";

const [yes, no] = [true, false];

describe("comparisons", () => {
  const x = t.tensor([1, 2, 3, NaN]);
  it("are bool, broadcast, and false beside NaN", () => {
    assertEquals(t.equal(x, 2).toArray(), [no, yes, no, no]);
    assertEquals(t.notEqual(x, 2).toArray(), [yes, no, yes, yes]);
    assertEquals(t.less(x, 2).toArray(), [yes, no, no, no]);
    assertEquals(t.lessEqual(x, 2).toArray(), [yes, yes, no, no]);
    assertEquals(t.greater(x, 2).toArray(), [no, no, yes, no]);
    assertEquals(t.greaterEqual(x, 2).toArray(), [no, yes, yes, no]);
    assertEquals(x.less([[2], [0]]).dtype, "bool");
    assertEquals(x.less([[2], [0]]).shape, [2, 4]);
    assertEquals(x.equal(x).toArray(), [yes, yes, yes, no]);
  });
  it("promote what they compare", () => {
    assertEquals(t.tensor([1, 2], { dtype: "int32" }).less(1.5).toArray(), [yes, no]);
    assertEquals(t.tensor([0.1]).equal(0.1).toArray(), [yes]);
    assertEquals(t.tensor([0.1], { dtype: "float64" }).equal(t.tensor([0.1])).toArray(), [no]);
    assertThrows(() => x.less([1, 2]), RangeError, "Cannot less float32[4] and float32[2]");
  });
});

describe("logic", () => {
  const [a, b] = [t.tensor([no, no, yes, yes]), t.tensor([no, yes, no, yes])];
  it("has its truth tables", () => {
    assertEquals(a.logicalAnd(b).toArray(), [no, no, no, yes]);
    assertEquals(a.logicalOr(b).toArray(), [no, yes, yes, yes]);
    assertEquals(a.logicalXor(b).toArray(), [no, yes, yes, no]);
    assertEquals(a.logicalNot().toArray(), [yes, yes, no, no]);
  });
  it("takes numbers for what differs from 0, NaN too", () => {
    assertEquals(t.logicalAnd([0, 2, NaN, -0], 1).toArray(), [no, yes, yes, no]);
    assertEquals(t.logicalNot([0, 2, NaN, -0]).toArray(), [yes, no, no, yes]);
  });
  it("classifies numbers", () => {
    const x = t.tensor([1, NaN, Infinity, -Infinity]);
    assertEquals(x.isNaN().toArray(), [no, yes, no, no]);
    assertEquals(x.isFinite().toArray(), [yes, no, no, no]);
    assertEquals(x.isInf().toArray(), [no, no, yes, yes]);
    assertEquals(t.isFinite(t.tensor([1], { dtype: "int32" })).toArray(), [yes]);
  });
  it("has no gradient, and lets others pass", () => {
    assertEquals(t.grad((x: t.Value) => t.where(x.greater(0), x.mul(3), 0).sum())(t.tensor([-1, 1])).toArray(), [0, 3]);
  });
});
