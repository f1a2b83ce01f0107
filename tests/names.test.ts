// One meaning for each word: no two files declare a type, an interface, a class or a function of the same name.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";

const project = fileURLToPath(new URL("..", import.meta.url));

/** For each name that is declared at the top of a file, the files. */
function declarations(pattern: RegExp): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const folder of ["src", "compiler"]) {
    for (const name of readdirSync(join(project, folder), { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts")) continue;
      const text = readFileSync(join(project, folder, name), "utf8");
      for (const declared of new Set([...text.matchAll(pattern)].map(([, declared]) => declared!))) {
        files.set(declared, [...files.get(declared) ?? [], join(folder, name)]);
      }
    }
  }
  return files;
}

/** Those that more than one file declares. */
function declaredTwice(pattern: RegExp): [string, string[]][] {
  return [...declarations(pattern)].filter(([, files]) => files.length > 1);
}

describe("a name", () => {
  it("of a type is declared once", () => {
    assertEquals(declaredTwice(/^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class) (\w+)/gm), []);
  });
  it("of a function is declared once", () => {
    assertEquals(declaredTwice(/^(?:export )?(?:async )?function\*? (\w+)/gm), []);
  });
});
