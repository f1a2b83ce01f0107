/**
 * The oracles of activations, softmax and losses.
 * @module
 */
import { erf } from "../../src/ops/numerics/erf.ts";
import { sizeOf } from "../../src/shape.ts";
import { indicesOf, linesOf, type Oracle, placeOf } from "./oracle.ts";

function logSoftmaxOf(values: readonly number[]): number[] {
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = values.reduce((total, value) => total + Math.exp(value - largest), 0);
  return values.map((value) => value - largest - Math.log(sum));
}

function alongLines(line: (values: readonly number[]) => readonly number[]): Oracle<{ readonly axis: number }> {
  return (output, [x], { axis }, { shape }) => {
    for (const places of linesOf(shape, axis)) {
      line(places.map((place) => x!.data[place]!)).forEach((value, index) => output[places[index]!] = value);
    }
  };
}

const crossEntropy: Oracle = (output, [logits, labels]) => {
  const classes = logits!.shape.at(-1)!;
  const rows = sizeOf(logits!.shape.slice(0, -1));
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const logs = logSoftmaxOf(Array.from(logits!.data.subarray(row * classes, (row + 1) * classes)));
    if (labels!.rank < logits!.rank) total -= logs[labels!.data[row]!]!;
    else {
      logs.forEach((log, index) => {
        const label = labels!.data[row * classes + index]!;
        // A class that cannot be costs nothing, even at −Infinity; but NaN stays.
        if (label !== 0 || Number.isNaN(log)) total -= label * log;
      });
    }
  }
  output[0] = total / rows;
};

const meanSquaredError: Oracle = (output, [x, y]) => {
  const shape = x!.rank > y!.rank || x!.rank === y!.rank && x!.size >= y!.size ? x!.shape : y!.shape;
  const differences = indicesOf(shape).map((index) => {
    const [a, b] = [x!, y!].map(({ shape: own, data }) => {
      return data[
        placeOf(
          own,
          own.map((length, axis) => length === 1 ? 0 : index[index.length - own.length + axis]!),
        )
      ]!;
    });
    return a! - b!;
  });
  output[0] = differences.reduce((sum, each) => sum + each ** 2, 0) / differences.length;
};

/** The oracles of this family. */
export const neuralOracles = {
  softmax: alongLines((values) => logSoftmaxOf(values).map(Math.exp)),
  logSoftmax: alongLines(logSoftmaxOf),
  crossEntropy,
  meanSquaredError,
  gelu: ((output, [x], { approximate }) => {
    const distribution = approximate === "none"
      ? (x: number) => (1 + erf(x * Math.SQRT1_2)) / 2
      : (x: number) => (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))) / 2;
    x!.data.forEach((each, place) => output[place] = each * distribution(each));
  }) as Oracle<{ readonly approximate: "none" | "tanh" }>,
};
