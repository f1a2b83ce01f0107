// A process ends by itself, whatever its workers were doing, and soon.
import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runProgram } from "./support.ts";

describe("a process exits by itself", () => {
  const ways = [
    "synchronous",
    "asynchronous",
    "not awaited",
    "only started",
    "closed",
    "closed at once",
    "failed",
    "never ready",
  ];
  for (const way of ways) {
    it(`after workers were used so: ${way}`, { timeout: 60_000 }, () => {
      const { output, errors, status, milliseconds } = runProgram("exit.ts", [way]);
      assertEquals([status, errors], [0, ""]);
      assertStringIncludes(output, way === "failed" ? "as it was told\nthe end\n" : "the end\n");
      assert(milliseconds < 5000, `it took ${milliseconds} ms`); // with the time to start and to load the library
    });
  }

  it("after an error that nobody caught", { timeout: 60_000 }, () => {
    const { errors, status } = runProgram("exit.ts", ["uncaught"]);
    assertEquals(status, 1);
    assertStringIncludes(errors, "as it was told");
  });
});
