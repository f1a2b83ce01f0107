// How many kernels a program takes. A count is part of what the compiler promises: each stands for a pass over memory.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  compile,
  concat,
  crossEntropy,
  type DType,
  grad,
  log,
  matmul,
  negative,
  ones,
  permuteDims,
  reduceSum,
  softmax,
  take,
  type Tensor,
  tensor,
  train,
  type Value,
  valueAndGrad,
  Variable,
  where,
  zeros,
} from "../../mod.ts";
import { withTuning } from "../../compiler/limits.ts";
import { assertClose } from "../sabinasz/problems.ts";

/** Asserts how many kernels a function takes, and that it computes what it computes eagerly. */
function assertKernels(fn: (...args: Value[]) => Value, args: readonly Tensor[], count: number): void {
  const f = compile(fn);
  const result = f(...args);
  assertEquals(f.kernels().length, count, `${f.kernels().join(", ")}`);
  assertClose(result, fn(...args).toArray(), 1e-6);
}

const numbers = (shape: readonly number[], dtype: DType = "float32"): Tensor => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(Float64Array.from({ length: size }, (_, index) => Math.sin(index + 1)), { shape, dtype });
};

/** Asserts how many kernels several results take together, and that they are what they are eagerly. */
function assertTogether(fn: (x: Value) => readonly Value[], x: Tensor, count: number): void {
  const f = compile(fn);
  const results = f(x);
  assertEquals(f.kernels().length, count, f.explain());
  fn(x).forEach((expected, index) => assertClose(results[index]!, expected.toArray(), 1e-6));
}

const last = { keepDims: true } as const;

/** Layer normalization as people write it. */
const layerNorms: readonly ((x: Value, gamma: Value, beta: Value) => Value)[] = [
  (x, gamma, beta) => {
    const centred = x.sub(x.mean(-1, last));
    return centred.div(centred.square().mean(-1, last).add(1e-5).sqrt()).mul(gamma).add(beta);
  },
  (x, gamma, beta) => x.sub(x.mean(-1, last)).div(x.variance(-1, last).add(1e-5).sqrt()).mul(gamma).add(beta),
  (x, gamma, beta) => x.sub(x.mean(-1, last)).div(x.std(-1, last).add(1e-5)).mul(gamma).add(beta),
];

const classes = tensor([0, 2, 1, 1], { dtype: "int32" });
const oneHot = tensor([[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 0]]);

