/**
 * The stand-in must say what the real package says, so every message is spelled out here. Where JSR can be reached,
 * `deno task test` runs the same lines against the real package.
 */

import { describe, it } from "node:test";
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unreachable,
} from "@std/assert";

/** The message `fn` fails with. Written without the functions under test. */
function messageOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof AssertionError && error.name === "AssertionError") return error.message;
    throw error;
  }
  throw new Error("Expected an AssertionError");
}

async function asyncMessageOf(fn: () => Promise<unknown>): Promise<string> {
  try {
    await fn();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error("Expected an AssertionError");
}

/** Compares two strings without the functions under test. */
function same(actual: string, expected: string): void {
  if (actual !== expected) throw new Error(`${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`);
}

function startsWith(actual: string, expected: string): void {
  same(actual.slice(0, expected.length), expected);
}

class Point {
  #x: number;
  constructor(x: number) {
    this.#x = x;
  }
  get x(): number {
    return this.#x;
  }
}

/** An instance with a property of its own. */
function extended(value: number, enumerable: boolean): Point {
  return Object.defineProperty(new Point(1), "own", { value, enumerable });
}

describe("equality", () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const otherCircular: { self?: unknown } = {};
  otherCircular.self = otherCircular;

  const equal: [string, unknown, unknown][] = [
    ["numbers", 5, 5],
    ["NaN", NaN, NaN],
    ["both zeros", 0, -0],
    ["nested arrays", [1, [2, -0]], [1, [2, 0]]],
    ["objects in any key order", { a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 }],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ["float arrays with NaN and zeros", new Float32Array([NaN, 0]), new Float32Array([NaN, -0])],
    ["buffers", new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]).buffer],
    ["big integers", new BigInt64Array([1n]), new BigInt64Array([1n])],
    ["sets of sets", new Set([1, new Set([2, 3])]), new Set([new Set([3, 2]), 1])],
    ["maps in any order", new Map([["a", [1]], ["b", [2]]]), new Map([["b", [2]], ["a", [1]]])],
    ["maps with object keys", new Map([[{ x: 1 }, true]]), new Map([[{ x: 1 }, true]])],
    ["dates", new Date(0), new Date(0)],
    ["regular expressions", /a/g, /a/g],
    ["instances with equal getters", new Point(1), new Point(1)],
    ["instances with equal hidden properties", extended(1, false), extended(1, false)],
    ["circular objects", circular, otherCircular],
  ];
  for (const [name, a, b] of equal) {
    it(`holds for ${name}`, () => {
      assertEquals(a, b);
      startsWith(messageOf(() => assertNotEquals(a, b)), "Expected actual: ");
    });
  }

  const unequal: [string, unknown, unknown][] = [
    ["numbers", 5, 6],
    ["null and undefined", null, undefined],
    ["a number and its string", 1, "1"],
    ["lengths", [1, 2, 3, 4], [1, 2, 3]],
    ["an undefined property and none", { a: undefined, b: 1 }, { b: 1 }],
    ["names of undefined properties", { a: undefined }, { b: undefined }],
    ["classes of typed arrays", new Float32Array([1]), new Float64Array([1])],
    ["elements of typed arrays", new Uint8Array([1, 2]), new Uint8Array([2, 1])],
    ["an array and a typed array", [1], new Float32Array([1])],
    ["sets", new Set([1, 2, 3]), new Set([1, 2, 4])],
    ["values of maps", new Map([[{ x: 1 }, true]]), new Map([[{ x: 1 }, false]])],
    ["dates", new Date(0), new Date(1)],
    ["flags of regular expressions", /a/g, /a/],
    ["getters of instances", new Point(1), new Point(2)],
    ["hidden properties of instances", extended(1, false), extended(2, false)],
    ["how many properties can be listed", extended(1, false), extended(1, true)],
    ["an instance and a plain object", new Point(1), { x: 1 }],
    ["functions", () => 1, () => 1],
  ];
  for (const [name, a, b] of unequal) {
    it(`tells apart ${name}`, () => {
      assertNotEquals(a, b);
      startsWith(messageOf(() => assertEquals(a, b)), "Values are not equal.\n");
    });
  }

  it("is not asked of weak collections", () => {
    assertThrows(() => assertEquals(new WeakMap(), new WeakMap()), TypeError, "Cannot compare WeakMap instances");
    assertEquals(new WeakRef(circular), new WeakRef(otherCircular));
  });

  it("puts the caller's message first", () => {
    startsWith(messageOf(() => assertEquals([1], [2], "row 3")), "Values are not equal: row 3\n");
    same(messageOf(() => assertNotEquals(1, 1, "row 3")), "Expected actual: 1 not to be: 1: row 3");
  });

  it("shows the difference", () => {
    const message = messageOf(() => assertEquals({ loss: 12345 }, { loss: 67890 }));
    assert(message.includes("12345") && message.includes("67890"));
  });

  it("is strict by Object.is", () => {
    const shared = {};
    assertStrictEquals(shared, shared);
    assertStrictEquals(NaN, NaN);
    startsWith(messageOf(() => assertStrictEquals(0, -0)), "Values are not strictly equal.\n");
    startsWith(messageOf(() => assertStrictEquals(1, 2, "why")), "Values are not strictly equal: why\n");
    startsWith(
      messageOf(() => assertStrictEquals([1], [1])),
      "Values have the same structure but are not reference-equal.\n",
    );
  });
});

