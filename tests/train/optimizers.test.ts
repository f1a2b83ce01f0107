import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  compile,
  crossEntropy,
  type DType,
  Graph,
  placeholder,
  Session,
  tensor,
  train,
  type Value,
  Variable,
} from "../../mod.ts";
import { assertClose } from "../sabinasz/problems.ts";
// Made with PyTorch 2.13 in float64: 20 steps of torch.optim.SGD and torch.optim.Adam with the settings below on
// cross_entropy(x @ w + b, y) from the same start, the learning rate halved after ten steps.
import expected from "./pytorch.json" with { type: "json" };

type Run = keyof typeof expected;
interface Rated extends train.Optimizer {
  learningRate: number;
}

const optimizers: Record<Run, () => Rated> = {
  "SGD": () => new train.SGD({ learningRate: 0.3 }),
  "momentum": () => new train.SGD({ learningRate: 0.3, momentum: 0.9 }),
  "Nesterov": () => new train.SGD({ learningRate: 0.3, momentum: 0.8, nesterov: true }),
  "Adam": () => new train.Adam({ learningRate: 0.1 }),
  "Adam with other constants": () => new train.Adam({ learningRate: 0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }),
};

const points = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [-2.0, 1.0, 0.5], [0.1, 0.2, 0.3]];
const labels = tensor([0, 1, 1, 0], { dtype: "int32" });
const parameters = (dtype: DType): [w: Variable, b: Variable] => [
  new Variable([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.6]], { dtype, name: "w" }),
  new Variable([0.05, -0.1], { dtype, name: "b" }),
];
const lossOf = (x: Value, y: Value, [w, b]: [Variable, Variable]): Value => crossEntropy(x.matmul(w).add(b), y);

afterEach(() => Graph.clearDefault());

/** Makes steps, halves the rate in the middle, and compares. */
function check(run: Run, optimizer: Rated, variables: [Variable, Variable], step: () => number): void {
  const tolerance = variables[0].dtype === "float64" ? 1e-13 : 1e-5;
  const losses: number[] = [];
  for (let index = 0; index < 20; index++) {
    if (index === 10) optimizer.learningRate /= 2;
    losses.push(step());
  }
  assertClose(losses, expected[run].losses, tolerance);
  assertClose(variables[0].value, expected[run].w, tolerance);
  assertClose(variables[1].value, expected[run].b, tolerance);
}

for (const run of Object.keys(optimizers) as Run[]) { // the keys of a Record
  describe(`${run} as PyTorch`, () => {
    for (const dtype of ["float64", "float32"] as const) {
      const x = tensor(points, { dtype });

      it(`eager, ${dtype}`, () => {
        const [optimizer, variables] = [optimizers[run](), parameters(dtype)];
        check(run, optimizer, variables, () => optimizer.minimize(() => lossOf(x, labels, variables)).item());
      });

      it(`compiled, ${dtype}`, () => {
        const [optimizer, variables] = [optimizers[run](), parameters(dtype)];
        const step = compile((x: Value, y: Value) => optimizer.minimize(() => lossOf(x, y, variables)));
        check(run, optimizer, variables, () => step(x, labels).item());
        assertEquals(step.stats.traces, 1);
      });

      for (const mode of ["reference", "compiled"] as const) {
        it(`in a session (${mode}), ${dtype}`, () => {
          new Graph().asDefault();
          const [optimizer, variables] = [optimizers[run](), parameters(dtype)];
          const X = placeholder();
          const loss = lossOf(X, labels, variables);
          const minimize = optimizer.minimize(loss);
          const session = new Session({ mode });
          check(run, optimizer, variables, () => session.run([loss, minimize], [[X, x]])[0]!.item());
        });
      }
    }
  });
}

