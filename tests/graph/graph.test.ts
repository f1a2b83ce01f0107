import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  add,
  compile,
  Graph,
  matmul,
  Operation,
  placeholder,
  postorder,
  Tensor,
  tensor,
  type Value,
  Variable,
} from "../../mod.ts";

afterEach(() => Graph.clearDefault());

describe("Graph", () => {
  it("keeps operations, placeholders and Variables in the order they were made", () => {
    const graph = new Graph();
    graph.asDefault();
    const a = placeholder();
    const w = new Variable(1);
    const b = placeholder();
    const v = new Variable(2);
    const x = add(a, w);
    const y = matmul(b, x);
    assertEquals([graph.operations.length, graph.placeholders.length, graph.variables.length], [2, 2, 2]);
    [x, y].forEach((node, index) => assertStrictEquals(graph.operations[index], node));
    [a, b].forEach((node, index) => assertStrictEquals(graph.placeholders[index], node));
    [w, v].forEach((node, index) => assertStrictEquals(graph.variables[index], node));
  });

  it("has the same three lists when a function was traced", () => {
    const w = new Variable([1, 2]);
    const f = compile((x: Value, y: Value) => x.mul(w).add(y));
    f(tensor([1, 2]), tensor([3, 4]));
    const graph = f.graph!;
    assert(graph instanceof Graph);
    assertEquals(graph.placeholders.map((each) => each.name), ["argument0", "argument1"]);
    assertEquals(graph.variables.length, 1);
    assertStrictEquals(graph.variables[0], w);
    assertEquals(graph.operations.map((each) => each.name), ["mul", "add"]); // reading a Variable is none
    assertEquals(graph.leaves.map((each) => each.consumers.map(({ name }) => name)), [["mul"]]);
    assertStrictEquals(graph.read(w).consumers[0], graph.operations[0]);
  });

  it("registers an operation with its inputs once per use", () => {
    new Graph().asDefault();
    const x = placeholder();
    const y = add(x, x);
    assertEquals(x.consumers.length, 2);
    assert(x.consumers.every((consumer) => consumer === y));
    assertEquals(y.inputNodes.length, 2);
    assertEquals(typeof y.compute, "function");
    assertEquals(y.compute(tensor([1, 2]), tensor([3, 4])), tensor([4, 6]));
  });

  it("is walked with inputs before consumers and each node once", () => {
    new Graph().asDefault();
    const x = placeholder();
    const [a, b] = [x.mul(2), x.mul(3)];
    const c = add(add(a, b), a);
    const order = postorder([c, x]);
    assertEquals(new Set(order).size, order.length);
    for (const node of order) {
      if (!(node instanceof Operation)) continue;
      for (const input of node.inputNodes) assert(order.indexOf(input) < order.indexOf(node));
    }
  });

  it("may be deeper than the call stack", () => {
    new Graph().asDefault();
    const x = placeholder();
    let y: Value = x;
    for (let depth = 0; depth < 50_000; depth++) y = y.neg();
    assertEquals(postorder(y).length, 50_001);
  });
});

describe("the default graph", () => {
  it("is set by asDefault, and unset by clearDefault", () => {
    assertEquals(Graph.default, undefined);
    const [first, second] = [new Graph(), new Graph()];
    first.asDefault();
    assertStrictEquals(Graph.default, first);
    second.asDefault();
    assertStrictEquals(Graph.default, second);
    Graph.clearDefault();
    assertEquals(Graph.default, undefined);
  });

  it("is restored after a callback, whose result is returned", () => {
    const [outer, inner] = [new Graph(), new Graph()];
    outer.asDefault();
    const x = inner.asDefault(() => {
      assertStrictEquals(Graph.default, inner);
      return placeholder();
    });
    assertStrictEquals(x.graph, inner);
    assertStrictEquals(Graph.default, outer);
    assertThrows(
      () =>
        inner.asDefault(() => {
          throw new RangeError("a failure");
        }),
      RangeError,
      "a failure",
    );
    assertStrictEquals(Graph.default, outer);
  });

  it("is restored at the end of a block with using", () => {
    const [outer, inner] = [new Graph(), new Graph()];
    outer.asDefault();
    {
      using _scope = inner.asDefault();
      assertStrictEquals(Graph.default, inner);
    }
    assertStrictEquals(Graph.default, outer);
  });

  it("is needed by placeholders and by new nodes without inputs from a graph", () => {
    assertThrows(
      () => placeholder(),
      TypeError,
      "Cannot make a placeholder: there is no default graph; call new Graph().asDefault() first",
    );
    class Mine extends Operation {
      override compute(x: Tensor): Tensor {
        return x;
      }
    }
    assertThrows(
      () => new Mine([tensor([1])]),
      TypeError,
      "Cannot make a node for Mine: there is no default graph; call new Graph().asDefault() first, or Mine.apply(…) to compute at once",
    );
  });
});

