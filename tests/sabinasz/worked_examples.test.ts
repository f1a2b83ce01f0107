// The programs of Sabinasz's text, with the numbers it prints or, where it draws at random, those of golden.json.
import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertStrictEquals } from "@std/assert";
import {
  add,
  arange,
  Graph,
  log,
  matmul,
  multiply,
  negative,
  Operation,
  Placeholder,
  placeholder,
  reduceSum,
  RegisterGradient,
  Session,
  sigmoid,
  softmax,
  Tensor,
  tensor,
  train,
  Variable,
} from "../../mod.ts";
import { describeUnderEmitters } from "./emitters.ts";
import { assertClose, clustersProblem, golden, type Matrix, normals, perceptronProblem, uniforms } from "./problems.ts";

const modes = ["reference", "compiled"] as const;
const f64 = { dtype: "float64" } as const;

afterEach(() => Graph.clearDefault());

describe("the random numbers of the golden runs", () => {
  it("are those of mulberry32 and Box-Muller", () => {
    const uniform = uniforms(1);
    assertEquals(golden.mulberry32_seed1_first4.map(() => uniform()), golden.mulberry32_seed1_first4);
    const normal = normals(1);
    assertClose(golden.randn_seed1_first6.map(() => normal()), golden.randn_seed1_first6, 1e-15);
  });
});

describeUnderEmitters("the text's first graphs", () => {
  it("z = x + y: x and y are the input nodes, z is the consumer of both", () => {
    new Graph().asDefault();
    const [x, y] = [placeholder(), placeholder()];
    const z = add(x, y);
    assertEquals(z.inputNodes.length, 2);
    assertStrictEquals(z.inputNodes[0], x);
    assertStrictEquals(z.inputNodes[1], y);
    assertEquals(x.consumers.length, 1);
    assertStrictEquals(x.consumers[0], z);
    assertStrictEquals(y.consumers[0], z);
    assertEquals(z.consumers, []);
  });

  for (const mode of modes) {
    it(`A·x + b is [2, −1] (${mode})`, () => {
      new Graph().asDefault();
      const A = new Variable([[1, 0], [0, -1]]);
      const b = new Variable([1, 1]);
      const x = placeholder();
      const y = matmul(A, x);
      const z = add(y, b);
      const session = new Session({ mode });
      const output = session.run(z, new Map([[x, [1, 2]]]));
      assert(output instanceof Tensor);
      assertEquals(output.toArray(), [2, -1]);
      // A fetch may also be a Variable or a placeholder.
      assertEquals(session.run(A).toArray(), [[1, 0], [0, -1]]);
      assertEquals(session.run(x, [[x, [1, 2]]]).toArray(), [1, 2]);
    });

    it(`the product of two vectors is a number (${mode})`, () => {
      new Graph().asDefault();
      const w = new Variable([1, 1]);
      const x = placeholder();
      const output = new Session({ mode }).run(matmul(w, x), [[x, [3, 2]]]);
      assertEquals(output.shape, []);
      assertEquals(output.item(), 5);
    });

    it(`the perceptron gives 0.9933 for [3, 2] (${mode})`, () => {
      new Graph().asDefault();
      const x = placeholder();
      const w = new Variable([1, 1], f64);
      const b = new Variable(0, f64);
      const p = sigmoid(add(matmul(w, x), b));
      assertClose(new Session({ mode }).run(p, new Map([[x, [3, 2]]])), 0.9933071490757153, 1e-15);
    });
  }

  it("sigmoid rises from 0 to 1, and is 0.5 at 0", () => {
    const values = [...sigmoid(arange(-5, 5, 0.01, f64)).data];
    assertEquals(values.length, 1000);
    values.slice(1).forEach((value, index) => assertGreater(value, values[index]!));
    assertEquals(sigmoid(0).item(), 0.5);
    assertEquals(sigmoid(tensor([-Infinity, Infinity])).toArray(), [0, 1]);
  });
});

/** The classifier softmax(X·W + b) and its cross-entropy J, with fixed parameters. */
function softmaxClassifier() {
  const X = placeholder();
  const c = placeholder();
  const W = new Variable([[1, -1], [1, -1]], f64);
  const b = new Variable([0, 0], f64);
  const p = softmax(add(matmul(X, W), b));
  const J = negative(reduceSum(reduceSum(multiply(c, log(p)), 1)));
  return { X, c, p, J };
}

