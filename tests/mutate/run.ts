/**
 * Makes the library wrong, one line at a time, and looks whether tests fail: a measure of what the tests would miss.
 *
 *     deno task mutate                             all mutations, under Deno
 *     deno task mutate --runtime bun               under Bun
 *     deno task mutate --only "sub commutes"       those whose names contain this
 *
 * A mutation that no test notices has survived: either a test is missing, or the line makes no difference, and then it
 * should not be there. Works on a copy of the project; exits with 1 when one has survived.
 * @module
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Mutation, mutations } from "./mutations.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

/** How tests are run. They end with the first that fails. */
const runners = {
  deno: ["deno", "test", "--no-check", "--allow-all", "--fail-fast", "--import-map=tests/std_assert/offline.json"],
  bun: ["bun", "test", "--bail"],
} as const satisfies Record<string, readonly [string, ...string[]]>;
type Runtime = keyof typeof runners;

/** Runs a command in the copy: whether it succeeded, what it printed, and the milliseconds that it took. */
function execute(
  copy: string,
  [tool, ...args]: readonly [string, ...string[]],
  timeout?: number,
): { ok: boolean; output: string; milliseconds: number } {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(tool, args, {
    cwd: copy,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    killSignal: "SIGKILL", // threads that spin hear nothing else
    ...(timeout !== undefined && { timeout }),
  });
  return { ok: status === 0, output: `${stdout}${stderr}`, milliseconds: performance.now() - start };
}

/** Writes the worker's source anew: it is made of files that mutations change. */
function generate(copy: string): { ok: boolean; output: string } {
  return execute(copy, ["deno", "run", "--allow-all", ".ci/worker_source.ts"]);
}

/** Runs the tests of mutations without any, since one that fails anyway says nothing. Gives the time that each takes. */
function measureTests(copy: string, runtime: Runtime, chosen: readonly Mutation[]): Map<string, number> {
  const { ok, output } = generate(copy);
  if (!ok) throw new Error(`Cannot mutate: without a mutation, the worker's source cannot be written\n${output}`);
  const times = new Map<string, number>();
  for (const tests of new Set(chosen.map((mutation) => mutation.tests.join(" ")))) {
    const { ok, output, milliseconds } = execute(copy, [...runners[runtime], ...tests.split(" ")]);
    if (!ok) throw new Error(`Cannot mutate: without a mutation, ${tests} fail\n${output}`);
    times.set(tests, milliseconds);
  }
  return times;
}

/** Tries a mutation: how it was noticed, or undefined when it has survived. */
function attempt(copy: string, runtime: Runtime, mutation: Mutation, usual: number): "failed" | "hung" | undefined {
  const path = join(copy, mutation.file);
  const source = readFileSync(path, "utf8");
  const pieces = source.split(mutation.text);
  if (pieces.length !== 2) {
    throw new Error(`Cannot mutate ${mutation.file}: "${mutation.text}" is there ${pieces.length - 1} times, not once`);
  }
  writeFileSync(path, pieces.join(mutation.replacement));
  try {
    if (!generate(copy).ok) return "failed"; // the tools have noticed
    const limit = Math.ceil(60_000 + 10 * usual); // far more than the tests need
    const { ok, milliseconds } = execute(copy, [...runners[runtime], ...mutation.tests], limit);
    return ok ? undefined : milliseconds >= limit ? "hung" : "failed";
  } finally {
    writeFileSync(path, source);
  }
}

function main(runtime: Runtime, chosen: readonly Mutation[]): number {
  const copy = mkdtempSync(join(tmpdir(), "tensorloom-mutate-"));
  const survivors: Mutation[] = [];
  try {
    cpSync(project, copy, {
      recursive: true,
      filter: (path) => !["node_modules", ".git", "dist"].includes(basename(path)),
    });
    symlinkSync(join(project, "node_modules"), join(copy, "node_modules"), "junction");
    const times = measureTests(copy, runtime, chosen);
    for (const mutation of chosen) {
      const start = performance.now();
      const noticed = attempt(copy, runtime, mutation, times.get(mutation.tests.join(" "))!); // all were measured
      if (noticed === undefined) survivors.push(mutation);
      const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
      console.log(`${(noticed ?? "SURVIVED").padEnd(8)} ${seconds} s  ${mutation.name}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  const killed = chosen.length - survivors.length;
  for (const { name, file, text, replacement } of survivors) {
    console.log(`\n${name}\n  ${file}\n- ${text}\n+ ${replacement}`);
  }
  console.log(`\n${killed} of ${chosen.length} were noticed, ${Math.floor(100 * killed / chosen.length)} %`);
  return survivors.length === 0 ? 0 : 1;
}

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { only: { type: "string" }, runtime: { type: "string", default: "deno" } },
});
const { only = "", runtime } = values;
const chosen = mutations.filter(({ name }) => name.includes(only));
if (runtime !== "deno" && runtime !== "bun") {
  console.error(`Cannot run tests under ${runtime}: it is deno or bun`);
  process.exitCode = 2;
} else if (chosen.length === 0) {
  console.error(`Cannot mutate: no name contains "${only}"`);
  process.exitCode = 2;
} else process.exitCode = main(runtime, chosen);
