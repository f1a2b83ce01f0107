/**
 * Runs every question in this folder, or those named, under Deno and then under Bun.
 *
 *     deno task bench
 *     deno task bench matmul softmax
 *
 * A file whose name begins with an underscore is no question but shared by several.
 */

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const RUNTIMES = [["deno", "run", "--allow-all"], ["bun", "run"]] as const;

const folder = fileURLToPath(new URL(".", import.meta.url));
const questions = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && !file.startsWith("_") && file !== "all.ts")
  .map((file) => file.slice(0, -".ts".length))
  .sort();
const chosen = process.argv.length > 2 ? process.argv.slice(2) : questions;

const unknown = chosen.filter((name) => !questions.includes(name));
if (unknown.length > 0) {
  console.error(`Cannot run ${unknown.join(", ")}: the questions are ${questions.join(", ")}`);
  process.exit(2);
}

for (const question of chosen) {
  for (const [tool, ...args] of RUNTIMES) {
    console.log(`\n# ${question}, ${tool}\n`);
    const { error, status } = spawnSync(tool, [...args, `${question}.ts`], {
      cwd: folder,
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    if (error) console.log(`Cannot start ${tool}: ${error.message}`);
    if (status !== 0) process.exitCode = 1;
  }
}
