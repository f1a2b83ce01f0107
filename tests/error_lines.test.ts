/**
 * The stack of an error begins at the user's line: in the project's own runtimes, and in Node, from the bundle in which
 * the library is one file. What is called is in `node/error_lines.mjs`.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { writeModules } from "../.ci/dist.ts";
import { timeLimit } from "./time_limit.ts";

interface Findings {
  readonly lines: readonly { name: string; message: string; line: number; text: string; stack: string }[];
  readonly passages: readonly { name: string; same: boolean; untouched: boolean }[];
}

const project = fileURLToPath(new URL("..", import.meta.url));
const program = join(project, "tests/node/error_lines.mjs");
const source = readFileSync(program, "utf8").split("\n");
const runtime = process.versions["bun"] === undefined ? "deno" : "bun";

/** Runs the program. */
function run(command: readonly [string, ...string[]], file: string, cwd: string): Findings {
  const [tool, ...args] = command;
  const { status, stdout, stderr } = spawnSync(tool, [...args, file], { cwd, encoding: "utf8", timeout: timeLimit });
  assertEquals(status, 0, stderr);
  return JSON.parse(stdout) as Findings; // what the program prints
}

function check({ lines, passages }: Findings): void {
  assert(lines.length >= 18);
  const wrong = lines.filter(({ line, text }) => !source[line - 1]?.includes(text));
  assertEquals(wrong.map(({ name, stack }) => `${name}: ${stack}`), []);
  for (const { name, message } of lines) assert(/^Cannot .*: /.test(message), `${name}: ${message}`);
  assertEquals(passages.filter(({ same, untouched }) => !same || !untouched), []);
}

/** What is on PATH. */
function has(tool: string): boolean {
  return spawnSync(tool, ["--version"], { shell: process.platform === "win32" }).status === 0;
}

describe("the stack of an error", () => {
  it(`begins at the user's line in ${runtime}`, () => {
    check(run(runtime === "bun" ? ["bun"] : ["deno", "run", "--allow-all"], program, project));
  });

  const reason = !has("bun")
    ? "bun, which bundles, is not on PATH"
    : !has("node")
    ? "node is not on PATH"
    : existsSync(join(project, "node_modules/comlink"))
    ? undefined
    : "node_modules is missing";
  const name = "begins at the user's line in Node, from a bundle";
  it(reason ? `${name} (skipped: ${reason})` : name, { skip: reason !== undefined }, () => {
    const folder = mkdtempSync(join(tmpdir(), "tensorloom-lines-"));
    try {
      const installed = join(folder, "node_modules/@tensorloom/tensorloom");
      mkdirSync(installed, { recursive: true });
      writeModules(installed);
      writeFileSync(join(installed, "package.json"), JSON.stringify({ type: "module", exports: "./tensorloom.js" }));
      copyFileSync(program, join(folder, "error_lines.mjs"));
      check(run(["node"], join(folder, "error_lines.mjs"), folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
