// Derivatives worked out by hand.
import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { compile, grad, Tensor, tensor, type Value, valueAndGrad, Variable } from "../../mod.ts";
import { assertClose } from "../sabinasz/problems.ts";

const f64 = { dtype: "float64" } as const;
const x = tensor([1, 2, 3], f64);

describe("grad", () => {
  it("is the gradient with respect to the first argument", () => {
    const result = grad((x: Value) => x.mul(x).sum())(x);
    assert(result instanceof Tensor);
    assertEquals(result.toArray(), [2, 4, 6]);
    assertEquals(result.dtype, "float64");
  });

  it("or to another", () => {
    const f = (x: Value, y: Value): Value => x.mul(y).sum();
    assertEquals(grad(f)(x, tensor([4, 5, 6])).toArray(), [4, 5, 6]);
    assertEquals(grad(f, { argument: 1 })(x, tensor([4, 5, 6])).toArray(), [1, 2, 3]);
  });

  it("takes any tree, and gives one of the same structure", () => {
    const loss = (p: { w: Value; layers: Value[] }, y: Value): Value =>
      p.w.mul(p.layers[0]!).mul(p.layers[1]!).mul(y).sum();
    const gradients = grad(loss)({ w: tensor([1, 2]), layers: [tensor([3, 4]), tensor(5)] }, tensor([1, 10]));
    assertEquals(gradients.w.toArray(), [15, 200]);
    assertEquals(gradients.layers.map((each) => each.toArray()), [[5, 100], 3 + 80]);
  });

  it("takes numbers and Variables", () => {
    assertEquals(grad((x: Value) => x.mul(x))(3).item(), 6);
    const w = new Variable([1, 2]);
    assertEquals(grad((w: Value) => w.mul(w).sum())(w).toArray(), [2, 4]);
    assertEquals(w.consumers, []);
  });

  it("tells the argument from other uses of the same value", () => {
    assertEquals(grad((y: Value) => y.mul(x).sum())(x).toArray(), [1, 2, 3]);
    const w = new Variable([2]);
    assertEquals(grad((v: Value) => v.mul(w).sum())(w).toArray(), [2]);
    const both = compile((x: Value) => grad((y: Value) => y.mul(x).sum())(x));
    assertEquals(both(x).toArray(), [1, 2, 3]);
  });

  it("is zero where the loss does not depend on it", () => {
    assertEquals(grad((x: Value) => x.mul(0).sum().add(1))(x).toArray(), [0, 0, 0]);
    assertEquals(grad((_x: Value, y: Value) => y.sum())(x, tensor([1])).toArray(), [0, 0, 0]);
    assertEquals(grad((x: Value) => x.greater(2).astype("float64").sum())(x).toArray(), [0, 0, 0]);
  });

  it("may branch on numbers outside compile", () => {
    const f = (x: Value): Value => {
      let y = x;
      while (y.sum().item() < 100) y = y.mul(2);
      return y.sum();
    };
    assertEquals(grad(f)(tensor([1, 2])).toArray(), [64, 64]);
    assertEquals(grad(f)(tensor([60, 60])).toArray(), [1, 1]);
    const relu = (x: Value): Value => x.item() > 0 ? x.mul(3) : x.mul(0);
    assertEquals([grad(relu)(2).item(), grad(relu)(-2).item()], [3, 0]);
    assertThrows(() => compile((x: Value) => grad(relu)(x))(2), TypeError, "only records it");
  });

  it("may look at numbers inside a gradient of a gradient", () => {
    const f = (x: Value): Value => x.item() > 0 ? x.mul(x).mul(x) : x.mul(x);
    const second = grad((x: Value) => grad(f)(x));
    assertEquals([second(2).item(), second(-2).item()], [12, 2]);
  });

  it("needs a floating scalar, of floating arguments", () => {
    assertThrows(
      () =>
        grad(function f(x: Value) {
          return x;
        })(x),
      TypeError,
      "Cannot differentiate f: it returned float64[3], not a floating scalar; reduce it with sum() or mean()",
    );
    assertThrows(() => grad((x: Value) => x.argmax())(x), TypeError, "it returned int32[], not a floating scalar");
    assertThrows(
      () => grad(() => 3 as unknown as Value)(),
      TypeError,
      "Cannot differentiate",
    );
    assertThrows(
      () =>
        grad(function f(x: Value) {
          return x.sum();
        })(tensor([1], { dtype: "int32" })),
      TypeError,
      "Cannot differentiate f: argument 0 is int32[1], and only floating tensors have gradients",
    );
    assertThrows(
      () => grad((p: { name: string; w: Value }) => p.w.sum())({ name: "p", w: tensor([1]) }),
      TypeError,
      'argument 0.name is the string "p", not a tensor or a number',
    );
  });
});

