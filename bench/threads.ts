/**
 * What do threads cost, and what do they bring?
 *
 * Cost: a program so small that only the call counts is run on the calling thread alone, and then by two threads that
 * share every kernel; once one call after the other, once with a gap between calls in which nothing is asked for. And the
 * same with 33 kernels, each of which needs the one before: what a boundary between two kernels costs.
 *
 * Gain: a chain of operations over 10⁷ numbers and a product of matrices of 512 × 512, on one thread and on two. Operands
 * and results are Variables, as in a training loop, so nothing is copied in or out.
 */
import { withTuning } from "../compiler/limits.ts";
import { compile, random, type Value, Variable, workers } from "../mod.ts";
import { duration, measure, report } from "./_report.ts";

random.seed(1);
await workers.start(2);

/** One function as two programs: on this thread, and on two. With `chunkWork`, cut into chunks of so many elements. */
function both(name: string, fn: () => void, chunkWork?: number): Record<string, () => void> {
  return Object.fromEntries([1, 2].map((threads) => {
    const changes = chunkWork === undefined ? {} : { chunkWork, sharedWork: 0 };
    const program = withTuning(changes, () => {
      const compiled = compile(fn, { threads });
      compiled();
      return compiled;
    });
    return [`${name}, ${threads === 1 ? "one thread" : "two"}`, () => void program()];
  }));
}

/** Median time of calls, in nanoseconds, with so many microseconds between them in which this thread does something else. */
function medianWithGaps(call: () => void, gap: number, calls: number): number {
  const times: number[] = [];
  for (let index = 0; index < calls; index++) {
    const end = performance.now() + gap / 1000;
    while (performance.now() < end);
    const start = performance.now();
    call();
    times.push(performance.now() - start);
  }
  return 1e6 * times.sort((a, b) => a - b)[calls >> 1]!;
}

// Cost.
const size = 256;
const [small, target] = [new Variable(random.normal([size])), new Variable(random.normal([size]))];
const one = both("1 kernel", () => void target.assign(small.mul(2).add(1)), size / 2);
const many = both("33 kernels", () => {
  let value: Value = small.mul(2).add(1);
  for (let index = 0; index < 32; index++) value = value.flip(0).add(1); // other elements than those just computed
  target.assign(value);
}, size / 2);

const gaps: Record<string, string> = {};
const [inline, shared] = Object.values(one) as [() => void, () => void];
for (let warm = 0; warm < 2; warm++) {
  for (const gap of [0, 20, 50, 100, 1000]) {
    const calls = gap === 1000 ? 500 : 3000;
    // By turns, so that both see the same machine.
    const rounds = Array.from(
      { length: 5 },
      () => [medianWithGaps(inline, gap, calls / 5), medianWithGaps(shared, gap, calls / 5)] as const,
    );
    const [alone, together] = [0, 1].map((which) => rounds.map((round) => round[which]!).sort((a, b) => a - b)[2]!) as [
      number,
      number,
    ]; // one for each
    gaps[`a call, ${gap} µs after the last`] = `${duration(alone)} inline, ${duration(together)} shared, ${
      duration(together - alone)
    } more`;
  }
}

// Gain.
const [x, y, z] = [0, 1, 2].map(() => new Variable(random.normal([10_000_000]))) as [Variable, Variable, Variable];
const [a, b, c] = [0, 1, 2].map(() => new Variable(random.normal([512, 512]))) as [Variable, Variable, Variable];
const cases = {
  ...many,
  ...both("chain over 1e7", () => void z.assign(x.mul(y).add(x).tanh().mul(y).add(1))),
  ...both("cheap chain over 1e7", () => void z.assign(x.mul(y).add(x).abs().mul(y).add(1))),
  ...both("sum of 1e7", () => void target.assign(x.square().sum().add(target.mul(0)))),
  ...both("matmul 512³", () => void c.assign(a.matmul(b))),
};
const medians = await measure(cases);
const ratio = (name: string): string => {
  const [alone, together] = [medians[`${name}, one thread`]!, medians[`${name}, two`]!];
  return `${(alone / together).toFixed(2)}× (${duration(alone)}, ${duration(together)})`;
};
const chunks = 33 - 1;
report({
  ...gaps,
  "a boundary between kernels": duration(
    ((medians["33 kernels, two"]! - medianWithGaps(shared, 0, 3000)) -
      (medians["33 kernels, one thread"]! - medianWithGaps(inline, 0, 3000))) / chunks,
  ),
  "two threads, chain over 1e7": ratio("chain over 1e7"),
  "two threads, cheap chain over 1e7": ratio("cheap chain over 1e7"),
  "two threads, sum of 1e7": ratio("sum of 1e7"),
  "two threads, matmul 512³": ratio("matmul 512³"),
});
workers.close();
