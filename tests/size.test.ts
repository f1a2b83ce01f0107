/**
 * How much a browser has to load: bundles of everything, and of a small program, minified and compressed as servers
 * send them. The limits are a little above what was measured when they were set; whoever passes one has added that much.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { assert } from "@std/assert";
import { bundle } from "../.ci/bundle.ts";

const project = fileURLToPath(new URL("..", import.meta.url));

/** Why nothing can be bundled here, or undefined. */
function reasonToSkip(): string | undefined {
  const { status } = spawnSync("bun", ["--version"], { shell: process.platform === "win32" });
  if (status !== 0) return "bun, which bundles, is not on PATH";
  return existsSync(join(project, "node_modules/comlink")) ? undefined : "node_modules is missing";
}

const library = JSON.stringify(join(project, "mod.ts"));

/** The smallest program there is. */
const line = `import { tensor } from ${library};
console.log(tensor([1]).add(1).item());
`;

/** A program that uses a part of the library: what others of its names need is left out. */
const step = `import { compile, crossEntropy, random, tensor, train, Variable, zeros } from ${library};
const w = new Variable(random.normal([2, 2])), b = new Variable(zeros([2]));
const optimizer = new train.Adam({ learningRate: 0.05 });
const step = compile((x, y) => optimizer.minimize(() => crossEntropy(x.matmul(w).add(b), y)));
console.log(step(tensor([[1, 2]]), tensor([1], { dtype: "int32" })).item());
`;

describe("a bundle for browsers", () => {
  const reason = reasonToSkip();
  const folder = mkdtempSync(join(tmpdir(), "tensorloom-size-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "line.js"), line);
  writeFileSync(join(folder, "step.js"), step);

  const cases = [
    { what: "everything", entry: "mod.ts", kilobytes: 144 },
    { what: "one line", entry: join(folder, "line.js"), kilobytes: 121 },
    { what: "a training step", entry: join(folder, "step.js"), kilobytes: 133 },
  ];
  for (const { what, entry, kilobytes } of cases) {
    const name = `of ${what} is at most ${kilobytes} KB`;
    it(reason ? `${name} (skipped: ${reason})` : name, { skip: reason !== undefined }, () => {
      const { length } = gzipSync(bundle(entry, { minify: true }), { level: 9 });
      assert(length <= 1000 * kilobytes, `Cannot send ${what} in ${kilobytes} KB: it takes ${length} bytes`);
    });
  }
});
