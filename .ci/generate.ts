/**
 * Runs every program that writes a file of the project.
 *
 *     deno task generate            write them all
 *     deno task generate --check    exit with 1 when one is stale
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Each writes files and, with `--check`, exits with 1 when one is stale. */
export const GENERATORS: readonly string[] = [
  ".ci/op_modules.ts",
  ".ci/worker_source.ts",
  ".ci/drawing.ts",
  ".ci/ops_page.ts",
];

if (import.meta.main) {
  const cwd = fileURLToPath(new URL("..", import.meta.url));
  for (const program of GENERATORS) {
    const args = ["run", "--quiet", "--allow-all", program, ...process.argv.slice(2)];
    const { status } = spawnSync(process.execPath, args, { cwd, stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
  }
}