describeUnderEmitters("the multi-class perceptron", () => {
  for (const mode of modes) {
    it(`gives probabilities and the cross-entropy loss (${mode})`, () => {
      new Graph().asDefault();
      const { X, c, p, J } = softmaxClassifier();
      const { points, classes } = perceptronProblem(1);
      const session = new Session({ mode });
      const probabilities = session.run(p, [[X, points]]);
      assertEquals(probabilities.shape, [100, 2]);
      assertClose(probabilities.sum(1), Array(100).fill(1), 1e-15);
      (probabilities.toArray() as Matrix).slice(0, 10).forEach(([blue]) => assertGreater(blue, 0.5));
      const loss = session.run(J, [[X, points], [c, classes]]);
      assertEquals(loss.shape, []);
      // −Σᵢ log pᵢ of each point's own class, added up here in plain code.
      const expected = (probabilities.toArray() as Matrix).reduce(
        (sum, row, index) => sum - Math.log(row[classes[index]![0] === 1 ? 0 : 1]!),
        0,
      );
      assertClose(loss, expected, 1e-12);
      assertClose(loss, 1.0180476216960925, 1e-12);
    });
  }

  for (const [seed, expected] of Object.entries(golden.perceptron_train)) {
    it(`has the separating line where both classes are equally likely (${seed})`, () => {
      const { points, classes } = perceptronProblem(Number(seed));
      const [[w00, w01], [w10, w11]] = expected.W as [[number, number], [number, number]]; // W is a 2×2 matrix
      const [b0, b1] = expected.b as [number, number];
      const accuracy = (logit: (point: readonly number[]) => number): number =>
        points.filter((point, index) => (logit(point) > 0) === (classes[index]![0] === 1)).length / points.length;
      assertEquals(accuracy(([x, y]) => (w00 - w01) * x! + (w10 - w11) * y! + (b0 - b1)), expected.accuracy);
      // The line that the text draws is that where the first logit alone is 0.
      assertEquals(accuracy(([x, y]) => w00 * x! + w10 * y! + b0), expected.accuracy_of_notebook_plotted_line);
    });
  }
});

describeUnderEmitters("the multi-layer perceptron under TensorFlow 1's names", () => {
  it("serves a batch of 100 and a batch of 1 with the same graph", () => {
    const { points, classes, initial } = clustersProblem(1);
    const graph = new Graph();
    graph.asDefault();
    const X = placeholder();
    const c = placeholder();
    const [W1, b1, W2, b2] = initial.map((value) => new Variable(value, f64));
    const hidden = sigmoid(add(matmul(X, W1!), b1!));
    const p = softmax(add(matmul(hidden, W2!), b2!));
    const J = negative(reduceSum(reduceSum(multiply(c, log(p)), 1)));
    const minimize = new train.GradientDescentOptimizer(0.03).minimize(J);
    const session = new Session();
    const feeds = new Map([[X, points], [c, classes]]);
    const losses: number[] = [];
    for (let step = 0; step < 300; step++) {
      if (step % 100 === 0) losses.push(session.run(J, feeds).item());
      session.run(minimize, feeds);
    }
    assertClose(losses, golden.mlp_train[1].loss_every_100.slice(0, 3), 1e-9, 0);

    const together = session.run(p, [[X, points]]).argmax(1);
    points.slice(0, 10).forEach((point, index) => {
      const alone = session.run(p, [[X, [point]]]);
      assertEquals(alone.shape, [1, 2]);
      assertEquals(alone.argmax(1).item(), together.data[index]);
    });
    assertEquals([graph.placeholders.length, graph.variables.length], [2, 4]);
  });

  it("has every name in one import", () => {
    const classes = [Graph, Session, Operation, Placeholder, Variable, train.GradientDescentOptimizer];
    for (const each of classes) assertEquals(typeof each, "function");
    const functions = [
      placeholder,
      add,
      matmul,
      sigmoid,
      softmax,
      log,
      multiply,
      reduceSum,
      negative,
      RegisterGradient,
    ];
    for (const each of functions) assertEquals(typeof each, "function");
  });
});