describe("the recording rule", () => {
  it("computes at once what has no node among its operands", () => {
    const graph = new Graph();
    const w = new Variable([1, 2]); // made before the graph: it belongs to none
    graph.asDefault();
    const sum = add(tensor([1, 2]), [3, 4]);
    assert(sum instanceof Tensor);
    const product = w.mul(2);
    assert((product as Value) instanceof Tensor);
    assertEquals(product.toArray(), [2, 4]);
    assertEquals([graph.operations.length, graph.placeholders.length, graph.variables.length], [0, 0, 0]);
    assertEquals(w.consumers, []);
  });

  it("records what uses a node, or a Variable of the default graph", () => {
    const graph = new Graph();
    graph.asDefault();
    const w = new Variable([1, 2]);
    const x = placeholder();
    const nodes: Value[] = [w.mul(2), x.add(1), add(w, w), tensor([1]).add(x)];
    for (const node of nodes) assert(node instanceof Operation);
    assertEquals(w.consumers.length, 3);
    Graph.clearDefault();
    const after: Value = w.mul(2); // its graph is no longer the default one
    assert(after instanceof Tensor);
    assert((x.add(1) as Value) instanceof Operation);
    assertEquals(w.consumers.length, 3);
    new Graph().asDefault();
    assert((w.mul(2) as Value) instanceof Tensor);
    assertEquals(w.consumers.length, 3);
  });

  it("records every Variable inside a trace, and leaves nothing on it", () => {
    const w = new Variable([1, 2]);
    const f = compile(() => {
      const y: Value = w.mul(2);
      assert(y instanceof Operation);
      return y;
    });
    assertEquals(f().toArray(), [2, 4]);
    w.assign([3, 4]);
    assertEquals(f().toArray(), [6, 8]);
    assertEquals(w.consumers, []);
    assertEquals(f.stats.traces, 1);
  });

  it("refuses nodes of two graphs", () => {
    const x = new Graph().asDefault(() => placeholder({ name: "x" }));
    const y = new Graph().asDefault(() => placeholder({ name: "y" }));
    assertThrows(() => add(x, y), TypeError, "Cannot add y: the operands belong to two graphs");
  });

  it("refuses nodes of a graph made by hand inside a trace", () => {
    const x = new Graph().asDefault(() => placeholder({ name: "x" }));
    const f = compile(function f(y: Value) {
      return y.add(x);
    });
    assertThrows(
      () => f(tensor([1])),
      TypeError,
      "Cannot add x: it belongs to another graph than the one the compiled function f records",
    );
  });

  it("gives a Variable of another graph a read node of its own there", () => {
    const w = new Graph().asDefault(() => new Variable([2], { name: "w" }));
    const graph = new Graph();
    graph.asDefault();
    const y = placeholder().mul(w);
    assertEquals(y.inputNodes[1] === w, false);
    assertEquals(w.consumers, []);
    assertEquals(graph.variables.length, 1);
    assertStrictEquals(graph.variables[0], w);
  });
});

describe("printing", () => {
  it("shows a node per line, inputs first", () => {
    const graph = new Graph();
    graph.asDefault();
    const x = placeholder({ name: "x", shape: [3, 2], dtype: "float32" });
    const W = new Variable([[1, 2], [3, 4]], { name: "W" });
    matmul(x, W).add(1).sum(0);
    assertEquals(
      String(graph),
      `%0: float32[3,2] = placeholder x
%1: float32[2,2] = variable W
%2: float32[3,2] = matmul %0 %1
%3: number = constant 1
%4: float32[3,2] = add %2 %3
%5: float32[2] = sum %4 axes=[0] keepDims=false`,
    );
  });

  it("leaves types out where they are not known", () => {
    const graph = new Graph();
    graph.asDefault();
    const x = placeholder({ name: "x" });
    x.exp();
    assertEquals(String(graph), "%0 = placeholder x\n%1 = exp %0");
    assertEquals(String(x), "x");
    assertEquals(String(x.exp()), "exp of x");
  });

  it("is the same for the same computation by hand and by tracing", () => {
    const graph = new Graph();
    const W = graph.asDefault(() => {
      const W = new Variable([[1, 2], [3, 4]], { name: "W" });
      matmul(placeholder({ name: "argument0", shape: [3, 2], dtype: "float32" }), W).tanh().sum();
      return W;
    });
    const f = compile((x: Value) => x.matmul(W).tanh().sum());
    f(tensor([[1, 2], [3, 4], [5, 6]]));
    assertEquals(String(f.graph), String(graph));
  });
});
