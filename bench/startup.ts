/**
 * How long does importing the library take, in a fresh process? The process measures the import itself, so the
 * runtime's own start is not part of the figure. mitata measures within one process only; here the process is the case.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { duration, report } from "./_report.ts";

const runs = 15;
const library = new URL("../mod.ts", import.meta.url).href;
const program = `const start = performance.now();
await import(${JSON.stringify(library)});
console.log(performance.now() - start);`;

/** Runs the program in a new process of this runtime, and returns what it printed, in nanoseconds. */
function importOnce(): number {
  const evaluate = process.versions["bun"] === undefined ? "eval" : "-e";
  const { status, stdout, stderr } = spawnSync(process.execPath, [evaluate, program], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot import ${library}: ${stderr}`);
  return 1e6 * Number(stdout);
}

importOnce(); // fills the runtime's cache of translated sources
const times = Array.from({ length: runs }, importOnce).sort((a, b) => a - b);
report({
  "import of mod.ts, median": duration(times[Math.floor(runs / 2)]!),
  "fastest and slowest": `${duration(times[0]!)}, ${duration(times[runs - 1]!)}`,
});
