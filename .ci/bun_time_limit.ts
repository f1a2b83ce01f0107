/**
 * Gives every test under Bun the time limit of the project. bunfig.toml has no word for it, and what a preloaded module
 * sets holds for the first file only; so every file sets it, on its first line.
 */

import { readFileSync } from "node:fs";
import { plugin } from "bun";
import { timeLimit } from "../tests/time_limit.ts";

const prefix = `import { setDefaultTimeout as setTimeLimit } from "bun:test"; setTimeLimit(${timeLimit}); `;

await plugin({
  name: "time limit",
  setup(build) {
    build.onLoad({ filter: /\.test\.ts$/ }, ({ path }) => ({
      contents: prefix + readFileSync(path, "utf8"),
      loader: "ts",
    }));
  },
});
