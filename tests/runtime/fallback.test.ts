// Where threads cannot be had, one does everything, and gives the same bits.
import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "./support.ts";

describe("programs run on one thread, with the same bits,", () => {
  const outcome = (absence: string): string => {
    const { output, errors, status } = runProgram("without.ts", [absence]);
    assertEquals([status, errors], [0, ""], absence);
    return output;
  };
  let expected: string | undefined;
  for (const absence of ["SharedArrayBuffer", "Worker", "permission", "answers", "health"]) {
    it(`without ${absence}`, { timeout: 60_000 }, () => {
      expected ??= outcome("nothing");
      assertMatch(expected, /^([0-9a-f]+ ){3}[0-9a-f]+\n$/);
      assertEquals(outcome(absence), expected);
    });
  }
});
