// checkpoint: the same results and gradients, from intermediate results that are computed once more instead of kept.
import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertLessOrEqual, assertStrictEquals, assertThrows } from "@std/assert";
import {
  checkpoint,
  compile,
  computeGradients,
  grad,
  gradients,
  Graph,
  Operation,
  placeholder,
  random,
  RegisterGradient,
  Session,
  type Tensor,
  tensor,
  train,
  type Value,
  valueAndGrad,
  Variable,
} from "../../mod.ts";
import { compileProgram } from "../../compiler/program/program.ts";
import { verify } from "../../compiler/passes/verify.ts";
import { referenceExecutor } from "../../src/graph/interpret.ts";

afterEach(() => Graph.clearDefault());

const x = tensor([0.5, -1, 2], { dtype: "float64" });
const wavy = (x: Value): Value => x.exp().sin().mul(x).exp();

/** The value and the gradient of `f`, which is `wavy` in another form, in every way that there is to compute them. */
function assertLikeWavy(f: (x: Value) => Value, times = 1): void {
  const plain = (x: Value): Value => Array.from({ length: times }).reduce<Value>((y) => wavy(y), x).sum();
  const [value, gradient] = valueAndGrad(plain)(x);
  const loss = (x: Value): Value => f(x).sum();
  const ways = {
    "eagerly": valueAndGrad(loss)(x),
    "compiled": compile((x: Value) => valueAndGrad(loss)(x))(x),
    "compiled inside": valueAndGrad(compile(loss) as (x: Value) => Value)(x),
    "inside and out": compile((x: Value) => valueAndGrad(compile(loss) as (x: Value) => Value)(x))(x),
    "exactly": compile((x: Value) => valueAndGrad(loss)(x), { exact: true })(x),
  };
  for (const [way, [y, dx]] of Object.entries(ways)) {
    assertEquals([y.item(), dx.toArray()], [value.item(), gradient.toArray()], way);
  }
  const { graphFunction } = compile((x: Value) => valueAndGrad(loss)(x));
  const recorded = graphFunction(x);
  verify(recorded);
  const reference = referenceExecutor.compile(recorded, {}).run([x], []);
  assertEquals(reference.map((each) => each.toArray()), [value.item(), gradient.toArray()], "by the reference");
}

