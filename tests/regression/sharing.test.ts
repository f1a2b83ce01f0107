// What results, types and Variables share with each other and with the program.
import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { compile, tensor, Variable, zeros } from "../../mod.ts";

describe("a shape", () => {
  it("cannot be written to, nor through it the results of later operations", () => {
    const x = tensor([[1, 2]]);
    for (const value of [x, x.add(1), x.reshape([2]), zeros([3])]) {
      const shape = value.shape as number[];
      assertThrows(() => shape.push(3), TypeError);
      assertThrows(() => shape[0] = 9, TypeError);
    }
    assertEquals(x.add(1).shape, [1, 2]);
    assertEquals(x.add(1).toArray(), [[2, 3]]);
  });

  it("is not the array that it was given as", () => {
    const lengths = [2, 1];
    const x = zeros(lengths);
    lengths[0] = 7;
    assertEquals(x.shape, [2, 1]);
    lengths[0] = 2;
    const reshaped = tensor([1, 2]).reshape(lengths);
    lengths[0] = 7;
    assertEquals(reshaped.shape, [2, 1]);
  });
});

describe("numbers assigned to a Variable", () => {
  it("are taken in its dtype, eagerly and compiled", () => {
    const x = new Variable([0.1], { dtype: "float64" });
    x.assign([0.2]);
    assertEquals(x.toArray(), [0.2]);
    compile(() => void x.assign([0.3]))();
    assertEquals(x.toArray(), [0.3]);
    const y = new Variable(0.1, { dtype: "float64" });
    y.assign(0.2);
    assertEquals(y.item(), 0.2);
  });

  it("are checked as those it was made of", () => {
    const n = new Variable([1], { dtype: "uint8" });
    assertThrows(() => n.assign([300]), RangeError, "300 is not between 0 and 255");
    assertThrows(() => n.assign([NaN]), RangeError, "NaN is not between");
    assertThrows(() => n.assign(1), RangeError, "the shapes differ");
    assertEquals(n.toArray(), [1]);
  });
});
