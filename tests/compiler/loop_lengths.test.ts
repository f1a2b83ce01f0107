// Reductions of views that are stretched further than 32 bits count: they are right, or errors, and hold no memory.
import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { compile, type Shape, tensor, type Value } from "../../mod.ts";
import { joinAxes } from "../../compiler/kernel/joined_axes.ts";

describe("a loop over more than 2³¹ elements", () => {
  const stretched = (shape: Shape, reduce: (x: Value) => Value, emitter: "js" | "wasm", x = tensor(1)): Value =>
    compile((x: Value) => reduce(x.broadcastTo(shape)), { emitter })(x);

  it("is several loops where it is over several axes", () => {
    assertEquals(joinAxes([2 ** 15, 2 ** 15, 2 ** 16], [[0, 0, 0]]), { sizes: [2 ** 30, 2 ** 16], strides: [[0, 0]] });
    assertEquals(joinAxes([2 ** 15, 2 ** 16, 3], [[3 * 2 ** 16, 3, 1]]).sizes, [2 ** 15, 3 * 2 ** 16]);
  });
  it("counts all of them", () => {
    const shape = [2 ** 16 + 1, 2 ** 16];
    const one = tensor(1, { dtype: "int32" });
    assertEquals(stretched(shape, (x) => x.sum(), "wasm", one).item(), 2 ** 16); // wraps around
    assertEquals(stretched(shape, (x) => x.equal(1).all(), "wasm", one).toArray(), true);
  });
  it("is an error where it is over one axis", () => {
    const message = "a loop over 4294967296 elements is longer than the 2147483647 that there can be";
    for (const emitter of ["js", "wasm"] as const) {
      for (const reduce of [(x: Value) => x.sum(), (x: Value) => x.mean(), (x: Value) => x.variance()]) {
        assertThrows(
          () => stretched([2 ** 32], reduce, emitter),
          RangeError,
          `Cannot sum float32[4294967296]: ${message}`,
        );
      }
      assertThrows(() => stretched([2 ** 32], (x) => x.max(), emitter), RangeError, "Cannot max float32[4294967296]");
      assertThrows(
        () => stretched([2 ** 16, 2 ** 16], (x) => x.flatten().matmul(x.flatten()), emitter),
        RangeError,
        message,
      );
    }
  });
});