describe("checkpoint", () => {
  it("changes neither a value nor a gradient, to any depth", () => {
    const layer = checkpoint(wavy);
    assertLikeWavy(layer);
    assertLikeWavy((x) => layer(layer(x)), 2);
    assertLikeWavy(checkpoint((x: Value) => layer(layer(x))), 2);
    assertLikeWavy(checkpoint(checkpoint(checkpoint((x: Value) => layer(layer(x))))), 2);
  });

  it("has a name of its own, and takes functions alone", () => {
    assertEquals(checkpoint(wavy).name, "wavy");
    assertThrows(() => checkpoint(1 as unknown as () => Value), TypeError, "Cannot checkpoint");
    const late = checkpoint((x: Value) => Promise.resolve(x));
    assertThrows(() => compile(late)(x), TypeError, "it returned a promise");
  });

  it("computes a tensor at once, and lets a function that is differentiated eagerly look at numbers", () => {
    const f = checkpoint((x: Value) => x.sum().item() > 1 ? x.mul(3) : x);
    assertEquals((f(x) as Tensor).toArray(), [1.5, -3, 6]);
    assertEquals(grad((x: Value) => f(x).sum())(x).toArray(), [3, 3, 3]);
    assertThrows(
      () => compile((x: Value) => f(x))(x),
      TypeError,
      "the checkpointed function anonymous only records it",
    );
  });

  it("can be differentiated again", () => {
    const cube = checkpoint((x: Value) => x.square().mul(x));
    const second = (x: Value): Value => grad((y: Value) => grad((z: Value) => cube(z).sum())(y).sum())(x);
    assertEquals(second(tensor([1, 2])).toArray(), [6, 12]);
    assertEquals(compile(second)(tensor([1, 2])).toArray(), [6, 12]);
  });

  it("takes and gives trees, and leaves alone what is no node", () => {
    const f = checkpoint((p: { w: Value; b: Value[] }, scale: number, kind: string) => ({
      product: p.w.mul(p.b[0]!).mul(scale),
      others: [p.b[1]!, kind, scale, x] as const,
    }));
    const run = compile((w: Value, a: Value, b: Value) => {
      const { product, others } = f({ w, b: [a, b] }, 2, "k");
      assertEquals([others[1], others[2]], ["k", 2]);
      assertStrictEquals(others[3], x);
      return { product, other: others[0], gradient: gradients([product, others[0]], [w, a, b]) };
    });
    const { product, other, gradient } = run(tensor([1, 2]), tensor([3, 4]), tensor([5, 6]));
    assertEquals([product.toArray(), other.toArray()], [[6, 16], [5, 6]]);
    assertEquals(gradient.map((each) => each.toArray()), [[6, 8], [2, 4], [1, 1]]);
  });

  it("differentiates inside with respect to what it closes over", () => {
    const inside = (wrap: (f: (a: Value) => Value) => (a: Value) => Value): number[] =>
      compile((x: Value) => {
        const y = x.square();
        return wrap((a) => gradients(a.mul(y).sum(), [y])[0]!)(x.mul(2));
      })(tensor([1, 3])).toArray() as number[]; // it has one axis
    assertEquals(inside((f) => f), [2, 6]);
    assertEquals(inside(checkpoint), [2, 6]);
    assertEquals(inside((f) => checkpoint((a: Value) => checkpoint(f)(a))), [2, 6]);
    const other = new Graph().asDefault(() => placeholder({ name: "other" }));
    assertThrows(
      () => compile((x: Value) => checkpoint((a: Value) => gradients(a.sum(), [other])[0]!)(x))(x),
      TypeError,
      "Cannot differentiate with respect to other: it belongs to another graph",
    );
  });

  it("refuses to differentiate along what was computed outside", () => {
    const x = tensor([1, 3]);
    const w = new Variable([2, 5], { name: "w" });
    const inside = (f: (x: Value) => Value) => compile((x: Value) => checkpoint(() => f(x))());
    const outer = compile((x: Value) => {
      const y = x.square();
      return checkpoint((a: Value) => checkpoint((a: Value) => gradients(a.mul(y).mul(x).sum(), [x])[0]!)(a))(x.mul(2));
    });
    const throughVariable = compile((x: Value) => {
      const y = x.mul(w);
      return checkpoint((a: Value) => gradients(a.mul(y).mul(w).sum(), [w])[0]!)(x);
    });
    const message = "closes over what was computed from it outside";
    assertThrows(() => outer(x), TypeError, message);
    assertThrows(
      () => throughVariable(x),
      TypeError,
      "Cannot differentiate with respect to w (float32[2]): the checkpointed",
    );
    new Graph().asDefault(() => {
      const p = placeholder({ name: "p" });
      const y = p.square();
      assertThrows(() => checkpoint((a: Value) => gradients(y.add(a).sum(), [p])[0]!)(p), TypeError, message);
    });
    assertEquals(inside((x) => gradients(x.square().sum(), [x])[0]!)(x).toArray(), [2, 6]); // all of it is inside
  });

  it("passes a number on that only a whole one may be", () => {
    const f = compile((i: Value, n: Value) => checkpoint((i: Value, n: Value) => i.add(n))(i, n));
    const i = tensor([1, 2], { dtype: "int32" });
    assertEquals([f(i, 2).dtype, f(i, 2).toArray()], ["int32", [3, 4]]);
    assertEquals([f(i, 0.5).dtype, f(i, 0.5).toArray()], ["float32", [1.5, 2.5]]);
  });

  it("trains the Variables that it closes over, as they were when it was called", () => {
    const losses = [(f: (x: Value) => Value) => f, checkpoint].map((wrap) => {
      const [w, b] = [new Variable(x), new Variable(1, { dtype: "float64" })];
      const layer = wrap((x: Value) => x.mul(w).add(b).tanh());
      const optimizer = new train.Adam({ learningRate: 0.1 });
      const step = compile((x: Value) => {
        const loss = optimizer.minimize(() => layer(layer(x)).square().sum());
        w.assign(w.mul(0.5)); // after the call: the backward pass has seen what was there before
        return loss;
      });
      return [...Array.from({ length: 4 }, () => step(x).item()), w.toArray(), b.toArray()];
    });
    assertEquals(losses[0], losses[1]);
  });

  it("reads and assigns a Variable that is passed around it", () => {
    const f = compile((v: Variable, x: Value) => {
      const y = checkpoint((x: Value) => {
        v.assign(v.add(1));
        return x.mul(v);
      })(x);
      return y.add(v);
    });
    for (const v of [new Variable([1, 2]), new Variable([5, 6])]) {
      const [a, b] = v.toArray() as [number, number];
      assertEquals(f(v, tensor([3, 4])).toArray(), [4 * (a + 1), 5 * (b + 1)]);
      assertEquals(v.toArray(), [a + 1, b + 1]);
    }
  });

  it("computes an operation of the user's once more, and differentiates it by its rule", () => {
    let calls = 0;
    class Cube extends Operation {
      readonly slope = 3;
      override compute(x: Tensor): Tensor {
        calls++;
        return x.mul(x).mul(x);
      }
    }
    RegisterGradient(Cube)((node: Cube, gradient: Value) => gradient.mul(node.inputs[0]!.square()).mul(node.slope));
    const f = checkpoint((x: Value) => Cube.apply(x.add(1)).square());
    const slope = compile((x: Value) => valueAndGrad((x: Value) => f(x).sum())(x));
    const [value, gradient] = slope(tensor([1, 2]));
    assertEquals([value.item(), gradient.toArray()], [2 ** 6 + 3 ** 6, [6 * 2 ** 5, 6 * 3 ** 5]]);
    calls = 0;
    slope(tensor([1, 2]));
    assertEquals(calls, 2);
  });

  it("ends with its function, whose nodes take no further operations", () => {
    const f = compile((x: Value) => {
      let kept = x;
      checkpoint((x: Value) => kept = x.exp())(x);
      return kept.add(1);
    });
    assertThrows(() => f(x), TypeError, "it was recorded by the checkpointed function anonymous, which has ended");
  });

  it("minimizes inside of it", () => {
    const w = new Variable([1, 2]);
    const optimizer = new train.SGD({ learningRate: 0.5 });
    const step = compile((x: Value) => checkpoint((x: Value) => optimizer.minimize(() => x.mul(w).sum()))(x));
    assertEquals(step(tensor([1, 2])).item(), 5);
    assertEquals(w.toArray(), [0.5, 1]);
  });

  it("assigns a Variable once, for whatever follows", () => {
    const count = new Variable(0);
    const f = checkpoint((x: Value) => {
      const y = x.mul(count.add(1));
      return [y.exp(), count.assign(count.add(1)), y.mul(count)] as const;
    });
    const run = compile((x: Value) =>
      valueAndGrad((x: Value) => {
        const [a, assigned, b] = f(x);
        return a.add(b).add(assigned).add(count.mul(x)).sum();
      })(x)
    );
    const at = (x: number, n: number): number[] => [
      Math.exp(x * (n + 1)) + x * (n + 1) * (n + 1) + (n + 1) + (n + 1) * x,
      (n + 1) * Math.exp(x * (n + 1)) + (n + 1) * (n + 1) + (n + 1),
    ];
    for (let n = 0; n < 3; n++) {
      const [value, gradient] = run(tensor(0.25, { dtype: "float64" }));
      const expected = at(0.25, n);
      [value, gradient].forEach((each, index) =>
        assertLessOrEqual(Math.abs(each!.item() / expected[index]! - 1), 1e-12)
      );
      assertEquals(count.value.item(), n + 1);
    }
  });

  it("draws the same random numbers once more", () => {
    const mask = (x: Value): Value => x.mul(random.bernoulli(x.shape, { p: 0.5 }).astype(x.dtype)).exp();
    const ones = tensor(Array(100).fill(1), { dtype: "float64" });
    const [plain, checked, twice] = [mask, checkpoint(mask), checkpoint((x: Value) => checkpoint(mask)(x))].map((f) => {
      random.seed(5);
      const run = compile((x: Value) => valueAndGrad((x: Value) => f(x).mul(f(x)).sum())(x));
      return [run(ones), run(ones)].map(([y, dx]) => [y.item(), dx.toArray()]);
    });
    assertEquals(checked, plain);
    assertEquals(twice, plain);
    assert(plain![0]![0] !== plain![1]![0], "the generator moves on");
  });

  it("works in a graph by hand, of any shape, with gradients and minimize", () => {
    const run = (wrap: (f: (x: Value) => Value) => (x: Value) => Value): unknown[] => {
      const graph = new Graph();
      graph.asDefault();
      const x = placeholder({ name: "x" });
      const w = new Variable(2, { dtype: "float64", name: "w" });
      const f = wrap((x) => x.mul(w).sin().mul(x));
      const g = wrap((y) => gradients(y.square().sum(), [y])[0]!.mul(w));
      const loss = g(f(f(x))).sum();
      const all = computeGradients(loss);
      const minimize = new train.GradientDescentOptimizer(0.125).minimize(loss);
      const session = new Session();
      const results = [[1, 2], [[0.5, 0.25, 1]]].flatMap((feed) =>
        session.run([loss, all.get(x)!, all.get(w)!, minimize], [[x, tensor(feed, { dtype: "float64" })]])
          .map((each) => each?.toArray())
      );
      const reference = new Session({ mode: "reference" }).run([loss, all.get(x)!], [[x, [1, 2]]]);
      Graph.clearDefault();
      return [...results, ...reference.map((each) => each.toArray()), w.toArray()];
    };
    assertEquals(run(checkpoint), run((f) => f));
  });

  it("gives an operation by hand that assigns, and draws numbers there", () => {
    new Graph().asDefault();
    const x = placeholder();
    const count = new Variable(1);
    random.seed(3);
    const f = checkpoint((x: Value) => [x.mul(random.normal([2])), count.assign(count.add(x.sum()))] as const);
    const [product, assign] = f(x);
    const [other] = f(x);
    const session = new Session();
    const feeds = [[x, [1, 1]]] as const;
    const numbers = session.run([product, other, product], feeds).map((each) => each.toArray());
    assertEquals(count.toArray(), 1);
    assertEquals(session.run(assign, feeds).toArray(), 3);
    assertEquals(count.toArray(), 3);
    Graph.clearDefault();
    random.seed(3);
    const drawn = [random.normal([2]), random.normal([2])].map((each) => each.toArray());
    assertEquals(numbers, [...drawn, drawn[0]]);
  });

  it("is one operation of the graph, printed with its body below it", () => {
    const scale = new Variable([1, 2], { name: "scale" });
    const f = compile((x: Value) => {
      const y = x.add(1);
      return checkpoint((z: Value) => [z.mul(scale).exp(), z.sub(y)])(x);
    });
    f(tensor([0, 0]));
    assertEquals(
      String(f.graph),
      [
        "%0: float32[2] = placeholder argument0",
        "%1: float32[2] = variable scale",
        "%2: number = constant 1",
        "%3: float32[2] = add %0 %2",
        "%4: float32[2], float32[2] = checkpoint %0 %1 %3",
        "  %0: float32[2] = placeholder argument0",
        "  %1: float32[2] = placeholder scale",
        "  %2: float32[2] = placeholder capture1",
        "  %3: float32[2] = mul %0 %1",
        "  %4: float32[2] = exp %3",
        "  %5: float32[2] = sub %0 %2",
        "  return %4 %5",
      ].join("\n"),
    );
    assert(f.explain().includes("\n    %4: float32[2] = exp %3\n"));
    const dot = f.graph!.toDot();
    const edges = [...dot.matchAll(/n(\d+) -> n(\d+)/g)].map((match) => `${match[1]}→${match[2]}`);
    // Its inputs lead to what is computed in it, and the results of that to the operation.
    assertEquals(edges, ["0→3", "2→3", "0→4", "1→4", "4→5", "0→6", "3→6", "5→7", "6→7"]);
    assertEquals(dot.match(/in checkpoint/g)?.length, 3);
    assert(f.graph!.toSvg().includes(">checkpoint</text>"));
  });
});

