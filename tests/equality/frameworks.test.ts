/**
 * Deep equality in Bun's, Vitest's and Jest's own runners. The last two are installed here and nowhere else, by npm, when
 * the test is run for the first time.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { bundle } from "../../.ci/bundle.ts";
import { reasonToSkipNode, reasonToSkipPackage, reasonToSkipPackages } from "../node/install.ts";
import { timeLimit } from "../time_limit.ts";
import { cases, hidden } from "./cases.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const packages = join(here, "node_modules");

function run(tool: string, args: readonly string[], cwd: string): { stdout: string; all: string } {
  const { stdout, stderr } = spawnSync(tool, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    shell: process.platform === "win32",
    timeout: timeLimit,
  });
  return { stdout: stdout ?? "", all: `${stdout}${stderr}` };
}

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly { readonly failureMessages: string[] }[] }[];
}

describe("deep equality in the frameworks' own runners", () => {
  const reason = reasonToSkipPackage();
  const reasonOfPackages = reason ?? reasonToSkipNode() ?? reasonToSkipPackages(here);
  const folder = mkdtempSync(join(tmpdir(), "tensorloom-equality-"));
  const all = [...cases, ...hidden];
  // toEqual where that is clear, toStrictEqual, and two more.
  const tests = all.filter(({ depends }) => !depends).length + all.length + 2;

  before(() => {
    if (reason !== undefined) return;
    writeFileSync(join(folder, "framework.test.mjs"), bundle(join(here, "framework.ts"), { minify: false }));
    const jest = { testEnvironment: "node", testMatch: ["**/*.test.mjs"], transform: {} };
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", jest }));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  const test = (name: string, reason: string | undefined, body: () => void): void => {
    it(reason ? `${name} (skipped: ${reason})` : name, { skip: reason !== undefined }, body);
  };

  test("Bun", reason, () => {
    const { all } = run("bun", ["test", "./framework.test.mjs"], folder);
    assertEquals(/^ *(\d+) pass\n *0 fail$/m.exec(all)?.[1], String(tests), all);
  });

  /** Runs one of which the report, as JSON, is that of Jest. */
  const assertPassed = (args: readonly string[]): void => {
    const { stdout, all } = run("node", args, folder);
    const report = /^\{"num.*\}$/m.exec(stdout)?.[0];
    if (report === undefined) throw new Error(all);
    const { testResults: [file] } = JSON.parse(report) as Report;
    assertEquals(file?.assertionResults.flatMap(({ failureMessages }) => failureMessages), []);
    assertEquals(file?.assertionResults.length, tests);
  };

  test("Vitest", reasonOfPackages, () => {
    assertPassed([join(packages, "vitest/vitest.mjs"), "run", "--globals", "--dir=.", "--reporter=json"]);
  });

  test("Jest", reasonOfPackages, () => {
    assertPassed(["--experimental-vm-modules", join(packages, "jest/bin/jest.js"), "--rootDir=.", "--json"]);
  });
});
