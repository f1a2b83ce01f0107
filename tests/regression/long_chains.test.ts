// Chains of single numbers, longer than a call stack is deep.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { compile, ones, type Value, Variable } from "../../mod.ts";

describe("a long chain of single numbers", () => {
  const length = 6000;

  it("compiles, and is computed once for all that read it", () => {
    const start = new Variable(0);
    const f = compile((xs: readonly Value[]) => {
      let total = start.value;
      for (let step = 0; step < length; step++) total = total.add(1);
      return xs.map((x) => x.mul(total));
    });
    const results = f([ones([2]), ones([3]), ones([5])]);
    assertEquals(results.map((each) => each.toArray()), [
      Array<number>(2).fill(length),
      Array<number>(3).fill(length),
      Array<number>(5).fill(length),
    ]);
    start.assign(1);
    assertEquals(f([ones([1]), ones([1]), ones([1])])[2]!.item(), length + 1);
  });

  it("compiles through assignments", () => {
    const count = new Variable(0);
    compile(() => {
      for (let step = 0; step < length; step++) count.assign(count.add(1));
      return ones([3]).mul(count);
    })();
    assertEquals(count.item(), length);
  });

  it("compiles when every link is an argument", () => {
    const sum = compile((xs: readonly Value[]) => xs.reduce((total, x) => total.add(x)));
    assertEquals(sum(Array<number>(length).fill(1) as unknown as Value[]).item(), length);
  });
});