describe("the memory of a training step of twelve layers", () => {
  const size = 64;
  const batch = 512;
  const numbers = (shape: readonly number[], scale: number): Tensor => {
    const length = shape.reduce((product, each) => product * each, 1);
    return tensor(Float32Array.from({ length }, (_, index) => scale * Math.sin(index + 1)), { shape });
  };

  /** A step of layers with normalization, product, gelu, dropout and a way past them, and its losses. */
  function stepOf(wrap: (f: (x: Value) => Value) => (x: Value) => Value, optimizer: train.Optimizer) {
    const layers = Array.from({ length: 12 }, (_, index) => {
      const [w, gain] = [new Variable(numbers([size, size], 0.1)), new Variable(numbers([size], 1 + index / 12))];
      return wrap((x) => {
        const centered = x.sub(x.mean(1, { keepDims: true }));
        const normal = centered.div(centered.square().mean(1, { keepDims: true }).add(1e-5).sqrt()).mul(gain);
        const kept = random.bernoulli([batch, size], { p: 0.75 }).astype("float32");
        return x.add(normal.matmul(w).gelu().mul(kept));
      });
    });
    const step = compile((x: Value, y: Value) =>
      optimizer.minimize(() => layers.reduce((h, layer) => layer(h), x).sub(y).square().mean())
    );
    random.seed(1);
    const [x, y] = [numbers([batch, size], 1), numbers([batch, size], 0.5)];
    const losses = Array.from({ length: 3 }, () => step(x, y).item());
    return { losses, bytes: compileProgram(step.graphFunction(), {}).program.memory.bytes };
  }

  const optimizers = {
    "SGD": [() => new train.SGD({ learningRate: 0.1 }), 1 / 3],
    "Adam": [() => new train.Adam(), 1 / 3],
  } as const;
  for (const [name, [make, most]] of Object.entries(optimizers)) {
    it(`falls when each layer is checkpointed, and nothing else changes: ${name}`, { timeout: 60_000 }, () => {
      const [plain, checked] = [stepOf((f) => f, make()), stepOf(checkpoint, make())];
      assertEquals(checked.losses, plain.losses);
      assertLessOrEqual(checked.bytes / plain.bytes, most, `${checked.bytes} of ${plain.bytes} bytes`);
      // What passes from layer to layer cannot be left out.
      assert(checked.bytes >= 11 * batch * size * 4, `${checked.bytes} bytes`);
    });
  }
});
