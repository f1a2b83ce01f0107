/** Files of expected values are made by programs that are there to be read, and to be run again. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";

const here = fileURLToPath(new URL(".", import.meta.url));

describe("files of expected values", () => {
  it("are written by a make_*.py beside them", () => {
    const files = readdirSync(here, { recursive: true, encoding: "utf8" }).filter((path) =>
      !path.includes("node_modules")
    );
    const golden = files.filter((path) =>
      /\.jsonl?$/.test(path) && !/^(package|package-lock|offline)\.json$/.test(basename(path))
    );
    assert(golden.length >= 12);
    const programs = files.filter((path) => /^make_\w+\.py$/.test(basename(path)));
    const orphans = golden.filter((path) =>
      !programs.some((program) =>
        dirname(program) === dirname(path) &&
        new RegExp(`\\b${basename(path).replace(".", "\\.")}`).test(readFileSync(join(here, program), "utf8"))
      )
    );
    assertEquals(orphans, []);
  });
});
