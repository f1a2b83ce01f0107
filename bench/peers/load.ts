/** Loads a library that `npm ci --prefix bench/peers` has put beside this file. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Missing } from "./runtime.ts";

const require = createRequire(import.meta.url);

/**
 * What a package exports. `require`, because types and resolution would want the package where it is not installed; what is
 * used of it is described by `Library`.
 */
export function load<Library>(name: string): Library {
  try {
    return require(name) as Library; // of the version that package.json pins
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string }; // an error of Node's loader
    throw code === "MODULE_NOT_FOUND"
      ? new Missing("it is not installed")
      : new Missing(`it does not load: ${message}`);
  }
}

/** The path of a file of a package. */
export function pathOf(name: string, file: string): string {
  return fileURLToPath(new URL(`./node_modules/${name}/${file}`, import.meta.url));
}

/** The version of a package. */
export function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(pathOf(name, "package.json"), "utf8")) as { readonly version: string };
  return version; // every package has one
}
