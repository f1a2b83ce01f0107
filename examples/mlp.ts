/**
 * A neural network learns what no straight line can separate: red points around (0, 0) and (1, 1), blue ones around
 * (0, 1) and (1, 0).
 *
 *     deno run examples/mlp.ts
 *     bun examples/mlp.ts
 *
 * Prints the loss every 100 steps, the accuracy, and a map of what the network decides where.
 */
import { compile, concat, crossEntropy, random, tensor, train, type Value, Variable, zeros } from "../mod.ts";
import { bar, decisionMap, print, progress } from "./_terminal.ts";

// The data: 25 points in each cluster, and the class of each point.
random.seed(1);
const cluster = (x: number, y: number) => random.normal([25, 2], { std: 0.2 }).add([x, y]);
const points = tensor(concat([cluster(0, 0), cluster(1, 1), cluster(0, 1), cluster(1, 0)]));
const classes = tensor([...Array<number>(50).fill(0), ...Array<number>(50).fill(1)], { dtype: "int32" });

// The model: a hidden layer of 16 neurons and a logit for each class. This is ordinary code: it computes when called.
const w1 = new Variable(random.normal([2, 16]));
const b1 = new Variable(zeros([16]));
const w2 = new Variable(random.normal([16, 2], { std: 0.25 }));
const b2 = new Variable(zeros([2]));
const model = (x: Value): Value => x.matmul(w1).add(b1).tanh().matmul(w2).add(b2);

// The training step: loss, gradients and update, recorded once and compiled into one program.
const optimizer = new train.Adam({ learningRate: 0.02 });
const step = compile((x: Value, y: Value) => optimizer.minimize(() => crossEntropy(model(x), y)));

const steps = 1000;
const start = performance.now();
for (let index = 1; index <= steps; index++) {
  const loss = step(points, classes);
  if (index % 100 === 0) print(`step ${String(index).padStart(4)}   loss ${loss.item().toFixed(4)}`);
  if (index % 10 === 0) progress(`${bar(index / steps)} ${Math.round(100 * index / steps)} %`);
}
const seconds = (performance.now() - start) / 1000;
print(`\n${steps} steps in ${seconds.toFixed(2)} s, each a program of ${step.kernels().length} kernels`);

const accuracy = model(points).argmax(1).equal(classes).astype("float32").mean().item();
console.log(`accuracy: ${accuracy.toFixed(2)}\n`);

// The probability of the second class is the last column of the softmax.
const classify = (at: Value) => model(at).softmax().slice([null, 1]).flatten();
console.log(decisionMap({ classify, points, classes, range: [-0.75, 1.75] }));
