/**
 * What can only go wrong where memory is not shared: its buffer is another one once it has grown, and nothing can run
 * beside the calling thread. plain.test.ts runs it with preload.ts loaded before; it prints `as expected`.
 * @module
 */
import { setImmediate } from "node:timers";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { withTuning } from "../../compiler/limits.ts";
import { runs } from "../../compiler/runtime/threads/runs.ts";
import { settings } from "../../src/event_loop.ts";
import { compile, ones, Operation, type Tensor, tensor, train, type Value, Variable, workers } from "../../mod.ts";

assertEquals(typeof SharedArrayBuffer, "undefined");
assertEquals(await workers.start(2), 1);
workers.close(); // of those that never were

const memoryBytes = (): number => runs.arena?.memory.buffer.byteLength ?? 0;
const compileFor = <A extends Value[], R>(emitter: "js" | "wasm", fn: (...args: A) => R) => compile(fn, { emitter });

/** A step whose user's operation calls a program that needs more memory than there is. */
let size = 100_000;
class Grows extends Operation {
  override compute(x: Tensor): Tensor {
    const before = memoryBytes();
    size *= 2;
    const total = compileFor("wasm", (y: Value) => y.add(1).sum())(ones([size])).item();
    assertEquals(total, 2 * size);
    assertGreater(memoryBytes(), before);
    return x;
  }
}

for (const emitter of ["wasm", "js"] as const) {
  // The run around it goes on with its arguments, its scratch, its partial results, and its Variables.
  const w = new Variable(ones([300]));
  const step = withTuning({ chunkWork: 4, longRow: 16 }, () =>
    compileFor(emitter, (x: Value) => {
      const y = Grows.apply(x.mul(2).add(1));
      w.assign(w.add(y.mean(0)));
      return [y.sum(), x.sum(), y.add(x)];
    }));
  const x = ones([50, 300]);
  for (let round = 1; round <= 3; round++) {
    const [total, sum, both] = step(x);
    assertEquals([total!.item(), sum!.item()], [3 * 50 * 300, 50 * 300]);
    assert(both!.data.every((value) => value === 4));
    assert(w.value.data.every((value) => value === 1 + 3 * round), `${emitter}, round ${round}: ${w}`);
  }
}

// A Variable that lives there is read, assigned and trained while memory grows.
{
  const w = new Variable(ones([4000]));
  const optimizer = new train.SGD({ learningRate: 1 });
  const step = compileFor("wasm", (x: Value) => optimizer.minimize(() => w.add(x.mean()).sum()));
  for (const length of [10, 10_000, 1_000_000, 8_000_000]) step(ones([length]));
  assert(w.value.data.every((value) => value === -3));
  w.assign(w.add(10));
  assertEquals(step(ones([20_000_000])).item(), (7 + 1) * 4000);
  assert(w.value.data.every((value) => value === 6));
}

// An asynchronous run is left between its chunks; the event loop has a turn each time, and what is computed is the same.
settings.sliceTime = 0;
for (const emitter of ["js", "wasm"] as const) {
  const w = new Variable(ones([64, 64]));
  const step = withTuning({ chunkWork: 64, longRow: 16 }, () =>
    compileFor(emitter, (x: Value) => {
      let y: Value = x;
      for (let index = 0; index < 5; index++) y = y.matmul(w).mul(1 / 64).tanh();
      w.assign(w.add(y.mean()));
      return y.sum();
    }));
  const x = ones([64, 64]).mul(0.5);
  const expected = [step(x).item(), step(x).item(), step(x).item()];
  const after = w.value;
  w.assign(ones([64, 64]));
  let turns = 0;
  let counts = true;
  const count = (): void => {
    turns++;
    if (counts) setImmediate(count);
  };
  setImmediate(count);
  const results: number[] = [];
  for (let index = 0; index < 3; index++) results.push((await step.async(x)).item());
  counts = false;
  assertGreater(turns, 3, emitter);
  assertEquals(results, expected);
  assertEquals(w.value.toArray(), after.toArray());

  // Whoever needs it in the middle of it joins it: a call, a read, an assignment.
  w.assign(ones([64, 64]));
  const first = step.async(x);
  await new Promise((resolve) => setTimeout(resolve));
  const second = step.async(x);
  assertEquals(step(x).item(), expected[2]);
  assertEquals([(await first).item(), (await second).item()], expected.slice(0, 2));
  const last = step.async(x);
  await new Promise((resolve) => setTimeout(resolve));
  w.assign(tensor(0).broadcastTo([64, 64]));
  assertEquals(w.value.sum().item(), 0);
  await last;
  assertEquals(w.value.sum().item(), 0);
}
console.log("as expected");
