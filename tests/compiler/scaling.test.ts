// Recording and compiling take work that grows with the graph, not with its square. Work is counted, not timed: the
// look-ups in Maps and Sets, and the elements that searches of lists go through.
import { describe, it } from "node:test";
import { assertLessOrEqual } from "@std/assert";
import { graphs } from "../../bench/_scaling_cases.ts";

type Method = (this: { readonly length: number }, ...args: unknown[]) => unknown;

/** Methods that take as long as a list is, and those that take a step. */
const lists = ["indexOf", "includes", "find", "findIndex", "findLast", "filter", "some", "every"] as const;
const collections = [[Map, ["get", "set", "has"]], [Set, ["has", "add"]]] as const;

/** How many steps these methods take while `body` runs. */
function countSteps(body: () => void): number {
  let steps = 0;
  const restore: (() => void)[] = [];
  const count = (prototype: object, name: string, cost: (self: { readonly length: number }) => number): void => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!; // every engine has them
    const method = descriptor.value as Method; // all names are those of methods
    Object.defineProperty(prototype, name, {
      ...descriptor,
      value: function (this: { readonly length: number }, ...args: unknown[]) {
        steps += cost(this);
        return Reflect.apply(method, this, args);
      },
    });
    restore.push(() => Object.defineProperty(prototype, name, descriptor));
  };
  for (const name of lists) count(Array.prototype, name, ({ length }) => length);
  for (const [type, names] of collections) for (const name of names) count(type.prototype, name, () => 1);
  try {
    body();
  } finally {
    for (const each of restore) each();
  }
  return steps;
}

describe("compile", () => {
  for (const name of Object.keys(graphs) as (keyof typeof graphs)[]) { // its own keys
    it(`takes work that grows with the graph: ${name}`, { timeout: 120_000 }, () => {
      const stepsOf = (size: number): number => {
        const compileIt = graphs[name](size);
        return countSteps(compileIt);
      };
      stepsOf(1); // what is kept from program to program is made now
      const [small, large] = [stepsOf(1), stepsOf(4)];
      assertLessOrEqual(large, 4.8 * small);
    });
  }
});
