/**
 * The pages are true. What they say is printed is what is printed: every program of a page is run, and its output
 * compared with the text below it. A program begins with its imports, and a block without them continues the one before.
 * In the text, an ellipsis stands for what is left out: lines where it has a line of its own, and elsewhere a part of
 * the line.
 */

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { fusionRules } from "../compiler/fusion/fusion_rules.ts";
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

/** A program of a page as one that lies in the project's folder. */
function inProject(text: string, folder: string): string {
  return text.replace(
    / from "(\.[^"]+)"/g,
    (_, path: string) => ` from "./${join(folder, path).replaceAll("\\", "/")}"`,
  );
}

function programsOf(name: string): Program[] {
  const blocks = blocksOf(readFileSync(join(project, name), "utf8"));
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
    source.parts.push(inProject(text, dirname(name)));
    source.expected.push(expectedOf(index));
  });
  finish();
  return programs;
}

/**
 * Runs a program with the present runtime in the project's folder, as a reader would; a source is passed on standard input.
 * In a folder of the library it would be the library's own, whose lines errors do not name.
 */
function output(run: Program["run"]): Promise<string> {
  const command = process.versions["bun"] === undefined ? ["run", "--quiet"] : ["run"];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...command, "file" in run ? run.file : "-"], {
      cwd: project,
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

/** The files of a folder, and of those in it, whose names end so. */
function filesOf(folder: string, end: string): string[] {
  return readdirSync(join(project, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["node_modules", "dist", ".git"].includes(entry.name) ? [] : filesOf(path, end);
    return entry.name.endsWith(end) ? [path] : [];
  });
}

const pages = filesOf(".", ".md");

for (const name of pages) {
  describe(name, () => {
    for (const { line, run, expected } of programsOf(name)) {
      it(`prints what line ${line} says`, async () => {
        const printed = await output(run);
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
  /** A section of a page, without its heading. */
  const section = (page: string, heading: string): string =>
    read(page).split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!;
  /** The files that a text links to, from the folder of its page. */
  const linkedIn = (text: string, folder: string): string[] =>
    [...text.matchAll(/\]\((?!https:|#)([^)#\s]+)/g)].map(([, target]) => join(folder, target!));

  it("list every alias", () => {
    const rows = [...section("src/README.md", "Names").matchAll(/^\| `(\w+)` +\| `(\w+)` +\|/gm)].map((
      [, name, alias],
    ) => [alias, name]);
    const known = Object.entries(aliases).map(([alias, { name }]) => [alias, name]);
    assertEquals(Object.fromEntries(rows), Object.fromEntries(known));
  });

  it("have every file of the compiler on the map", () => {
    const linked = new Set([
      ...linkedIn(section("compiler/README.md", "The files"), "compiler"),
      ...linkedIn(read("compiler/kernel/README.md"), "compiler/kernel"),
      ...linkedIn(read("compiler/runtime/README.md"), "compiler/runtime"),
    ]);
    const files = filesOf("compiler", ".ts");
    assert(files.includes(join("compiler", "runtime", "threads", "protocol.ts")));
    assertEquals(files.filter((file) => !linked.has(file)), []);
  });

  it("name every file of the language but for the families of operations", () => {
    const map = section("src/README.md", "The files");
    const linked = new Set(linkedIn(map, "src"));
    const isFamily = (file: string): boolean => ["ops", "train", "data"].includes(basename(dirname(file)));
    const files = filesOf("src", ".ts").filter((file) => !isFamily(file));
    assert(files.includes(join("src", "graph", "graph.ts")));
    assertEquals(files.filter((file) => !linked.has(file) && !map.includes(`\`${basename(file)}\``)), []);
  });

  it("link to files that exist, and to sections that do", () => {
    const slugsOf = (page: string): string[] =>
      [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
        heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
      );
    const dead = pages.flatMap((name) =>
      [...read(name).matchAll(/(?:\]\(|src=")(?!https:)([^)#\s"]*)(?:#([^)\s]+))?/g)].flatMap(([, target, anchor]) => {
        const path = target === "" ? name : relative(".", join(dirname(name), target!));
        const isThere = existsSync(join(project, path)) && (anchor === undefined || slugsOf(path).includes(anchor));
        return isThere ? [] : [`${name}: ${target}${anchor === undefined ? "" : `#${anchor}`}`];
      })
    );
    assertEquals(dead, []);
  });

  it("begin with one that is read in five minutes: README.md has at most 12 KB", () => {
    assertLessOrEqual(new TextEncoder().encode(read("README.md")).length, 12 * 1024);
  });

  it("name tests that exist", () => {
    const tests = read("tests/compiler/kernels.test.ts");
    const rules = section("compiler/README.md", "The rules of fusion").split("\nAnd what is refused")[0]!;
    const names = [...rules.matchAll(/\s_([^_]+)_/g)].map(([, name]) => name!.replace(/\s+/g, " "));
    assert(names.length > 0);
    assertEquals(names.filter((name) => !tests.includes(`it("${name}"`)), []);
  });

  it("give every reason for not fusing", () => {
    const refused = section("compiler/README.md", "The rules of fusion").split("\nAnd what is refused")[1]!
      .replace(/\s+/g, " ");
    const missing = fusionRules.filter(({ name, reason }) => !refused.includes(`- **${name}**: ${reason}`));
    assertEquals(missing.map(({ name }) => name), []);
  });

  it("quote the grammar of kernels", () => {
    const [, grammar = ""] = /```text\n(.*?)```/s.exec(read("compiler/kernel/kernel.ts").replace(/^ \* ?/gm, "")) ?? [];
    assert(grammar !== "" && read("compiler/README.md").includes(grammar));
  });
});
