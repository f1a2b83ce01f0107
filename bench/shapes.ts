/**
 * Is any size slow? Products of matrices and convolutions, one length from 48 to 130 and the others fixed: operations per
 * second, relative to those at the next multiple of 16, where all tiles are full. The median should be 0.85 at least, and
 * no size below 0.6.
 *
 * Operands and results are Variables, as in a training loop, so nothing is copied in or out, and all runs on one thread:
 * from which size on two are faster is what threads.ts asks. Both sizes of a pair are measured by turns, so that they see
 * the same machine, and the medians count. mitata would take half an hour.
 */
import { compile, conv2d, tensor, Variable } from "../mod.ts";
import { report } from "./_report.ts";

/** Work of one size: how many multiplications it is, and a call of it. */
interface Sized {
  readonly multiplications: number;
  readonly run: () => void;
}

/** Lengths of something, of which one is changed. */
type Lengths = Readonly<Record<string, number>>;

interface Question {
  readonly title: string;
  readonly make: (lengths: Lengths) => Sized;
  readonly lengths: Lengths;
  readonly changed: string;
}

const [least, most, multiple] = [48, 130, 16];
const rounds = 31;
/** Milliseconds that a round takes, about: enough for the clock, little enough for both sizes to be measured at once. */
const roundTime = 0.1;

/** A Variable with some numbers. No operation makes them: one would be compiled for each size. */
function numbers(...shape: readonly number[]): Variable {
  const size = shape.reduce((product, length) => product * length, 1);
  return new Variable(tensor(Float32Array.from({ length: size }, (_, index) => Math.sin(index)), { shape }));
}

function product({ rows, depth, columns }: Lengths): Sized {
  const [m, k, n] = [rows!, depth!, columns!];
  const [a, b] = [numbers(m, k), numbers(k, n)];
  const c = numbers(m, n);
  return { multiplications: m * k * n, run: compile(() => void c.assign(a.matmul(b)), { threads: 1 }) };
}

function convolution({ channels, out, height, width }: Lengths): Sized {
  const [c, o, h, w] = [channels!, out!, height!, width!];
  const [x, weights] = [numbers(1, c, h, w), numbers(o, c, 3, 3)];
  const y = numbers(1, o, h, w);
  const run = compile(() => void y.assign(conv2d(x, weights, { padding: "same" })), { threads: 1 });
  return { multiplications: 9 * c * o * h * w, run };
}

const questions: Question[] = [];
for (const changed of ["rows", "depth", "columns"]) {
  const others = changed === "rows"
    ? ["depth", "columns"]
    : changed === "depth"
    ? ["rows", "columns"]
    : ["depth", "rows"];
  for (const [first, second] of [[64, 33], [33, 64], [128, 128]] as const) {
    const lengths = { [others[0]!]: first, [others[1]!]: second };
    questions.push({ title: "matmul", make: product, lengths, changed });
  }
}
questions.push(
  { title: "conv2d 3×3", make: convolution, lengths: { out: 32, height: 14, width: 14 }, changed: "channels" },
  { title: "conv2d 3×3", make: convolution, lengths: { channels: 32, height: 14, width: 14 }, changed: "out" },
  { title: "conv2d 3×3", make: convolution, lengths: { channels: 8, out: 16, height: 16 }, changed: "width" },
);

/** Milliseconds of one call: a round makes so many. */
function timeOf(run: () => void, calls: number): number {
  const start = performance.now();
  for (let call = 0; call < calls; call++) run();
  return (performance.now() - start) / calls;
}

const median = (values: readonly number[]): number => values.toSorted((x, y) => x - y)[values.length >> 1]!;

/** Multiplications per millisecond of both, measured by turns. */
function speedsOf(one: Sized, other: Sized): readonly [number, number] {
  const calls = [one, other].map(({ run }) => {
    run();
    return Math.ceil(roundTime / timeOf(run, 3));
  });
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    times[0].push(timeOf(one.run, calls[0]!));
    times[1].push(timeOf(other.run, calls[1]!));
  }
  return [one.multiplications / median(times[0]), other.multiplications / median(times[1])];
}

interface Ratio {
  readonly name: string;
  readonly ratio: number;
  readonly speed: number;
}

const all: Ratio[] = [];
const figures: Record<string, string> = {};
for (const { title, make, lengths, changed } of questions) {
  const ratios: Ratio[] = [];
  // Engines translate what runs often once more.
  timeOf(make({ ...lengths, [changed]: most }).run, 1000);
  for (let length = least; length <= most; length++) {
    if (length % multiple === 0) continue;
    const full = Math.ceil(length / multiple) * multiple;
    const [speed, fullSpeed] = speedsOf(make({ ...lengths, [changed]: length }), make({ ...lengths, [changed]: full }));
    const sizes = Object.entries({ ...lengths, [changed]: length }).map(([name, value]) => `${value} ${name}`);
    ratios.push({ name: `${title}, ${sizes.join(", ")}`, ratio: speed / fullSpeed, speed });
  }
  const others = Object.entries(lengths).map(([name, value]) => `${value} ${name}`).join(", ");
  const values = ratios.map(({ ratio }) => ratio);
  const speeds = median(ratios.map(({ speed }) => speed));
  figures[`${title}, ${least} to ${most} ${changed}, ${others}`] = `median ${median(values).toFixed(2)}, least ${
    Math.min(...values).toFixed(2)
  }, at ${gigaflops(speeds)}`;
  all.push(...ratios);
}

/** A multiplication and an addition each. */
function gigaflops(multiplicationsPerMillisecond: number): string {
  return `${(2 * multiplicationsPerMillisecond / 1e6).toFixed(1)} GFLOP/s`;
}

const values = all.map(({ ratio }) => ratio);
report({ ...figures, "all": `median ${median(values).toFixed(2)}, least ${Math.min(...values).toFixed(2)}` });
const worst = all.toSorted((x, y) => x.ratio - y.ratio).slice(0, 5);
report(Object.fromEntries(worst.map(({ name, ratio, speed }) => [name, `${ratio.toFixed(2)}, ${gigaflops(speed)}`])));
