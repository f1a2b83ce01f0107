/**
 * The gate: everything that must hold before a change is done, in one command.
 *
 *     deno task ok               all steps
 *     deno task ok fmt lint      some of them
 *
 * A step prints one line, and its output only when it fails. The last line counts the tests of both runtimes; a step
 * that fails without a failing test counts as one failure, so that "0 failed" means that everything holds.
 */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { GENERATORS } from "./generate.ts";

/** A command that takes as long hangs, and is ended; in milliseconds. */
const HANG = 3_600_000;

interface Step {
  readonly name: string;
  /** Commands, run one after the other until one fails. Those of a test step write a JUnit report to the given path. */
  readonly commands: (report: string) => readonly (readonly string[])[];
  /** What must be installed, as a sentence that says how, or undefined when it is there. */
  readonly missing?: () => string | undefined;
  /** Whose tests the step counts. */
  readonly tests?: "deno" | "bun";
}

interface Count {
  passed: number;
  failed: number;
}

const project = fileURLToPath(new URL("..", import.meta.url));
const STAND_IN = "tests/std_assert";
/** Resolves `@std/assert` to the stand-in, so that no step needs JSR. */
const OFFLINE = `--import-map=${STAND_IN}/offline.json`;
const SOURCES = present("mod.ts", "src", "compiler");
const PROGRAMS = [
  ...present(...SOURCES, "bench", "examples", ".ci/gate.ts", ".ci/dist.ts", ".ci/generate.ts", ...GENERATORS),
  ...typeScriptIn("tests"),
];

const STEPS: readonly Step[] = [
  { name: "fmt", commands: () => [["deno", "fmt", "--check"]] },
  { name: "lint", commands: () => [["deno", "lint"]] },
  { name: "check", commands: () => [["deno", "check", OFFLINE, ...PROGRAMS]] },
  { name: "tsc", commands: () => [["tsc", "--noEmit"]], missing: missingPackages },
  { name: "doc-lint", commands: () => [["deno", "doc", "--lint", "mod.ts"]] },
  // No permission is granted: an example in the documentation needs none.
  {
    name: "doc-test",
    commands: () => [["deno", "test", "--doc", OFFLINE, ...SOURCES, ...present("README.md", "examples/README.md")]],
  },
  { name: "publish", commands: () => [["deno", "publish", "--dry-run", "--allow-dirty"]] },
  {
    name: "generated",
    commands: () => [["deno", "task", "generate", "--check"]],
    missing: missingPackages,
  },
  {
    name: "test-deno",
    commands: (report) => [["deno", "task", "test:offline", "--reporter=dot", `--junit-path=${report}`]],
    tests: "deno",
  },
  {
    name: "test-bun",
    commands: (report) => [["bun", "test", "--only-failures", "--reporter=junit", `--reporter-outfile=${report}`]],
    missing: missingPackages,
    tests: "bun",
  },
];

/** Those of the paths that exist. */
function present(...paths: string[]): string[] {
  return paths.filter((path) => existsSync(join(project, path)));
}

