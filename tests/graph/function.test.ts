// Functions as values of the graph: recorded by traceFunction, and recorded again where they are inlined.
import { afterEach, describe, it } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  compile,
  grad,
  gradients,
  Graph,
  placeholder,
  Session,
  type Tensor,
  tensor,
  train,
  type Value,
  valueAndGrad,
  Variable,
} from "../../mod.ts";
import { verify } from "../../compiler/passes/verify.ts";
import { type GraphFunction, inline, traceFunction } from "../../src/graph/function.ts";
import { referenceExecutor } from "../../src/graph/interpret.ts";
import { TensorType } from "../../src/tensor_type.ts";

afterEach(() => Graph.clearDefault());

const vector = { name: "x", type: new TensorType("float32", [2]) };

/** A body that is recorded where it is called, and becomes part of that at once. */
function called(body: (x: Value) => Value, x: Value): Value {
  const [output] = inline(traceFunction("body", [vector], ([x]) => [body(x!)], { isBody: true }), [x]);
  return output!;
}

function numbers(tensors: readonly Tensor[]): unknown[] {
  return tensors.map((each) => each.toArray());
}

describe("graphFunction", () => {
  it("of a compiled function is what was recorded for these arguments, or for the last ones", () => {
    const w = new Variable([1, 2], { name: "w" });
    const f = compile((x: Value, scale: Value) => {
      w.assign(w.add(1));
      return x.mul(w).mul(scale);
    });
    const recorded = f.graphFunction(tensor([3, 4]), 2);
    verify(recorded);
    assertEquals(recorded.inputs.map(String), ["argument0 (float32[2])", "argument1 (number)"]);
    assertEquals([recorded.captures, recorded.variables], [[], [w]]);
    assertEquals(recorded.assigns.map(({ variable }) => variable.name), ["w"]);
    assertEquals([f.stats.calls, w.toArray()], [0, [1, 2]], "nothing was run");
    assertStrictEquals(f.graphFunction(), recorded);
    assertStrictEquals(f.graph, recorded.graph);
    assertThrows(() => compile((x: Value) => x).graphFunction(), TypeError, "Cannot show the graph of anonymous");
  });

  it("of a session writes out gradients and updates, with every type known", () => {
    const graph = new Graph();
    graph.asDefault();
    const x = placeholder({ name: "x" });
    const w = new Variable([1, 2], { name: "w" });
    const loss = x.mul(w).sum();
    const [dw] = gradients(loss, [w]);
    const minimize = new train.GradientDescentOptimizer(0.5).minimize(loss);
    const session = new Session();
    const recorded = session.graphFunction([dw, minimize], [[x, [3, 4]]]);
    verify(recorded);
    const results = referenceExecutor.compile(recorded, {}).run([tensor([3, 4])], recorded.variables);
    assertEquals(numbers(results), [[3, 4]]);
    assertEquals(w.toArray(), [-0.5, 0]);
    assertThrows(() => session.graphFunction(loss), TypeError, "the placeholder x is not fed");
  });
});

describe("traceFunction", () => {
  it("captures what a body uses of the functions around it, Variables among them, once each", () => {
    const w = new Variable([10, 20], { name: "w" });
    let body: GraphFunction | undefined;
    const f = compile((x: Value) => {
      const y = x.square();
      body = traceFunction("body", [vector], ([z]) => [z!.mul(y).add(w).add(y), w.mul(2)], { isBody: true });
      return inline(body, [x.neg()]);
    });
    verify(f.graphFunction(tensor([1, 2])));
    assertEquals(body!.captures.map(({ outer, input }) => `${outer.describe()} as ${input.name}`), [
      "square (float32[2]) as capture0",
      "variable (float32[2]) as w",
    ]);
    assertEquals([body!.inputs.map(String), body!.variables], [["x (float32[2])"], []]);
    assertEquals(numbers(f(tensor([1, 2])) as Tensor[]), [[-1 + 10 + 1, -8 + 20 + 4], [20, 40]]);
  });

  it("captures through as many bodies as there are", () => {
    const f = (x: Value): Value => {
      const outer = x.mul(3);
      return called((y) => called((z) => called((u) => u.mul(outer).add(y), z.add(1)), y), x).sum();
    };
    const x = tensor([1, 2]);
    const expected = 1 + (1 + 1) * 3 + 2 + (2 + 1) * 6;
    assertEquals(compile(f)(x).item(), expected);
    // x + (x + 1)·3x has the slope 1 + 6x + 3.
    assertEquals(compile(grad(f))(x).toArray(), [10, 16]);
    assertEquals(grad(f)(x).toArray(), [10, 16]);
    assertEquals(compile((x: Value) => grad(compile(f))(x))(x).toArray(), [10, 16]);
  });

  it("has a body read a Variable as it is around it, and assign it for what follows", () => {
    const w = new Variable([1, 1]);
    const f = compile((x: Value) => {
      w.assign(w.mul(2));
      const y = called((z) => {
        const before = z.mul(w);
        w.assign(w.add(10));
        return before.add(w);
      }, x);
      return y.add(w);
    });
    assertEquals(f(tensor([1, 2])).toArray(), [2 + 12 + 12, 4 + 12 + 12]);
    assertEquals(w.toArray(), [12, 12]);
  });

  it("trains a Variable that only a body uses", () => {
    const w = new Variable([1, 2]);
    const optimizer = new train.SGD({ learningRate: 0.5 });
    const step = compile((x: Value) => optimizer.minimize(() => called((y) => y.mul(w), x).sum()));
    assertEquals(step(tensor([1, 2])).item(), 5);
    assertEquals(w.toArray(), [0.5, 1]);
    const [value, gradient] = valueAndGrad((w: Value) => called((y) => y.mul(w), tensor([1, 2])).sum())(tensor([1, 2]));
    assertEquals([value.item(), gradient.toArray()], [5, [1, 2]]);
  });

  it("has gradients with respect to a Variable within a body", () => {
    const w = new Variable([3, 4]);
    const f = compile((x: Value) => called((y) => gradients(y.mul(w).mul(w).sum(), [w])[0]!, x));
    assertEquals(f(tensor([1, 2])).toArray(), [6, 16]);
    assertEquals(f.graphFunction().variables, [w]);
  });

  it("ends with its function, whose nodes take no further operations", () => {
    let kept: Value | undefined;
    const f = compile((x: Value) => {
      called((y) => kept = y.exp(), x);
      return kept!.add(1);
    });
    assertThrows(() => f(tensor([1, 2])), TypeError, "it was recorded by body, which has ended");
    const recorded = traceFunction("f", [vector], ([x]) => [x!.exp()]);
    assertThrows(() => inline(recorded, [tensor([1, 2])]), TypeError, "Cannot inline f: nothing is being recorded");
  });
});
