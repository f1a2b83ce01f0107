// Where threads cannot share memory, or workers do not start, one thread computes the same.
import { describe, it } from "node:test";
import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { runProgram } from "./support.ts";

/** What limited.ts prints. */
interface Report {
  readonly bits: string;
  readonly threads: number;
  readonly shared: number;
  readonly explained: string;
}

function runLimited(limit: string): Report {
  const { output, errors, status } = runProgram("limited.ts", [limit]);
  assertEquals([errors, status], ["", 0]);
  return JSON.parse(output) as Report; // that is what it prints
}

const known = new Map<string, Report>();
/** What it is with WebAssembly and two threads, or what else is said. */
function reportOf(limit: string): Report {
  const report = known.get(limit) ?? runLimited(limit);
  known.set(limit, report);
  return report;
}

describe("programs run on two threads", () => {
  for (const limit of ["none", "JavaScript", "no vectors", "no relaxed vectors"]) {
    it(`where the limit is: ${limit}`, () => {
      assertEquals(reportOf(limit).threads, 2);
      assertGreater(reportOf(limit).shared, 20);
      assertMatch(reportOf(limit).explained, /, 2 threads \(/);
    });
  }
  it("with the bits of JavaScript where WebAssembly has no vectors", () => {
    assertEquals(reportOf("no vectors").bits === reportOf("JavaScript").bits, true);
    assertEquals(reportOf("none").bits === reportOf("JavaScript").bits, false);
  });
});

describe("programs run on one thread, with the same bits,", () => {
  for (
    const limit of [
      "no SharedArrayBuffer",
      "no Worker",
      "no Blob",
      "no WebAssembly",
      "no code generation",
      "workers that are forbidden",
      "workers that fail to load",
      "workers that never answer",
    ]
  ) {
    it(`where there are ${limit}`.replace("are no", "is no"), () => {
      const { bits, threads, shared, explained } = runLimited(limit);
      assertEquals([threads, shared], [1, 0]);
      const reason = limit.startsWith("workers") ? "workers do not start here" : "no worker can share memory here";
      assertMatch(explained, new RegExp(`, one thread \\(.*; ${reason}\\)$`));
      assertEquals(bits === reportOf(limit === "no WebAssembly" ? "JavaScript" : "none").bits, true);
    });
  }
});
