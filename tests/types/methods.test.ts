import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import type * as tensorloom from "../../mod.ts";
import { tensor, type Value } from "../../mod.ts";
import type { Methods } from "../../src/ops/methods.ts";

type Name = Exclude<keyof Methods, symbol>;

/** What a function takes after its first argument; of a generic one, the most that its type parameters allow. */
type Rest<F> = F extends (x: never, ...rest: infer R) => unknown ? R : never;

/** What a method takes. */
type Arguments<M> = M extends (...given: infer A) => unknown ? A : never;

/** True only where each accepts all that the other does. */
type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;

/** The methods that accept more or less than the function of their name. */
type Different = {
  [N in Name]: Same<Arguments<Value[N]>, Rest<(typeof tensorloom)[N]>> extends true ? never : N;
}[Name];

/** Does not compile where there is such a method; the error names it. */
const same: [Different] extends [never] ? true : Different = true;

/** Some methods that there were. */
type Removed = Record<"conv2d" | "maxPool1d" | "windows", (options: object) => unknown>;

describe("methods", () => {
  it("accept what the functions of the same name do", () => {
    assertEquals(same, true);
    const x = tensor([1, 2, 3, 4]);
    assertEquals(x.slice(null, 1).toArray(), [1]);
    assertEquals(x.slice(1, null).toArray(), [2, 3, 4]);
    assertEquals(x.take([3, 0]).toArray(), [4, 1]);
    assertEquals(tensor([[1, 2], [3, 4]]).reshape(4).toArray(), [1, 2, 3, 4]);
    assertEquals(tensor([7]).broadcastTo(2).toArray(), [7, 7]);
  });

  it("of whole families are functions only, and say so", () => {
    const x = tensor([1, 2, 3]) as unknown as Removed;
    assertThrows(() => x.conv2d({}), TypeError, "Cannot call conv2d as a method: it is a function, conv2d(x, …)");
    assertThrows(() => x.maxPool1d({}), TypeError, "it is a function, maxPool1d(x, …)");
    assertThrows(() => x.windows({}), TypeError, "it is a function, windows(x, …)");
  });

  it("are compared by a type that tells arguments apart", () => {
    const differ: [
      Same<[number], [number | null]>,
      Same<[number], [number?]>,
      Same<Rest<(x: Value, axis?: number) => Value>, [axis: string]>,
    ] = [false, false, false];
    assertEquals(differ, [false, false, false]);
  });
});
