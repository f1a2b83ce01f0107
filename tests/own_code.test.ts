// That the library's lines are told from the user's in bundles is in bundles/bundles.test.ts.
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { addressInPackage, isOwnCode, placesOf } from "../src/own_code.ts";

function errorWith(stack: string): Error {
  return Object.assign(new Error("a message"), { stack });
}

describe("placesOf", () => {
  const rows = {
    "V8": ["Error: a: message", "    at f (file:///a/b.ts:1:2)", "    at async /a/c d.js:30:40", "    at <anonymous>"],
    "JavaScriptCore": ["f@http://host/a.js:1:2", "module code@http://host/b.js?x=1:30:40", "[native code]"],
    "Firefox": ["f@http://host/a.js:1:2", "@http://host/b.js?x=1:30:40", ""],
    "webpack's eval": ["    at eval (webpack://app/./a.js?:1:2)", "    at f (webpack-internal:///./b.js:30:40)"],
    "Windows": ["    at f (C:\\a\\b.js:1:2)", "    at file:///C:/a/c.js:30:40"],
  };
  const files: Record<keyof typeof rows, readonly string[]> = {
    "V8": ["file:///a/b.ts", "/a/c d.js"],
    "JavaScriptCore": ["http://host/a.js", "http://host/b.js?x=1"],
    "Firefox": ["http://host/a.js", "http://host/b.js?x=1"],
    "webpack's eval": ["webpack://app/./a.js?", "webpack-internal:///./b.js"],
    "Windows": ["C:\\a\\b.js", "file:///C:/a/c.js"],
  };
  for (const [engine, lines] of Object.entries(rows)) {
    it(`reads the stacks of ${engine}`, () => {
      const [first, second] = files[engine as keyof typeof rows]; // a key of rows
      assertEquals(placesOf(errorWith(lines.join("\n"))), [
        { file: first!, line: 1, column: 2 },
        { file: second!, line: 30, column: 40 },
      ]);
    });
  }

  it("gives none where an engine has no stacks", () => assertEquals(placesOf(errorWith("")), []));
});

describe("isOwnCode", () => {
  it("tells the files of the library from others beside them", () => {
    const own = (path: string): boolean => {
      const { href } = new URL(`../${path}`, import.meta.url);
      const places = [href, fileURLToPath(href)].map((file) => isOwnCode({ file, line: 1, column: 1 }));
      assertEquals(places[0], places[1]); // engines write addresses or paths
      return places[0]!;
    };
    for (const path of ["src/ops/op.ts", "compiler/fusion/fuse.ts", "mod.ts"]) assertEquals(own(path), true, path);
    for (const path of ["tests/own_code.test.ts", "examples/mlp.ts", "mod.ts.js"]) assertEquals(own(path), false, path);
  });
});

describe("addressInPackage", () => {
  it("is that of a file beside the sources", () => {
    const { href } = new URL("../compiler/inspect/repro_kit.ts", import.meta.url);
    assertEquals(addressInPackage("compiler/inspect/repro_kit.ts"), href);
  });
});
