// The optimization barrier: its first operand, for what is computed after the others.
import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { compile, matmul, tensor, type Value, Variable } from "../../mod.ts";
import { compileProgram } from "../../compiler/program/program.ts";
import { TableOperation } from "../../src/graph/operation.ts";
import { postorder } from "../../src/graph/traverse.ts";
import { optimizationBarrier } from "../../src/ops/barrier.ts";
import { graphFunctionOf } from "./graph_function.ts";

const x = tensor([[1, 2], [3, 4]]);

describe("optimizationBarrier", () => {
  it("gives its first operand, whatever the others are, and passes its gradient on", () => {
    const other = tensor([true, false, true]);
    assertEquals(optimizationBarrier(x, [other]).toArray(), x.toArray());
    for (const emitter of ["js", "wasm"] as const) {
      const f = compile((x: Value, y: Value) => optimizationBarrier(x, [y.exp(), x]).mul(3), { emitter });
      assertEquals(f(x, tensor([0])).toArray(), [[3, 6], [9, 12]]);
    }
  });

  it("keeps the same subexpression on both sides of it apart, and after what it waits for", () => {
    const build = (x: Value): Value[] => {
      const once = matmul(x, x);
      return [matmul(once, optimizationBarrier(x, [once.exp()]).matmul(x))];
    };
    const { graphFunction, built } = compileProgram(graphFunctionOf((x) => build(x!), [x]), {});
    const products = postorder(graphFunction.outputs).filter((node) =>
      node instanceof TableOperation && node.name === "contract"
    );
    assertEquals(products.length, 3);
    assertEquals(built.calls.map(({ name }) => name), ["contract_exp", "contract", "contract"]);
  });

  it("has what waits run after what it waits for, though that writes a Variable in place", () => {
    const w = new Variable([[1, 0], [0, 1]]);
    const f = compile((x: Value) => {
      const product = matmul(x, x);
      w.assign(w.sub(product));
      return optimizationBarrier(x, [product]).exp();
    });
    assertEquals(f.kernels(x).map((name) => name.replace(/^k\d+_/, "")), ["contract_sub", "exp"]);
    assertMatch(f.explain(x), /1 written in place/);
    f(x);
    assertEquals(w.toArray(), [[-6, -10], [-15, -21]]);
  });

  it("copies nothing", () => {
    const f = compile((x: Value) => matmul(optimizationBarrier(x, [x.exp()]), x));
    f(x);
    assertEquals(f.kernels().map((name) => name.replace(/^k\d+_/, "")), ["exp", "contract"]);
  });
});