describe("numbers", () => {
  it("are almost equal to 1e-7 of the expected one", () => {
    assertAlmostEquals(1 + 9e-8, 1);
    assertAlmostEquals(NaN, NaN);
    assertAlmostEquals(Infinity, Infinity);
    same(
      messageOf(() => assertAlmostEquals(1.5, 1)),
      'Expected actual: "1.5e+0" to be close to "1": delta "5e-1" is greater than "1e-7".',
    );
    messageOf(() => assertAlmostEquals(NaN, 1));
    messageOf(() => assertAlmostEquals(-Infinity, Infinity));
  });

  it("are almost equal to a given tolerance", () => {
    assertAlmostEquals(1.5, 1, 0.5);
    same(
      messageOf(() => assertAlmostEquals(2, 1, 0.5, "x")),
      'Expected actual: "2" to be close to "1": delta "1" is greater than "5e-1": x',
    );
  });

  it("are ordered", () => {
    assertGreater(2, 1);
    assertGreaterOrEqual(1, 1);
    assertLess(1, 2);
    assertLessOrEqual(1, 1);
    same(messageOf(() => assertGreater(1, 1)), "Expect 1 > 1");
    same(messageOf(() => assertGreaterOrEqual(0, 1)), "Expect 0 >= 1");
    same(messageOf(() => assertLess(1, 1)), "Expect 1 < 1");
    same(messageOf(() => assertLessOrEqual(2, 1)), "Expect 2 <= 1");
    same(messageOf(() => assertGreater(NaN, 1, "own words")), "own words");
  });
});

describe("values", () => {
  it("are truthy", () => {
    assert(1);
    same(messageOf(() => assert(0)), "");
    same(messageOf(() => assert(null, "nothing")), "nothing");
  });

  it("exist", () => {
    assertExists(0);
    same(messageOf(() => assertExists(null)), 'Expected actual: "null" to not be null or undefined.');
    same(messageOf(() => assertExists(undefined, "x")), 'Expected actual: "undefined" to not be null or undefined: x');
  });

  it("are instances", () => {
    const value: unknown = new RangeError("x");
    assertInstanceOf(value, Error);
    same(value.message, "x");
    const start = 'Expected object to be an instance of "Date"';
    same(messageOf(() => assertInstanceOf(null, Date)), `${start} but was "null".`);
    same(messageOf(() => assertInstanceOf(1, Date)), `${start} but was "number".`);
    same(messageOf(() => assertInstanceOf([], Date, "x")), `${start} but was "Array": x`);
    same(messageOf(() => assertInstanceOf(() => 1, Date)), `${start} but was not an instanced object.`);
  });

  it("hold text", () => {
    assertMatch("k2_matmul", /^k\d/);
    same(messageOf(() => assertMatch("a", /b/)), 'Expected actual: "a" to match: "/b/".');
    assertStringIncludes("matmul", "mat");
    same(messageOf(() => assertStringIncludes("a", "b", "x")), 'Expected actual: "a" to contain: "b": x');
  });

  it("hold elements", () => {
    assertArrayIncludes([1, { a: 2 }, [3]], [{ a: 2 }, [3]]);
    const message = messageOf(() => assertArrayIncludes([1], [1, 2]));
    startsWith(message, 'Expected actual: "[');
    assert(message.includes('" to include: "[') && message.includes('".\nmissing: ['));
  });
});

describe("failures", () => {
  it("of a throwing function are returned", () => {
    const thrown = new RangeError("inner dimensions 3 and 4 differ");
    const throws = () => {
      throw thrown;
    };
    assertStrictEquals(assertThrows(throws), thrown);
    assertStrictEquals(assertThrows(throws, RangeError, "3 and 4"), thrown);
    assertStrictEquals(assertThrows(throws, Error), thrown);
    same(messageOf(() => assertThrows(() => 1)), "Expected function to throw.");
    same(messageOf(() => assertThrows(() => 1, "x")), "Expected function to throw: x");
    same(
      messageOf(() => assertThrows(throws, TypeError)),
      'Expected error to be instance of "TypeError", but was "RangeError".',
    );
    same(
      messageOf(() => assertThrows(throws, RangeError, "5", "x")),
      'Expected error message to include "5", but got "inner dimensions 3 and 4 differ": x',
    );
    const throwsText = () => {
      // deno-lint-ignore no-throw-literal
      throw "text";
    };
    same(messageOf(() => assertThrows(throwsText, Error)), "A non-Error object was thrown.");
    assertStrictEquals(assertThrows(throwsText), "text");
  });

  it("of a rejecting function are returned", async () => {
    const reason = new TypeError("no tensor");
    const rejects = () => Promise.reject(reason);
    assertStrictEquals(await assertRejects(rejects), reason);
    assertStrictEquals(await assertRejects(rejects, TypeError, "no"), reason);
    same(await asyncMessageOf(() => assertRejects(() => Promise.resolve())), "Expected function to reject.");
    same(
      await asyncMessageOf(() => assertRejects(rejects, RangeError)),
      'Expected error to be instance of "RangeError", but was "TypeError".',
    );
    same(
      await asyncMessageOf(() => assertRejects(() => Promise.reject(1), Error)),
      "A non-Error object was rejected.",
    );
    const throwsInstead = () => {
      throw reason;
    };
    same(
      await asyncMessageOf(() => assertRejects(throwsInstead, TypeError)),
      "Function throws when expected to reject.",
    );
  });

  it("are declared", () => {
    same(messageOf(() => fail()), "Failed assertion.");
    same(messageOf(() => fail("x")), "Failed assertion: x");
    same(messageOf(() => unreachable()), "Unreachable.");
    same(messageOf(() => unreachable("x")), "Unreachable: x");
  });
});
