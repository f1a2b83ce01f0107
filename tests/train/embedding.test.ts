// Rows of a table, looked up by index and trained. Gradients are those of central differences, in float64.
import { describe, it } from "node:test";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { compile, grad, take, tensor, train, type Value, Variable } from "../../mod.ts";
import { withTuning } from "../../compiler/limits.ts";
import { checkGradient, randomTensor } from "../ops/check_gradient.ts";
import { finely } from "../runtime/support.ts";

describe("training an embedding", () => {
  const ids = tensor([[4, 0], [-1, 4], [4, 2]], { dtype: "int32" });
  const table = randomTensor([7, 5], -1, 1, 5);
  const weights = randomTensor([5, 3], -1, 1, 6);
  const loss = (table?: Value, weights?: Value): Value =>
    take(table!, ids).matmul(weights!).tanh().square().sum(-1).exp().mean();

  for (const emitter of ["js", "wasm"] as const) {
    it(`has the gradients of central differences: ${emitter}`, () => {
      withTuning({ ...finely, emitter }, () => {
        checkGradient(loss, [table, weights], { order: 2 });
        const gradient = (table: Value, weights: Value): Value =>
          grad((x: Value, y: Value) => loss(x, y))(table, weights);
        const [compiled, eager] = [compile(gradient)(table, weights), gradient(table, weights).concrete("compare")];
        compiled.data.forEach((value, index) => {
          assert(Math.abs(value - eager.data[index]!) <= 1e-14 * Math.max(1, Math.abs(value)));
        });
      });
    });

    it(`moves the rows of the words that it is shown, and no others: ${emitter}`, () => {
      const table = new Variable(randomTensor([9, 33], -1, 1, 7).astype("float32"));
      const before = table.value.concrete("compare").data.slice();
      const optimizer = new train.GradientDescentOptimizer(0.1);
      const step = compile((ids: Value) => optimizer.minimize(() => take(table, ids).square().sum()), { emitter });
      const losses = Array.from({ length: 5 }, () => step(tensor([1, 7, 1], { dtype: "int32" })).item());
      losses.slice(1).forEach((loss, index) => assertGreater(losses[index]!, loss));
      const after = table.value.concrete("compare").data;
      const moved = Array.from({ length: 9 }, (_, row) => row).filter((row) =>
        Array.from({ length: 33 }, (_, column) => row * 33 + column).some((place) => after[place] !== before[place])
      );
      assertEquals(moved, [1, 7]);
    });
  }
});