describe("valueAndGrad", () => {
  it("gives both", () => {
    const [value, gradient] = valueAndGrad((p: { w: Value; b: Value }, x: Value) => p.w.mul(x).sum().add(p.b))(
      { w: tensor([1, 2]), b: tensor(3) },
      tensor([4, 5]),
    );
    assertEquals([value.item(), gradient.w.toArray(), gradient.b.item()], [17, [4, 5], 1]);
  });

  it("gives both inside compile", () => {
    const f = compile((p: { w: Value }, x: Value) =>
      valueAndGrad((p: { w: Value }, x: Value) => p.w.mul(x).square().sum())(p, x)
    );
    const [value, gradient] = f({ w: tensor([1, 2]) }, tensor([3, 4]));
    assertEquals([value.item(), gradient.w.toArray()], [9 + 64, [18, 64]]);
  });
});

describe("gradients of gradients", () => {
  const cube = (x: Value): Value => x.mul(x).mul(x).sum();
  const second = (x: Value): Value => grad((x: Value) => grad(cube)(x).sum())(x);
  const third = (x: Value): Value => grad((x: Value) => second(x).sum())(x);

  it("are right in any order, compiled or not", () => {
    for (const wrap of [(f: (x: Value) => Value) => f, (f: (x: Value) => Value) => compile(f)]) {
      assertEquals(wrap((x) => grad(cube)(x))(x).toArray(), [3, 12, 27]);
      assertEquals(wrap(second)(x).toArray(), [6, 12, 18]);
      assertEquals(wrap(third)(x).toArray(), [6, 6, 6]);
    }
    assertEquals(grad((x: Value) => compile(cube)(x))(x).toArray(), [3, 12, 27]);
  });

  it("of nested closures see the outer variable", () => {
    // d/dx [x · d/dy (x·y) at y = x] = d/dx x² = 2x
    const f = (x: Value): Value => x.mul(grad((y: Value) => x.mul(y))(x));
    // d/dx [d/dy (x·y² ) at y = 3x] = d/dx 2·x·3x = 12x
    const g = (x: Value): Value => grad((y: Value) => x.mul(y).mul(y))(x.mul(3));
    // d/dx [x · d/dy (x + y) at y = 1] = 1: the classic case in which a perturbation is confused with another
    const h = (x: Value): Value => x.mul(grad((y: Value) => x.add(y))(1));
    for (const at of [2, 5]) {
      assertEquals([grad(f)(at), grad(g)(at), grad(h)(at)].map((each) => each.item()), [2 * at, 12 * at, 1]);
      const compiled = compile((x: Value) => [grad(f)(x), grad(g)(x), grad(h)(x)] as const);
      assertEquals(compiled(at).map((each) => each.item()), [2 * at, 12 * at, 1]);
    }
  });

  it("of three nested closures", () => {
    // x·y·z differentiated by z, then y, then x: 1.
    const f = grad((x: Value) => grad((y: Value) => grad((z: Value) => x.mul(y).mul(z))(4).mul(y))(3).mul(x));
    // The inner one is x·y, times y is x·y², by y is 2·x·y = 6x, times x is 6x², by x is 12x.
    assertEquals(f(2).item(), 24);
    assertEquals(compile((x: Value) => f(x))(2).item(), 24);
  });

  it("through a Variable that is closed over", () => {
    const w = new Variable([2, 3], f64);
    const hessianTimes = (x: Value): Value =>
      grad((x: Value) => grad((x: Value) => x.mul(x).mul(x).mul(w).sum())(x).sum())(x);
    assertEquals(hessianTimes(tensor([1, 1], f64)).toArray(), [12, 18]);
    assertEquals(compile(hessianTimes)(tensor([1, 1], f64)).toArray(), [12, 18]);
  });

  it("of functions with softmax and logarithms", () => {
    const f = (x: Value): Value => x.softmax().log().mul([1, 0, 0]).sum();
    const p = x.softmax().data;
    const expected = [0, 1, 2].map((row) =>
      [0, 1, 2].map((column) => -p[row]! * ((row === column ? 1 : 0) - p[column]!))
    );
    expected.forEach((row, index) => {
      const unit = [0, 1, 2].map((each) => each === index ? 1 : 0);
      const ofRow = (x: Value): Value => grad((x: Value) => grad(f)(x).mul(unit).sum())(x);
      assertClose(ofRow(x), row, 1e-14);
      assertClose(compile(ofRow)(x), row, 1e-14);
    });
  });
});
