// What the library of Sabinasz's text gets wrong, and must be right here. Gradients are worked out by hand.
import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  add,
  compile,
  grad,
  gradients,
  Graph,
  matmul,
  multiply,
  Operation,
  Placeholder,
  placeholder,
  reduceSum,
  Session,
  sigmoid,
  softmax,
  type Tensor,
  tensor,
  train,
  type Value,
  Variable,
} from "../../mod.ts";
import { describeUnderEmitters } from "./emitters.ts";
import { assertClose } from "./problems.ts";

const f64 = { dtype: "float64" } as const;
afterEach(() => Graph.clearDefault());

/** The gradients of a loss in all ways: eagerly, compiled, and in a session of either mode. */
function everyGradient(loss: (...xs: Value[]) => Value, inputs: readonly Tensor[]): Tensor[][] {
  const differentiated = (xs: readonly Value[]): readonly Value[] => grad((xs: readonly Value[]) => loss(...xs))(xs);
  const inSession = (mode: "reference" | "compiled"): Tensor[] =>
    new Graph().asDefault(() => {
      const nodes = inputs.map(() => placeholder());
      const fetches = gradients(loss(...nodes), nodes);
      return new Session({ mode }).run(fetches, nodes.map((node, index) => [node, inputs[index]!] as const));
    });
  return [
    differentiated(inputs).map((each) => each.concrete("test")),
    compile((xs: readonly Value[]) => differentiated(xs))(inputs) as Tensor[],
    inSession("reference"),
    inSession("compiled"),
  ];
}

function assertGradients(
  loss: (...xs: Value[]) => Value,
  inputs: readonly unknown[],
  expected: readonly unknown[],
): void {
  for (const found of everyGradient(loss, inputs.map((input) => tensor(input as number[], f64)))) {
    found.forEach((gradient, index) => {
      assertEquals(gradient.shape, tensor(inputs[index] as number[]).shape);
      assertClose(gradient, expected[index], 1e-14);
    });
    assertEquals(found.length, expected.length);
  }
}

const s = (x: number): number => 1 / (1 + Math.exp(-x));
const ds = (x: number): number => s(x) * (1 - s(x));

