/** What programs share that write a file of the project. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("..", import.meta.url));

/** Writes a file of the project or, with `--check` on the command line, has the program exit with 1 when it is stale. */
export function writeGenerated(target: string, text: string, program: string): void {
  const path = join(project, target);
  if (!process.argv.includes("--check")) {
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    console.error(`${target} is not what ${program} makes: run \`deno task generate\``);
    process.exitCode = 1;
  }
}
