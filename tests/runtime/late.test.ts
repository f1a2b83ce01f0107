// A caller that comes late, because its event loop is busy or its process was suspended, loses nothing.
import { spawn } from "node:child_process";
import process from "node:process";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { programArguments, runProgram } from "./support.ts";

describe("an asynchronous run", () => {
  for (const scene of ["a busy event loop", "workers that are closed within a run"]) {
    it(`settles, once, in spite of ${scene}`, () => {
      assertEquals(runProgram("late.ts", [scene]), { output: `${scene} as expected\n`, errors: "", status: 0 });
    });
  }
});

describe("a run", () => {
  const cannotSuspend = process.platform === "win32";
  const name = "goes on after its process was suspended for longer than a worker is waited for";
  const skipped = cannotSuspend ? " (skipped: processes cannot be suspended here)" : "";
  it(`${name}${skipped}`, { skip: cannotSuspend }, async () => {
    const scene = "a suspended process";
    const child = spawn(process.execPath, programArguments("late.ts", [scene]), {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    let output = "";
    let suspended = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (suspended || !output.includes("running\n")) return;
        suspended = true;
        setTimeout(() => {
          process.kill(child.pid!, "SIGSTOP");
          setTimeout(() => process.kill(child.pid!, "SIGCONT"), 1500);
        }, 100);
      });
    }
    const status = await new Promise((resolve) => child.on("close", resolve));
    assertEquals([output, status], [`running\n${scene} as expected\n`, 0]);
  });
});
