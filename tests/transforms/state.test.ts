// What a long run leaves behind: nothing. The version that measures memory is in tests/long/.
import { afterEach, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  compile,
  crossEntropy,
  grad,
  Graph,
  placeholder,
  Session,
  tensor,
  train,
  type Value,
  Variable,
} from "../../mod.ts";

const x = tensor([[1, 2], [3, 4], [5, 6]]);
const y = tensor([0, 1, 0], { dtype: "int32" });
const parameters = (): [Variable, Variable] => [new Variable([[1, 2], [3, 4]]), new Variable([0, 0])];
const optimizers = (): train.Optimizer[] => [
  new train.SGD({ learningRate: 0.01 }),
  new train.SGD({ learningRate: 0.01, momentum: 0.9 }),
  new train.Adam({ learningRate: 0.01 }),
];

afterEach(() => Graph.clearDefault());

/** All Variables a training step touches. */
function state(optimizer: train.Optimizer, variables: readonly Variable[]): Variable[] {
  return [
    ...variables,
    ...variables.flatMap((each) => [...optimizer.slotsOf(each).values()]),
    ...optimizer.hyperParameters.values(),
  ];
}

describe("2,000 steps leave the lists of every Variable as they were", () => {
  for (const home of ["no graph", "a graph"] as const) {
    it(`compiled, with Variables of ${home}`, () => {
      const graph = new Graph();
      const [w, b] = home === "a graph" ? graph.asDefault(parameters) : parameters();
      for (const optimizer of optimizers()) {
        const step = compile((x: Value, y: Value) => optimizer.minimize(() => crossEntropy(x.matmul(w).add(b), y)));
        for (let index = 0; index < 2000; index++) step(x, y);
        for (const each of state(optimizer, [w, b])) assertEquals(each.consumers.length, 0);
        assertEquals(step.stats, { calls: 2000, traces: 1, programs: 1 });
      }
      assertEquals([graph.operations.length, graph.placeholders.length], [0, 0]);
      assertEquals(graph.variables.length, home === "a graph" ? 2 : 0);
    });

    it(`eager, with Variables of ${home}`, () => {
      const graph = new Graph();
      const [w, b] = home === "a graph" ? graph.asDefault(parameters) : parameters();
      for (const optimizer of optimizers()) {
        for (let index = 0; index < 2000; index++) optimizer.minimize(() => crossEntropy(x.matmul(w).add(b), y));
        for (const each of state(optimizer, [w, b])) assertEquals(each.consumers.length, 0);
      }
      assertEquals([graph.operations.length, graph.placeholders.length], [0, 0]);
    });
  }

  it("eager operations, gradients and new traces", () => {
    const [w, b] = parameters();
    for (let index = 0; index < 2000; index++) x.matmul(w).add(b).sum();
    for (let index = 0; index < 200; index++) grad((x: Value) => x.matmul(w).add(b).sum())(x);
    for (let index = 0; index < 20; index++) compile((x: Value) => x.matmul(w).add(b))(x);
    assertEquals([w.consumers.length, b.consumers.length], [0, 0]);
  });

  for (const mode of ["reference", "compiled"] as const) {
    it(`in a session (${mode})`, () => {
      const graph = new Graph();
      graph.asDefault();
      const [w, b] = parameters();
      const [X, c] = [placeholder(), placeholder()];
      const loss = crossEntropy(X.matmul(w).add(b), c);
      const optimizer = new train.Adam({ learningRate: 0.01 });
      const minimize = optimizer.minimize(loss);
      const lists = (): number[] => [
        graph.operations.length,
        graph.placeholders.length,
        graph.variables.length,
        ...[w, b, X, c, loss, minimize].map((node) => node.consumers.length),
      ];
      const before = lists();
      const session = new Session({ mode });
      for (let index = 0; index < 2000; index++) session.run(minimize, [[X, x], [c, y]]);
      assertEquals(lists(), before);
      for (const each of state(optimizer, [w, b]).slice(2)) assertEquals(each.consumers.length, 0);
    });
  }
});
