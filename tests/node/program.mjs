/**
 * A program of a user who has installed the package, in JavaScript so that Node can run it, too. Its argument is a
 * problem of `tests/sabinasz/`, as JSON; it prints what it finds as JSON, and does nothing to end.
 */
import process from "node:process";
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
  Variable,
} from "@tensorloom/tensorloom";

const problem = JSON.parse(process.argv[2]);
const f64 = { dtype: "float64" };

const product = tensor([[1, 2], [3, 4]]).matmul(tensor([[5, 6], [7, 8]]));

const [points, classes] = [tensor(problem.points, f64), tensor(problem.classes, f64)];
const [W1, b1, W2, b2] = problem.initial.map((value) => new Variable(value, f64));
const model = (x) => softmax(add(matmul(sigmoid(add(matmul(x, W1), b1)), W2), b2));
const loss = (x, c) => negative(reduceSum(reduceSum(multiply(c, log(model(x))), 1)));
const optimizer = new train.GradientDescentOptimizer(0.03);
const step = compile((x, c) => optimizer.minimize(() => loss(x, c)));
const losses = [];
for (let index = 0; index < 1000; index++) {
  const before = step(points, classes);
  if (index % 100 === 0) losses.push(before.item());
}
const last = await step.async(points, classes);

const solution = new Graph().asDefault(() => {
  const [A, b, x] = [new Variable([[1, 0], [0, -1]]), new Variable([1, 1]), placeholder()];
  return new Session().run(add(matmul(A, x), b), [[x, [1, 2]]]);
});

let message = "";
try {
  compile((x) => x.sum().item())(points);
} catch (error) {
  ({ message } = error);
}

console.log(JSON.stringify({
  printed: String(product),
  losses,
  last: last.item(),
  solution: solution.toArray(),
  place: /recorded at \S+\/(\S+)$/.exec(message)?.[1],
}));
