/**
 * Dumping: everything there is to see of a compiled program, in files.
 * @module
 */
import { describeForeign } from "../describe.ts";
import type { GraphFunction } from "../graph/function.ts";
import type { ArgumentBindings, Executable } from "../executor.ts";

/** What is used of a file system: two functions of `node:fs`. */
interface FileSystem {
  mkdirSync(path: string, options: { readonly recursive: true }): unknown;
  writeFileSync(path: string, text: string): void;
}

/** Where a program runs in Deno, Bun or Node, there is a file system; asked for in this way, a page can be told it has none. */
function findFileSystem(): FileSystem | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }; // looked at member by member
  return process?.getBuiltinModule?.("node:fs") as FileSystem | undefined; // the module of that name has these functions
}

/** Writes the files that show a program into a folder, which is made where there is none; returns their paths. */
export function dumpProgram(
  name: string,
  folder: string,
  { graphFunction: { graph }, executable }: { readonly graphFunction: GraphFunction; readonly executable: Executable },
  fed: ArgumentBindings | undefined,
): string[] {
  if (typeof folder !== "string" || folder === "") {
    throw new TypeError(
      `Cannot dump ${name}: the folder is a path, not ${folder === "" ? "empty" : describeForeign(folder)}`,
    );
  }
  const files: Readonly<Record<string, string>> = {
    "graph.txt": `${graph}\n`,
    "graph.dot": graph.toDot(),
    "graph.svg": graph.toSvg(),
    "plan.txt": `${executable.explain()}\n`,
    ...executable.files(fed),
  };
  const system = findFileSystem();
  if (system === undefined) throw new TypeError(`Cannot dump ${name}: this environment has no file system`);
  system.mkdirSync(folder, { recursive: true });
  return Object.entries(files).map(([file, text]) => {
    const path = /[\\/]$/.test(folder) ? folder + file : `${folder}/${file}`;
    system.writeFileSync(path, text);
    return path;
  });
}
