import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  add,
  compile,
  Graph,
  log,
  matmul,
  multiply,
  negative,
  placeholder,
  reduceSum,
  Session,
  sigmoid,
  softmax,
  tensor,
  train,
  type Value,
  Variable,
} from "../../mod.ts";
import { describeUnderEmitters } from "./emitters.ts";
import { assertClose, clustersProblem, golden, perceptronProblem, type Problem } from "./problems.ts";

type DType = "float32" | "float64";
type Model = (x: Value, parameters: readonly Variable[]) => Value;

const perceptron: Model = (x, [W, b]) => softmax(add(matmul(x, W!), b!));
const multilayer: Model = (x, [W1, b1, W2, b2]) => softmax(add(matmul(sigmoid(add(matmul(x, W1!), b1!)), W2!), b2!));
const loss = (p: Value, c: Value): Value => negative(reduceSum(reduceSum(multiply(c, log(p)), 1)));

/** A training run: each call of `step` gives the loss before the step and makes it. */
interface Run {
  readonly parameters: readonly Variable[];
  step(): number;
  /** The loss now. */
  loss(): number;
  /** The probabilities of the classes at some points. */
  classify(points: Value): Value;
}

type Mode = (model: Model, problem: Problem, rate: number, dtype: DType) => Run;

const variablesOf = (problem: Problem, dtype: DType): Variable[] =>
  problem.initial.map((value, index) => new Variable(value, { name: `parameter${index}`, dtype }));

const inSession = (mode: "compiled" | "reference"): Mode => (model, problem, rate, dtype) => {
  const graph = new Graph();
  const { X, J, p, minimize, parameters, feeds } = graph.asDefault(() => {
    const [X, c] = [placeholder({ name: "X" }), placeholder({ name: "c" })];
    const parameters = variablesOf(problem, dtype);
    const p = model(X, parameters);
    const J = loss(p, c);
    const minimize = new train.GradientDescentOptimizer(rate).minimize(J);
    const feeds = new Map([[X, tensor(problem.points, { dtype })], [c, tensor(problem.classes, { dtype })]]);
    return { X, J, p, minimize, parameters, feeds };
  });
  const session = new Session({ mode });
  return {
    parameters,
    step: () => {
      const before = session.run(J, feeds).item();
      assertEquals(session.run(minimize, feeds), undefined as unknown);
      return before;
    },
    loss: () => session.run(J, feeds).item(),
    classify: (points) => session.run(p, [[X, points]]),
  };
};

const withFunctions = (compiled: boolean): Mode => (model, problem, rate, dtype) => {
  const parameters = variablesOf(problem, dtype);
  const [points, classes] = [tensor(problem.points, { dtype }), tensor(problem.classes, { dtype })];
  const optimizer = new train.GradientDescentOptimizer(rate);
  const minimize = (x: Value, c: Value): Value => optimizer.minimize(() => loss(model(x, parameters), c));
  const classify = (x: Value): Value => model(x, parameters);
  const [step, predict] = compiled ? [compile(minimize), compile(classify)] : [minimize, classify];
  return {
    parameters,
    step: () => step(points, classes).item(),
    loss: () => loss(predict(points), classes).item(),
    classify: predict,
  };
};

const modes: Record<string, Mode> = {
  "eagerly": withFunctions(false),
  "in a session, by the reference": inSession("reference"),
  "in a session, compiled": inSession("compiled"),
  "compiled": withFunctions(true),
};

/** The share of the points that are given their own class. */
function accuracyOf(run: Run, problem: Problem, dtype: DType): number {
  const predicted = run.classify(tensor(problem.points, { dtype })).argmax(1);
  return predicted.equal(tensor(problem.classes).argmax(1)).astype("float64").mean().item();
}

/** 50×50 points in [−2, 2]², y changing fastest. */
const grid = tensor(
  Array.from({ length: 2500 }, (_, index) => [-2 + 4 * Math.floor(index / 50) / 49, -2 + 4 * (index % 50) / 49]),
  { dtype: "float64" },
);

const dtypes = [["float64", 1e-9], ["float32", 1e-4]] as const;

for (const [mode, start] of Object.entries(modes)) {
  const isReference = start === modes["in a session, by the reference"]; // which generates nothing
  const describeMode: typeof describeUnderEmitters = isReference
    ? (title, tests) => describe(title, () => tests(undefined))
    : describeUnderEmitters;
  describeMode(`the text's training runs ${mode}`, (emitter) => {
    // Eager runs take seconds. One of each model has all operations in it.
    const isShort = emitter !== undefined && start === modes["eagerly"];
    const chosen = <Run>(runs: Readonly<Record<string, Run>>): [string, Run][] =>
      Object.entries(runs).slice(0, isShort ? 1 : undefined);
    for (const [dtype, tolerance] of dtypes) {
      for (const [seed, expected] of chosen(golden.perceptron_train)) {
        it(`perceptron ${seed}, ${dtype}`, () => {
          const problem = perceptronProblem(Number(seed));
          const run = start(perceptron, problem, 0.01, dtype);
          assertEquals(problem.initial, [expected.W0, expected.b0]);
          const losses = Array.from({ length: 100 }, () => run.step());
          assertClose(losses.filter((_, index) => index % 10 === 0), expected.loss_every_10, tolerance, 0);
          assertClose([run.loss()], expected.final_loss, tolerance, 0);
          assertEquals(accuracyOf(run, problem, dtype), expected.accuracy);
          if (dtype === "float64") {
            assertClose(run.parameters[0]!.value, expected.W, tolerance, 0);
            assertClose(run.parameters[1]!.value, expected.b, tolerance, 0);
          }
        });
      }
      for (const [seed, expected] of chosen(golden.mlp_train)) {
        it(`multi-layer perceptron ${seed}, ${dtype}`, () => {
          const problem = clustersProblem(Number(seed));
          const run = start(multilayer, problem, 0.03, dtype);
          assertEquals(problem.initial, expected.init);
          const losses = Array.from({ length: 1000 }, () => run.step());
          assertClose(losses.filter((_, index) => index % 100 === 0), expected.loss_every_100, tolerance, 0);
          assertClose([run.loss()], expected.final_loss, tolerance, 0);
          assertEquals(accuracyOf(run, problem, dtype), expected.accuracy);
          if (dtype === "float64") {
            run.parameters.forEach((each, index) => assertClose(each.value, expected.weights[index], tolerance, 0));
            const classes = run.classify(grid).argmax(1);
            assertEquals(classes.equal(0).sum().item(), expected.grid50x50_class0_count);
          }
        });
      }
    }
  });
}
