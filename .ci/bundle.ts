/**
 * Bundles modules of the project with all they import, by the pinned Bun.
 * @module
 */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
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
 * Writes `mod.ts` and all it imports into a folder, in modules of which a program needs some only: whatever `mod.ts` exports
 * from elsewhere can be left out with all that nothing else needs. No two modules import each other, which some bundlers
 * would warn of. `own_code.js` comes first, as in the sources.
 */
export function bundleModules(folder: string): void {
  const exported = ["mod.ts", "src/ops/mod.ts"].flatMap((path) =>
    [...readFileSync(join(project, path), "utf8").matchAll(/^(?:export|\})[^;"]* from "(\.[^"]*)";/gm)].map((
      [, from],
    ) => posix.join(posix.dirname(path), from!))
  );
  const ownCode = "src/own_code.ts";
  const entries = ["mod.ts", ownCode, ...new Set(exported)];
  runTool("bun", "build", ...entries, "--target=browser", "--splitting", "--root=.", `--outdir=${folder}`);
  // The files of the other entries only export what shared ones have.
  const [, first] = / from "\.\.\/([^"]+)";/.exec(readFileSync(join(folder, ownCode.replace(".ts", ".js")), "utf8")) ??
    [];
  if (first === undefined) throw new Error(`Cannot bundle modules: ${ownCode} is not in a module of its own`);
  for (const each of ["src", "compiler"]) rmSync(join(folder, each), { recursive: true, force: true });
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), "utf8").replaceAll(`"./${first}"`, '"./own_code.js"');
    const notice = text.includes("Comlink.proxy") ? comlinkNotice() : "";
    writeFileSync(join(folder, file), file === "mod.js" ? `${notice}import "./own_code.js";\n${text}` : notice + text);
  }
  renameSync(join(folder, first), join(folder, "own_code.js"));
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
