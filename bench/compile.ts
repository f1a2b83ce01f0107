/**
 * How long does it take to record and compile a function: a training step of an MLP, a thousand element-wise
 * operations, and a thousand operations of all kinds? Cold, as the first function of a fresh process, and warm, as the
 * next of many with other shapes. The run of the program is not part of it. Then the same stage by stage.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import type { Stages, SubjectName } from "./_compile_cases.ts";
import { duration, report } from "./_report.ts";

const coldRuns = 5;
const warmRuns = 31;
const names: readonly SubjectName[] = ["training step", "element-wise", "mixed"];
const cases = new URL("_compile_cases.ts", import.meta.url).href;

/** Evaluates an expression with what `_compile_cases.ts` exports, in a new process of this runtime. */
function inProcess<T>(expression: string): T {
  const program = `import { stagesOf, timeOf } from ${JSON.stringify(cases)};
console.log(JSON.stringify(${expression}));`;
  const evaluate = process.versions["bun"] === undefined ? "eval" : "-e";
  const { status, stdout, stderr } = spawnSync(process.execPath, [evaluate, program], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot evaluate ${expression}: ${stderr}`);
  return JSON.parse(stdout) as T; // it printed the expression's value
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Stages of several compilations: the median of each. */
function medians(all: readonly Stages[]): Stages {
  return Object.fromEntries(Object.keys(all[0]!).map((name) => [name, median(all.map((each) => each[name]!))]));
}

const repeat = (expression: string): string =>
  `Array.from({ length: ${warmRuns} }, (_, index) => ${expression}).slice(${Math.floor(warmRuns / 3)})`;
const milliseconds = (value: number): string => duration(1e6 * value);

inProcess("0"); // fills the runtime's cache of translated sources
for (const name of names) {
  const subject = JSON.stringify(name);
  const each = <T>(expression: string): T[] => Array.from({ length: coldRuns }, () => inProcess<T>(expression));
  const cold = median(each<number>(`timeOf(${subject}, 0)`));
  const warm = median(inProcess<number[]>(repeat(`timeOf(${subject}, 1 + index)`)));
  const coldStages = medians(each<Stages>(`stagesOf(${subject}, 0)`));
  const warmStages = medians(inProcess<Stages[]>(repeat(`stagesOf(${subject}, 1 + index)`)));
  report({
    [name]: "cold, warm",
    "  all": `${milliseconds(cold)}, ${milliseconds(warm)}`,
    ...Object.fromEntries(
      Object.entries(coldStages).map(([stage, time]) => [
        `  ${stage}`,
        `${milliseconds(time)}, ${milliseconds(warmStages[stage]!)}`,
      ]),
    ),
  });
}
