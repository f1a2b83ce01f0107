// Deep equality tells tensors apart by shape, dtype and numbers. Here by node:assert and @std/assert; what Bun, Vitest and
// Jest say is in frameworks.test.ts.
import { deepEqual, deepStrictEqual, notDeepEqual, notDeepStrictEqual } from "node:assert";
import { describe, it } from "node:test";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { compile, Graph, placeholder, Tensor, tensor, type Value, Variable } from "../../mod.ts";
import { cases, hidden } from "./cases.ts";

describe("deepStrictEqual", () => {
  for (const { name, pair: [a, b], equal } of [...cases, ...hidden]) {
    it(name, () => equal ? deepStrictEqual(a, b) : notDeepStrictEqual(a, b));
  }
});

describe("deepEqual", () => {
  for (const { name, pair: [a, b], equal, depends } of [...cases, ...hidden]) {
    if (!depends) it(name, () => equal ? deepEqual(a, b) : notDeepEqual(a, b));
  }
});

describe("assertEquals", () => {
  for (const { name, pair: [a, b], equal } of cases) {
    const same = equal || name === "zeros of two signs"; // as for numbers
    it(name, () => same ? assertEquals(a, b) : assertNotEquals(a, b));
  }

  it("also compares the names of Variables, as everything that can be read of an object", () => {
    for (const { pair: [a, b] } of hidden) assertNotEquals(a, b);
  });
});

describe("Tensor", () => {
  it("has shape, dtype and data for its only properties", () => {
    const x = tensor([[1, 2]]);
    deepStrictEqual(Reflect.ownKeys(x), ["shape", "dtype", "data"]);
    deepStrictEqual(Object.entries(x), [
      ["shape", [1, 2]],
      ["dtype", "float32"],
      ["data", new Float32Array([1, 2])],
    ]);
    deepStrictEqual(Reflect.ownKeys(x.add(1).sum()), [
      "shape",
      "dtype",
      "data",
    ]);
  });

  it("is written as JSON by its numbers, and so is a Variable", () => {
    const w = new Variable([1, 2]);
    deepStrictEqual(
      JSON.stringify({ x: tensor([[1, 2]]), y: tensor(true), w }),
      '{"x":[[1,2]],"y":true,"w":[1,2]}',
    );
    const x = new Graph().asDefault(() => placeholder({ name: "x" })); // a node has no numbers
    deepStrictEqual(JSON.stringify([x]), '["x"]');
  });

  it("has an iterator only where it has an axis", () => {
    deepStrictEqual([...tensor([1, 2])].map((part) => part.item()), [1, 2]);
    assert(
      !(Symbol.iterator in tensor(1) &&
        tensor(1)[Symbol.iterator] !== undefined),
    );
    assertThrows(() => [...tensor(1)], TypeError);
    const x = new Graph().asDefault(() => placeholder({ name: "x" }));
    assertThrows(
      () => [...x],
      TypeError,
      "Cannot read the shape of x: it is not known before the graph is run",
    );
  });
});

describe("Variable", () => {
  it("has shape, dtype and data for its only properties, and the data are what it holds now", () => {
    const w = new Variable([1, 2]);
    deepStrictEqual(Reflect.ownKeys(w), ["shape", "dtype", "data"]);
    const before = w.data;
    w.assign([3, 4]);
    deepStrictEqual([before, w.data], [
      new Float32Array([1, 2]),
      new Float32Array([3, 4]),
    ]);
  });
});

describe("structuredClone", () => {
  const tensors = {
    float32: tensor([[1, 2], [3, 4]]),
    float64: tensor(0.1, { dtype: "float64" }),
    int32: tensor([1, -1], { dtype: "int32" }),
    bool: tensor([true, false]),
    none: tensor([[], []]),
  };
  for (const [name, x] of Object.entries(tensors)) {
    it(`tensor() takes what it makes of a tensor: ${name}`, () => {
      const clone = structuredClone(x);
      deepStrictEqual(tensor(clone), x);
      assert(!(clone instanceof Tensor));
    });
  }

  it("tensor(), new Variable() and operations take what it makes of a Variable", () => {
    const w = new Variable([1, 2]);
    const clone = structuredClone(w);
    w.assign([3, 4]);
    deepStrictEqual(tensor(clone), tensor([1, 2]));
    deepStrictEqual(new Variable(clone).value, tensor([1, 2]));
    deepStrictEqual(
      tensor([1, 1]).add(clone as unknown as Value),
      tensor([2, 3]),
    );
    deepStrictEqual(
      tensor(clone, { dtype: "int32", shape: [2, 1] }),
      tensor([[1], [2]], { dtype: "int32" }),
    );
  });

  it("refuses a node of a graph", () => {
    const [x, y] = new Graph().asDefault(() => {
      const input = placeholder({ name: "x", shape: [2], dtype: "float32" });
      return [input, input.add(1)];
    });
    for (const node of [x, y]) {
      assertThrows(() => structuredClone(node), DOMException, "not be cloned");
    }
    compile((z: Value) => {
      assertThrows(() => structuredClone(z), DOMException);
      return z;
    })(tensor(1));
  });
});
