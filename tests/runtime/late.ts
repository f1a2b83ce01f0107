/**
 * A caller that comes late: its event loop is busy, its process is suspended, its workers are closed within a run. Run by
 * late.test.ts; prints `SCENE as expected`.
 * @module
 */
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { runs, settings } from "../../compiler/runtime/threads/runs.ts";
import {
  compile,
  type CompiledFunction,
  ones,
  Operation,
  type Tensor,
  tensor,
  type Value,
  Variable,
  workers,
} from "../../mod.ts";

const size = 300;
const x = ones([size, size]).mul(1 / size);

/** A program that takes about so many milliseconds here, and counts its runs. */
function longProgram(milliseconds: number): { step: CompiledFunction<[Value], Value>; counter: Variable } {
  const counter = new Variable(0);
  const make = (products: number): CompiledFunction<[Value], Value> =>
    compile((x: Value) => {
      let y: Value = x;
      for (let index = 0; index < products; index++) y = y.matmul(x).tanh();
      counter.assign(counter.add(1));
      return y.sum();
    });
  const trial = make(20);
  trial(x);
  const start = performance.now();
  trial(x);
  const step = make(Math.ceil(20 * milliseconds / (performance.now() - start)));
  step(x);
  counter.assign(0);
  return { step, counter };
}

/** Keeps the event loop from its turn. */
function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** An operation that closes the workers in the middle of a run, once it is asked to, and calls something then. */
let onCompute: (() => void) | undefined;
class Closes extends Operation {
  override compute(x: Tensor): Tensor {
    onCompute?.();
    onCompute = undefined;
    return x;
  }
}

const scenes: Readonly<Record<string, () => Promise<void>>> = {
  async "a busy event loop"() {
    const { step, counter } = longProgram(1500);
    for (const join of [false, true]) {
      await workers.start(2);
      let settled = false;
      const result = step.async(x).finally(() => settled = true);
      await sleep(20);
      // Between two pieces of work the timers of the pool have their turn; it is idle for longer than they allow.
      for (let piece = 0; piece < 4 && !settled; piece++) {
        block(300);
        await sleep(5);
      }
      if (join) assertEquals(counter.value.item(), 2);
      assert(Number.isFinite((await result).item()));
    }
    assertEquals(counter.value.item(), 2);
  },

  async "a suspended process"() {
    settings.lostTime = 400;
    const { step, counter } = longProgram(1500);
    await workers.start(2);
    step(x);
    await workers.start(2);
    const begun = runs.begun;
    console.log("running"); // whoever reads this suspends the process for longer than a worker may be waited for
    step(x);
    assertEquals([runs.begun - begun, counter.value.item()], [1, 2]);
  },

  async "workers that are closed within a run"() {
    const small = compile((x: Value) => x.add(1));
    const step = compile((x: Value) => {
      let y: Value = x;
      for (let index = 0; index < 60; index++) y = y.matmul(x).tanh();
      return Closes.apply(y).matmul(x).tanh();
    });
    step(x);
    await workers.start(2);
    step(x);
    let second: Promise<Tensor> | undefined;
    onCompute = () => {
      workers.close();
      second = small.async(tensor([1]));
    };
    const first = step.async(x).then(() => "done", (error) => String(error));
    await sleep(10);
    assertEquals(small(tensor([2])).item(), 3); // joins it: its host step runs here
    assertEquals((await second!).item(), 2);
    assert((await first).includes("its workers were closed while it ran"));
  },
};

const scene = process.argv[2]!;
await scenes[scene]!();
workers.close();
console.log(`${scene} as expected`);
