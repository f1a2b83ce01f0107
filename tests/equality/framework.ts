/**
 * The tests that run in Bun's, Vitest's and Jest's own runners. Their functions are globals there.
 */
import { type NestedArray, tensor, Variable } from "../../mod.ts";
import { cases, hidden } from "./cases.ts";

interface Matchers {
  toEqual(expected: unknown): void;
  toStrictEqual(expected: unknown): void;
  readonly not: Matchers;
}

declare const test: (name: string, body: () => void) => void;
declare const expect: (actual: unknown) => Matchers;

for (const { name, pair: [a, b], equal, depends } of [...cases, ...hidden]) {
  const matchers = equal ? (value: unknown) => expect(value) : (value: unknown) => expect(value).not;
  if (!depends) test(`toEqual: ${name}`, () => matchers(a).toEqual(b));
  test(`toStrictEqual: ${name}`, () => matchers(a).toStrictEqual(b));
}

// In Jest, structuredClone makes arrays of another realm.
test("structuredClone: a tensor can be made of what it gives", () => {
  for (
    const x of [tensor([[1, 2]]), tensor(true), tensor([1], { dtype: "int32" })]
  ) {
    expect(tensor(structuredClone(x))).toEqual(x);
  }
  expect(tensor(structuredClone(new Variable([1, 2])))).toEqual(tensor([1, 2]));
});

test("toArray: arrays of numbers are compared as such", () => {
  const numbers: NestedArray = [[1, 2], [3, 4]];
  expect(tensor(numbers).toArray()).toEqual(numbers);
});
