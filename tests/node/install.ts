/**
 * The package in the `node_modules` of a folder, as npm installs it there: the files that it lists.
 * @module
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { writeModules } from "../../.ci/dist.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

/** Installs it for a program in the folder, and returns where it is. */
export function installPackage(folder: string): string {
  const installed = join(folder, "node_modules/@tensorloom/tensorloom");
  mkdirSync(installed, { recursive: true });
  const { files } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { files: string[] };
  if (!files.includes("dist")) throw new Error("Cannot install the package: it does not list dist");
  for (const file of ["package.json", ...files.filter((file) => file !== "dist")]) {
    cpSync(join(project, file), join(installed, file), { recursive: true });
  }
  writeModules(join(installed, "dist"));
  cpSync(join(project, "node_modules/comlink"), join(folder, "node_modules/comlink"), { recursive: true });
  const dependencies = { "@tensorloom/tensorloom": "*", "comlink": "*" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", dependencies }));
  return installed;
}

/** The version of a tool, or undefined when it is not on PATH. */
export function versionOf(tool: string): string | undefined {
  const { status, stdout } = spawnSync(tool, ["--version"], { encoding: "utf8", shell: process.platform === "win32" });
  return status === 0 ? stdout.trim() : undefined;
}

/** Why the package cannot be built here, or undefined. Neither runtime prints a skip's reason, so it goes into the name. */
export function reasonToSkipPackage(): string | undefined {
  if (versionOf("bun") === undefined) return "bun, which bundles, is not on PATH";
  if (!existsSync(join(project, "node_modules/comlink"))) return "node_modules is missing";
  return undefined;
}

/** Why nothing can be tried on Node here, or undefined. */
export function reasonToSkipNode(): string | undefined {
  const version = versionOf("node");
  if (version === undefined) return "node is not on PATH";
  return Number(/^v(\d+)\./.exec(version)?.[1]) < 20 ? `node ${version} is older than 20` : undefined;
}

/** Installs, with npm, what a folder's `package.json` pins, unless it is there. Why that cannot be had, or undefined. */
export function reasonToSkipPackages(folder: string): string | undefined {
  const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const installed = (): boolean =>
    Object.keys(dependencies).every((name) => existsSync(join(folder, "node_modules", name, "package.json")));
  if (installed()) return undefined;
  const flags = ["--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000"];
  spawnSync("npm", ["ci", "--prefix", folder, ...flags], { timeout: 120_000, shell: process.platform === "win32" });
  return installed() ? undefined : `npm cannot install the packages of ${folder.slice(project.length)}`;
}
