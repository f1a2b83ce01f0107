/** Whether what a runtime has computed is what the reference has. */
import { operandsOf, type Results } from "./numbers.ts";
import { parametersOf, type Work } from "./works.ts";

/** The largest magnitude among the numbers. */
function largest(numbers: Iterable<number>): number {
  let result = 0;
  for (const number of numbers) result = Math.max(result, Math.abs(number));
  return result;
}

/** Each number less the one in its place. */
function differences(numbers: ArrayLike<number>, others: ArrayLike<number>): Float64Array {
  return Float64Array.from(numbers, (number, index) => number - others[index]!);
}

/** How results differ from the reference more than the work tolerates: a phrase for the worst, or undefined if none does. */
export function disagreement(work: Work, results: Results, reference: Results): string | undefined {
  const names = Object.keys(reference).sort();
  if (names.join() !== Object.keys(results).sort().join()) {
    return `it has ${Object.keys(results).sort().join(", ")} where the reference has ${names.join(", ")}`;
  }
  const before = operandsOf(work);
  const parameters = parametersOf(work);
  let [worst, error] = ["", 0];
  for (const name of names) {
    const [actual, expected] = [results[name]!, reference[name]!];
    if (actual.length !== expected.length) {
      return `${name} has ${actual.length} numbers instead of ${expected.length}`;
    }
    const isParameter = parameters.includes(name);
    const scale = isParameter ? largest(differences(expected, before[name]!)) : largest(expected);
    // A parameter can be much larger than its change, and is rounded once it has been made.
    const rounding = isParameter ? largest(expected) * 2 ** -24 : 0;
    const distance = (largest(differences(actual, expected)) - rounding) / scale;
    if (!(distance <= error)) [worst, error] = [name, distance]; // also if it is NaN
  }
  if (error <= work.tolerance) return undefined;
  return `${worst} is off by ${error.toExponential(1)} of the largest, where ${work.tolerance} is tolerated`;
}
