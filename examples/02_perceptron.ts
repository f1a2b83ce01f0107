/**
 * A perceptron, in the style of TensorFlow 1: build a graph with a placeholder for the data, then run it in a session.
 * It learns to tell 50 blue points around (2, 2) from 50 red ones around (-2, -2).
 *
 *     deno run examples/02_perceptron.ts
 *     bun examples/02_perceptron.ts
 *
 * Prints the loss every 10 steps, the line that separates the classes, the accuracy, and a map of both.
 */
import {
  add,
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
  softmax,
  tensor,
  train,
  Variable,
} from "../mod.ts";
import { decisionMap } from "./_terminal.ts";

// The data, computed eagerly. Red is class 0 and blue class 1; a row of `classes` has a 1 where its point's class is.
random.seed(2);
const red = random.normal([50, 2]).add(-2);
const blue = random.normal([50, 2]).add(2);
const points = tensor(concat([red, blue]));
const classes = tensor([...Array<number[]>(50).fill([1, 0]), ...Array<number[]>(50).fill([0, 1])]);

// The graph. The loss is the negative log-likelihood of the classes: J = −Σᵢ Σⱼ cᵢⱼ log pᵢⱼ.
new Graph().asDefault();
const X = placeholder({ name: "X" });
const c = placeholder({ name: "c" });
const W = new Variable(random.normal([2, 2]), { name: "W" });
const b = new Variable(random.normal([2]), { name: "b" });
const p = softmax(add(matmul(X, W), b));
const J = negative(reduceSum(reduceSum(multiply(c, log(p)), 1)));
const minimize = new train.GradientDescentOptimizer(0.01).minimize(J);

// The session. Each step moves W and b a little against the gradient of the loss.
const session = new Session();
const feeds = new Map([[X, points], [c, classes]]);
for (let step = 0; step < 100; step++) {
  if (step % 10 === 0) {
    console.log(`step ${String(step).padStart(3)}   loss ${session.run(J, feeds).item().toFixed(4)}`);
  }
  session.run(minimize, feeds);
}
console.log(`step 100   loss ${session.run(J, feeds).item().toFixed(4)}\n`);

// Both classes are equally likely where their logits are equal: (W·₀ − W·₁)ᵀ x + (b₀ − b₁) = 0.
const [[w00, w01], [w10, w11]] = W.toArray() as [[number, number], [number, number]]; // W is a 2×2 matrix
const [b0, b1] = b.toArray() as [number, number];
const slope = -(w00 - w01) / (w10 - w11);
const intercept = -(b0 - b1) / (w10 - w11);
console.log(
  `separating line: y = ${slope.toFixed(3)} x ${intercept < 0 ? "−" : "+"} ${Math.abs(intercept).toFixed(3)}`,
);

const predicted = session.run(p, feeds).argmax(1);
console.log(`accuracy: ${predicted.equal(classes.argmax(1)).astype("float32").mean().item()}\n`);

// The graph that was trained on 100 points also serves any other number of them.
const classify = (at: typeof points) => session.run(p, [[X, at]]).slice([null, 1]).flatten();
console.log(decisionMap({ classify, points, classes: classes.argmax(1), range: [-5, 5] }));
