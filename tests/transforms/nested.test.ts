// A compiled function that another traced function calls: it gives what it gives alone.
import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { compile, grad, tensor, train, type Value, valueAndGrad, Variable } from "../../mod.ts";

const integers = tensor([1, 2], { dtype: "int32" });
const wide = tensor([1, 2], { dtype: "float64" });
const scale = compile((x: Value, n: Value) => x.mul(n.add(0).mul(1)));
const times = compile((x: Value, n: Value) => x.mul(n));

describe("a compiled function inside another", () => {
  for (const x of [tensor([1, 2]), wide, integers]) {
    for (const n of [3, 2.5, NaN, -0]) {
      it(`takes the number ${Object.is(n, -0) ? "-0" : n} with ${x.dtype} as it does alone`, () => {
        for (const inner of [scale, times]) {
          const alone = inner(x, n);
          const written = compile((y: Value) => inner(y, n))(x);
          const passed = compile((y: Value, m: Value) => inner(y, m))(x, n);
          const twice = compile((y: Value) => compile((z: Value, m: Value) => inner(z, m))(y, n))(x);
          for (const result of [written, passed, twice]) {
            assertEquals([result.dtype, result.toArray()], [alone.dtype, alone.toArray()]);
          }
        }
      });
    }
  }

  it("gives a number back as float32, as it does alone", () => {
    const third = compile((n: Value) => n.div(3));
    assertEquals(compile((x: Value) => x.mul(third(1)))(wide).toArray(), wide.mul(third(1)).toArray());
    const same = compile((n: Value) => n);
    assertEquals(compile((x: Value) => x.mul(same(2)))(integers).dtype, "float32");
  });

  it("keeps the numbers that static lists, and those of trees", () => {
    const power = compile((x: Value, count: number) => {
      let y = x;
      for (let index = 1; index < count; index++) y = y.mul(x);
      return y;
    }, { static: [1] });
    assertEquals(compile((x: Value) => power(x, 3))(tensor([2])).toArray(), [8]);
    const affine = compile((p: { w: Value; rest: readonly Value[] }, last: boolean) =>
      last ? p.w.mul(p.rest[0]!).add(p.rest[1]!) : p.w
    );
    const tree = compile((w: Value) => affine({ w, rest: [tensor(2), 1] }, true));
    assertEquals(tree(tensor([3])).toArray(), [7]);
  });

  it("takes Variables, and gives what they read as at the time", () => {
    const increment = compile((v: Variable, by: Value) => {
      v.assign(v.add(by));
      return v;
    });
    const w = new Variable([1]);
    const both = compile(() => [increment(w, 1), increment(w, 10)])();
    assertEquals(both.map((each) => each.toArray()), [[2], [12]]);
    assertEquals(w.toArray(), [12]);
    const through = compile((v: Variable) => increment(v, 0.5));
    assertEquals([through(w).toArray(), w.toArray()], [[12.5], [12.5]]);
  });

  it("refuses the arguments that it refuses alone, and async", async () => {
    const inner = compile(function inner(x: Value) {
      return x.add(1);
    });
    assertThrows(
      () => compile((x: Value) => inner(new Date() as unknown as Value).add(x))(tensor(1)),
      TypeError,
      "Cannot call inner with an object of class Date at argument [0]",
    );
    const outer = compile((x: Value) => inner.async(x) as unknown as Value);
    assertThrows(() => outer(tensor(1)), TypeError);
    await assertRejects(
      () => {
        let promise: Promise<unknown> | undefined;
        compile((x: Value) => {
          promise = inner.async(x);
          return x;
        })(tensor(1));
        return promise!;
      },
      TypeError,
      "Cannot call inner.async inside a function that is traced: call inner itself",
    );
  });
});

describe("a compiled function under a gradient", () => {
  const loss = compile((x: Value, n: Value) => x.mul(x).mul(n.mul(2)).sum());

  it("takes numbers: grad, valueAndGrad, and both of them compiled", () => {
    const x = tensor([1, 2]);
    assertEquals(grad(loss)(x, 3).toArray(), [12, 24]);
    const [value, gradient] = valueAndGrad(loss)(x, 3);
    assertEquals([value.item(), gradient.toArray()], [30, [12, 24]]);
    assertEquals(compile((y: Value, n: Value) => grad(loss)(y, n))(x, 3).toArray(), [12, 24]);
    assertEquals(compile((y: Value) => grad(loss)(y, 3))(x).toArray(), [12, 24]);
    assertEquals(grad((n: Value) => loss(x, n))(3).item(), 10);
  });

  it("takes numbers in minimize, eager and compiled", () => {
    for (const wrap of [(f: () => Value) => f, (f: () => Value) => compile(f)]) {
      const w = new Variable([1, 2]);
      const optimizer = new train.SGD({ learningRate: 0.125 });
      assertEquals(wrap(() => optimizer.minimize(() => loss(w, 2)))().item(), 20);
      assertEquals(w.toArray(), [0, 0]);
    }
  });
});
