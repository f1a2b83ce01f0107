/**
 * What the programs consist of that `dump` writes: this is the only module they import. It gives them the parts of a
 * graph, their numbers, and the comparison of what the compiler makes of it with the reference.
 * @module
 */
import "../../mod.ts"; // installs the compiler
import { allocate, isFloating } from "../../src/dtype.ts";
import { referenceExecutor } from "../../src/graph/interpret.ts";
import { Variable } from "../../src/graph/variable.ts";
import type { GraphFunction } from "../../src/graph/function.ts";
import { currentExecutor, type Executor, type ExecutorOptions } from "../../src/executor.ts";
import { readable } from "../../src/readable.ts";
import { type Tensor, tensorOver } from "../../src/tensor.ts";
import type { TensorType } from "../../src/tensor_type.ts";

export { Graph } from "../../src/graph/graph.ts";
export { Assign } from "../../src/graph/operation.ts";
export { Placeholder } from "../../src/graph/placeholder.ts";
export { recordMulti, recordOperation } from "../../src/graph/recording.ts";
export type { GraphFunction } from "../../src/graph/function.ts";
export { multiOpTable, opTable } from "../../src/ops/table.ts";
export { TensorType } from "../../src/tensor_type.ts";
export { Variable };

/** A tensor of these numbers. */
export function held(type: TensorType, numbers: readonly number[]): Tensor {
  const array = allocate(type.dtype, type.size);
  array.set(numbers);
  return tensorOver(array, type);
}

/**
 * A tensor of numbers between `low` and `high` (which is among them where they are whole), the same in every run and on
 * every engine: the generator is mulberry32, by Tommy Ettinger.
 */
export function drawn(type: TensorType, seed: number, low: number, high: number): Tensor {
  const whole = !isFloating(type.dtype) || type.weak === "scalar" || type.weak === "integer";
  const array = allocate(type.dtype, type.size);
  let state = seed;
  for (let index = 0; index < array.length; index++) {
    state = state + 0x6d2b79f5 | 0;
    let bits = Math.imul(state ^ state >>> 15, state | 1);
    bits ^= bits + Math.imul(bits ^ bits >>> 7, bits | 61);
    const fraction = ((bits ^ bits >>> 14) >>> 0) / 2 ** 32;
    // Not low + fraction · (high − low): the range may be longer than the largest number.
    array[index] = whole ? low + Math.floor(fraction * (high - low + 1)) : low * (1 - fraction) + high * fraction;
  }
  return tensorOver(array, type);
}

/**
 * Runs a graph function by the reference and compiled, each from the state that its Variables hold now, and prints for
 * every output and every Variable it assigns the largest relative difference. Throws an error, with which a program ends
 * with status 1, where one is above `tolerance`, or where whole numbers are not the same.
 */
export function compareWithReference(
  graphFunction: GraphFunction,
  inputs: readonly Tensor[],
  options: ExecutorOptions,
  tolerance: number,
): void {
  const expected = outcome(referenceExecutor, graphFunction, inputs, options);
  const actual = outcome(currentExecutor(), graphFunction, inputs, options);
  const wrong: string[] = [];
  for (const [what, tensor] of expected) {
    const difference = largestDifference(actual.get(what)!, tensor);
    const allowed = isFloating(tensor.dtype) ? tolerance : 0;
    const text = `${what} (${tensor.type}): largest relative difference ${difference}`;
    console.log(text);
    if (difference > allowed) wrong.push(`${text}, more than ${allowed}`);
  }
  if (wrong.length > 0) {
    throw new Error(
      `Cannot confirm ${graphFunction.name}: compiled and reference differ beyond rounding\n${wrong.join("\n")}`,
    );
  }
}

/** What a run gives and leaves behind, by how it is called. */
function outcome(
  executor: Executor,
  graphFunction: GraphFunction,
  inputs: readonly Tensor[],
  options: ExecutorOptions,
): ReadonlyMap<string, Tensor> {
  const variables = graphFunction.variables.map((each) => new Variable(each.snapshot(), { name: each.name }));
  const outputs = executor.compile(graphFunction, options).run(inputs, variables);
  const assigned = graphFunction.assigns.map(({ variable }) => graphFunction.variables.indexOf(variable));
  return new Map([
    ...outputs.map((tensor, index) => [`output ${index}`, tensor] as const),
    ...assigned.map((index) =>
      [`Variable ${index}, ${readable(variables[index]!.name)}`, variables[index]!.snapshot()] as const
    ),
  ]);
}

/**
 * The largest difference of two elements, relative to the one that is expected, or to the mean magnitude of all that are
 * where that is larger: next to it, what rounding leaves of a zero is no error. NaN and infinities have to be the same.
 */
function largestDifference(actual: Tensor, expected: Tensor): number {
  let sum = 0;
  let count = 0;
  for (const value of expected.data) {
    if (!Number.isFinite(value)) continue;
    sum += Math.abs(value);
    count++;
  }
  const mean = count === 0 ? 0 : sum / count;
  let largest = 0;
  expected.data.forEach((value, index) => {
    const other = actual.data[index]!;
    if (other === value || Number.isNaN(other) && Number.isNaN(value)) return;
    const difference = Math.abs(other - value) / Math.max(Math.abs(value), mean);
    largest = Number.isFinite(difference) ? Math.max(largest, difference) : Infinity;
  });
  return actual.type.key === expected.type.key ? largest : Infinity;
}
