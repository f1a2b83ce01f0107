import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  add,
  compile,
  gradients,
  Graph,
  Operation,
  placeholder,
  Session,
  Tensor,
  tensor,
  train,
  type Value,
  Variable,
} from "../../mod.ts";

afterEach(() => Graph.clearDefault());

for (const mode of ["reference", "compiled"] as const) {
  describe(`Session.run (${mode})`, () => {
    it("takes one node or a tree of them", () => {
      new Graph().asDefault();
      const x = placeholder();
      const w = new Variable([10, 20]);
      const y = x.mul(w);
      const session = new Session({ mode });
      const feeds = [[x, [1, 2]]] as const;
      assertEquals(session.run(y, feeds).toArray(), [10, 40]);
      const [product, again, input] = session.run([y, y, x], feeds);
      assertEquals([product, again, input].map((each) => each!.toArray()), [[10, 40], [10, 40], [1, 2]]);
      const tree = session.run({ y, parts: { x, w: [w] }, sum: y.sum() }, feeds);
      assert(tree.sum instanceof Tensor);
      assertEquals(tree.sum.item(), 50);
      assertEquals(tree.parts.w[0]!.toArray(), [10, 20]);
      assertEquals(Object.keys(tree), ["y", "parts", "sum"]);
      assertEquals(session.run([], feeds), []);
    });

    it("takes feeds as a Map or as pairs, of Tensors, Variables or nested arrays", () => {
      new Graph().asDefault();
      const x = placeholder();
      const session = new Session({ mode });
      const y = x.add(1);
      const variable = Graph.default!.asDefault(() => new Variable([5]));
      for (const feed of [[5], tensor([5]), variable]) {
        assertEquals(session.run(y, new Map([[x, feed]])).toArray(), [6]);
        assertEquals(session.run(y, [[x, feed]]).toArray(), [6]);
      }
      assertEquals(session.run(y, [[x, 5]]).item(), 6);
      assertEquals(session.run(y, [[x, [[5]]]]).shape, [1, 1]);
    });

    it("serves any shape and dtype that is fed", () => {
      new Graph().asDefault();
      const x = placeholder();
      const y = x.add(x);
      const session = new Session({ mode });
      for (const shape of [[], [3], [2, 0], [2, 3, 1]]) {
        for (const dtype of ["float32", "float64", "int32"] as const) {
          const result = session.run(y, [[
            x,
            tensor(Array(shape.reduce((a, b) => a * b, 1)).fill(2), { shape, dtype }),
          ]]);
          assertEquals([result.shape, result.dtype], [shape, dtype]);
          assert([...result.data].every((value) => value === 4));
        }
      }
    });

    it("converts a feed to the dtype that a placeholder declares", () => {
      new Graph().asDefault();
      const x = placeholder({ dtype: "float64" });
      const session = new Session({ mode });
      assertEquals(session.run(x, [[x, [0.1]]]).toArray(), [0.1]);
      assertEquals(session.run(x, [[x, tensor([1], { dtype: "int32" })]]).dtype, "float64");
    });

    it("takes numbers in nested arrays as float64 where the graph computes in float64", () => {
      new Graph().asDefault();
      const x = placeholder();
      const w = new Variable([1], { dtype: "float64" });
      assertEquals(new Session({ mode }).run(w.mul(x), [[x, [0.1]]]).toArray(), [0.1]);
    });

    it("ignores feeds of placeholders that are not needed", () => {
      new Graph().asDefault();
      const [x, y] = [placeholder(), placeholder()];
      assertEquals(new Session({ mode }).run(x.neg(), [[x, [1]], [y, [2, 3]]]).toArray(), [-1]);
    });

    it("names the placeholder that is not fed, or fed what does not fit", () => {
      new Graph().asDefault();
      const x = placeholder({ name: "points", shape: [2, 3] });
      const unnamed = placeholder();
      const session = new Session({ mode });
      assertThrows(() => session.run(x), TypeError, "Cannot run the graph: the placeholder points is not fed");
      assertThrows(
        () => session.run(unnamed),
        TypeError,
        "Cannot run the graph: the placeholder placeholder1 is not fed",
      );
      assertThrows(
        () => session.run(x, [[x, [1, 2]]]),
        RangeError,
        "Cannot feed points with float32[2]: its shape is [2,3]",
      );
      assertThrows(
        () => session.run(x, [[x, [[1, 2], [3]]]]),
        RangeError,
        "Cannot feed points from ragged arrays: the element at [1] has 1 elements where its neighbours have 2 elements",
      );
      assertThrows(
        () => session.run(x, [[x, unnamed]]),
        TypeError,
        "Cannot feed points: placeholder1 is a node of a graph",
      );
      const w = new Variable(1, { name: "w" });
      assertThrows(
        () => session.run(x, [[w, 2]]),
        TypeError,
        "Cannot feed w (float32[]): only placeholders are fed; use assign()",
      );
    });

    it("refuses to fetch what is no node, or nodes of two graphs", () => {
      const x = new Graph().asDefault(() => placeholder({ name: "x" }));
      const y = new Graph().asDefault(() => placeholder({ name: "y" }));
      const session = new Session({ mode });
      assertThrows(
        () => session.run([x, y], [[x, 1], [y, 2]]),
        TypeError,
        "Cannot fetch nodes of two graphs in one run",
      );
      assertThrows(
        () => session.run(tensor([1])),
        TypeError,
        "Cannot fetch a tensor of float32[1]: it is no node of a graph",
      );
      assertThrows(() => session.run("x"), TypeError, 'Cannot fetch the string "x": it is no node of a graph');
      let leaked: Value | undefined;
      compile(function leaky(x: Value) {
        leaked = x.add(1);
        return x;
      })(tensor([1]));
      assertThrows(
        () => session.run(leaked),
        TypeError,
        "Cannot fetch add (float32[1]): it was recorded by the compiled function leaky, which has ended",
      );
    });

    it("lands the assignment that was made last, in whatever order they are fetched", () => {
      new Graph().asDefault();
      const w = new Variable([1]);
      const [first, last] = [w.assign(w.mul(2)), w.assign(w.mul(10))];
      const session = new Session({ mode });
      session.run([last, first]);
      assertEquals(w.value.toArray(), [10]);
      session.run([first, last]);
      assertEquals(w.value.toArray(), [100]);
    });

    it("reads every Variable as it was at the start, and lands all assignments at the end", () => {
      new Graph().asDefault();
      const [a, b] = [new Variable(1), new Variable(10)];
      const swap = [a.assign(b), b.assign(a)];
      const sum = add(a, b);
      const session = new Session({ mode });
      const [, , total, before] = session.run([...swap, sum, a]);
      assertEquals([total!.item(), before!.item()], [11, 1]);
      assertEquals([a.value.item(), b.value.item()], [10, 1]);
      session.run(swap);
      assertEquals([a.value.item(), b.value.item()], [1, 10]);
    });

    it("gives loss and gradients before the update, when they are fetched with minimize", () => {
      new Graph().asDefault();
      const w = new Variable([3], { dtype: "float64" });
      const loss = w.mul(w).sum();
      const [gradient] = gradients(loss, w);
      const minimize = new train.GradientDescentOptimizer(0.5).minimize(loss);
      const session = new Session({ mode });
      const [value, slope, nothing] = session.run([loss, gradient!, minimize]);
      assertEquals([value!.item(), slope!.toArray()], [9, [6]]);
      assertEquals(nothing, undefined as unknown);
      assertEquals(w.value.toArray(), [0]);
    });

    it("adds nothing to the graph", () => {
      const graph = new Graph();
      graph.asDefault();
      const x = placeholder();
      const w = new Variable([1, 2]);
      const loss = x.mul(w).sum();
      const minimize = new train.Adam().minimize(loss);
      const before = [graph.operations.length, graph.placeholders.length, graph.variables.length, w.consumers.length];
      assertEquals(before, [3, 1, 1, 1]);
      const session = new Session({ mode });
      for (let step = 0; step < 20; step++) session.run([loss, minimize], [[x, [step, 1]]]);
      session.run(minimize, [[x, [[1, 2], [3, 4]]]]);
      assertEquals(
        [graph.operations.length, graph.placeholders.length, graph.variables.length, w.consumers.length],
        before,
      );
    });

    it("says where an operation was written that does not fit its feeds", () => {
      new Graph().asDefault();
      const x = placeholder();
      const y = x.matmul([[1, 2], [3, 4]]);
      const error = assertThrows(
        () => new Session({ mode }).run(y, [[x, [1, 2, 3]]]),
        RangeError,
        "Cannot matmul float32[3] and float32[2,2]: inner dimensions 3 and 2 differ",
      );
      assert(/recorded at .*session\.test\.ts:\d+:\d+/.test(error.message), error.message);
    });

    it("leaves Variables as they were when a run fails", () => {
      new Graph().asDefault();
      class Fails extends Operation {
        override compute(x: Tensor): Tensor {
          if (x.item() > 1) throw new RangeError("too much");
          return x;
        }
      }
      const x = placeholder({ shape: [], dtype: "float32" });
      const w = new Variable(1);
      const count = w.assign(w.add(1));
      const session = new Session({ mode });
      session.run([count, new Fails([x])], [[x, 1]]);
      assertEquals(w.value.item(), 2);
      assertThrows(() => session.run([count, new Fails([x])], [[x, 2]]), RangeError, "too much");
      assertEquals(w.value.item(), 2);
      session.run([count, new Fails([x])], [[x, 0]]);
      assertEquals(w.value.item(), 3);
    });
  });
}

describe("Session", () => {
  it("refuses an unknown mode", () => {
    const mode = "fast" as "compiled";
    assertThrows(
      () => new Session({ mode }),
      TypeError,
      'Cannot make a session: the option mode is the string "fast", not "compiled" or "reference"',
    );
  });

  it("does not read numbers of a node", () => {
    new Graph().asDefault();
    const x = placeholder({ name: "x" });
    assertThrows(
      () => x.item(),
      TypeError,
      "Cannot read .item() of x: it is a node of a graph; run it with session.run(…)",
    );
    assertThrows(() => x.add(1).toArray(), TypeError, "Cannot read .toArray() of add: it is a node of a graph");
    assertThrows(() => x.shape, TypeError, "Cannot read the shape of x: it is not known before the graph is run");
  });
});
