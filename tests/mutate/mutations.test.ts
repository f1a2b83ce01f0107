// The list of mutations is about the library as it is; whether tests notice them, run.ts finds out.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { mutations } from "./mutations.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

describe("mutations", () => {
  it("have names of their own", () => {
    assertEquals(new Set(mutations.map(({ name }) => name)).size, mutations.length);
  });

  it("change what is there, once in its file", () => {
    const sources = new Map<string, string>();
    const wrong = mutations.filter(({ file, text, replacement }) => {
      const source = sources.get(file) ?? readFileSync(join(project, file), "utf8");
      sources.set(file, source);
      return source.split(text).length !== 2 || text === replacement;
    });
    assertEquals(wrong.map(({ name }) => name), []);
  });

  it("are the business of tests that exist", () => {
    for (const { name, tests } of mutations) {
      assert(tests.length > 0 && tests.every((test) => existsSync(join(project, test))), name);
    }
  });
});
