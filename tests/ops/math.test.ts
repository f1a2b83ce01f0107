import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import * as t from "../../mod.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { assertNumbers, golden, restore } from "./elementwise_cases.ts";

type UnaryName = keyof typeof golden.unary;

describe("math", () => {
  for (const [name, { x, y }] of Object.entries(golden.unary)) {
    it(`${name} is NumPy's`, () => {
      assertNumbers(t[name as UnaryName](t.tensor(restore(x), { dtype: "float64" })), restore(y), 1e-15, name);
    });
  }
  it("takes integers and bools as float32", () => {
    assertEquals(t.sqrt(t.tensor([4, 9], { dtype: "int32" })).dtype, "float32");
    assertEquals(t.exp(t.tensor([false])).toArray(), [1]);
    assertEquals(t.exp(t.tensor([1], { dtype: "float64" })).toArray(), [Math.E]);
  });
  it("leaves whole numbers as they are", () => {
    for (const fn of [t.floor, t.ceil, t.round, t.relu]) {
      const result = fn(t.tensor([0, 7], { dtype: "uint8" }));
      assertEquals([result.dtype, result.toArray()], ["uint8", [0, 7]]);
    }
    assertThrows(() => t.floor(t.tensor([true])), TypeError, "Cannot floor bool[1]");
  });
  it("does not overflow", () => {
    assertEquals(t.sigmoid([-1e4, 1e4]).toArray(), [0, 1]);
    // e⁻⁷²⁰, where e⁷²⁰ is too large.
    assertNumbers(t.sigmoid(t.tensor([-720], { dtype: "float64" })), [2.0322308024e-313], 1e-9);
    assertEquals(t.softplus([-1e4, 1e4]).toArray(), [0, 1e4]);
    assertEquals(t.tanh([-1e4, 1e4]).toArray(), [-1, 1]);
    const slopes = (fn: (x: t.Value) => t.Value) =>
      t.grad((x: t.Value) => fn(x).sum())(t.tensor([-1e4, 1e4])).toArray();
    assertEquals(slopes(t.sigmoid), [0, 0]);
    assertEquals(slopes(t.softplus), [0, 1]);
    assertEquals(slopes(t.tanh), [0, 0]);
  });
});

describe("math gradients", () => {
  const everywhere = [
    "exp",
    "expm1",
    "sin",
    "cos",
    "tan",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "sigmoid",
    "softplus",
    "erf",
    "asin",
    "acos",
  ] as const;
  for (const name of everywhere) {
    it(name, () => checkGradient(t[name], [randomTensor([3, 4], -0.8, 0.8)], { order: 2 }));
  }
  for (const name of ["sqrt", "rsqrt", "log", "log1p", "relu"] as const) {
    it(name, () => checkGradient(t[name], [randomTensor([7], 0.5, 2)], { order: 2 }));
  }
  it("of relu at 0 is 0, and of steps 0 everywhere", () => {
    const slopes = (fn: (x: t.Value) => t.Value) => t.grad((x: t.Value) => fn(x).sum())(t.tensor([-1, 0, 2])).toArray();
    assertEquals(slopes(t.relu), [0, 0, 1]);
    for (const fn of [t.floor, t.ceil, t.round, t.sign]) assertEquals(slopes(fn), [0, 0, 0]);
  });
  it("of atan2 is 0 at the origin, as PyTorch's, and does not overflow or vanish next to it", () => {
    const gradients = (pair: t.Value[]): t.Value[] => t.grad(([y, x]: t.Value[]) => t.atan2(y!, x!).sum())(pair);
    const ways = [gradients, ...["js", "wasm"].map((emitter) => t.compile(gradients, { emitter: emitter as "js" }))];
    for (const dtype of ["float32", "float64"] as const) {
      const tensors = [[0, -0, 0, -0, 0, 2 ** -90, 2 ** 100], [0, -0, -0, 0, 2, 2 ** -90, 2 ** 100]].map((numbers) =>
        t.tensor(numbers, { dtype })
      );
      for (const way of ways) {
        const [dy, dx] = way(tensors);
        assertEquals(Array.from(dy!.data, Math.abs), [0, 0, 0, 0, 0.5, 2 ** 89, 2 ** -101]);
        assertEquals(Array.from(dx!.data, Math.abs), [0, 0, 0, 0, 0, 2 ** 89, 2 ** -101]);
      }
    }
    checkGradient(t.atan2, [randomTensor([5], 0.1, 1), randomTensor([5], -1, -0.1)], { order: 2 });
  });
  it("of nothing is nothing", () => checkGradient(t.exp, [randomTensor([0, 2])]));
});
