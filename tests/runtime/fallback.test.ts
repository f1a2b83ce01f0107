// Where threads cannot share memory, or workers do not start, one thread computes the same.
import { describe, it } from "node:test";
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { runProgram } from "./support.ts";

/** What limited.ts prints. */
interface Report {
  readonly bits: string;
  readonly threads: number;
  readonly shared: number;
  readonly milliseconds: number;
}

function runLimited(limit: string): Report {
  const { output, errors, status } = runProgram("limited.ts", [limit]);
  assertEquals([errors, status], ["", 0]);
  return JSON.parse(output) as Report; // that is what it prints
}

describe("programs run on one thread, with the same bits,", () => {
  let expected: Report | undefined;
  /** What it is where nothing is missing. */
  const unlimited = (): Report => expected ??= runLimited("none");

  it("and on two where nothing is missing", { timeout: 60_000 }, () => {
    assertEquals(unlimited().threads, 2);
    assertGreater(unlimited().shared, 20);
  });

  for (
    const limit of [
      "no SharedArrayBuffer",
      "no Worker",
      "no Blob",
      "no WebAssembly",
      "workers that are forbidden",
      "workers that fail to load",
      "workers that never answer",
    ]
  ) {
    it(`where there are ${limit}`.replace("are no", "is no"), { timeout: 60_000 }, () => {
      const { bits, threads, shared, milliseconds } = runLimited(limit);
      assertEquals([threads, shared], [1, 0]);
      assertEquals(bits === unlimited().bits, true);
      assertLess(milliseconds, 3000); // workers are waited for once at most, and not in every call
    });
  }
});
