import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { callUser, fromCaller } from "../../src/public/caller.ts";
import { publicFunction } from "../../src/public/public_function.ts";

function caught(body: () => unknown): Error {
  try {
    body();
  } catch (error) {
    return error as Error; // nothing else is thrown here
  }
  throw new Error("nothing was thrown");
}

/** The lines of a stack that are calls of this file, and of others. */
function calls(error: Error): string[] {
  return error.stack!.split("\n").filter((line) => /^\s+at /.test(line));
}

function inner(): never {
  const nothing: unknown = undefined;
  return (nothing as { member: { deeper: never } }).member.deeper; // what an engine says of a mistake
}

const mistaken = publicFunction({ name: "mistaken", positional: {} }, () => {
  const result: unknown = inner();
  return result;
});
const outer = publicFunction({ name: "outer", positional: {} }, () => {
  const result: unknown = mistaken();
  return result;
});

describe("fromCaller", () => {
  it("has the calls inside the library follow where the engine worded an error, once", () => {
    const error = caught(() => {
      outer();
    });
    const lines = calls(error);
    assert(!/inner|mistaken|outer/.test(lines[0]!), error.stack);
    assertEquals(lines.filter((line) => line.includes("at inner ")).length, 1);
  });

  it("leaves errors of other classes and what is no error, and takes frozen ones", () => {
    class Own extends Error {}
    for (const thrown of [new Own("own"), Object.freeze(new TypeError("Cannot be: frozen")), "text", undefined]) {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      assertEquals(fromCaller(thrown, outer), thrown);
      if (thrown instanceof Own) assertEquals(thrown.stack, stack);
    }
  });
});

describe("callUser", () => {
  it("leaves what the user throws", () => {
    const own = new TypeError("Cannot go on: this is the user's");
    const { stack } = own;
    const calling = publicFunction({ name: "calling", positional: {} }, () =>
      callUser(() => {
        throw own;
      }));
    assertEquals(caught(() => calling()), own);
    assertEquals(own.stack, stack);
  });
});
