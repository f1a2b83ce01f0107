/**
 * Graphs of about 2,000 nodes with 50 Variables at size 1, and of ten times as many at size 10. Each is a function that
 * records and compiles it.
 */
import {
  checkpoint,
  compile,
  computeGradients,
  gradients,
  Graph,
  placeholder,
  Session,
  type Tensor,
  tensor,
  train,
  type Value,
  Variable,
} from "../mod.ts";

/** For each kind of graph, what makes one of a size. */
export type Graphs = Readonly<Record<string, (size: number) => () => unknown>>;

function numbers(shape: readonly number[]): ReturnType<typeof tensor> {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(Float32Array.from({ length: size }, (_, index) => Math.sin(index)), { shape });
}

function variables(count: number, shapeOf: (index: number) => readonly number[]): Variable[] {
  return Array.from({ length: count }, (_, index) => new Variable(numbers(shapeOf(index))));
}

/** Recurrent steps, `tanh(h·W + x·U + b)`, with other weights after every few of them. */
function recurrent(x: Value, weights: readonly Variable[], steps: number): Value {
  const sets = Math.floor(weights.length / 3);
  let h = x;
  for (let step = 0; step < steps; step++) {
    const first = 3 * Math.floor(step * sets / steps);
    const [w, u, b] = weights.slice(first, first + 3) as [Variable, Variable, Variable];
    h = h.matmul(w).add(x.matmul(u)).add(b).tanh();
  }
  return h.sum();
}

/** Element-wise operations, and a reduction after a few of them. */
function chain(x: Value, weights: readonly Variable[], steps: number): Value {
  return weights.reduce<Value>((value, weight) => {
    let next = value;
    for (let step = 0; step < steps; step++) next = next.mul(weight).add(next.tanh()).abs();
    return next.sub(next.mean(1, { keepDims: true })).mul(next.max());
  }, x).sum();
}

function sumOf(values: readonly Value[]): Value {
  return values.reduce((sum, value) => sum.add(value));
}

const matrixOrRow = (index: number): readonly number[] => index % 3 === 2 ? [4] : [4, 4];

/** All kinds, by name. */
export const graphs = {
  "recurrent steps": (size) => {
    const weights = variables(51 * size, matrixOrRow);
    const fn = compile((x: Value) => recurrent(x, weights, 400 * size));
    return () => fn.kernels(numbers([2, 4]));
  },
  "recurrent steps, trained": (size) => {
    const weights = variables(51 * size, matrixOrRow);
    const optimizer = new train.GradientDescentOptimizer(0.1);
    const fn = compile((x: Value) => optimizer.minimize(() => recurrent(x, weights, 90 * size)));
    return () => fn.kernels(numbers([2, 4]));
  },
  "element-wise chain": (size) => {
    const weights = variables(50 * size, () => [8]);
    const fn = compile((x: Value) => chain(x, weights, 9));
    return () => fn.kernels(numbers([4, 8]));
  },
  "branches of many sizes": (size) => {
    const weights = variables(50 * size, (index) => [1 + index]);
    const branch = (index: number): Value =>
      weights[index % weights.length]!.mul(index % 5).tanh().add(index % 7).sum();
    const fn = compile(() => sumOf(Array.from({ length: 330 * size }, (_, index) => branch(index))));
    return () => fn.kernels();
  },
  "a training step with Adam": (size) => {
    const weights = variables(50 * size, (index) => index % 2 === 0 ? [4, 4] : [4]);
    const optimizer = new train.Adam({ learningRate: 0.01 });
    const fn = compile((x: Value) =>
      optimizer.minimize(() =>
        weights.reduce<Value>((h, weight, index) => index % 2 === 0 ? h.matmul(weight) : h.add(weight).tanh(), x).mean()
      )
    );
    return () => fn.kernels(numbers([2, 4]));
  },
  "Adam on branches of many sizes": (size) => {
    const weights = variables(50 * size, (index) => [1 + index]);
    const optimizer = new train.Adam({ learningRate: 0.01 });
    const fn = compile(() =>
      optimizer.minimize(() => sumOf(weights.map((weight) => weight.tanh().square().exp().sum())))
    );
    return () => fn.kernels();
  },
  "gradients with respect to each Variable": (size) => {
    const weights = variables(50 * size, () => [8]);
    const fn = compile((x: Value) => gradients(chain(x, weights, 3), weights));
    return () => fn.kernels(numbers([4, 8]));
  },
  "the gradient of every node": (size) => {
    const weights = variables(50 * size, () => [8]);
    const fn = compile((x: Value) => [...computeGradients(chain(x, weights, 2)).values()]);
    return () => fn.kernels(numbers([4, 8]));
  },
  "checkpointed layers": (size) => {
    const weights = variables(50 * size, () => [8]);
    const optimizer = new train.GradientDescentOptimizer(0.1);
    const layer = checkpoint((x: Value, weight: Value) => x.mul(weight).tanh().sub(x.max()));
    const fn = compile((x: Value) =>
      optimizer.minimize(() => weights.reduce<Value>((h, weight) => layer(h, weight), x).sum())
    );
    return () => fn.kernels(numbers([4, 8]));
  },
  "Variables and tensors as arguments": (size) => {
    const weights = variables(50 * size, () => [8]);
    const tensors = weights.map((weight) => weight.value as Tensor);
    const fn = compile((weights: readonly Value[], tensors: readonly Value[], x: Value) =>
      weights.reduce<Value>((h, weight, index) => h.mul(weight).add(tensors[index]!).tanh(), x)
    );
    return () => fn.kernels(weights, tensors, numbers([8]));
  },
  "gradients of a graph by hand": (size) =>
    new Graph().asDefault(() => {
      const x = placeholder();
      const weights = variables(50 * size, () => [8]);
      const all = gradients(chain(x, weights, 3), weights);
      return () => new Session().graphFunction(all, [[x, numbers([4, 8])]]);
    }),
  "a graph by hand": (size) =>
    new Graph().asDefault(() => {
      const x = placeholder();
      const weights = variables(50 * size, () => [8]);
      const loss = chain(x, weights, 4);
      const minimize = new train.GradientDescentOptimizer(0.1).minimize(loss);
      return () => new Session().run([loss, minimize], [[x, numbers([4, 8])]]);
    }),
} as const satisfies Graphs;
