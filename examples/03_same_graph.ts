/**
 * One network, three ways: a graph built by hand, eager code, and the same eager code compiled. They are one graph, and
 * train to the same numbers.
 *
 *     deno run examples/03_same_graph.ts
 *     bun examples/03_same_graph.ts
 *
 * Prints the graph that was built by hand, whether tracing the eager code records the same one, and a table of losses.
 */
import {
  add,
  compile,
  concat,
  Graph,
  log,
  matmul,
  multiply,
  negative,
  placeholder,
  random,
  reduceSum,
  Session,
  sigmoid,
  softmax,
  tensor,
  train,
  type Value,
  Variable,
} from "../mod.ts";

// Two classes that no straight line separates: red around (0, 0) and (1, 1), blue around (0, 1) and (1, 0).
const dtype = "float64";
random.seed(5);
const around = (x: number, y: number) => random.normal([25, 2], { std: 0.2, dtype }).add([x, y]);
const points = tensor(concat([around(0, 0), around(1, 1), around(0, 1), around(1, 0)]));
const classes = tensor([...Array<number[]>(50).fill([1, 0]), ...Array<number[]>(50).fill([0, 1])], { dtype });
const initial = [[2, 2], [2], [2, 2], [2]].map((shape) => random.normal(shape, { dtype }));

type Parameters = [W1: Variable, b1: Variable, W2: Variable, b2: Variable];

/** Variables with the initial values: a set of them for each of the three. */
function parameters(): Parameters {
  const names = ["W1", "b1", "W2", "b2"];
  return initial.map((value, index) => new Variable(value, { name: names[index]! })) as Parameters; // four of each
}

/** The network and its loss, as ordinary code on values. */
function loss(x: Value, c: Value, [W1, b1, W2, b2]: Parameters): Value {
  const hidden = x.matmul(W1).add(b1).sigmoid();
  const p = hidden.matmul(W2).add(b2).softmax();
  return c.mul(p.log()).sum(1).sum().neg();
}

// 1. By hand, with TensorFlow 1's names. Placeholders get the names that compile gives to arguments.
const graph = new Graph();
const byHand = graph.asDefault(() => {
  const x = placeholder({ name: "argument0", shape: [100, 2], dtype });
  const c = placeholder({ name: "argument1", shape: [100, 2], dtype });
  const [W1, b1, W2, b2] = parameters();
  const p = softmax(add(matmul(sigmoid(add(matmul(x, W1), b1)), W2), b2));
  const J = negative(reduceSum(reduceSum(multiply(c, log(p)), 1)));
  return { J, feeds: new Map([[x, points], [c, classes]]) };
});
console.log(`${graph}\n`);

// 2. Eager: every operation computes at once. 3. Compiled: the first call records them; the program is run ever after.
const eagerParameters = parameters();
const compiledParameters = parameters();
const compiledLoss = compile((x: Value, c: Value) => loss(x, c, compiledParameters));
compiledLoss(points, classes);
console.log(`Compiling the eager code records the same graph: ${String(compiledLoss.graph) === String(graph)}\n`);

// Training: the same optimizer, given a node, a function, and a function that is being compiled.
const rate = 0.03;
const minimize = graph.asDefault(() => new train.GradientDescentOptimizer(rate).minimize(byHand.J));
const [eagerOptimizer, optimizer] = [
  new train.GradientDescentOptimizer(rate),
  new train.GradientDescentOptimizer(rate),
];
const step = compile((x: Value, c: Value) => optimizer.minimize(() => loss(x, c, compiledParameters)));
const session = new Session();

console.log("step          session            eager         compiled");
for (let index = 0; index <= 500; index++) {
  const bySession = session.run([byHand.J, minimize], byHand.feeds)[0]!; // the loss before the update, and the update
  const byEager = eagerOptimizer.minimize(() => loss(points, classes, eagerParameters));
  const byProgram = step(points, classes);
  if (index % 100 === 0) {
    const columns = [bySession, byEager, byProgram].map((each) => each.item().toFixed(8).padStart(16));
    console.log(String(index).padStart(4), ...columns);
  }
}
