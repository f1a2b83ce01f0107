/**
 * What does recording an operation cost, that is made of others, over one that is not? Its types are looked up by its
 * attributes and the types of its operands; at most 1.2 times as much is aimed at. Each pair takes the same arguments.
 */
import { argsort, conv2d, matmul, mean, type Value, windows, zeros } from "../mod.ts";
import { traceFunction } from "../src/graph/function.ts";
import { duration, report } from "./_report.ts";

const nodes = 2000;
const rounds = 41;

type Recorded = (x: Value, y: Value) => Value;

const slides = [{ axis: 2, size: 3 }, { axis: 3, size: 3 }];

/** For each kind of arguments: recording a primitive, and one made of others. */
const pairs: Readonly<{ [name: string]: readonly [primitive: Recorded, composite: Recorded] }> = {
  "two operands: add, matmul": [(x, y) => x.add(y), (x, y) => matmul(x, y)],
  "axes: sum, mean": [(x) => x.sum(1), (x) => mean(x, 1)],
  "an axis: argsort, softmax": [(x) => argsort(x, 1), (x) => x.softmax(1)],
  "windows: windows, conv2d": [(x) => windows(x, slides), (x, y) => conv2d(x, y, { stride: 1, padding: 1 })],
};

/** Nanoseconds for each of so many nodes. */
function timeOf(record: Recorded): number {
  const { type } = zeros([4, 4, 4, 4]);
  const parameters = [{ name: "x", type }, { name: "y", type }];
  let time = 0;
  traceFunction("f", parameters, ([x, y]) => {
    const start = performance.now();
    for (let count = 0; count < nodes; count++) record(x!, y!);
    time = performance.now() - start;
    return [];
  });
  return 1e6 * time / nodes;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const figures = Object.entries(pairs).map(([name, [primitive, composite]]) => {
  const times: [number, number][] = [];
  for (let round = 0; round < rounds; round++) times.push([timeOf(primitive), timeOf(composite)]);
  const [one, other] = [median(times.map(([time]) => time)), median(times.map(([, time]) => time))];
  return [name, `${duration(one)} and ${duration(other)}: ${(other / one).toFixed(2)} times`] as const;
});
report(Object.fromEntries(figures));
