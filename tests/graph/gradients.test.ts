import { afterEach, describe, it } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  add,
  computeGradients,
  gradients,
  Graph,
  log,
  matmul,
  multiply,
  placeholder,
  Session,
  sigmoid,
  type Tensor,
  tensor,
  type Value,
  Variable,
} from "../../mod.ts";
import { assertClose } from "../sabinasz/problems.ts";

const f64 = { dtype: "float64" } as const;
afterEach(() => Graph.clearDefault());

for (const mode of ["reference", "compiled"] as const) {
  describe(`gradients (${mode})`, () => {
    it("makes one node per x, in any shape that is fed", () => {
      const graph = new Graph();
      graph.asDefault();
      const x = placeholder();
      const w = new Variable([1, 2], f64);
      const y = x.mul(w).sum();
      const operations = graph.operations.length;
      const [dx, dw] = gradients(y, [x, w]);
      assertEquals(graph.operations.length, operations + 2);
      assertEquals(dw!.shape, [2]);
      const session = new Session({ mode });
      assertEquals(session.run([dx!, dw!], [[x, [3, 4]]]).map((each) => each.toArray()), [[1, 2], [3, 4]]);
      assertEquals(session.run([dx!, dw!], [[x, [[3, 4], [5, 6]]]]).map((each) => each.toArray()), [
        [[1, 2], [1, 2]],
        [8, 10],
      ]);
      assertEquals(graph.operations.length, operations + 2);
    });

    it("adds up over several ys, and over the elements of each", () => {
      new Graph().asDefault();
      const x = placeholder();
      const [dx] = gradients([x.mul(2), x.mul(x), x.sum()], [x]);
      assertEquals(new Session({ mode }).run(dx!, [[x, [1, 2]]]).toArray(), [2 + 2 + 1, 2 + 4 + 1]);
      const [alone] = gradients(x.mul(x), x);
      assertEquals(new Session({ mode }).run(alone!, [[x, [1, 2]]]).toArray(), [2, 4]);
    });

    it("with respect to a node in the middle, and to y itself", () => {
      new Graph().asDefault();
      const x = placeholder();
      const middle = x.mul(3);
      const y = middle.mul(middle);
      const [dMiddle, dy, dx] = gradients(y, [middle, y, x]);
      const found = new Session({ mode }).run([dMiddle!, dy!, dx!], [[x, [2]]]);
      assertEquals(found.map((each) => each.toArray()), [[12], [1], [36]]);
    });

    it("is zero where nothing depends on x", () => {
      new Graph().asDefault();
      const [x, z] = [placeholder(), placeholder()];
      const [dz] = gradients(x.mul(2), z);
      assertEquals(new Session({ mode }).run(dz!, [[x, [1]], [z, [[1, 2]]]]).toArray(), [[0, 0]]);
    });

    it("can be computed with, and differentiated again", () => {
      new Graph().asDefault();
      const x = placeholder();
      const y = x.mul(x).mul(x);
      const [first] = gradients(y, x);
      const [second] = gradients(first!, x);
      const [third] = gradients(second!.sum(), x);
      const found = new Session({ mode }).run([first!.add(1), second!, third!], [[x, [2, 3]]]);
      assertEquals(found.map((each) => each.toArray()), [[13, 28], [12, 18], [6, 6]]);
    });
  });

  describe(`computeGradients (${mode})`, () => {
    it("has a gradient for every node the loss is computed from", () => {
      new Graph().asDefault();
      const x = placeholder({ name: "x" });
      const w = new Variable([2, 3], f64);
      const b = new Variable(1, f64);
      const a = add(matmul(x, w), b);
      const p = sigmoid(a);
      const loss = log(p);
      const unrelated = multiply(w, 2);
      const table = computeGradients(loss);
      assertEquals(table.has(unrelated), false);
      assertEquals(new Set(table.keys()), new Set<Value>([loss, p, a, a.inputNodes[0]!, x, w, b]));
      const value = (node: Value): Tensor => new Session({ mode }).run(table.get(node)!, [[x, tensor([1, -1], f64)]]);
      const s = 1 / (1 + Math.exp(-(2 - 3 + 1)));
      assertClose(value(loss), 1, 0);
      assertClose(value(p), 1 / s, 1e-14);
      assertClose(value(a), 1 - s, 1e-14);
      assertClose(value(b), 1 - s, 1e-14);
      assertClose(value(x), [2 * (1 - s), 3 * (1 - s)], 1e-14);
      assertClose(value(w), [1 - s, s - 1], 1e-14);
    });
  });
}

describe("gradients", () => {
  it("are of nodes of a graph", () => {
    assertThrows(
      () => gradients(tensor([1]), tensor([1])),
      TypeError,
      "Cannot differentiate a tensor of float32[1]: it is no node of a graph; use grad(fn) for eager code",
    );
  });

  it("have the type of what they are gradients of", () => {
    new Graph().asDefault();
    const x = placeholder({ shape: [2], dtype: "float64" });
    const [dx] = gradients(x.sum(), x);
    assertEquals([dx!.shape, dx!.dtype], [[2], "float64"]);
    assertStrictEquals(dx!.inputNodes[1], x);
  });
});
