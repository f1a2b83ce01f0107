/**
 * A user's program, bundled with the installed package by everyone's bundlers: every bundle is one file, runs on Node,
 * trains to the numbers that the program has without a bundler, and names the user's line in an error.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertLess } from "@std/assert";
import {
  installPackage,
  reasonToSkipNode,
  reasonToSkipPackage,
  reasonToSkipPackages,
  versionOf,
} from "../node/install.ts";
import { timeLimit } from "../time_limit.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** What the program prints. */
interface Findings {
  readonly losses: readonly number[];
  readonly product: number;
  /** The address of the line that an error names. */
  readonly place: string;
}

/** What `build.mjs` says of a bundle. */
interface Built {
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

/** Bundlers that are programs: what they are called with in the folder of the user's program. */
const commands: Record<string, { readonly tool: string; readonly args: readonly string[] }> = {
  "bun": { tool: "bun", args: ["build", "program.js", "--outfile=bundles/bun/program.mjs"] },
  "bun minified": {
    tool: "bun",
    args: ["build", "program.js", "--minify", "--target=node", "--outfile=bundles/bun-minified/program.mjs"],
  },
  "deno": { tool: "deno", args: ["bundle", "--node-modules-dir=manual", "program.js", "-o=bundles/deno/program.mjs"] },
  "deno minified": {
    tool: "deno",
    args: ["bundle", "--node-modules-dir=manual", "--minify", "program.js", "-o=bundles/deno-minified/program.mjs"],
  },
};

/** The names of what `build.mjs` builds. */
const builds = [
  ...["esm", "iife", "cjs"].flatMap((format) => [`esbuild ${format}`, `esbuild ${format} minified`]),
  ...["rollup esm with terser", "rollup iife"],
  ...["webpack development", "webpack production"],
  ...["vite", "vite minified"],
];

function reasonToSkip(): string | undefined {
  if (process.versions["bun"] !== undefined) return "bundles are the same under Bun";
  return reasonToSkipPackage() ?? reasonToSkipNode() ?? reasonToSkipPackages(here);
}

describe("a bundle", () => {
  const reason = reasonToSkip();
  const user = mkdtempSync(join(tmpdir(), "tensorloom-bundles-"));
  let expected: Findings;
  let built: Record<string, Built>;

  before(() => {
    if (reason !== undefined) return;
    installPackage(user);
    cpSync(join(here, "program.js"), join(user, "program.js"));
    expected = run(join(user, "program.js"), join(user, "dump"));
    const { status, stdout, stderr } = spawnSync("node", [join(here, "build.mjs"), user], { encoding: "utf8" });
    assertEquals(status, 0, stdout + stderr);
    built = JSON.parse(readFileSync(join(user, "bundles.json"), "utf8")) as Record<string, Built>; // by build.mjs
  });

  after(() => rmSync(user, { recursive: true, force: true }));

  const test = (name: string, missing: string | undefined, body: () => void): void => {
    const skip = reason ?? missing;
    it(skip ? `${name} (skipped: ${skip})` : name, { skip: skip !== undefined }, body);
  };

  test("of nothing: the program learns", undefined, () => {
    const { losses, product } = expected;
    assertLess(losses.at(-1)!, 0.3); // it begins at ln 2
    // The sum over (I + S)², where S is sin of 0 … 4095 in rows of 64, by NumPy in float64: it is a sum of 4,096 numbers of up to 33.
    assert(Math.abs(product - 67.998596) < 1e-3, String(product));
    assert(/program\.js:\d+:\d+$/.test(expected.place), expected.place);
    assert(existsSync(new URL(kitOf(join(user, "dump")))));
  });

  /** What a bundle must be: one file, but for the licences of what is in it, that does what the program does. */
  const check = (folder: string): void => {
    const files = readdirSync(folder).filter((file) => !file.endsWith(".LICENSE.txt"));
    assertEquals(files.length, 1, files.join());
    const path = join(folder, files[0]!);
    const { losses, product, place } = run(path, join(folder, "dump"));
    assertEquals([losses, product], [expected.losses, expected.product]);
    const [, file, line, column] = /^(.*):(\d+):(\d+)$/.exec(place)!;
    if (file!.startsWith("webpack://")) assertEquals(file!.replace("?", ""), "webpack:///./program.js");
    else {
      assertEquals(file!.replace("file://", ""), path);
      const text = readFileSync(path, "utf8").split("\n")[Number(line) - 1]!.slice(Number(column) - 1);
      assert(text.startsWith("sum().item()"), text.slice(0, 80));
    }
    // A bundle has no files of the library beside it, so a dumped program names the package.
    assertEquals(kitOf(join(folder, "dump")), "@tensorloom/tensorloom/compiler/inspect/repro_kit.ts");
  };

  for (const name of builds) {
    test(`by ${name} runs, and is one file`, undefined, () => {
      assertEquals(built[name]!.warnings, []);
      check(join(user, "bundles", name.replaceAll(" ", "-")));
    });
  }

  test("by esbuild leaves out families that a program does not import", undefined, () => {
    const program = join(user, "line.js");
    writeFileSync(
      program,
      'import { tensor } from "@tensorloom/tensorloom";\nconsole.log(tensor([1]).add(1).item());\n',
    );
    const tool = join(here, "node_modules/.bin/esbuild");
    const args = [program, "--bundle", "--minify", "--format=esm"];
    const { status, stdout, stderr } = spawnSync(tool, args, { encoding: "utf8", maxBuffer: 2 ** 26, cwd: user });
    assertEquals(status, 0, stderr);
    for (const option of ["outputPadding", "countIncludePadding", "learningRate"]) {
      assert(!stdout.includes(option), option); // of transposed convolution, pooling and optimizers
    }
    writeFileSync(join(user, "line.mjs"), stdout);
    const { stdout: printed } = spawnSync("node", [join(user, "line.mjs")], { encoding: "utf8", timeout: timeLimit });
    assertEquals(printed, "2\n");
  });

  for (const [name, { tool, args }] of Object.entries(commands)) {
    const missing = versionOf(tool) === undefined ? `${tool} is not on PATH` : undefined;
    test(`by ${name} runs, and is one file`, missing, () => {
      const folder = join(user, "bundles", name.replaceAll(" ", "-"));
      mkdirSync(folder, { recursive: true });
      const { status, stdout, stderr } = spawnSync(tool, args, { cwd: user, encoding: "utf8" });
      assertEquals(status, 0, stdout + stderr);
      check(folder);
    });
  }

  test("by bun, compiled to a program, runs", versionOf("bun") === undefined ? "bun is not on PATH" : undefined, () => {
    const path = join(user, "program");
    const { status, stderr } = spawnSync("bun", ["build", "program.js", "--compile", `--outfile=${path}`], {
      cwd: user,
      encoding: "utf8",
    });
    assertEquals(status, 0, stderr);
    assert(existsSync(path));
    const { stdout } = spawnSync(path, { encoding: "utf8", timeout: timeLimit });
    const { losses } = JSON.parse(stdout) as Findings; // the program's last line says so
    assert(losses.every((loss, index) => Math.abs(loss - expected.losses[index]!) < 1e-5)); // another engine
  });
});

/** Runs a bundle, or the program, on Node. */
function run(path: string, ...args: readonly string[]): Findings {
  const { status, stdout, stderr } = spawnSync("node", [path, ...args], { encoding: "utf8", timeout: timeLimit });
  assertEquals(status, 0, stdout + stderr);
  return JSON.parse(stdout) as Findings; // the program's last line says so
}

/** What the program imports that was dumped into a folder. */
function kitOf(folder: string): string {
  return /\} from "(.*)";/.exec(readFileSync(join(folder, "repro.ts"), "utf8"))![1]!; // its only import
}
