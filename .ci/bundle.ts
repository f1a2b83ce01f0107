/**
 * Bundles modules of the project with all they import, by the pinned Bun.
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The folder of the project, in which all tools run. */
export const project: string = fileURLToPath(new URL("..", import.meta.url));

/** Runs a tool in the project folder and returns what it printed. Throws when it is missing or fails. */
export function runTool(tool: string, ...args: string[]): string {
  const { error, status, stdout, stderr } = spawnSync(tool, args, {
    cwd: project,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    // npm's programs are .cmd files there, which only a shell starts.
    shell: process.platform === "win32",
  });
  if (error !== undefined) throw new Error(`Cannot run ${tool}: ${error.message}`);
  if (status !== 0) {
    throw new Error(`Cannot run ${tool} ${args.join(" ")}: it ended with ${status}\n${stdout}${stderr}`);
  }
  return stdout;
}

/** What comlink's licence asks for where its code is copied: its notice, as a comment. */
function comlinkNotice(): string {
  const folder = join(project, "node_modules/comlink");
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  const source = readFileSync(join(folder, "dist/esm/comlink.mjs"), "utf8");
  const notice = /^\/\*\*\n( \* @license\n.*?) \*\/\n/s.exec(source)?.[1];
  if (notice === undefined) throw new Error("Cannot bundle comlink: its source does not begin with its notice");
  return `/*!
 * Contains comlink ${version}, changed by a bundler only: https://github.com/GoogleChromeLabs/comlink
 * Its licence: https://www.apache.org/licenses/LICENSE-2.0
${notice} */
`;
}

/**
 * A module of the project and all it imports as one module that needs nothing but what every runtime has. The text
 * depends on the sources and on the versions of Bun and comlink only. `minify` takes out what only a reader needs, and a
 * module called `external` stays an import.
 */
export function bundle(entry: string, options: { readonly minify: boolean; readonly external?: string }): string {
  const flags = options.minify ? ["--minify"] : [];
  if (options.external !== undefined) flags.push("--external", options.external);
  const text = runTool("bun", "build", entry, "--target=browser", ...flags);
  return text.includes("Comlink.proxy") ? comlinkNotice() + text : text;
}
