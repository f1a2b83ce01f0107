// Operations of the user's: private state, what compute sees, what rules return, how often compute runs.
import { afterEach, describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  compile,
  grad,
  gradients,
  Graph,
  Operation,
  placeholder,
  RegisterGradient,
  Session,
  type Tensor,
  tensor,
  type Value,
  Variable,
} from "../../mod.ts";

afterEach(() => Graph.clearDefault());

/** Multiplies by a number that only its own methods can see. */
class Scale extends Operation {
  readonly #factor: number;

  constructor(x: Value, factor: number) {
    super([x]);
    this.#factor = factor;
  }

  get factor(): number {
    return this.#factor;
  }

  /** The gradient, from private state and the place in the graph at once: d(k·x) = k, and k·x/x is k. */
  back(gradient: Value): Value {
    return gradient.mul(this.#factor).add(this.output.sub(this.inputs[0]!.mul(this.factor)));
  }

  override compute(x: Tensor): Tensor {
    return x.mul(this.#factor);
  }
}
RegisterGradient(Scale)((operation: Scale, gradient: Value) => operation.back(gradient));

describe("private fields of an operation", () => {
  const loss = (x: Value): Value => new Scale(x, 3).square().sum();
  const x = tensor([1, 2]);

  it("are there for its gradient rule, eagerly and compiled", () => {
    assertEquals(grad(loss)(x).toArray(), [18, 36]);
    assertEquals(compile(grad(loss))(x).toArray(), [18, 36]);
    const twice = (y: Value): Value => grad(loss)(y).sum();
    assertEquals(compile(grad(twice))(x).toArray(), [18, 18]);
  });

  for (const mode of ["compiled", "reference"] as const) {
    it(`are there for its gradient rule in a session (${mode})`, () => {
      new Graph().asDefault();
      const fed = placeholder();
      const scaled = new Scale(fed, 3);
      const [dx] = gradients(scaled.square().sum(), [fed]);
      const session = new Session({ mode });
      assertEquals(session.run(dx!, [[fed, [1, 2]]]).toArray(), [18, 36]);
      assertEquals(session.run(dx!, [[fed, [[5]]]]).toArray(), [[90]]);
      assertEquals([scaled.factor, scaled.inputs.length, scaled.inputs[0] === fed, scaled.output === scaled], [
        3,
        1,
        true,
        true,
      ]);
    });
  }
});

describe("compute", () => {
  it("reads a Variable of the default graph, and records nothing", () => {
    const graph = new Graph();
    graph.asDefault();
    const factor = new Variable([10]);
    class ByVariable extends Operation {
      override compute(x: Tensor): Tensor {
        const doubled = new Variable(x.mul(2));
        return doubled.value.mul(factor).mul(0.5) as Tensor;
      }
    }
    const x = placeholder();
    const y = new ByVariable([x]);
    const [operations, variables] = [graph.operations.length, graph.variables.length];
    for (const mode of ["compiled", "reference"] as const) {
      assertEquals(new Session({ mode }).run(y, [[x, [1, 2]]]).toArray(), [10, 20]);
    }
    assertEquals([graph.operations.length, graph.variables.length], [operations, variables]);
  });

  it("runs once on zeros when it is compiled, and not at all for its shape where it has numbers", () => {
    let count = 0;
    class Counted extends Operation {
      override compute(x: Tensor): Tensor {
        count++;
        return x.mul(2);
      }
    }
    RegisterGradient(Counted)((_: Counted, gradient: Value) => gradient.mul(2));
    const f = compile((x: Value) => Counted.apply(x).add(1));
    f(tensor([1]));
    assertEquals(count, 2);
    f(tensor([1]));
    assertEquals(count, 3);
    grad((x: Value) => Counted.apply(x).sum())(tensor([1]));
    assertEquals(count, 4);
  });
});

describe("a gradient rule that returns", () => {
  const x = tensor([1, 2]);
  const gradientWith = (rule: (gradient: Value) => unknown): () => unknown => {
    class Double extends Operation {
      override compute(a: Tensor): Tensor {
        return a.mul(2);
      }
    }
    RegisterGradient(Double)((_: Double, gradient: Value) => rule(gradient) as Value);
    return () => grad((a: Value) => Double.apply(a).sum())(x);
  };

  it("a number, numbers, null or too many gradients is an error, not a gradient of 0", () => {
    assertThrows(gradientWith(() => 2), TypeError, "its gradient rule returned 2, not a Value");
    assertThrows(gradientWith(() => [2]), TypeError, "its gradient rule returned 2, not a Value");
    assertThrows(gradientWith(() => null), TypeError, "its gradient rule returned null, not a Value");
    assertThrows(gradientWith((gradient) => [gradient, gradient]), TypeError, "returned 2 gradients");
  });

  it("too few gradients is an error when the others are needed", () => {
    class Times extends Operation {
      override compute(a: Tensor, b: Tensor): Tensor {
        return a.mul(b);
      }
    }
    RegisterGradient(Times)((operation: Times, gradient: Value) => gradient.mul(operation.inputs[1]!));
    assertThrows(() => grad((a: Value) => Times.apply(a, a).sum())(x), TypeError, "returned 1 gradient, and it has 2");
    assertEquals(grad((a: Value) => Times.apply(a, x).sum())(x).toArray(), [1, 2]);
  });

  it("nothing, for all inputs or for one, means that there is none", () => {
    assertEquals((gradientWith(() => undefined)() as Tensor).toArray(), [0, 0]);
    assertEquals((gradientWith(() => [undefined])() as Tensor).toArray(), [0, 0]);
  });
});

describe("what a compiled program gives to compute", () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]);

  it("are the elements in their order, where another operation has only moved them", () => {
    const doubled = (y: Value): Value => new Scale(y, 2);
    assertEquals(compile((y: Value) => doubled(y.transpose()))(x).toArray(), [[2, 8], [4, 10], [6, 12]]);
    assertEquals(compile((y: Value) => doubled(y.slice([0, 1], [2, 2])))(x).toArray(), [[4], [10]]);
    assertEquals(compile((y: Value) => doubled(y.sum(1).broadcastTo([2, 2])))(x).toArray(), [[12, 30], [12, 30]]);
  });
});
