/**
 * Handwritten digits: a network with a hidden layer of 128 neurons learns to read MNIST.
 *
 *     deno run --allow-read examples/mnist.ts --data FOLDER
 *     bun examples/mnist.ts --data FOLDER
 *
 * FOLDER holds the files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and
 * t10k-labels-idx1-ubyte.gz. Without the first two, the network learns from the first 9,000 images of the t10k pair
 * and is tested on the other 1,000. Prints the loss as it falls, the accuracy after each epoch (the last one is at
 * least 95 %), and some digits with what the network takes them for.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import {
  compile,
  crossEntropy,
  gunzip,
  random,
  readIdx,
  type Tensor,
  train,
  type Value,
  Variable,
  zeros,
} from "../mod.ts";
import { bar, drawImages, print, progress } from "./_terminal.ts";

interface Digits {
  /** float32[n,784], from 0 to 1. */
  readonly images: Tensor;
  /** uint8[n]. */
  readonly labels: Tensor;
}

async function read(folder: string, name: string): Promise<Digits> {
  const [images, labels] = await Promise.all(
    ["images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"].map(async (file) =>
      readIdx(await gunzip(await readFile(join(folder, `${name}-${file}`))))
    ),
  ) as [Tensor, Tensor]; // one for each of the two files
  return { images: images.reshape([images.shape[0]!, 784]).astype("float32").div(255), labels };
}

const folder = parseArgs({ options: { data: { type: "string" } } }).values.data;
const has = (name: string): boolean => folder !== undefined && existsSync(join(folder, `${name}-images-idx3-ubyte.gz`));
if (folder === undefined || !has("t10k")) {
  console.error(
    `${folder === undefined ? "No folder given." : `There is no t10k-images-idx3-ubyte.gz in ${folder}.`}
Download the MNIST files from https://ossci-datasets.s3.amazonaws.com/mnist/ into a folder and run
  deno run --allow-read examples/mnist.ts --data FOLDER
The pair t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz (1.6 MB) is enough; with train-images-idx3-ubyte.gz
and train-labels-idx1-ubyte.gz (9.9 MB) beside it, the network learns from all 60,000 images.`,
  );
  process.exit(1);
}

const part = ({ images, labels }: Digits, from: number, to: number): Digits => ({
  images: images.slice(from, to),
  labels: labels.slice(from, to),
});
const t10k = await read(folder, "t10k");
const [training, test] = has("train")
  ? [await read(folder, "train"), t10k]
  : [part(t10k, 0, 9000), part(t10k, 9000, 10000)];
const count = training.labels.size;
console.log(`${count} images to learn from, ${test.labels.size} to test on\n`);

// The model: 784 pixels → 128 neurons → 10 logits.
random.seed(1);
const w1 = new Variable(random.normal([784, 128], { std: Math.sqrt(2 / 784) }));
const b1 = new Variable(zeros([128]));
const w2 = new Variable(random.normal([128, 10], { std: Math.sqrt(1 / 128) }));
const b2 = new Variable(zeros([10]));
const model = (x: Value): Value => x.matmul(w1).add(b1).relu().matmul(w2).add(b2);

const optimizer = new train.Adam({ learningRate: 0.005 });
const step = compile((x: Value, y: Value) => optimizer.minimize(() => crossEntropy(model(x), y)));
const predict = compile((x: Value) => model(x).argmax(1));

// Each batch is moved by up to a pixel in both directions, so that the network learns shapes and not places.
const [batch, epochs] = [50, 6];
const padded = training.images.reshape([count, 28, 28]).pad([[0, 0], [1, 1], [1, 1]]);
function shifted(rows: Value): Value {
  const [down, right] = random.randint([2], { high: 3 }).data as Int32Array; // its dtype is int32
  return padded.take(rows, 0).slice([0, down!, right!], [batch, down! + 28, right! + 28]).reshape([batch, 784]);
}

const total = epochs * Math.floor(count / batch);
const start = performance.now();
for (let epoch = 1, done = 0; epoch <= epochs; epoch++) {
  const order = random.permutation(count); // another one in every epoch
  let loss = 0; // a running mean over the steps
  for (let from = 0; from + batch <= count; from += batch) {
    const rows = order.slice(from, from + batch);
    const now = step(shifted(rows), training.labels.take(rows, 0)).item();
    loss = from === 0 ? now : 0.98 * loss + 0.02 * now;
    optimizer.learningRate = 0.005 * (1 - ++done / total);
    const left = (performance.now() - start) / 1000 * (total - done) / done;
    progress(`epoch ${epoch} ${bar(done / total)} loss ${loss.toFixed(4)}, ${left.toFixed(0)} s left`);
  }
  const accuracy = predict(test.images).equal(test.labels).astype("float32").mean().item();
  print(`epoch ${epoch}   loss ${loss.toFixed(4)}   test accuracy ${(100 * accuracy).toFixed(1)} %`);
}
print(`${total} steps in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);

// Three digits of the test set, and the first three that the network got wrong.
const predicted = [...predict(test.images).data];
const wrong = predicted.flatMap((digit, index) => digit === test.labels.data[index] ? [] : [index]);
for (const shown of [[0, 1, 2], wrong.slice(0, 3)].filter((indices) => indices.length > 0)) {
  // The digits are centred: a frame of four pixels is empty.
  const images = shown.map((index) => test.images.slice(index, index + 1).reshape([28, 28]).slice([4, 4], [24, 24]));
  const captions = shown.map((index) => `is ${test.labels.data[index]}, taken for ${predicted[index]}`);
  console.log(`${drawImages(images, captions)}\n`);
}