describeUnderEmitters("gradients", () => {
  it("flow through skip connections", () => {
    const x = [0.5, -1];
    assertGradients((x) => reduceSum(add(x!, sigmoid(sigmoid(x!)))), [x], [x.map((x) => 1 + ds(s(x)) * ds(x))]);
    assertGradients((x) => x!.add(x!.mul(x!.add(x!.mul(3)))).sum(), [x], [x.map((x) => 1 + 8 * x)]);
  });

  it("of a matrix with itself", () => {
    assertGradients((x) => reduceSum(matmul(x!, x!)), [[[1, 2], [3, 4]]], [[[7, 11], [9, 13]]]);
    assertGradients((x) => reduceSum(add(x!, x!)), [[1, 2]], [[2, 2]]);
    assertGradients((x) => reduceSum(multiply(x!, x!)), [[1, 2]], [[2, 4]]);
  });

  it("of scalars and of plain numbers", () => {
    assertGradients((x, y) => x!.mul(y!), [3, 4], [4, 3]);
    assertGradients((x, b) => x!.mul(2).add(b!).sum(), [[1, 2, 3], 0.5], [[2, 2, 2], 3]);
  });

  it("of products of vectors", () => {
    assertGradients((w, x) => matmul(w!, x!), [[1, 2], [3, 5]], [[3, 5], [1, 2]]);
    assertGradients((A, x) => matmul(A!, x!).mul([1, 10]).sum(), [[[1, 2], [3, 4]], [5, 6]], [[[5, 6], [50, 60]], [
      31,
      42,
    ]]);
    assertGradients((x, A) => matmul(x!, A!).mul([1, 10]).sum(), [[5, 6], [[1, 2], [3, 4]]], [[21, 43], [[5, 50], [
      6,
      60,
    ]]]);
  });

  it("have the shape of what was broadcast", () => {
    const x = [[1, 2], [3, 4], [5, 6]];
    assertGradients((x, y) => multiply(x!, y!).sum(), [x, [10, 20]], [[[10, 20], [10, 20], [10, 20]], [9, 12]]);
    assertGradients((x, y) => multiply(x!, y!).sum(), [x, [[10], [20], [30]]], [
      [[10, 10], [20, 20], [30, 30]],
      [[3], [7], [11]],
    ]);
    assertGradients((x, y) => x!.sub(y!).sum(), [x, 1], [[[1, 1], [1, 1], [1, 1]], -6]);
    assertGradients((x, y) => x!.div(y!).sum(), [x, [[2]]], [[[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]], [[-5.25]]]);
  });

  it("of softmax far from zero, on any axis and of any rank", () => {
    assertEquals(softmax([1000, 0]).toArray(), [1, 0]);
    assertGradients((x) => softmax(x!).mul([1, 2]).sum(), [[1000, 0]], [[0, 0]]);
    const p = [s(1), 1 - s(1)] as const;
    const slope = p[0] * p[1];
    assertGradients((x) => softmax(x!, 0).mul([[1], [0]]).sum(), [[[2], [1]]], [[[slope], [-slope]]]);
    assertGradients((x) => softmax(x!).mul([1, 0]).sum(), [[[[2, 1]]]], [[[[slope, -slope]]]]);
  });

  it("reach only what the loss was computed from", () => {
    for (const mode of ["reference", "compiled"] as const) {
      new Graph().asDefault();
      const x = placeholder();
      const w = new Variable([1, 2], f64);
      const unused = new Variable([5], f64);
      const loss = w.mul(x).sum();
      const prediction = sigmoid(w.mul(unused)); // a consumer of w that the loss does not depend on
      const minimize = new train.GradientDescentOptimizer(1).minimize(loss);
      const session = new Session({ mode });
      session.run(minimize, [[x, [3, 4]]]);
      assertEquals(session.run(w).toArray(), [-2, -2]);
      assertEquals(session.run(unused).toArray(), [5]);
      assertClose(session.run(prediction), [s(-10), s(-10)], 1e-14);
    }
  });
});

describe("minimize", () => {
  it("is an operation: its compute makes the step for the values of its inputs", () => {
    new Graph().asDefault(() => {
      const [x, y] = [placeholder({ name: "x" }), placeholder({ name: "y" })];
      const w = new Variable([1, 2], { name: "w", dtype: "float64" });
      const loss = x.mul(w).sub(y).square().sum();
      const minimize = new train.GradientDescentOptimizer(0.25).minimize(loss);
      assert(minimize instanceof Operation);
      assertEquals([...minimize.inputNodes].map((node) => node.describe()), [loss.describe(), "x", "y"]);
      assertEquals([loss.consumers.at(-1) === minimize, minimize.consumers], [true, []]);
      // d/dw (xw − y)² = 2x(xw − y)
      const feeds = [tensor([1, 2], { dtype: "float64" }), tensor([3, 1], { dtype: "float64" })] as const;
      const value = new Session().run(loss, [[x, feeds[0]], [y, feeds[1]]]);
      assertEquals(value.item(), 4 + 9);
      assertEquals(minimize.compute(value, ...feeds), undefined);
      assertEquals(w.toArray(), [1 + 0.25 * 4, 2 - 0.25 * 12]);
      new Session().run(minimize, [[x, feeds[0]], [y, feeds[1]]]);
      assertEquals(w.toArray(), [2 + 0.25 * 2, -1 + 0.25 * 12]);
      assertThrows(() => minimize.compute(value), TypeError, "what is fed for 2 placeholders, not for 0");
    });
  });
});

