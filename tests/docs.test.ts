/**
 * The pages are true. What they say is printed is what is printed: every program of a page is run, and its output
 * compared with the text below it. A program begins with its imports, and a block without them continues the one before.
 * In the text, an ellipsis stands for what is left out: lines where it has a line of its own, and elsewhere a part of
 * the line.
 */

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { fusionRules } from "../compiler/fusion_rules.ts";
import { aliases } from "../src/ops/aliases.ts";

const project = fileURLToPath(new URL("..", import.meta.url));

interface Block {
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

interface Program {
  readonly line: number;
  /** A file of the project, or the source itself. */
  readonly run: { readonly file: string } | { readonly source: string };
  /** What each block of it prints, where the page says so. */
  readonly expected: readonly (string | undefined)[];
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map((match) => ({
    language: match[1]!,
    text: match[2]!,
    line: page.slice(0, match.index).split("\n").length,
  }));
}

const mark = "— end of block —";

function programsOf(page: string): Program[] {
  const blocks = blocksOf(page);
  const expectedOf = (index: number): string | undefined =>
    blocks[index + 1]?.language === "text" ? blocks[index + 1]!.text : undefined;
  const programs: Program[] = [];
  let source: { line: number; parts: string[]; expected: (string | undefined)[] } | undefined;
  const finish = (): void => {
    if (source?.expected.some((text) => text !== undefined)) {
      const text = source.parts.map((part) => `${part}\nconsole.log(${JSON.stringify(mark)});\n`).join("");
      programs.push({ line: source.line, run: { source: text }, expected: source.expected });
    }
    source = undefined;
  };
  blocks.forEach(({ language, text, line }, index) => {
    const file = language === "sh" ? /^deno run (\S+)\n$/.exec(text)?.[1] : undefined;
    if (file !== undefined && expectedOf(index) !== undefined) {
      programs.push({ line, run: { file }, expected: [expectedOf(index)] });
    }
    if (language !== "ts") return;
    if (text.startsWith("import ") || source === undefined) {
      finish();
      source = { line, parts: [], expected: [] };
    }
    source.parts.push(text);
    source.expected.push(expectedOf(index));
  });
  finish();
  return programs;
}

/** Runs a program with the present runtime, in the folder of its page; a source is passed on standard input. */
function output(run: Program["run"], folder: string): Promise<string> {
  const command = process.versions["bun"] === undefined ? ["run", "--quiet"] : ["run"];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...command, "file" in run ? run.file : "-"], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
    child.on("error", reject);
    child.on("close", (code) => code === 0 ? resolve(stdout) : reject(new Error(`It ended with ${code}:\n${stderr}`)));
    child.stdin.end("source" in run ? run.source : "");
  });
}

/** Compares line by line, as far as the text says what is printed. */
function assertPrinted(actual: string, expected: string): void {
  const pattern = expected.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/^…\n/gm, "(?:.*\\n)*?").replace(/…/g, ".*?");
  if (!new RegExp(`^${pattern}$`).test(actual)) assertEquals(actual, expected);
}

for (const name of ["README.md", "compiler/README.md"]) {
  describe(name, () => {
    const path = join(project, name);
    for (const { line, run, expected } of programsOf(readFileSync(path, "utf8"))) {
      it(`prints what line ${line} says`, async () => {
        const printed = await output(run, dirname(path));
        const parts = "file" in run ? [printed] : printed.split(`${mark}\n`);
        expected.forEach((text, index) => {
          if (text !== undefined) assertPrinted(parts[index]!, text);
        });
      });
    }
  });
}

describe("the pages", () => {
  const read = (name: string): string => readFileSync(join(project, name), "utf8");
  const filesOf = (folder: string): string[] =>
    readdirSync(join(project, folder), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory()
        ? filesOf(`${folder}/${entry.name}`)
        : entry.name.endsWith(".ts")
        ? [`${folder}/${entry.name}`]
        : []
    );

  it("list every alias", () => {
    const section = read("README.md").split("\n## Names\n")[1]!.split("\n## ")[0]!;
    const rows = [...section.matchAll(/^\| `(\w+)` +\| `(\w+)` +\|/gm)].map(([, name, alias]) => [alias, name]);
    const known = Object.entries(aliases).map(([alias, { name }]) => [alias, name]);
    assertEquals(Object.fromEntries(rows), Object.fromEntries(known));
  });

  it("have every file of the compiler on the map", () => {
    const page = read("README.md");
    const files = filesOf("compiler");
    assert(files.includes("compiler/runtime/walker.ts"));
    assertEquals(files.filter((file) => !page.includes(`(${file})`)), []);
  });

  it("name every file of the language but for the families of operations", () => {
    const map = read("README.md").split("\n## Reading the source\n")[1]!.split("\n## ")[0]!;
    const isFamily = (file: string): boolean => ["ops", "train", "data"].includes(basename(dirname(file)));
    const files = filesOf("src").filter((file) => !isFamily(file));
    assert(files.includes("src/graph/graph.ts"));
    assertEquals(files.filter((file) => !map.includes(`(${file})`) && !map.includes(`\`${basename(file)}\``)), []);
  });

  it("link to files that exist", () => {
    const missing = ["README.md", "CONTRIBUTING.md", "compiler/README.md"].flatMap((name) =>
      [...read(name).matchAll(/\]\((?!https:)([^)#]+)/g)].map(([, target]) => join(dirname(name), target!))
    ).filter((path) => !existsSync(join(project, path)));
    assertEquals(missing, []);
  });

  it("name tests that exist", () => {
    const tests = read("tests/compiler/kernels.test.ts");
    const rules = read("compiler/README.md").split("\n## The rules of fusion\n")[1]!.split("\nAnd what is refused")[0]!;
    const names = [...rules.matchAll(/ _([^_]+)_[ ,]/g)].map(([, name]) => name!);
    assert(names.length > 0);
    assertEquals(names.filter((name) => !tests.includes(`it("${name}"`)), []);
  });

  it("give every reason for not fusing", () => {
    const rows = [...read("compiler/README.md").matchAll(/^\| ([^|]+?) +\| ([^|]+?) +\|/gm)].map(([, rule, reason]) =>
      `${rule}: ${reason}`
    );
    assertEquals(fusionRules.map(({ name, reason }) => `${name}: ${reason}`).filter((row) => !rows.includes(row)), []);
  });

  it("quote the grammar of kernels", () => {
    const [, grammar = ""] = /```text\n(.*?)```/s.exec(read("compiler/kernel.ts").replace(/^ \* ?/gm, "")) ?? [];
    assert(grammar !== "" && read("compiler/README.md").includes(grammar));
  });
});
