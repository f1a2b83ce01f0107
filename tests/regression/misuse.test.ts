// What untyped programs get wrong, and the error they get.
import { afterEach, describe, it } from "node:test";
import { assertThrows } from "@std/assert";
import { compile, Graph, placeholder, Session, tensor, train, type Value, Variable } from "../../mod.ts";

afterEach(() => Graph.clearDefault());

describe("errors of untyped programs", () => {
  it("say what feeds are", () => {
    new Graph().asDefault();
    const x = placeholder();
    const run = (feeds: unknown): unknown => new Session().run(x.mul(2), feeds as []);
    const message = "Cannot run the graph: feeds are a Map, or a list of pairs [placeholder, value]";
    assertThrows(() => run({ x: 1 }), TypeError, message);
    assertThrows(() => run([x, [1, 2]]), TypeError, message);
    assertThrows(() => run(null), TypeError, message);
  });

  it("say what to do with a typed array", () => {
    const array = new Float32Array([1, 2]) as unknown as number[];
    assertThrows(() => new Variable(array), TypeError, "the value is a typed array; make a tensor of it first");
    assertThrows(() => tensor([1, 2]).add(array), TypeError, "the value is a typed array; make a tensor of it first");
    assertThrows(() => tensor([array, array]), TypeError, "the element at [0] is a typed array; make a tensor of all");
  });

  it("refuse a session inside a compiled function, which would run it only once", () => {
    const graph = new Graph();
    const [x, y] = graph.asDefault(() => {
      const fed = placeholder();
      return [fed, fed.mul(new Variable(2))];
    });
    const session = new Session();
    const inside = compile((z: Value) => z.add(session.run(y, [[x, 1]])));
    assertThrows(() => inside(tensor(1)), TypeError, "Cannot run a session inside the compiled function");
  });

  it("refuse a learning rate in the place of Adam's options, instead of using the default", () => {
    const Adam = train.Adam as unknown as new (rate: number) => unknown;
    assertThrows(
      () => new Adam(0.1),
      TypeError,
      "Cannot make the optimizer Adam: the options are 0.1, not an object { learningRate?, beta1?",
    );
  });
});