describe("one kernel", () => {
  it("for a chain of 8 element-wise operations", () => {
    const chain = (x: Value): Value => x.add(1).mul(2).exp().tanh().sub(x).abs().sqrt().neg();
    for (const shape of [[], [7], [3, 5], [2, 3, 4], [0, 3]]) assertKernels(chain, [numbers(shape)], 1);
  });

  it("for a chain over broadcast operands", () => {
    const chain = (x: Value, row: Value, column: Value): Value =>
      x.add(row).mul(column).sub(row).maximum(0).add(column);
    assertKernels(chain, [numbers([4, 3]), numbers([3]), numbers([4, 1])], 1);
  });

  it("for a chain with several results and uses", () => {
    const f = compile((x: Value) => {
      const a = x.mul(2);
      const b = a.add(x);
      return [a, b, a.mul(b)] as const;
    });
    assertEquals(f(tensor([1, 2])).map((each) => each.toArray()), [[2, 4], [3, 6], [6, 24]]);
    assertEquals(f.kernels().length, 1);
  });

  it("for softmax on any axis of any rank", () => {
    for (const axis of [0, 1, -1]) assertKernels((x) => softmax(x!, axis), [numbers([5, 3])], 1);
    for (const axis of [0, 1, 2]) assertKernels((x) => softmax(x!, axis), [numbers([2, 4, 3])], 1);
    assertKernels((x) => softmax(x!), [numbers([7])], 1);
    assertKernels((x) => softmax(x!.mul(2).add(1)).log().mul(3), [numbers([5, 3])], 1);
  });

  it("for log-softmax", () => {
    assertKernels((x) => x!.logSoftmax(), [numbers([5, 3])], 1);
  });

  it("for cross-entropy with classes and with one-hot rows", () => {
    assertKernels((x, y) => crossEntropy(x!, y!), [numbers([4, 3]), classes], 1);
    assertKernels((x, y) => crossEntropy(x!, y!), [numbers([4, 3]), oneHot], 1);
    assertKernels((x, y) => crossEntropy(x!, y!), [numbers([4, 3], "float64"), classes], 1);
  });

  it("for log-softmax and cross-entropy written out", () => {
    assertKernels((x, y) => x!.logSoftmax().mul(y!).sum(1).neg().mean(), [numbers([4, 3]), oneHot], 1);
    assertKernels((x, c) => negative(reduceSum(reduceSum(c!.mul(log(softmax(x!))), 1))), [numbers([4, 3]), oneHot], 1);
  });

  it("for a reduction with what goes in and what comes out", () => {
    assertKernels((x) => x!.mul(x!).sum(1).sqrt().add(1), [numbers([4, 3])], 1);
    assertKernels((x) => x!.sub(1).square().sum().div(2), [numbers([4, 3])], 1);
    assertKernels((x) => x!.transpose().exp().sum(0), [numbers([4, 3])], 1);
  });

  it("for elements by index", () => {
    const rows = tensor([2, 0, -1, 1, 1], { dtype: "int32" });
    assertKernels((x, i) => take(x!, i!).mul(2).sum(1), [numbers([4, 3]), rows], 1);
    assertKernels((x, i) => take(x!.transpose(), i!.neg()).sum(1), [numbers([3, 4]), rows], 1);
  });

  it("for a product with bias and activation", () => {
    assertKernels((x, w, b) => matmul(x!, w!).add(b!).maximum(0), [numbers([4, 3]), numbers([3, 5]), numbers([5])], 1);
    assertKernels((x, w) => matmul(x!.transpose(), w!.transpose()), [numbers([3, 4]), numbers([5, 3])], 1);
  });

  it("for layer normalization, written out in several ways", () => {
    const [gamma, beta] = [numbers([8]), numbers([8]).mul(0.5)];
    for (const form of layerNorms) assertKernels((x, g, b) => form(x!, g!, b!), [numbers([4, 8]), gamma, beta], 1);
  });

  it("for its gradient with respect to the input, also with the value", () => {
    for (const form of layerNorms) {
      const loss = (x: Value, g: Value, weights: Value): Value => form(x, g, g).mul(weights).sum();
      const args = [numbers([4, 8]), numbers([8]), numbers([4, 8]).square()];
      assertKernels((x, g, weights) => grad((x: Value) => loss(x, g!, weights!))(x as Tensor), args, 1);
      const f = compile((x: Value, g: Value, weights: Value) =>
        valueAndGrad((x: Value) => loss(x, g, weights))(x as Tensor)
      );
      assertEquals(f.kernels(...args as [Tensor, Tensor, Tensor]).length, 1); // there are three
    }
  });

  it("for cross-entropy and its gradient together", () => {
    const losses: readonly ((z: Value, y: Value) => Value)[] = [
      (z, y) => crossEntropy(z, y),
      (z, y) => z.logSoftmax().mul(y).sum(1).neg().mean(),
      (z, y) => negative(reduceSum(reduceSum(y.mul(log(softmax(z))), 1))),
    ];
    for (const loss of losses) {
      assertKernels((z, y) => loss(z!, y!), [numbers([4, 3]), oneHot], 1);
      assertKernels((z, y) => grad((z: Value) => loss(z, y!))(z as Tensor), [numbers([4, 3]), oneHot], 1);
      const f = compile((z: Value, y: Value) => valueAndGrad((z: Value) => loss(z, y))(z as Tensor));
      assertEquals(f.kernels(numbers([4, 3]), oneHot).length, 1);
    }
    const f = compile((z: Value, y: Value) => valueAndGrad((z: Value) => crossEntropy(z, y))(z as Tensor));
    assertEquals(f.kernels(numbers([4, 3]), classes).length, 1);
  });

  it("for results that read the same array in the same loops", () => {
    assertTogether((x) => [x.sum(1), x.max(1)], numbers([4, 3]), 1);
    assertTogether((x) => [x.exp(), x.tanh(), x.sin()], numbers([4, 3]), 1);
    assertTogether((x) => [x.mean(), x.variance()], numbers([4, 3]), 1);
    assertTogether((x) => [x.mean(0), x.std(0), x.argmax(0)], numbers([4, 3]), 1);
    assertTogether((x) => [x.softmax(), x.sum(1)], numbers([4, 3]), 1);
  });

  it("but not for those that only read the same row, or the same array otherwise", () => {
    const column = new Variable(numbers([4, 1]));
    assertTogether((x) => [x.sum(0), x.sum(1)], numbers([4, 3]), 2);
    assertTogether((x) => [x.exp(), x.transpose().tanh()], numbers([3, 3]), 2);
    assertTogether((x) => [x.exp().mul(column), x.broadcastTo([2, 4, 3]).mul(column)], numbers([4, 3]), 2);
  });

  it("and for what fits in only after a reduction has made the loops", () => {
    // The row's factor is computed before there is a row to be part of.
    assertKernels((x, y) => y!.exp().reshape([4, 1]).mul(x!.sub(x!.max(1, { keepDims: true }))), [
      numbers([4, 3]),
      numbers([4]),
    ], 1);
  });

  it("for views of what it reads", () => {
    assertKernels((x) => x!.reshape([2, 6]).transpose().slice([1], [5], [2]).flip(0).exp(), [numbers([3, 4])], 1);
    assertKernels((x) => x!.broadcastTo([4, 3]).add(x!.slice([null], [null], [-1])), [numbers([3])], 1);
  });
});

