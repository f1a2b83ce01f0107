// Without SharedArrayBuffer, as on a page that is not isolated: the same results, on one thread, in memory that grows often.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";

const project = fileURLToPath(new URL("../..", import.meta.url));
const isBun = process.versions["bun"] !== undefined;

/** Runs a runtime's command, with what is preloaded, in the project's folder. */
function run(command: "run" | "test", ...args: string[]): { status: number | null; output: string } {
  const flags = isBun
    ? ["--preload", "./tests/plain/preload.ts"]
    : ["--allow-all", "--no-check", "--import-map=tests/std_assert/offline.json", "--preload=tests/plain/preload.ts"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...flags, ...args], {
    cwd: project,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, output: `${stdout}${stderr}`.trim() };
}

describe("without SharedArrayBuffer", () => {
  it("runs go on with their arrays when a call within them makes memory grow, and are left between chunks", () => {
    assertEquals(run("run", "tests/plain/scenes.ts"), { status: 0, output: "as expected" });
  });

  it("random programs give the same results in every way", () => {
    const { status, output } = run("run", "tests/fuzz/run.ts", "--graphs", "200", "--gradients", "20");
    assert(status === 0 && output.includes("1 threads\n200 graphs agree"), output);
  });

  const files = [
    "tests/ops/table.test.ts",
    "tests/ops/reduce.test.ts",
    "tests/ops/matmul.test.ts",
    "tests/ops/random.test.ts",
    "tests/ops/neural.test.ts",
    "tests/compiler/gather.test.ts",
    "tests/train",
    "tests/regression",
    "tests/sabinasz",
  ];
  it("the tests of operations, training and user's operations pass", () => {
    const { status, output } = run("test", ...files);
    assertEquals(status, 0, output.slice(-4000));
  });
});
