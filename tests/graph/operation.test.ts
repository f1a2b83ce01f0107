// Operations that a user defines.
import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import {
  compile,
  type Computed,
  grad,
  gradients,
  Graph,
  Operation,
  placeholder,
  RegisterGradient,
  Session,
  Tensor,
  tensor,
  train,
  type Value,
  Variable,
} from "../../mod.ts";
import { assertClose } from "../sabinasz/problems.ts";

const f64 = { dtype: "float64" } as const;
afterEach(() => Graph.clearDefault());

/** x³, written over the numbers themselves. */
class Cube extends Operation {
  override compute(x: Tensor): Tensor {
    return tensor(Float64Array.from(x.data, (value) => value ** 3), { shape: x.shape, dtype: x.dtype });
  }
}
RegisterGradient(Cube)((operation: Cube, gradient: Value) => gradient.mul(operation.inputs[0]!.square()).mul(3));

/** x·y and its gradient, by the name that Sabinasz's text uses. */
class TimesByName extends Operation {
  override compute(x: Tensor, y: Tensor): Tensor {
    return x.mul(y);
  }
}
RegisterGradient("TimesByName")((
  { inputs: [x, y] }: Operation,
  gradient: Value,
) => [gradient.mul(y!), gradient.mul(x!)]);

/** eˣ, whose gradient uses the operation's output. */
class Exponential extends Operation {
  override compute(x: Tensor): Tensor {
    return x.exp();
  }
}
RegisterGradient(Exponential)((operation: Exponential, gradient: Value) => gradient.mul(operation.output));

/** Not differentiable. */
class Opaque extends Operation {
  override compute(x: Tensor): Computed {
    return x.toArray();
  }
}

