import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { execFileSync } from "node:child_process";
import process from "node:process";
import { inspect } from "node:util";
import {
  compile,
  grad,
  Graph,
  placeholder,
  RegisterGradient,
  Session,
  sub,
  tensor,
  train,
  type Value,
  where,
} from "../../mod.ts";

describe("a number passed to a compiled function", () => {
  it("joins an integer tensor as it would eagerly: whole numbers keep the dtype, others give float32", () => {
    const x = tensor([1, 2], { dtype: "int32" });
    const f = compile((x: Value, k: Value) => x.mul(k));
    assertEquals([f(x, 3).dtype, f(x, 3).toArray()], ["int32", [3, 6]]);
    assertEquals([f(x, 2.5).dtype, f(x, 2.5).toArray()], ["float32", [2.5, 5]]);
    assertEquals(f(x, NaN).toArray(), [NaN, NaN]);
    assertEquals(f(x, 4).toArray(), [4, 8]);
    assertEquals(f.stats.traces, 2);
  });

  it("is no integer any more once it was computed with", () => {
    const f = compile((x: Value, k: Value) => x.add(k.div(2)));
    assertEquals(f(tensor([1, 2], { dtype: "int32" }), 3).toArray(), [2.5, 3.5]);
  });

  it("joins a bool tensor as one that is written: whole numbers give int32, others float32", () => {
    const mask = tensor([true, false]);
    const each: Record<string, (x: Value, k: Value | number) => Value> = {
      add: (x, k) => x.add(k as Value), // both are operands
      "sub from": (x, k) => sub(k as Value, x),
      mul: (x, k) => x.mul(k as Value),
      pow: (x, k) => x.pow(k as Value),
      maximum: (x, k) => x.maximum(k as Value),
      where: (x, k) => where(x, k as Value, x),
      clip: (x, k) => x.clip(0, k as Value),
      equal: (x, k) => x.equal(k as Value),
      div: (x, k) => x.div(k as Value),
    };
    for (const [name, f] of Object.entries(each)) {
      const fed = compile((x: Value, k: Value) => f(x, k));
      for (const k of [3, 2.5, -1, 0.25, NaN]) {
        const eager = f(mask, k);
        for (const emitter of ["js", "wasm"] as const) {
          const written = compile((x: Value) => f(x, k), { emitter })(mask);
          assertEquals(
            [written.dtype, written.toArray()],
            [eager.dtype, eager.toArray()],
            `${name} ${k} by ${emitter}`,
          );
        }
        const other = fed(mask, k);
        assertEquals([other.dtype, other.toArray()], [eager.dtype, eager.toArray()], `${name} ${k}, fed`);
      }
    }
    assertEquals([mask.mul(3).dtype, mask.mul(2.5).dtype], ["int32", "float32"]);
    // Numbers that no int32 holds are not taken for those that they would wrap to.
    for (const f of [mask.equal, (k: number) => compile((x: Value, k: Value) => x.equal(k))(mask, k)]) {
      assertEquals(f.call(mask, 2 ** 32).toArray(), [false, false]);
      assertEquals(f.call(mask, 0.5).toArray(), [false, false]);
    }
  });

  it("never compiles anew where no integers are involved", () => {
    const f = compile((x: Value, k: Value) => x.mul(k));
    for (const k of [1, 0.5, -3, NaN, 2 ** 40]) f(tensor([1, 2]), k);
    assertEquals(f.stats.traces, 1);
  });

  it("never compiles anew where the dtype does not depend on it", () => {
    const x = tensor([1, -2]);
    const f = compile((x: Value, k: Value) => where(x.greater(0), x, x.mul(k)).add(where(x.less(k), k, x)));
    for (const k of [0.5, 3, NaN]) f(x, k);
    const g = compile((x: Value, k: Value) => x.less(k).logicalOr(x.div(k).greater(1)));
    for (const k of [3, 0.5, 2]) {
      assertEquals(g(tensor([1, 7], { dtype: "int32" }), k).toArray(), [1 < k || 1 / k > 1, true]);
    }
    assertEquals([f.stats.traces, g.stats.traces], [1, 1]);
  });
});

describe("what is asked of the wrong thing", () => {
  it("is an error to minimize what no Variable leads to", () => {
    const optimizer = new train.SGD({ learningRate: 1 });
    assertThrows(
      () => optimizer.minimize(() => tensor(1)),
      TypeError,
      "Cannot minimize the loss: it was not computed from any trainable Variable",
    );
  });

  it("is an error to explain what has not been called", () => {
    assertThrows(
      () =>
        compile(function f(x: Value) {
          return x.mul(2);
        }).explain(),
      TypeError,
      "Cannot explain f: it has not been called; call it first, or pass arguments",
    );
  });

  it("is an error to compile for no thread", () => {
    const double = (x: Value): Value => x.mul(2);
    assertEquals(compile(double, { threads: 2 })(tensor([1, 2])).toArray(), [2, 4]);
    assertThrows(
      () => compile(double, { threads: 0 }),
      RangeError,
      "Cannot compile: the option threads is 0, not a whole number ≥ 1",
    );
  });

  it("is an error to differentiate what is no function", () => {
    assertThrows(() => grad(3 as unknown as () => Value), TypeError, "Cannot differentiate: fn is 3, not a function");
  });
});

describe("RegisterGradient by an alias", () => {
  it("replaces the rule of the operation that the alias names", () => {
    const source = `
      import { grad, RegisterGradient, tensor } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
      RegisterGradient("negative")((_operation, gradient) => gradient.mul(7));
      console.log(grad((x) => x.neg().sum())(tensor([1])).item());
    `;
    // In a process of its own, because the rule stays.
    assertEquals(typeof RegisterGradient("no such operation")(() => undefined), "function");
    assertStringIncludes(runInOwnProcess(source), "7");
  });
});

/** What a program prints, run by the runtime that runs this test. */
function runInOwnProcess(source: string): string {
  const deno = "deno" in process.versions;
  const args = deno ? ["run", "--no-check", "--ext=ts", "-"] : ["run", "-"];
  return execFileSync(process.execPath, args, { input: source, encoding: "utf8" });
}

describe("console.log and JSON.stringify", () => {
  it("show values as text, and tensors as arrays", () => {
    assertEquals(inspect(tensor([1, 2])), "tensor([1., 2.])");
    const shown = tensor([1, 2]) as unknown as Record<symbol, () => unknown>; // what Deno and Jupyter look for
    assertEquals(shown[Symbol.for("Deno.customInspect")]!(), "tensor([1., 2.])");
    assertEquals(shown[Symbol.for("Jupyter.display")]!(), { "text/plain": "tensor([1., 2.])" });
    assertEquals(JSON.stringify({ w: tensor([[1, 2]]) }), '{"w":[[1,2]]}');
    new Graph().asDefault(() => {
      const x = placeholder({ name: "x", shape: [2], dtype: "float32" });
      const y = x.mul(2);
      assertEquals(inspect(x), "x (float32[2])");
      assertEquals(inspect(y), "mul (float32[2]) of x (float32[2]), constant (number)");
      assertStringIncludes(inspect(Graph.default), "%2: float32[2] = mul %0 %1");
      assertEquals(new Session().run(y, [[x, [1, 2]]]).toArray(), [2, 4]);
    });
    const f = compile((x: Value) => x.mul(2));
    assertEquals(String(f), "compiled function anonymous");
  });
});
