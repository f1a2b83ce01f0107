// Processes end by themselves, whatever they did with the workers, and with the status that they ought to have.
import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "./support.ts";

/** What exiting.ts prints. */
interface Report {
  readonly sum: number;
  readonly shared: number;
}

/** Runs exiting.ts: what it printed, and how it ended; a process that does not end by itself has no status. */
function exitAfter(way: string): { report: Report; errors: string; status: number | null } {
  const { output, errors, status } = runProgram("exiting.ts", [way]);
  const lines = output.trim().split("\n");
  assertEquals(lines.length, 1, `${output}\n${errors}`);
  const report = JSON.parse(lines[0]!) as Report; // that is what it prints
  return { report, errors, status };
}

/** Ways to end well, and whether they run in the arena. */
const quiet: readonly (readonly [name: string, way: string, shared: boolean])[] = [
  ["after a synchronous run", "sync", true],
  ["after a loop that never let the event loop run", "sync without a wait", true],
  ["after a run that did not wait for the workers", "before the workers are there", false],
  ["after an asynchronous run", "async", true],
  ["after an asynchronous run that nobody waits for", "unawaited", true],
  ["after an asynchronous run whose result nobody wants", "unobserved", false],
  ["after workers were started alone", "started", false],
  ["while workers start", "starting", false],
  ["after workers were closed", "closed", true],
  ["after workers were closed that had not started yet", "closed while starting", false],
  ["after a run that failed, and another", "error of a run that is caught", true],
  ["after an error that nobody caught but a listener", "error in the event loop that is caught", true],
];

const thrown = /this was meant to happen/;

/** Ways to end with an error, and what it says. */
const failing: readonly (readonly [name: string, way: string, message: RegExp])[] = [
  ["after a run", "error after a run", thrown],
  ["in the event loop", "error in the event loop", thrown],
  ["while an asynchronous run waits", "error while a run waits", thrown],
  ["of an asynchronous run itself", "error of a run", /Cannot take from axis 0 of float32\[64,8\]: index 64 is out of/],
];

describe("a process ends by itself", () => {
  for (const [name, way, shared] of quiet) {
    it(name, () => {
      const { report, errors, status } = exitAfter(way);
      assertEquals([report.sum, errors, status], [7, "", 0]);
      assert(!shared || report.shared > 0, "it has run in the arena");
    });
  }
});

describe("a process ends with an error that nobody catches", () => {
  for (const [name, way, message] of failing) {
    it(name, () => {
      const { report, errors, status } = exitAfter(way);
      assertEquals([report.sum, status], [7, 1], errors);
      assertMatch(errors, message);
    });
  }
});