describeUnderEmitters("minimize", () => {
  for (const mode of ["reference", "compiled"] as const) {
    it(`needs no run before, and uses the feeds it is given (${mode})`, () => {
      new Graph().asDefault();
      const x = placeholder();
      const w = new Variable(1, f64);
      const loss = multiply(w, x);
      const minimize = new train.GradientDescentOptimizer(1).minimize(loss);
      const session = new Session({ mode });
      session.run(minimize, [[x, 100]]);
      assertEquals(w.value.item(), -99);
      session.run(loss, [[x, 3]]);
      session.run(minimize, [[x, 1]]);
      assertEquals(w.value.item(), -100);
    });
  }

  it("takes integer initial values as floats, and leaves the caller's array alone", () => {
    const initial = [1, 2];
    const w = new Variable(initial);
    assertEquals(w.dtype, "float32");
    new train.GradientDescentOptimizer(0.25).minimize(() => w.sum());
    assertEquals(w.toArray(), [0.75, 1.75]);
    assertEquals(initial, [1, 2]);
    const given = new Float64Array([1, 2]);
    const v = new Variable(tensor(given));
    v.assign([3, 4]);
    assertEquals([...given], [1, 2]);
  });

  it("refuses a Variable of whole numbers", () => {
    const w = new Variable([1, 2], { dtype: "int32", name: "counts" });
    assertThrows(
      () => new train.GradientDescentOptimizer(1).minimize(() => w.astype("float32").sum(), [w]),
      TypeError,
      "Cannot minimize with respect to counts (int32[2]): only floating Variables have gradients",
    );
  });
});

/** Counts how often it is computed. */
class Counted extends Operation {
  static count = 0;

  override compute(x: Tensor): Tensor {
    Counted.count++;
    return x.mul(1);
  }
}

describeUnderEmitters("a diamond of depth 40", () => {
  for (const mode of ["reference", "compiled"] as const) {
    it(`computes every node once (${mode})`, () => {
      new Graph().asDefault();
      const x = placeholder({ shape: [], dtype: "float64" });
      let node: Value = new Counted([x]);
      for (let depth = 0; depth < 40; depth++) node = add(node, node);
      const session = new Session({ mode });
      session.run(node, [[x, 0]]); // the first run may compute once more, to find a shape
      Counted.count = 0;
      assertEquals(session.run(node, [[x, 1]]).item(), 2 ** 40);
      assertEquals(Counted.count, 1);
    });
  }

  it("is differentiated in as many steps", () => {
    assertGradients(
      (x) => {
        let y = x!;
        for (let depth = 0; depth < 40; depth++) y = add(y, y);
        return y;
      },
      [1],
      [2 ** 40],
    );
  });

  it("of user operations computes each of them once", () => {
    for (const mode of ["reference", "compiled"] as const) {
      new Graph().asDefault();
      const x = placeholder({ shape: [], dtype: "float64" });
      let node: Value = x;
      for (let depth = 0; depth < 40; depth++) {
        const counted = new Counted([node]);
        node = add(counted, counted);
      }
      const session = new Session({ mode });
      session.run(node, [[x, 1]]);
      Counted.count = 0;
      assertEquals(session.run(node, [[x, 1]]).item(), 2 ** 40);
      assertEquals(Counted.count, 40);
    }
  });
});

describeUnderEmitters("runs", () => {
  it("leave nothing on the nodes, and may nest", () => {
    const graph = new Graph();
    graph.asDefault();
    const x = placeholder({ shape: [], dtype: "float32" });
    const y = x.mul(2);
    for (const mode of ["reference", "compiled"] as const) {
      const session = new Session({ mode });
      class Nested extends Operation {
        override compute(value: Tensor): Tensor {
          return session.run(y, [[x, value.add(1)]]);
        }
      }
      const z = add(new Nested([y]), y); // (2·(2x + 1)) + 2x
      const before = [x, y, z].map((node) => Object.keys(node));
      assertEquals(session.run(z, [[x, 3]]).item(), 14 + 6);
      assertEquals(session.run(z, [[x, 4]]).item(), 18 + 8);
      assertEquals([x, y, z].map((node) => Object.keys(node)), before);
    }
    assertEquals(graph.placeholders.length, 1);
    assertEquals(graph.placeholders[0] instanceof Placeholder, true);
  });

  it("give a backward pass that is a graph", () => {
    const second = compile((x: Value) => grad((x: Value) => grad((x: Value) => x.mul(x).mul(x).sum())(x).sum())(x));
    assertEquals(second(tensor([1, 2])).toArray(), [6, 12]);
    const names = new Set(second.graph!.operations.map((operation) => operation.name));
    assertEquals(names.has("mul"), true);
    assertEquals([...names].some((name) => name === "gradient"), false);
  });
});
