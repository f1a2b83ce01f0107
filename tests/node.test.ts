/**
 * The package as npm installs it: the files it lists, in a `node_modules`. Node and Deno take the bundle there, Bun the
 * sources. Their numbers are compared with golden ones, and with what the same program prints in the project.
 */

import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { writeTypes } from "../.ci/dist.ts";
import { installPackage, reasonToSkipNode, reasonToSkipPackage, versionOf } from "./node/install.ts";
import { assertClose, clustersProblem, golden } from "./sabinasz/problems.ts";
import { timeLimit } from "./time_limit.ts";

const project = fileURLToPath(new URL("..", import.meta.url));
const programs = join(project, "tests/node");
const runtime = process.versions["bun"] === undefined ? "deno" : "bun";

/** What `program.mjs` prints. */
interface Findings {
  readonly printed: string;
  readonly losses: readonly number[];
  readonly last: number;
  readonly solution: readonly number[];
  readonly place: string;
}

/** Runs `program.mjs` of a folder. A process that does not end by itself is killed, and that is an error. */
function run(command: readonly [string, ...string[]], folder: string): Promise<Findings> {
  const [tool, ...args] = [...command, "program.mjs", JSON.stringify(clustersProblem(1))];
  return new Promise((resolve, reject) => {
    const child = spawn(tool!, args, { cwd: folder, timeout: timeLimit, env: { ...process.env, NO_COLOR: "1" } });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(JSON.parse(stdout) as Findings); // the program's last line says that these are its fields
      else reject(new Error(`${tool} ended with ${code ?? signal}:\n${stdout}${stderr}`));
    });
  });
}

function reasonToSkipTypes(): string | undefined {
  if (versionOf("tsc") === undefined) return "tsc is not on PATH";
  return runtime === "bun" ? "types are the same under Bun" : undefined;
}

/** An `it` that says in its name why it is skipped. */
function test(name: string, reason: string | undefined, body: () => Promise<void> | void): void {
  it(reason ? `${name} (skipped: ${reason})` : name, { skip: reason !== undefined }, body);
}

describe("the installed package", () => {
  const reason = reasonToSkipPackage();
  const user = mkdtempSync(join(tmpdir(), "tensorloom-package-"));
  let installed: string;
  let expected: Findings;

  before(async () => {
    if (reason !== undefined) return;
    installed = installPackage(user);
    cpSync(join(programs, "program.mjs"), join(user, "program.mjs"));
    cpSync(join(programs, "consumer.ts"), join(user, "consumer.ts"));
    expected = await run([runtime, "run"], programs);
  });

  after(() => rmSync(user, { recursive: true, force: true }));

  const assertExpected = (found: Findings): void => {
    assertEquals(found.printed, "tensor([[19., 22.],\n        [43., 50.]])");
    assertEquals(found.solution, [2, -1]);
    assertClose(found.losses, golden.mlp_train[1].loss_every_100, 1e-9, 0);
    assertClose([found.last], golden.mlp_train[1].final_loss, 1e-9, 0);
    assertClose(found.losses, expected.losses, 1e-5, 0);
    // A line of the program, and not of the bundle.
    const lines = readFileSync(join(programs, "program.mjs"), "utf8").split("\n");
    const line = 1 + lines.findIndex((text) => text.includes(".sum().item()"));
    assertEquals(found.place.replace(/:\d+$/, ""), `program.mjs:${line}`);
  };

  test("computes what the project does, and that is right", reason, () => assertExpected(expected));

  test("runs under Node", reason ?? reasonToSkipNode(), async () => assertExpected(await run(["node"], user)));

  // Deno takes the bundle, too: it strips no types in node_modules.
  const command = runtime === "deno" ? ["run", "--node-modules-dir=manual"] as const : ["run"] as const;
  test(`runs under ${runtime}`, reason, async () => assertExpected(await run([runtime, ...command], user)));

  test("has types", reason ?? reasonToSkipTypes(), () => {
    writeTypes(join(installed, "dist"));
    const flags = "--ignoreConfig --noEmit --strict --target es2022 --module nodenext consumer.ts".split(" ");
    const { stdout } = spawnSync("tsc", flags, { cwd: user, encoding: "utf8", shell: process.platform === "win32" });
    assertEquals(stdout, "");
  });
});