describe("no kernel", () => {
  it("for what gives back its arguments", () => {
    const f = compile((x: Value) => [x, x.reshape([2, 2])] as const);
    assertEquals(f(tensor([1, 2, 3, 4]))[1].toArray(), [[1, 2], [3, 4]]);
    assertEquals(f.kernels().length, 0);
  });
});

describe("a multi-layer perceptron", () => {
  const [w1, b1, w2, b2] = [
    new Variable(numbers([3, 16])),
    new Variable(numbers([16])),
    new Variable(numbers([16, 3])),
    new Variable(numbers([3])),
  ];
  const hidden = (x: Value): Value => x.matmul(w1).add(b1).tanh();
  const model = (x: Value): Value => hidden(x).matmul(w2).add(b2);
  const x = numbers([4, 3]);

  it("takes a kernel per layer", () => {
    assertKernels((x) => hidden(x!), [x], 1);
    assertKernels((x) => model(x!), [x], 2);
  });

  it("and one for softmax or for the loss", () => {
    assertKernels((x) => model(x!).softmax(), [x], 3);
    assertKernels((x, y) => crossEntropy(model(x!), y!), [x, classes], 3);
    assertKernels((x, y) => crossEntropy(model(x!), y!), [x, oneHot], 3);
  });

  it("takes one more for each gradient when it is trained, with the update in the same kernel", () => {
    const optimizer = new train.SGD({ learningRate: 0.1 });
    const step = compile((x: Value, y: Value) => optimizer.minimize(() => crossEntropy(model(x), y)));
    step(x, classes);
    // Forward: 3. Backward: the gradients of the hidden layer and of four parameters. Once in all: the learning rate.
    assert(step.kernels().length <= 3 + 1 + 4 + 1, step.explain());
  });
});

describe("a long row", () => {
  const long = numbers([2 ** 17]);

  it("may be one of none, along axes of which one is empty", () => {
    withTuning({ longRow: 8, chunkWork: 4 }, () => {
      for (const emitter of ["js", "wasm"] as const) {
        const f = compile(
          (x: Value, y: Value) =>
            permuteDims(x, [2, 1, 0, 3]).mul(permuteDims(y, [1, 0, 2]).reshape([3, 0, 1, 1])).sum(3),
          { emitter },
        );
        assertEquals(f(tensor([], { shape: [2, 0, 3, 40] }), tensor([], { shape: [0, 3, 1] })).shape, [3, 0, 2]);
      }
    });
  });

  it("is passed over once by each kernel", () => {
    const norm = (x: Value): Value => x.div(x.square().sum().sqrt());
    assertKernels((x) => norm(x!), [long], 2);
    assertKernels((x) => norm(x!), [numbers([2 ** 17 - 1])], 1);
    assertKernels((x) => x!.softmax(), [long], 3);
    assertKernels((x) => x!.logSoftmax(), [long.reshape([1, -1])], 3);
    assertKernels((x) => x!.square().sum().sqrt().add(1), [long], 1);
    assertTogether((x) => [x.sum(), x.max()], long, 1);
  });

  it("is no matter where there are many", () => {
    const scores = numbers([8, 2 ** 14]).reshape([8, 1, -1]).broadcastTo([8, 8, 2 ** 14]).reshape([8, 2 ** 17]);
    const softmaxOf = compile((x: Value) => x.softmax());
    assertEquals(softmaxOf.kernels(scores).length, 1);
  });
});

