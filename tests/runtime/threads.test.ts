// The same bits on 1, 2, 3, 4 and 8 threads: of training runs, of the text's, of the examples, of what is cut in pieces.
import { describe, it } from "node:test";
import { assert, assertEquals, assertGreater } from "@std/assert";
import {
  compile,
  crossEntropy,
  Graph,
  placeholder,
  random,
  Session,
  sigmoid,
  softmax,
  type Tensor,
  tensor,
  train,
  type Value,
  Variable,
  zeros,
} from "../../mod.ts";
import { assertClose, clustersProblem, golden } from "../sabinasz/problems.ts";
import { bitsOf, onThreads, runProgram, sharedRuns } from "./support.ts";

const counts = [1, 2, 3, 4, 8] as const;

/** Asserts that `body` gives the same bits on any number of threads, and that it really runs on them. */
async function assertSameBits(body: () => readonly Tensor[]): Promise<readonly Tensor[]> {
  let first: readonly Tensor[] | undefined;
  for (const threads of counts) {
    let result: readonly Tensor[] = [];
    const shared = await onThreads(threads, () => sharedRuns(() => result = body()));
    if (threads > 1) assertGreater(shared, 0);
    first ??= result;
    assertEquals(bitsOf(result), bitsOf(first), `${threads} threads`);
  }
  return first!;
}

const normal = (shape: readonly number[], key: number): Tensor =>
  tensor(random.normal(shape, { key: random.key(key) }));

describe("the same bits on 1, 2, 3, 4 and 8 threads", () => {
  it("of a network trained with Adam", async () => {
    const [x, y] = [normal([37, 11], 1), tensor(Array.from({ length: 37 }, (_, row) => row % 5), { dtype: "int32" })];
    await assertSameBits(() => {
      const [w1, b1] = [new Variable(normal([11, 19], 2)), new Variable(zeros([19]))];
      const [w2, b2] = [new Variable(normal([19, 5], 3)), new Variable(zeros([5]))];
      const optimizer = new train.Adam({ learningRate: 0.01 });
      const step = compile((x: Value, y: Value) =>
        optimizer.minimize(() => crossEntropy(x.matmul(w1).add(b1).tanh().matmul(w2).add(b2), y))
      );
      const losses = Array.from({ length: 20 }, () => step(x, y));
      return [...losses, ...[w1, b1, w2, b2].map((variable) => variable.value.concrete("compare"))];
    });
  });

  it("of reductions along every axis, of every kind, and of long rows in pieces", async () => {
    const x = normal([3, 50, 7], 4);
    const [first] = await assertSameBits(() => {
      const f = compile((x: Value) => [
        x.sum(),
        x.sum(0),
        x.sum(1),
        x.sum(2),
        x.mean([0, 2]),
        x.max(),
        x.argmax(1),
        x.reshape([1050]).argmin(),
        x.reshape([2, 525]).argmax(1),
        x.prod(1),
        x.greater(0).all(1),
        x.greater(2).any(),
        x.reshape([1050]).softmax(),
        x.logSoftmax(1),
        x.square().sum().sqrt(),
        x.variance(2),
      ]);
      return f(x);
    });
    assertClose(first!, [Array.from(x.data).reduce((sum, value) => sum + value, 0)], 1e-5);
  });

  it("in a run that is measured, thread by thread", async () => {
    const [a, b] = [normal([64, 32], 8), normal([32, 64], 9)];
    await assertSameBits(() => {
      const w = new Variable(zeros([64, 64]));
      const f = compile((a: Value, b: Value) => {
        w.assign(w.add(a.matmul(b).tanh()));
        return w.sum();
      });
      const first = f(a, b);
      const profile = f.profile(a, b);
      assertEquals(profile.rows.map(({ name }) => name), f.kernels(a, b));
      for (const { milliseconds, imbalance } of profile.rows) {
        assert(milliseconds >= 0 && imbalance >= 1 && imbalance <= profile.threads + 1e-9);
      }
      return [first, w.value.concrete("compare")];
    });
  });

  it("of contractions of every form", async () => {
    const [a, b, c] = [normal([33, 17], 5), normal([17, 29], 6), normal([4, 33, 17], 7)];
    await assertSameBits(() => {
      const f = compile((a: Value, b: Value, c: Value) => [
        a.matmul(b),
        b.transpose().matmul(a.transpose()),
        c.matmul(b).sigmoid(),
        a.matmul(b.sum(1)),
        c.permuteDims([0, 2, 1]).matmul(c),
      ]);
      return f(a, b, c);
    });
  });

  it("of contractions with an axis that is empty, beside kernels that are not", async () => {
    for (const [rows, depth, columns] of [[0, 5, 7], [6, 0, 7], [6, 5, 0], [0, 0, 0]] as const) {
      const [x, y, z] = [normal([2, rows, depth], 1), normal([depth, columns], 2), normal([23, 11], 3)];
      const f = (x: Value, y: Value, z: Value): Value[] => [x.matmul(y).sin(), z.exp().sum(0)];
      const results = await assertSameBits(() =>
        (["js", "wasm"] as const).map((emitter) => compile(f, { emitter })(x, y, z)[0]!)
      );
      for (const { data } of results) assertEquals([...data], new Array(2 * rows * columns).fill(0));
    }
  });

  it("of the text's training, which reproduces its numbers", async () => {
    const [seed, expected] = Object.entries(golden.mlp_train)[0]!;
    const problem = clustersProblem(Number(seed));
    const losses = await assertSameBits(() => {
      Graph.clearDefault();
      return new Graph().asDefault(() => {
        const [X, c] = [placeholder(), placeholder()];
        const [W1, b1, W2, b2] = problem.initial.map((value) => new Variable(value, { dtype: "float64" }));
        const p = softmax(sigmoid(X.matmul(W1!).add(b1!)).matmul(W2!).add(b2!));
        const J = c.mul(p.log()).sum(1).sum().neg();
        const minimize = new train.GradientDescentOptimizer(0.03).minimize(J);
        const feeds = new Map([
          [X, tensor(problem.points, { dtype: "float64" })],
          [c, tensor(problem.classes, { dtype: "float64" })],
        ]);
        const session = new Session();
        return Array.from({ length: 200 }, () => session.run([J, minimize], feeds)[0] as Tensor); // J's value
      });
    });
    assertClose([0, 100].map((step) => losses[step]!.item()), expected.loss_every_100.slice(0, 2), 1e-9, 0);
  });

  for (const example of ["01_graph", "02_perceptron", "03_same_graph", "mlp"]) {
    it(`of examples/${example}.ts`, () => {
      const outputs = counts.map((threads) => {
        const { output, errors, status } = runProgram("example_bits.ts", [example, String(threads)]);
        assertEquals(status, 0, errors);
        return output.trim().split("\n").at(-1);
      });
      assertEquals(new Set(outputs).size, 1, outputs.join("\n"));
    });
  }
});