describe("minimize", () => {
  it("returns the loss from before the update", () => {
    const w = new Variable([3]);
    const optimizer = new train.SGD({ learningRate: 0.5 });
    assertEquals(optimizer.minimize(() => w.mul(w).sum()).item(), 9);
    assertEquals(w.toArray(), [0]);
  });

  it("changes the trainable Variables that were used, and no others", () => {
    const [used, frozen, count, unused] = [
      new Variable([1]),
      new Variable([1], { trainable: false }),
      new Variable([1], { dtype: "int32", trainable: false }),
      new Variable([1]),
    ];
    new train.SGD({ learningRate: 1 }).minimize(() => {
      unused.mul(2);
      return used.mul(frozen).mul(count).sum();
    });
    assertEquals([used, frozen, count, unused].map((each) => each.toArray()), [[0], [1], [1], [1]]);
  });

  it("names a Variable of integers beside those that it trains, unless that is not trainable", () => {
    const [w, n] = [new Variable([0.5]), new Variable([2], { dtype: "int32", name: "n" })];
    const optimizer = new train.SGD({ learningRate: 1 });
    const message =
      'Cannot minimize the loss: it was computed from n (int32[1]), and only floating Variables have gradients; make that with { dtype: "float32" } to train it, or with { trainable: false } not to';
    for (const wrap of [(f: () => Value) => f, (f: () => Value) => compile(f)]) {
      assertThrows(wrap(() => optimizer.minimize(() => w.mul(n).sum())), TypeError, message);
    }
    new Graph().asDefault(() => {
      const [a, m] = [new Variable([0.5]), new Variable(tensor([2], { dtype: "int32" }), { name: "n" })];
      const minimize = optimizer.minimize(a.mul(m).sum());
      assertThrows(() => new Session().run(minimize), TypeError, message);
    });
    assertEquals(w.toArray(), [0.5]);
    optimizer.minimize(() => w.mul(n).sum(), [w]);
    assertEquals(w.toArray(), [-1.5]);
  });

  it("changes the Variables that it is given, and only those", () => {
    for (const wrap of [(f: () => Value) => f, (f: () => Value) => compile(f)]) {
      const [a, b] = [new Variable([1]), new Variable([1], { trainable: false })];
      const optimizer = new train.SGD({ learningRate: 1 });
      wrap(() => optimizer.minimize(() => a.mul(b).mul(3).sum(), [b]))();
      assertEquals([a.toArray(), b.toArray()], [[1], [-2]]);
    }
  });

  it("may be called twice in one step", () => {
    const program = (a: Variable, b: Variable, [first, second]: [train.Optimizer, train.Optimizer]) => (): Value => {
      first.minimize(() => a.mul(a).sum(), [a]);
      return second.minimize(() => a.mul(b).sum(), [b]); // sees the new a
    };
    const pair = (): [train.Optimizer, train.Optimizer] => [
      new train.SGD({ learningRate: 0.25 }),
      new train.SGD({ learningRate: 1 }),
    ];
    const [a, b, c, d] = [2, 5, 2, 5].map((value) => new Variable([value]));
    assertEquals(program(a!, b!, pair())().item(), 5);
    assertEquals(compile(program(c!, d!, pair()))().item(), 5);
    assertEquals([a, b, c, d].map((each) => each!.toArray()), [[1], [4], [1], [4]]);
  });

  it("with a loss that assigns differentiates what the loss read at first", () => {
    for (const wrap of [(f: () => Value) => f, (f: () => Value) => compile(f)]) {
      const [w, mean] = [new Variable([2]), new Variable([0], { trainable: false })];
      const optimizer = new train.SGD({ learningRate: 0.5 });
      wrap(() =>
        optimizer.minimize(() => {
          mean.assign(mean.mul(0.5).add(w.mul(0.5)));
          return w.mul(w).sum();
        })
      )();
      assertEquals([w.toArray(), mean.toArray()], [[0], [1]]);
    }
  });

  it("needs a floating scalar, and a node of a graph or a function", () => {
    const w = new Variable([1, 2]);
    const optimizer = new train.SGD({ learningRate: 1 });
    assertThrows(
      () => optimizer.minimize(() => w.mul(2)),
      TypeError,
      "Cannot differentiate the loss: it returned float32[2], not a floating scalar; reduce it with sum() or mean()",
    );
    assertThrows(
      () => optimizer.minimize(tensor(1) as Value),
      TypeError,
      "it is no node of a graph; use grad(fn) for eager code",
    );
    assertEquals(w.toArray(), [1, 2]);
  });
});