describe("the text's training step", () => {
  it("takes at most 10 kernels", () => {
    const [W1, b1, W2, b2] = [
      new Variable(numbers([2, 2])),
      new Variable(numbers([2])),
      new Variable(numbers([2, 2])),
      new Variable(numbers([2])),
    ];
    const optimizer = new train.GradientDescentOptimizer(0.03);
    const step = compile((x: Value, c: Value) =>
      optimizer.minimize(() => {
        const p = x.matmul(W1).add(b1).sigmoid().matmul(W2).add(b2).softmax();
        return c.mul(p.log()).sum(1).sum().neg();
      })
    );
    const [x, c] = [numbers([100, 2]), numbers([100, 2]).square()];
    const kernels = step.kernels(x, c);
    assert(kernels.length <= 10, kernels.join(", "));
  });
});

describe("what is computed in several kernels", () => {
  it("is right where a chain is longer than a kernel may be", () => {
    const long = (x: Value): Value => {
      let y = x;
      for (let index = 0; index < 300; index++) y = y.mul(index % 2 === 0 ? 0.5 : 2).add(index % 3);
      return y;
    };
    const f = compile(long);
    assertEquals(
      f(tensor([1, 2], { dtype: "float64" })).toArray(),
      long(tensor([1, 2], { dtype: "float64" })).toArray(),
    );
    assert(f.kernels().length > 1);
  });

  it("is right where more arrays are read than a kernel may read", () => {
    const sum = (xs: readonly Value[]): Value => xs.reduce((total, x) => total.add(x));
    const xs = Array.from({ length: 100 }, (_, index) => tensor([index, 1]));
    assertEquals(compile(sum)(xs).toArray(), [4950, 100]);
  });

  it("is right where one value has consumers of different loops", () => {
    const fn = (x: Value): Value[] => {
      const y = x.exp();
      return [
        y.sum(0),
        y.sum(1),
        y.sum(),
        y.transpose().matmul(y),
        y.max(1).sub(y.min(1)),
        y.div(y.sum(1, { keepDims: true })),
      ];
    };
    const x = numbers([4, 3]);
    const eager = fn(x);
    compile(fn)(x).forEach((each, index) => assertClose(each, eager[index]!.toArray(), 1e-6));
  });

  it("is right where pieces are put together", () => {
    const fn = (x: Value, y: Value): Value => concat([x.mul(2), y.transpose(), x.pad([[0, 0], [0, 0]])], 1).add(1);
    const args = [numbers([2, 3]), numbers([3, 2])] as const;
    assertEquals(compile(fn)(...args).toArray(), fn(...args).toArray());
  });

  it("is right for a Variable that is read and assigned in one program", () => {
    const w = new Variable([1, 2, 3]);
    const f = compile(() => {
      const reversed = w.flip();
      w.assign(w.add(reversed));
      return [reversed.mul(1), w.flip()] as const;
    });
    assertEquals(f().map((each) => each.toArray()), [[3, 2, 1], [4, 4, 4]]);
    w.assign([1, 2, 4]);
    assertEquals(f().map((each) => each.toArray()), [[4, 2, 1], [5, 4, 5]]);
    assertEquals(w.toArray(), [5, 4, 5]);
  });

  it("is right for empty operands", () => {
    const f = compile((x: Value) => [x.sum(), x.sum(0), x.softmax(), x.matmul(zeros([3, 2]))] as const);
    assertEquals(f(zeros([0, 3])).map((each) => [each.shape, [...each.data]]), [
      [[], [0]],
      [[3], [0, 0, 0]],
      [[0, 3], []],
      [[0, 2], []],
    ]);
    assertEquals(compile((x: Value, y: Value) => x.matmul(y))(zeros([2, 0]), zeros([0, 2])).toArray(), [[0, 0], [
      0,
      0,
    ]]);
  });

  it("passes on NaN and infinities", () => {
    const x = tensor([NaN, Infinity, -Infinity, -0]);
    const fn = (
      x: Value,
    ): Value[] => [x.maximum(0), where(x.greater(0), x, 1), x.mul(0), x.sub(x), ones([4]).div(x), x.max(), x.sum()];
    const eager = fn(x);
    compile(fn)(x).forEach((each, index) =>
      assertEquals([...each.data].map(String), [...eager[index]!.data].map(String))
    );
  });
});
