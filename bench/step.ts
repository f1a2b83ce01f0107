/**
 * How long does a training step of a small network take, compiled and eager?
 *
 * The network is that of Sabinasz's text: 2 inputs, 2 hidden neurons with a sigmoid, a softmax over 2 classes, plain gradient
 * descent, a batch of 100.
 */
import { compile, concat, random, tensor, train, type Value, Variable } from "../mod.ts";
import { duration, measure, report } from "./_report.ts";

random.seed(1);
const cluster = (x: number, y: number) => random.normal([25, 2], { std: 0.2 }).add([x, y]).concrete("use");
const points = concat([cluster(0, 0), cluster(1, 1), cluster(0, 1), cluster(1, 0)]);
const classes = tensor([...Array<number[]>(50).fill([1, 0]), ...Array<number[]>(50).fill([0, 1])]);

/** One training step of a network of its own. */
function trainingStep(): (x: Value, c: Value) => Value {
  const [W1, b1, W2, b2] = [[2, 2], [2], [2, 2], [2]].map((shape) => new Variable(random.normal(shape))) as // four shapes
  [Variable, Variable, Variable, Variable];
  const optimizer = new train.GradientDescentOptimizer(0.03);
  const loss = (x: Value, c: Value): Value => {
    const p = x.matmul(W1).add(b1).sigmoid().matmul(W2).add(b2).softmax();
    return c.mul(p.log()).sum(1).sum().neg();
  };
  return (x, c) => optimizer.minimize(() => loss(x, c));
}

const compiled = compile(trainingStep());
const eager = trainingStep();
compiled(points, classes);

const medians = await measure({
  "compiled step": () => compiled(points, classes),
  "eager step": () => eager(points, classes),
});
report({
  "compiled": `${duration(medians["compiled step"])}, ${compiled.kernels().length} kernels`,
  "eager": duration(medians["eager step"]),
});
