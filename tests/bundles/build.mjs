/**
 * Builds a program's bundles by the bundlers that are installed here, on Node, which all of them want.
 * Writes into `bundles.json`, for each bundle, its files and what the bundler warned of.
 *
 *     node build.mjs FOLDER
 *
 * The folder has the program, and its packages in `node_modules`.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import terser from "@rollup/plugin-terser";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import * as vite from "vite";
import webpack from "webpack";

const folder = resolve(process.argv[2]);
const entry = join(folder, "program.js");

/** Bundlers with their usual settings: each writes into a folder and returns its warnings. */
const builds = {};

for (const format of ["esm", "iife", "cjs"]) {
  const extension = format === "esm" ? ".mjs" : ".cjs";
  for (const minify of [false, true]) {
    builds[`esbuild ${format}${minify ? " minified" : ""}`] = async (outdir) => {
      const { warnings } = await esbuild.build({
        entryPoints: [entry],
        bundle: true,
        format,
        minify,
        outdir,
        outExtension: { ".js": extension },
        logLevel: "silent",
      });
      return warnings.map(({ text }) => text);
    };
  }
}

for (const [format, plugins] of Object.entries({ esm: [terser({ module: true })], iife: [] })) {
  builds[`rollup ${format}${plugins.length === 0 ? "" : " with terser"}`] = async (dir) => {
    const warnings = [];
    const bundle = await rollup({
      input: entry,
      plugins: [nodeResolve({ browser: true })],
      onwarn: ({ message }) => warnings.push(message),
    });
    const extension = format === "esm" ? "mjs" : "cjs";
    await bundle.write({ dir, format, entryFileNames: `program.${extension}`, plugins });
    await bundle.close();
    return warnings;
  };
}

for (const mode of ["development", "production"]) {
  builds[`webpack ${mode}`] = (path) =>
    new Promise((resolve, reject) => {
      const settings = {
        mode,
        entry,
        context: folder,
        output: { path, filename: "program.cjs" },
        performance: { hints: false }, // its limits are those of small pages
      };
      webpack(settings, (error, stats) => {
        if (error) return reject(error);
        const { errors, warnings } = stats.toJson({ errors: true, warnings: true });
        resolve([...errors, ...warnings].map(({ message }) => message));
      });
    });
}

for (const minify of [false, true]) {
  builds[`vite${minify ? " minified" : ""}`] = async (outDir) => {
    const warnings = [];
    const note = (message) => void warnings.push(String(message));
    await vite.build({
      root: folder,
      configFile: false,
      customLogger: { ...vite.createLogger("silent"), warn: note, warnOnce: note },
      build: {
        outDir,
        minify,
        modulePreload: false,
        chunkSizeWarningLimit: 10_000,
        rollupOptions: { input: entry, output: { entryFileNames: "program.mjs" } },
      },
    });
    return warnings;
  };
}

const results = {};
for (const [name, build] of Object.entries(builds)) {
  const out = join(folder, "bundles", name.replaceAll(" ", "-"));
  try {
    const warnings = await build(out);
    results[name] = { files: readdirSync(out, { recursive: true }), warnings };
  } catch (error) {
    results[name] = { files: [], warnings: [String(error)] };
  }
}
// Not printed: bundlers print, too.
writeFileSync(join(folder, "bundles.json"), JSON.stringify(results));