describe("a user's operation", () => {
  it("computes at once with apply, where no input is a node", () => {
    const result = Cube.apply(tensor([1, 2]));
    assertInstanceOf(result, Tensor);
    assertEquals(result.toArray(), [1, 8]);
    assertEquals(Cube.apply([3]).toArray(), [27]);
    assertEquals(Cube.apply(new Variable([2])).toArray(), [8]);
    assertEquals(TimesByName.apply([2], 5).toArray(), [10]);
  });

  it("makes a node with new, and with apply where an input is one", () => {
    const graph = new Graph();
    graph.asDefault();
    const x = placeholder({ shape: [2], dtype: "float32" });
    const made = new Cube([x]);
    const applied = Cube.apply(x);
    assertInstanceOf(applied, Cube);
    assertEquals(x.consumers.length, 2);
    assertStrictEquals(graph.operations[0], made);
    assertEquals(made.shape, [2]);
    const constant = new Cube([tensor([2])]); // new always makes a node
    assertEquals(graph.operations.includes(constant), true);
    assertEquals(new Session().run(constant).toArray(), [8]);
    assertEquals(new Session().run({ made, sum: applied.sum() }, [[x, [1, 2]]]).sum.item(), 9);
  });

  it("may take its inputs one by one, as Sabinasz's text writes it, and then apply does, too", () => {
    let made = 0;
    class Double extends Operation {
      constructor(x: Value) {
        super([x]);
        made++;
      }
      override compute(x: Tensor): Tensor {
        return x.mul(2);
      }
    }
    class Difference extends Operation {
      readonly times: number;
      constructor(x: Value, y: Value, times = 1) {
        super([x.mul(1), y]);
        this.times = times;
      }
      override compute(x: Tensor, y: Tensor): Tensor {
        return x.sub(y).mul(this.times);
      }
    }
    class Sum extends Operation {
      constructor(...inputs: Value[]) {
        super(inputs);
      }
      override compute(...inputs: Tensor[]): Tensor {
        return inputs.reduce((sum, x) => sum.add(x));
      }
    }
    RegisterGradient(Double)((_operation: Double, gradient: Value) => gradient.mul(2));
    const [x, y, w] = [tensor([1, 2]), tensor([5, 5]), new Variable([3, 4])];
    for (let time = 0; time < 2; time++) {
      assertEquals(Double.apply(x).toArray(), [2, 4]);
      assertEquals(made, time + 1);
      assertEquals(Double.apply([[1], [2]]).toArray(), [[2], [4]]); // no list of inputs, but one input
      assertEquals(Double.apply(4).item(), 8);
      made = time + 1;
      assertEquals(Difference.apply(x, w).toArray(), [-2, -2]);
      assertEquals(Difference.apply(x, y, 3).toArray(), [-12, -9]);
      assertEquals(Sum.apply(x, y, w).toArray(), [9, 11]);
    }
    assertEquals(compile((v: Value) => Sum.apply(Double.apply(v), w))(x).toArray(), [5, 8]);
    assertEquals(grad((v: Value) => Double.apply(v).sum())(x).toArray(), [2, 2]);
    new Graph().asDefault(() => {
      const p = placeholder();
      const node = Difference.apply(p, Double.apply(p));
      assertEquals([p.consumers.length, node instanceof Difference], [2, true]);
      assertEquals(new Session().run(node, [[p, [1, 2]]]).toArray(), [-1, -2]);
    });
  });

  it("may look at the list of inputs in its constructor, and its errors are its own", () => {
    class Pair extends Operation {
      readonly count: number;
      constructor(inputs: readonly Value[]) {
        if (inputs.length !== 2) throw new RangeError("it takes two");
        super(inputs);
        this.count = inputs.length;
        if (inputs[0] instanceof Variable) throw new RangeError("no Variables");
      }
      override compute(x: Tensor, y: Tensor): Tensor {
        return x.add(y).mul(this.count);
      }
    }
    class Strict extends Operation {
      constructor(x: Value) {
        if (x.rank === 0) throw new RangeError("no scalars");
        super([x]);
      }
      override compute(x: Tensor): Tensor {
        return x;
      }
    }
    assertEquals(Pair.apply([1], [2]).toArray(), [6]);
    assertThrows(() => Pair.apply([1]), RangeError, "it takes two");
    assertThrows(() => compile((x: Value) => Pair.apply(new Variable(1), x))(tensor([1])), TypeError);
    assertEquals(Strict.apply(tensor([1])).toArray(), [1]);
    assertThrows(() => Strict.apply(tensor(1)), RangeError, "no scalars");
    assertThrows(
      () => new Cube(tensor([1]) as unknown as Value[]),
      TypeError,
      "Cannot make a node for Cube: its inputs are a list, as in new Cube([x])",
    );
  });

  it("may have no inputs, and return plain numbers", () => {
    class Answer extends Operation {
      override compute(): number[] {
        return [42, 43];
      }
    }
    new Graph().asDefault();
    const answer = new Answer();
    assertEquals(answer.shape, [2]);
    for (const mode of ["reference", "compiled"] as const) {
      assertEquals(new Session({ mode }).run(answer.add(1)).toArray(), [43, 44]);
    }
    Graph.clearDefault();
    assertEquals(compile(() => new Answer().mul(2))().toArray(), [84, 86]);
  });

  it("finds its output's shape by one compute on zeros", () => {
    const seen: unknown[] = [];
    class Pairs extends Operation {
      override compute(x: Tensor): Tensor {
        seen.push(x.toArray());
        return x.reshape([-1, 2]);
      }
    }
    new Graph().asDefault();
    const pairs = new Pairs([placeholder({ shape: [4], dtype: "int32" })]);
    assertEquals(pairs.shape, [2, 2]);
    assertEquals(pairs.dtype, "int32");
    assertEquals(seen, [[0, 0, 0, 0]]);
  });

  it("keeps what its constructor was given", () => {
    class Power extends Operation {
      readonly #exponent: number;
      readonly exponent: number;
      constructor(x: Value, exponent: number) {
        super([x]);
        this.#exponent = exponent;
        this.exponent = exponent;
      }
      override compute(x: Tensor): Tensor {
        return x.pow(this.#exponent);
      }
    }
    RegisterGradient(Power)((operation: Power, gradient: Value) =>
      gradient.mul(operation.inputs[0]!.pow(operation.exponent - 1)).mul(operation.exponent)
    );
    new Graph().asDefault();
    const x = placeholder();
    const y = new Power(x, 3);
    for (const mode of ["reference", "compiled"] as const) {
      const result = new Session({ mode }).run([y, ...gradients(y, x)], [[x, tensor([2], f64)]]);
      assertEquals(result.map((each) => each.toArray()), [[8], [12]]);
    }
    const d = grad((x: Value) => new Power(x, 3).sum());
    assertEquals(d(tensor([2], f64)).toArray(), [12]);
    assertEquals(compile((x: Value) => d(x))(tensor([2], f64)).toArray(), [12]);
  });

  it("is a host step of a compiled program", () => {
    const f = compile((x: Value) => Cube.apply(x.add(1)).mul(2));
    assertEquals(f(tensor([0, 1])).toArray(), [2, 16]);
    assertEquals(f.kernels().length, 3);
    assert(f.kernels().some((name) => name.includes("Cube")), String(f.kernels()));
    assertEquals(f(tensor([2, 3])).toArray(), [54, 128]);
    assertEquals(f.stats.traces, 1);
  });

  it("gets inputs that it may keep", () => {
    const kept: Tensor[] = [];
    class Keeps extends Operation {
      override compute(x: Tensor): Tensor {
        kept.push(x);
        return x;
      }
    }
    const f = compile((x: Value) => Keeps.apply(x.mul(2)).add(1));
    f(tensor([1]));
    f(tensor([2]));
    assertEquals(kept.slice(-2).map((each) => each.toArray()), [[2], [4]]);
  });

  it("may run the very program that it is a step of", () => {
    class Countdown extends Operation {
      override compute(x: Tensor): Tensor {
        return x.item() > 0 ? sum(x.sub(1)) : x;
      }
    }
    const sum = compile((x: Value): Value => Countdown.apply(x.mul(1)).add(x)) as (x: Tensor) => Tensor;
    assertEquals(sum(tensor(4)).item(), 10);
    assertEquals(sum(tensor(2)).item(), 3);
  });

  it("says so when compute is missing or returns something else", () => {
    class Missing extends Operation {}
    assertThrows(() => Missing.apply(1), TypeError, "Cannot compute Missing: the class Missing has no compute method");
    class Text extends Operation {
      override compute(): Computed {
        return "text" as unknown as Computed;
      }
    }
    assertThrows(
      () => Text.apply(1),
      TypeError,
      'Cannot compute Text: its compute returned the string "text", not a Tensor or numbers',
    );
  });

  it("passes on what compute throws", () => {
    class Fails extends Operation {
      override compute(x: Tensor): Tensor {
        if (x.data.some((value) => value > 1)) throw new RangeError("more than 1");
        return x;
      }
    }
    assertThrows(() => Fails.apply([2]), RangeError, "more than 1");
    const f = compile((x: Value) => Fails.apply(x).mul(2));
    assertEquals(f(tensor([1])).toArray(), [2]);
    assertThrows(() => f(tensor([2])), RangeError, "more than 1");
    assertEquals(f(tensor([0.5])).toArray(), [1]);
  });

  it("must keep its shape for inputs of one shape", () => {
    class Positive extends Operation {
      override compute(x: Tensor): number[] {
        return [...x.data].filter((value) => value >= 0);
      }
    }
    const f = compile((x: Value) => Positive.apply(x).mul(2));
    assertEquals(f(tensor([1, 2])).toArray(), [2, 4]);
    assertThrows(
      () => f(tensor([1, -2])),
      RangeError,
      "Cannot run Positive: its compute returned float32[1] where float32[2] was expected",
    );
  });
});

describe("RegisterGradient", () => {
  it("returns the rule", () => {
    const rule = (_operation: Operation, gradient: Value): Value => gradient;
    class Identity extends Opaque {}
    assertStrictEquals(RegisterGradient(Identity)(rule), rule);
    assertEquals(grad((x: Value) => Identity.apply(x).mul(2).sum())(tensor([1, 2])).toArray(), [2, 2]);
  });

  it("takes a class or its name", () => {
    const product = (x: Value, y: Value): Value => TimesByName.apply(x, y).sum();
    assertEquals(grad(product)(tensor([1, 2]), tensor([3, 4])).toArray(), [3, 4]);
    assertEquals(grad(product, { argument: 1 })(tensor([1, 2]), tensor([3, 4])).toArray(), [1, 2]);
  });

  it("gives a subclass the rule of its class", () => {
    class Special extends Cube {}
    assertEquals(grad((x: Value) => Special.apply(x).sum())(tensor([2])).toArray(), [12]);
  });

  it("replaces the rule of an operation of the library, by name", () => {
    let calls = 0;
    // The right rule, since it stays registered.
    RegisterGradient("sinh")(({ inputs: [x] }: Operation, gradient: Value) => {
      calls++;
      return gradient.mul(x!.cosh());
    });
    assertClose(grad((x: Value) => x.sinh())(tensor(1, f64)), Math.cosh(1), 1e-15);
    assertEquals(calls, 1);
  });

  it("takes the last rule it is given", () => {
    class Scaled extends Operation {
      override compute(x: Tensor): Tensor {
        return x;
      }
    }
    RegisterGradient(Scaled)((_operation: Scaled, gradient: Value) => gradient.mul(2));
    assertEquals(grad((x: Value) => Scaled.apply(x).sum())(tensor([1])).toArray(), [2]);
    RegisterGradient(Scaled)((_operation: Scaled, gradient: Value) => gradient.mul(3));
    assertEquals(grad((x: Value) => Scaled.apply(x).sum())(tensor([1])).toArray(), [3]);
  });

  it("gives rules that can be differentiated again", () => {
    const second = grad((x: Value) => grad((x: Value) => Cube.apply(x).sum())(x).sum());
    assertEquals(second(tensor([1, 2])).toArray(), [6, 12]);
    assertEquals(compile((x: Value) => second(x))(tensor([1, 2])).toArray(), [6, 12]);
  });

  it("is needed to differentiate through an operation", () => {
    const d = grad((x: Value) => Opaque.apply(x).sum());
    assertThrows(
      () => d(tensor([1])),
      TypeError,
      "Cannot differentiate Opaque (float32[1]): it has no gradient; give it one with RegisterGradient(Opaque)",
    );
    // Off the path, none is needed.
    assertEquals(grad((x: Value) => x.mul(Opaque.apply([3])).sum())(tensor([1])).toArray(), [3]);
  });

  it("refuses gradients of another shape", () => {
    class Wrong extends Opaque {}
    RegisterGradient(Wrong)((_operation: Wrong, gradient: Value) => gradient.sum());
    assertThrows(
      () => grad((x: Value) => Wrong.apply(x).sum())(tensor([1, 2])),
      RangeError,
      "Cannot differentiate Wrong (float32[2]): its gradient rule returned float32[] for an input of float32[2]",
    );
  });
});

describe("a user's operation with a gradient", () => {
  // Two steps of gradient descent on e^w³ − 2w from w = 0.5, by plain arithmetic.
  const rate = 0.1;
  const trajectory = [0.5];
  for (let step = 0; step < 20; step++) {
    const w = trajectory.at(-1)!;
    trajectory.push(w - rate * (Math.exp(w ** 3) * 3 * w * w - 2));
  }
  const loss = (w: Value): Value => Exponential.apply(Cube.apply(w)).sub(w.mul(2)).sum();

  it("trains eagerly", () => {
    const w = new Variable([0.5], f64);
    const optimizer = new train.GradientDescentOptimizer(rate);
    for (const expected of trajectory) {
      assertClose(w.value, expected, 1e-12);
      optimizer.minimize(() => loss(w));
    }
  });

  it("trains compiled", () => {
    const w = new Variable([0.5], f64);
    const optimizer = new train.GradientDescentOptimizer(rate);
    const step = compile(() => optimizer.minimize(() => loss(w)));
    for (const expected of trajectory) {
      assertClose(w.value, expected, 1e-12);
      step();
    }
    assertEquals(step.stats.traces, 1);
  });

  for (const mode of ["reference", "compiled"] as const) {
    it(`trains in a session (${mode})`, () => {
      new Graph().asDefault();
      const w = new Variable([0.5], f64);
      const minimize = new train.GradientDescentOptimizer(rate).minimize(loss(w));
      const session = new Session({ mode });
      for (const expected of trajectory) {
        assertClose(session.run(w), expected, 1e-12);
        session.run(minimize);
      }
    });
  }
});
