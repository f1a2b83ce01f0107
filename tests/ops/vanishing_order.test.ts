// Gradients of roots where they are 0: 0 for norms and standard deviations, as in PyTorch; elsewhere those of the formula.
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import * as t from "../../mod.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { assertNumbers } from "./elementwise_cases.ts";

type Value = t.Value;
type Loss = (x: Value) => Value;

/** The gradient of a loss in every way there is. */
function gradients(loss: Loss, x: t.Tensor): [way: string, gradient: Value][] {
  const gradient = (x: Value): Value => t.grad(loss)(x);
  const session = (mode: "compiled" | "reference", typed: boolean): Value =>
    new t.Graph().asDefault(() => {
      const held = t.placeholder(typed ? { shape: x.shape, dtype: x.dtype } : {});
      return new t.Session({ mode }).run(t.gradients(loss(held), [held])[0]!, [[held, x]]);
    });
  return [
    ["eager", gradient(x)],
    ["js", t.compile(gradient, { emitter: "js" })(x)],
    ["wasm", t.compile(gradient, { emitter: "wasm" })(x)],
    ["exact", t.compile(gradient, { exact: true })(x)],
    ["session", session("compiled", true)],
    ["untyped", session("compiled", false)],
    ["reference", session("reference", true)],
  ];
}

/** Losses that are the length of (0, 0) or of (3, 4), times a number. */
const norms: Record<string, readonly [factor: number, loss: Loss]> = {
  "the root of a sum of squares": [1, (x) => x.square().sum().sqrt()],
  "of a product with itself": [1, (x) => x.mul(x).sum().sqrt()],
  "of second powers": [1, (x) => x.pow(2).sum().pow(0.5)],
  "of a mean": [Math.SQRT1_2, (x) => x.mul(x).mean().sqrt()],
  "of an inner product": [1, (x) => t.matmul(x, x).sqrt()],
  "of the mean squared error": [Math.SQRT1_2, (x) => t.meanSquaredError(x, 0).sqrt()],
  "of rows, of which one is longer": [1, (x) => t.stack([x, x.add(1)], 0).square().sum(1).sqrt().slice([0], [1]).sum()],
  "of parts that were joined": [1, (x) => t.concat([x.square(), t.zeros([3])], 0).sum().sqrt()],
  "of a sum of sums": [Math.SQRT2, (x) => x.square().sum().add(x.reshape([1, 2]).square().sum(1)).sqrt().sum()],
  "of squares that are chosen": [1, (x) => t.where(x.less(9), x.square(), 0).sum(0, { keepDims: true }).sqrt().sum()],
  "of squares with weights": [0.5, (x) => x.square().mul(x.less(9).astype("float32")).mul([1, 1]).sum().div(4).sqrt()],
};

describe("the gradient of a norm", () => {
  for (const [name, [factor, loss]] of Object.entries(norms)) {
    it(`is 0 at 0: ${name}`, () => {
      for (const dtype of ["float32", "float64"] as const) {
        for (const [way, gradient] of gradients(loss, t.zeros([2], { dtype }))) {
          assertEquals(Array.from(gradient.data, Math.abs), [0, 0], `${way}, ${dtype}`);
        }
        for (const [way, gradient] of gradients(loss, t.tensor([3, 4], { dtype }))) {
          assertNumbers(gradient, [0.6 * factor, 0.8 * factor], dtype === "float32" ? 3e-7 : 1e-15, `${way}, ${dtype}`);
        }
      }
    });
  }
  it("is 0 of higher orders, too, and next to 0 it is that of the formula", () => {
    const third = (x: Value): Value => x.abs().pow(3).sum().pow(1 / 3);
    assertEquals(t.grad(third)(t.tensor([0, 0])).toArray(), [0, 0]);
    checkGradient(third, [t.tensor([0.4, -0.7])], { order: 2 });
    checkGradient((x) => x.square().sum(1).sqrt(), [randomTensor([3, 2], 0.5, 1)], { order: 2 });
    assertEquals(t.grad((x: Value) => x.square().sum().pow(0.75))(t.tensor([0])).toArray(), [0]); // of |x|^1.5
  });
  it("leaves other roots infinitely steep at 0", () => {
    const at0 = (loss: Loss): unknown => t.grad(loss)(t.tensor([0])).toArray();
    assertEquals(at0((x) => x.sum().sqrt()), [Infinity]);
    assertEquals(at0((x) => x.pow(0.5).sum()), [Infinity]);
    assertEquals(at0((x) => x.mul([9]).sqrt().sum()), [Infinity]);
  });
  it("has second derivatives that are finite", () => {
    for (const [name, [, loss]] of Object.entries(norms)) {
      const second = t.grad((x: Value) => t.grad(loss)(x).mul([1, 2]).sum());
      assertEquals(Array.from(second(t.zeros([2])).data, Math.abs), [0, 0], name);
    }
    // The derivative along (1, 2) of x/‖x‖ at (3, 4) is (d − u·(u·d))/‖x‖ for u = x/‖x‖.
    const second = t.grad((x: Value) => t.grad((x: Value) => x.square().sum().sqrt())(x).mul([1, 2]).sum());
    assertNumbers(second(t.tensor([3, 4], { dtype: "float64" })), [-0.064, 0.048], 1e-14);
  });
});

describe("the gradient of std", () => {
  it("is 0 where all elements are equal, of one element, and in such a row of many", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const check = (loss: Loss, x: t.NestedArray, expected: readonly number[]): void => {
        for (const [way, gradient] of gradients(loss, t.tensor(x, { dtype }))) {
          assertEquals(Array.from(gradient.data, (each) => each + 0), expected, `${way}, ${dtype}`);
        }
      };
      check((x) => x.std(), [7], [0]);
      check((x) => x.std(), [2, 2, 2], [0, 0, 0]);
      check((x) => x.std(1).sum(), [[5, 5], [1, 3]], [0, 0, -0.5, 0.5]);
      check((x) => x.variance(1).sqrt().sum(), [[5, 5], [1, 3]], [0, 0, -0.5, 0.5]);
      check((x) => x.sub(x.mean(1, { keepDims: true })).square().mean(1).sqrt().sum(), [[5, 5], [1, 3]], [
        0,
        0,
        -0.5,
        0.5,
      ]);
      check((x) => x.std(0, { correction: 1 }), [4, 4], [0, 0]);
    }
  });
  it("has second derivatives that are finite", () => {
    const second = t.grad((x: Value) => t.grad((x: Value) => x.std(1).sum())(x).mul([[1, 2], [3, 4]]).sum());
    // Of two numbers the standard deviation is half of their distance: it is linear.
    assertNumbers(second(t.tensor([[5, 5], [1, 3]], { dtype: "float64" })), [[0, 0], [0, 0]], 0);
  });
});
