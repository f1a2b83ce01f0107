/**
 * Adding an operation touches the file of its family and its test, and a scalar intrinsic a line of every target: the changes
 * that CONTRIBUTING.md shows are made in a copy of the project, and all that must hold then is run there.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { bundle } from "../../.ci/bundle.ts";
import { targets } from "../../compiler/emit/targets.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

/** A block of the page: lines for a file. */
interface Block {
  readonly file: string;
  readonly lines: readonly string[];
}

/** The changes that the page shows, each with its blocks. */
function changes(): ReadonlyMap<string, readonly Block[]> {
  const page = readFileSync(join(project, "CONTRIBUTING.md"), "utf8");
  const [, section = ""] = /^## Adding an op\n([\s\S]*?)^## /m.exec(page) ?? [];
  const [, ...parts] = section.split(/^### /m);
  return new Map(parts.map((part) => {
    const blocks = [...part.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)];
    return [
      part.slice(0, part.indexOf("\n")),
      blocks.map(([, file, text]) => ({ file: file!, lines: text!.split("\n") })),
    ];
  }));
}

/** Makes a change in a folder: a block goes below the line that it begins with, or to the end of the file. */
function make(folder: string, blocks: readonly Block[]): void {
  for (const { file, lines } of blocks) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    const [first, ...rest] = lines;
    const anchor = `\n${first}\n`;
    const isAnchored = !first!.startsWith("/") && text.split(anchor).length === 2;
    writeFileSync(path, isAnchored ? text.replace(anchor, () => anchor + rest.join("\n")) : text + lines.join("\n"));
  }
}

function reasonToSkip(): string | undefined {
  if (process.versions["bun"] !== undefined) return "what is generated, and checked, is the same under Bun";
  const { status } = spawnSync("bun", ["--version"]);
  if (status !== 0) return "bun, which bundles, is not on PATH";
  return existsSync(join(project, "node_modules/comlink")) ? undefined : "node_modules is missing";
}

describe("adding an operation", () => {
  const reason = reasonToSkip();
  const folder = mkdtempSync(join(tmpdir(), "tensorloom-adding-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const shown = [...changes()];

  const test = (name: string, body: () => void): void => {
    it(reason ? `${name} (skipped: ${reason})` : name, { skip: reason !== undefined }, body);
  };

  /** Runs Deno in the copy. */
  const deno = (...args: readonly string[]): void => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    assertEquals(status, 0, `deno ${args.join(" ")}: ${stdout}${stderr}`);
  };
  const offline = "--import-map=tests/std_assert/offline.json";

  /** The length of the smallest program, bundled from the copy. */
  const bundled = (): number => {
    const program = join(folder, "line.js");
    writeFileSync(program, `import { tensor } from "./mod.ts"; console.log(tensor([1]).add(1).item());`);
    return bundle(program, { minify: true }).length;
  };

  it("touches two hand-written files, and a line of every target for an intrinsic", () => {
    assertEquals(shown.map(([, blocks]) => new Set(blocks.map(({ file }) => file)).size), [2, 2, 2 + targets.length]);
    const ofTargets = shown[2]![1].filter(({ file }) => file.startsWith("compiler/"));
    assertEquals(ofTargets.map(({ lines }) => lines.length - 2), targets.map(() => 1)); // the first is there, the last is empty
  });

  test("of a family that is not imported adds no byte to a bundle", () => {
    const leftOut: ReadonlySet<string> = new Set(["node_modules", ".git", "dist"]);
    for (const each of readdirSync(project)) {
      if (leftOut.has(each)) continue;
      cpSync(join(project, each), join(folder, each), {
        recursive: true,
        filter: (path) => !leftOut.has(basename(path)),
      });
    }
    symlinkSync(join(project, "node_modules"), join(folder, "node_modules"));
    const before = bundled();
    for (const [, blocks] of shown.slice(0, 2)) make(folder, blocks);
    deno("run", "--allow-all", ".ci/op_modules.ts");
    assertEquals(bundled(), before);
  });

  test("leaves nothing else to do: types, every target, gradients and the fuzzer", () => {
    make(folder, shown[2]![1]);
    deno("task", "generate");
    const names = ["silu", "min_max", "acosh"].map((name) => `tests/ops/${name}.test.ts`);
    const files = [
      ...names,
      "tests/ops/table.test.ts",
      "tests/ops/composite_errors.test.ts",
      "tests/oracles/oracles.test.ts",
      "tests/types/methods.test.ts",
      "tests/signatures.test.ts",
      "tests/compiler/expressions.test.ts",
    ];
    const typed = ["ops", "oracles", "fuzz", "types", "compiler"].map((each) => `tests/${each}`);
    deno("check", offline, "mod.ts", ...typed);
    deno("test", "--allow-all", "--no-check", offline, ...files);
    deno("fmt", "--check", "src", "compiler/emit", "tests/ops");
    const page = readFileSync(join(folder, "src/ops/README.md"), "utf8");
    for (const name of ["silu(x)", "minMax(x, axis)", "acosh(x)"]) assert(page.includes(`| \`${name}\``), name);
  });
});
