/**
 * Writes `compiler/runtime/threads/worker_source.ts`: the code of a worker as a string, from which one starts without reading
 * a file.
 *
 *     deno run --allow-all .ci/worker_source.ts            write it
 *     deno run --allow-all .ci/worker_source.ts --check    exit with 1 when it is stale
 */

import { bundle } from "./bundle.ts";
import { writeGenerated } from "./write_generated.ts";

const entry = "compiler/runtime/threads/worker.ts";
const comlink = "src/comlink.ts";
/** What `comlink.ts` calls the package. */
const specifier = "npm:comlink@^4.4.2";
const target = "compiler/runtime/threads/worker_source.ts";
const command = "deno run --allow-all .ci/worker_source.ts";

/** Text as it stands between backquotes. */
const quoted = (text: string): string => text.trimEnd().replace(/[\\`]|\$(?=\{)/g, "\\$&");

const text = `/**
 * The code of a worker as a string: no permission is needed to start it from a Blob, and bundlers take it along. And
 * that of comlink, which is in the worker's and is evaluated with the first worker by the thread that starts it:
 * importing the package itself takes Deno as long as all the rest of the library.
 *
 * Generated from \`${entry}\`, \`${comlink}\` and what they import. Do not edit it; this writes it:
 *
 *     ${command}
 *
 * @module
 */

/** The body of a function that returns what \`comlink.ts\` exports. */
export const comlinkSource: string = \`${quoted(asFunctionBody(bundle(comlink, { minify: true })))}\`;

/** A module for a worker: \`worker.ts\` with all it imports. */
export const workerSource: string = \`${
  withComlink(quoted(bundle(entry, { minify: true, external: specifier })), "${comlinkSource}")
}\`;
`;

/** A module's text with its exports returned. */
function asFunctionBody(module: string): string {
  const exports = /export ?\{([^}]*)\};?\s*$/;
  const names = exports.exec(module)?.[1];
  if (names === undefined) throw new Error(`Cannot bundle ${comlink}: its exports do not come last`);
  return module.replace(exports, `return {${members(names).map((pair) => pair.reverse().join(":"))}};`);
}

/** A module's text with what it imports from comlink taken from what the body of a function returns. */
function withComlink(module: string, body: string): string {
  const imports = /^import ?\{([^}]*)\} ?from ?"npm:comlink[^"]*";/;
  const names = imports.exec(module)?.[1];
  if (names === undefined) throw new Error(`Cannot bundle ${entry}: it does not begin with comlink`);
  return module.replace(imports, () => `const {${members(names).map((pair) => pair.join(":"))}}=(()=>{${body}})();\n`);
}

/** The names of an import or export, each with the one it has on the other side. */
function members(names: string): string[][] {
  return names.split(",").map((each) => each.trim().split(/ as /));
}

writeGenerated(target, text, ".ci/worker_source.ts");
