/**
 * Writes `dist/`: the library for Node, for bundlers and for Deno's `npm:`, which all take JavaScript only from a
 * package. `npm run build` calls it, also on a machine that has nothing but npm.
 *
 *     bun .ci/dist.ts
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundle, bundleModules, project, runTool } from "./bundle.ts";

/**
 * Writes the library into a folder: as one module, `tensorloom.js`, which is loaded at once, and as several, `modules/`, of
 * which a bundler leaves out what a program does not use.
 */
export function writeModules(folder: string): void {
  mkdirSync(folder, { recursive: true });
  // Not minified: the code is there to be read, and stack traces to be understood.
  writeFileSync(join(folder, "tensorloom.js"), bundle("mod.ts", { minify: false }));
  bundleModules(resolve(folder, "modules"));
}

/** Writes the library's types into a folder: `types/mod.d.ts` and what it imports. */
export function writeTypes(folder: string): void {
  const types = resolve(folder, "types");
  runTool("tsc", "--project", ".ci/tsconfig.types.json", "--outDir", types);
  const entry = join(types, "mod.d.ts");
  // `Graph.asDefault()` can be used with `using`, whose types a program's own `lib` may lack.
  writeFileSync(entry, `/// <reference lib="esnext.disposable" />\n${readFileSync(entry, "utf8")}`);
}

if (import.meta.main) {
  const folder = join(project, "dist");
  rmSync(folder, { recursive: true, force: true });
  writeModules(folder);
  writeTypes(folder);
}