describe("an optimizer's state", () => {
  it("is listed per Variable, of its shape and dtype", () => {
    const [w, b] = parameters("float64");
    const optimizer = new train.Adam();
    assertEquals(optimizer.slotsOf(w).size, 0);
    optimizer.minimize(() => lossOf(tensor(points, { dtype: "float64" }), labels, [w, b]));
    assertEquals([...optimizer.slotsOf(w).keys()], ["step", "mean", "square"]);
    const { step, ...means } = Object.fromEntries(optimizer.slotsOf(b));
    for (const [name, slot] of Object.entries(means)) {
      assert(slot instanceof Variable);
      assertEquals([slot.shape, slot.dtype, slot.name, slot.trainable], [[2], "float64", `b.${name}`, false]);
    }
    assertEquals([step!.shape, step!.dtype, step!.name, step!.trainable], [[], "float64", "step", false]);
    assertEquals(step!.value.item(), 1);
    assertEquals([...optimizer.hyperParameters.keys()], ["learningRate"]);
    const momentum = new train.SGD({ learningRate: 1, momentum: 0.5 });
    momentum.minimize(() => w.sum());
    assertEquals([...momentum.slotsOf(w).keys()], ["velocity"]);
    assertEquals(new train.SGD({ learningRate: 1 }).slotsOf(w).size, 0);
  });

  it("survives retraces, and is shared by eager and compiled steps", () => {
    const w = new Variable([1], { dtype: "float64" });
    const optimizer = new train.SGD({ learningRate: 1, momentum: 0.5 });
    const loss = (x: Value): Value => w.mul(x).sum(); // its gradient is the sum of x
    const step = compile((x: Value) => optimizer.minimize(() => loss(x)));
    step(tensor([4]));
    const velocity = optimizer.slotsOf(w).get("velocity")!;
    assertEquals([velocity.toArray(), w.toArray()], [[4], [-3]]);
    step(tensor([1, 1]));
    assertEquals([velocity.toArray(), w.toArray()], [[4], [-7]]);
    optimizer.minimize(() => loss(tensor([8])));
    assertStrictEquals(optimizer.slotsOf(w).get("velocity"), velocity);
    assertEquals([velocity.toArray(), w.toArray()], [[10], [-17]]);
    assertEquals(step.stats.traces, 2);
  });

  it("belongs to no graph", () => {
    const graph = new Graph();
    graph.asDefault();
    const w = new Variable([1]);
    const optimizer = new train.Adam();
    new Session().run(optimizer.minimize(w.mul(w).sum()));
    assertEquals(graph.variables.length, 1);
    assertEquals(optimizer.slotsOf(w).get("mean")!.graph, undefined);
    assertStrictEquals(Graph.default, graph);
  });

  it("can be set back", () => {
    const w = new Variable([1], { dtype: "float64" });
    const optimizer = new train.Adam({ learningRate: 0.1 });
    const step = compile(() => optimizer.minimize(() => w.mul(w).sum()));
    step();
    const all = [w, ...optimizer.slotsOf(w).values(), ...optimizer.hyperParameters.values()];
    const saved = all.map((each) => each.value);
    const run = (): number => {
      for (let index = 0; index < 5; index++) step();
      return w.value.item();
    };
    const first = run();
    all.forEach((each, index) => each.assign(saved[index]!));
    assertEquals(run(), first);
  });
});

describe("an optimizer's settings", () => {
  it("are checked", () => {
    const bad: [() => unknown, string][] = [
      [
        () => new train.SGD({ learningRate: -1 }),
        "Cannot make the optimizer SGD: the option learningRate is -1, not a finite number ≥ 0",
      ],
      [() => new train.SGD({ learningRate: NaN }), "the option learningRate is NaN"],
      [
        () => new train.SGD({ learningRate: 1, momentum: 2 }),
        "the option momentum is 2, not a number from 0 to 1",
      ],
      [
        () => new train.SGD({ learningRate: 1, nesterov: true }),
        "Cannot make the optimizer SGD: Nesterov's method needs a momentum above 0",
      ],
      [
        () => new train.Adam({ beta1: 1.5 }),
        "Cannot make the optimizer Adam: the option beta1 is 1.5, not a number from 0 up to, but not, 1",
      ],
      [() => new train.GradientDescentOptimizer(-1), "Cannot make a GradientDescentOptimizer: learningRate is -1"],
    ];
    for (const [make, message] of bad) assertThrows(make, RangeError, message);
    assertThrows(
      () => new train.GradientDescentOptimizer("fast" as unknown as number),
      TypeError,
      'Cannot make a GradientDescentOptimizer: learningRate is the string "fast", not a finite number ≥ 0',
    );
    const optimizer = new train.SGD({ learningRate: 1 });
    assertThrows(
      () => optimizer.learningRate = -1,
      RangeError,
      "Cannot set the learning rate: value is -1, not a finite number ≥ 0",
    );
    assertEquals(optimizer.learningRate, 1);
  });

  it("need no graph, whatever the default one is", () => {
    const graph = new Graph();
    graph.asDefault();
    new train.Adam();
    assertEquals(graph.variables.length, 0);
  });
});
