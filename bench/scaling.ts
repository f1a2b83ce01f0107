/**
 * How does the time of recording and compiling grow with the graph? Of 20,000 nodes with 500 Variables it should be about
 * ten times that of 2,000 nodes with 50. `_scaling_cases.ts` has the graphs. The run of the program is no part of it.
 */
import { duration, report } from "./_report.ts";
import { graphs } from "./_scaling_cases.ts";

const runs = 5;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Nanoseconds that recording and compiling a fresh graph takes. */
function timeOf(name: keyof typeof graphs, size: number): number {
  const compileIt = graphs[name](size);
  const start = performance.now();
  compileIt();
  return 1e6 * (performance.now() - start);
}

for (const name of Object.keys(graphs) as (keyof typeof graphs)[]) { // its own keys
  timeOf(name, 1); // the engine translates what is used often
  const small: number[] = [];
  const large: number[] = [];
  for (let run = 0; run < runs; run++) {
    small.push(timeOf(name, 1), timeOf(name, 1));
    large.push(timeOf(name, 10));
  }
  const [one, ten] = [median(small), median(large)];
  report({ [name]: `${duration(one)} for 2,000 nodes, ${duration(ten)} for 20,000: ${(ten / one).toFixed(1)} times` });
}
