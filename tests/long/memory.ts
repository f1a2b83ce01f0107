/**
 * Long synchronous loops, in which no finalizer ever runs, and what they leave behind. By itself it makes all steps and
 * measures the memory, which takes a minute or two:
 *
 * ```sh
 * deno run -A --import-map=tests/std_assert/offline.json tests/long/memory.ts
 * bun tests/long/memory.ts
 * ```
 * The exit status is 1 when memory grows. memory.test.ts makes a hundredth of the steps.
 * @module
 */
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { compile, crossEntropy, ones, random, tensor, train, type Value, Variable, zeros } from "../../mod.ts";

/** A loop's body, how often it is run, and what must hold after it. */
export interface Loop {
  readonly name: string;
  readonly steps: number;
  step(): void;
  check(): void;
}

const x = random.normal([10, 4], { key: random.key(1) });
const y = tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], { dtype: "int32" });
const w = new Variable(random.normal([4, 3], { key: random.key(2) }));
const b = new Variable(zeros([3]));
const loss = (x: Value, y: Value): Value => crossEntropy(x.matmul(w).add(b), y);
const [left, right] = [ones([1000]), ones([1000])];

function training(name: string, steps: number, stepOf: (optimizer: train.Optimizer) => () => void): Loop {
  const optimizer = new train.Adam();
  return {
    name,
    steps,
    step: stepOf(optimizer),
    check: () => {
      const slots = [w, b].flatMap((each) => [...optimizer.slotsOf(each).values()]);
      for (const each of [w, b, ...slots, ...optimizer.hyperParameters.values()]) {
        assertEquals(each.consumers.length, 0);
      }
    },
  };
}

/** The loops. */
export const loops: readonly Loop[] = [
  training("compiled steps", 200_000, (optimizer) => {
    const step = compile((x: Value, y: Value) => optimizer.minimize(() => loss(x, y)));
    return () => step(x, y);
  }),
  training("eager steps", 20_000, (optimizer) => () => optimizer.minimize(() => loss(x, y))),
  { name: "eager operations over 1,000 elements", steps: 200_000, step: () => left.add(right), check: () => {} },
];

/** What the process holds, in MB: its heap and its arrays. */
function held(): number {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return (heapUsed + Math.max(external, arrayBuffers)) / 2 ** 20;
}

/** Runs a loop, and gives the most that was held in the first half and in the second. */
function peaks({ step, steps }: Loop): [number, number] {
  for (let index = 0; index < steps / 10; index++) step(); // caches fill, code is optimised
  const result: [number, number] = [0, 0];
  for (let index = 0; index < steps; index++) {
    step();
    const half = index < steps / 2 ? 0 : 1;
    if (index % 100 === 0) result[half] = Math.max(result[half], held());
  }
  return result;
}

if (import.meta.main) {
  for (const loop of loops) {
    const [first, second] = peaks(loop);
    loop.check();
    console.log(`${loop.steps} ${loop.name}: at most ${first.toFixed(1)} MB, then ${second.toFixed(1)} MB`);
    // Garbage that waits to be collected comes and goes by tens of MB. A leak of 1 kB a step would be more.
    assert(second < 1.25 * first + 16, `memory grew over ${loop.steps} ${loop.name}`);
  }
}
