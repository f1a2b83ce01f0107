/**
 * The fuzzer by itself, for as many graphs as one likes:
 *
 * ```sh
 * deno run -A --import-map=tests/std_assert/offline.json tests/fuzz/run.ts --graphs 5000 --seed 7
 * bun tests/fuzz/run.ts --graphs 5000 --gradients 2000
 * ```
 * `--graphs` and `--gradients` are how many programs are compared by their results and by their gradients, `--steps`
 * how many operations one has at most. Without `--seed` every run draws others; the seed is printed. A failure is
 * shrunk and printed as a program, and the exit status is 1.
 * @module
 */
import { parseArgs } from "node:util";
import process from "node:process";
import { workers } from "../../mod.ts";
import { fuzzedThreads } from "./check.ts";
import { fuzzGradients, fuzzGraphs } from "./fuzz.ts";

const { values } = parseArgs({
  options: {
    graphs: { type: "string", default: "1000" },
    gradients: { type: "string", default: "300" },
    steps: { type: "string", default: "30" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const options = { seed: Number(values.seed), steps: Number(values.steps) };
console.log(`seed ${options.seed}, ${await workers.start(fuzzedThreads)} threads`);
try {
  const graphs = fuzzGraphs({ ...options, count: Number(values.graphs) });
  console.log(`${graphs.compared} graphs agree`);
  const gradients = fuzzGradients({ ...options, count: Number(values.gradients) });
  console.log(`${gradients.compared} of ${gradients.drawn} gradients agree; rounding decides about the others`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
