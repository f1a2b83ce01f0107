// With `exact: true` a program gives what eager operations give, bit for bit, also where work is cut into chunks.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { compile, crossEntropy, random, tensor, type Value } from "../../mod.ts";

const x = tensor(random.normal([300, 700], { key: random.key(1) }));
const row = tensor(random.normal([700], { key: random.key(2) }));
const classes = tensor(Array.from({ length: 300 }, (_, index) => index * 7 % 700), { dtype: "int32" });

describe("a program that is exact", () => {
  it("is exact where rows are computed in chunks", () => {
    const functions: Record<string, (x: Value) => Value> = {
      "a mean over rows": (x) => crossEntropy(x, classes),
      "a total beside sums of rows": (x) => x.sum(1).add(x.sum()),
      "a total of a view": (x) => x.transpose().sum(),
      "a total across rows": (x) => x.transpose().mul(x.transpose().sum(0)).sum(),
      "a total with an operand that is broadcast": (x) => x.mul(row).sum(),
      "a total of columns": (x) => x.sum(0).square().sum(),
    };
    for (const [name, fn] of Object.entries(functions)) {
      const exact = compile(fn, { exact: true });
      assertEquals([...exact(x).data], [...fn(x).data], `${name}: ${exact.kernels().join()}`);
    }
  });

  it("still shares kernels where the order is the same", () => {
    const f = compile((x: Value) => x.mul(2).exp().sum(1).add(1), { exact: true });
    f(x);
    assert(f.kernels().length === 1);
  });
});
