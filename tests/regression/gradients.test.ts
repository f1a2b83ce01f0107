// Gradients at the edges: what nothing depends on, and Variables that were assigned first.
import { afterEach, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  compile,
  grad,
  gradients,
  Graph,
  placeholder,
  Session,
  tensor,
  train,
  type Value,
  Variable,
} from "../../mod.ts";

afterEach(() => Graph.clearDefault());

describe("the gradient with respect to what a loss does not depend on", () => {
  const first = (p: { readonly a: Value; readonly b: Value }): Value => p.a.mul(2);
  const p = { a: tensor(3), b: tensor([4, NaN, Infinity]) };

  it("is zero for NaN and infinity too", () => {
    assertEquals(grad(first)(p).b.toArray(), [0, 0, 0]);
    assertEquals(compile(grad(first))(p).b.toArray(), [0, 0, 0]);
  });

  it("is zero for numbers that are no numbers", () => {
    const differentiated = compile(grad(first));
    assertEquals(differentiated({ a: 1, b: NaN } as unknown as typeof p).b.toArray(), 0);
  });

  for (const mode of ["compiled", "reference"] as const) {
    it(`is zero in a session (${mode})`, () => {
      new Graph().asDefault();
      const [x, z] = [placeholder(), placeholder()];
      const [dz] = gradients(x, [z]);
      assertEquals(new Session({ mode }).run(dz!, [[x, [1]], [z, [1, NaN, -Infinity]]]).toArray(), [0, 0, 0]);
    });
  }
});

describe("minimize after an assignment that was never read before", () => {
  it("changes the Variable, compiled as eagerly", () => {
    const make = (): { w: Variable; step: () => Value } => {
      const w = new Variable(2);
      const optimizer = new train.SGD({ learningRate: 0.125 });
      return {
        w,
        step: () => {
          w.assign(tensor(8));
          return optimizer.minimize(() => w.mul(w));
        },
      };
    };
    const [eager, compiled] = [make(), make()];
    assertEquals([eager.step().item(), eager.w.item()], [64, 6]);
    const step = compile(compiled.step);
    assertEquals([step().item(), compiled.w.item()], [64, 6]);
    assertEquals([step().item(), compiled.w.item()], [64, 6]);
  });
});
