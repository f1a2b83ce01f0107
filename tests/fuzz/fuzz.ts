/**
 * The fuzzer: random programs, compared in every way that they can be run.
 * @module
 */
import fc from "fast-check";
import { anything, buildLoss, buildPlan, type Built, type Choices, choices } from "./builder.ts";
import type { MultiOpName, OpName } from "../../src/ops/table.ts";
import { frequent } from "./generators.ts";
import { checkGradients, checkPlan, checkPlanInFewWays } from "./check.ts";
import { printProgram } from "./repro.ts";

/** How much is fuzzed. */
export interface FuzzOptions {
  readonly count: number;
  readonly seed: number;
  /** Operations of a program, at most. Default 30. */
  readonly steps?: number;
}

/** Compares the results of random programs; throws, with the smallest program that fails, when they differ. */
export function fuzzGraphs({ count, seed, steps = 30 }: FuzzOptions): { compared: number } {
  search(count, seed, steps, (drawn) => buildPlan(drawn, anything), checkPlan);
  return { compared: count };
}

/** The same for programs of which one operation is a part; what it meets are frequent ones. */
export function fuzzOperation(name: OpName | MultiOpName, { count, seed, steps = 8 }: FuzzOptions): void {
  const vocabulary = { ...anything, names: frequent.flatMap((other) => [name, other]) };
  search(count, seed, steps, (drawn) => buildPlan(drawn, vocabulary), checkPlan);
}

/** The same in the four ways that have least in common, which takes a third of the time. */
export function fuzzGraphsInFewWays({ count, seed, steps = 30 }: FuzzOptions): { compared: number } {
  search(count, seed, steps, (drawn) => buildPlan(drawn, anything), checkPlanInFewWays);
  return { compared: count };
}

/** Compares the gradients of random losses. */
export function fuzzGradients({ count, seed, steps = 30 }: FuzzOptions): { compared: number; drawn: number } {
  let compared = 0;
  search(count, seed, steps, buildLoss, (built) => {
    if (checkGradients(built)) compared++;
  });
  return { compared, drawn: count };
}

function search(
  count: number,
  seed: number,
  steps: number,
  build: (drawn: Choices) => Built,
  check: (built: Built) => void,
): void {
  const property = fc.property(choices(steps), (drawn) => {
    check(build(drawn));
  });
  const result = fc.check(property, { numRuns: count, seed, unbiased: true });
  if (!result.failed) return;
  const [smallest] = result.counterexample ?? [];
  const reason = result.errorInstance instanceof Error
    ? result.errorInstance.stack ?? result.errorInstance.message
    : String(result.errorInstance);
  throw new Error([
    `Failed after ${result.numRuns} programs and ${result.numShrinks} steps of shrinking (seed ${seed}): ${reason}`,
    "",
    smallest === undefined ? "" : describe(() => printProgram(build(smallest).plan)),
  ].join("\n"));
}

function describe(print: () => string): string {
  try {
    return print();
  } catch (error) {
    return `(the program cannot be printed: ${String(error)})`;
  }
}