/** The TypeScript of a folder: beside it are programs that Node runs with packages of their own. */
function typeScriptIn(folder: string): string[] {
  return readdirSync(join(project, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.includes("node_modules"))
    .map((path) => join(folder, path));
}

/** tsc and Bun (which also bundles) read node_modules, where the stand-in for `@std/assert` is a copy. */
function missingPackages(): string | undefined {
  const installed = join(project, "node_modules");
  if (!existsSync(join(installed, "comlink"))) return "node_modules is missing: run `bun install`";
  for (const file of readdirSync(join(project, STAND_IN))) {
    const copy = join(installed, "@std/assert", file);
    if (!existsSync(copy) || readFileSync(copy, "utf8") !== readFileSync(join(project, STAND_IN, file), "utf8")) {
      return `node_modules/@std/assert is older than ${STAND_IN}/${file}: run \`bun install\``;
    }
  }
  return undefined;
}

/** Runs a command in the project folder; resolves to its exit code and all it printed. */
function execute(command: readonly string[]): Promise<{ code: number; output: string }> {
  const [tool = "", ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(tool, args, {
      cwd: project,
      env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: HANG,
      // npm's programs are .cmd files there, which only a shell starts.
      shell: process.platform === "win32",
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => output += text);
    child.on("error", (error: Error & { code?: string }) => {
      const how = "run `npm ci --prefix .ci/tools` and put .ci/tools/node_modules/.bin on PATH";
      resolve({ code: 127, output: error.code === "ENOENT" ? `${tool} is not on PATH: ${how}` : error.message });
    });
    child.on("close", (code, signal) => {
      if (signal) output += `\n${tool} was ended by ${signal}`;
      resolve({ code: code ?? 1, output });
    });
  });
}

/** Counts the tests of a JUnit report. Deno also lists every `describe`, under the name its tests begin with. */
function countTests(report: string, runtime: "deno" | "bun"): Count {
  const cases = [...report.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)]
    .map(([, name = "", body = ""]) => ({ name, body }));
  const groups = new Set<string>();
  if (runtime === "deno") {
    for (const { name } of cases) {
      const parts = name.split(" &gt; ");
      for (let length = 1; length < parts.length; length++) groups.add(parts.slice(0, length).join(" &gt; "));
    }
  }
  const count: Count = { passed: 0, failed: 0 };
  for (const { name, body } of cases) {
    const isFailure = body.includes("<failure") || body.includes("<error");
    const isGroup = groups.has(name) && (!isFailure || /<failure message="\d+ test steps? failed/.test(body));
    if (isGroup || body.includes("<skipped")) continue;
    if (isFailure) count.failed++;
    else count.passed++;
  }
  return count;
}

interface Outcome {
  output: string;
  /** Undefined for a step that runs no tests. */
  count: Count | undefined;
  ok: boolean;
}

async function runStep(step: Step, report: string): Promise<Outcome> {
  const missing = step.missing?.();
  if (missing) return { output: missing, count: undefined, ok: false };
  let output = "";
  let ok = true;
  for (const command of step.commands(report)) {
    const result = await execute(command);
    output += result.output;
    ok = result.code === 0;
    if (!ok) {
      output = `$ ${command.join(" ")}\n${output}`;
      break;
    }
  }
  if (!step.tests || !existsSync(report)) return { output, count: undefined, ok };
  return { output, count: countTests(readFileSync(report, "utf8"), step.tests), ok };
}

/** Runs the steps in order and returns the exit code. */
async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`Cannot run ${unknown.join(", ")}: the steps are ${STEPS.map((step) => step.name).join(", ")}`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "tensorloom-gate-"));
  const total: Count = { passed: 0, failed: 0 };
  const failed: string[] = [];
  const start = performance.now();
  try {
    for (const step of STEPS) {
      if (names.length > 0 && !names.includes(step.name)) continue;
      const stepStart = performance.now();
      const { output, count, ok } = await runStep(step, join(folder, `${step.name}.xml`));
      const seconds = ((performance.now() - stepStart) / 1000).toFixed(1).padStart(6);
      const tests = count ? `  ${count.passed} passed, ${count.failed} failed` : "";
      console.log(`${ok ? "ok    " : "FAILED"} ${step.name.padEnd(10)}${seconds} s${tests}`);
      if (!ok) {
        failed.push(step.name);
        // Deno's dots come one to a line where there is no terminal.
        console.log(`\n${output.replace(/^[.,!]\n/gm, "").trim()}\n`);
      }
      total.passed += count?.passed ?? 0;
      total.failed += Math.max(count?.failed ?? 0, ok ? 0 : 1);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(failed.length === 0 ? `Everything holds (${seconds} s)` : `Failed: ${failed.join(", ")} (${seconds} s)`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
