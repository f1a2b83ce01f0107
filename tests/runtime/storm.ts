/**
 * A storm of calls while the event loop is busy: synchronous and asynchronous ones of programs of all sizes, reads and
 * assignments between them, pieces of work that keep the event loop from its turn, workers that are closed. Every promise
 * settles, once; every number is right.
 *
 * ```sh
 * deno run -A --import-map=tests/std_assert/offline.json tests/runtime/storm.ts --minutes 60
 * bun tests/runtime/storm.ts --minutes 60
 * ```
 * `--rounds` ends it after so many instead, `--seed` repeats one. storm.test.ts makes a few rounds.
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { assert, assertEquals } from "@std/assert";
import { withTuning } from "../../compiler/limits.ts";
import {
  compile,
  type CompiledFunction,
  Operation,
  type Tensor,
  tensor,
  type Value,
  Variable,
  workers,
} from "../../mod.ts";
import { uniforms } from "../sabinasz/problems.ts";

class Passing extends Operation {
  override compute(x: Tensor): Tensor {
    return x;
  }
}

/** A counter that a program adds to: what it holds tells how many runs have been made, in which order. */
interface Subject {
  readonly name: string;
  readonly counter: Variable;
  readonly step: CompiledFunction<[Value], Value>;
  readonly fed: Tensor;
  /** What it holds once all calls that were made are over. */
  expected: number;
}

function subject(name: string, size: number, products: number, threads: number, withHost = false): Subject {
  const counter = new Variable(0, { name, dtype: "float64" });
  const fed = tensor(new Float32Array(size * size).fill(1), { shape: [size, size] });
  const step = compile((x: Value) => {
    let y: Value = x;
    for (let index = 0; index < products; index++) y = y.matmul(x).mul(1 / size);
    if (withHost) y = Passing.apply(y);
    counter.assign(counter.add(y.mean().astype("float64")));
    return counter.add(0);
  }, { threads });
  return { name, counter, step, fed, expected: 0 };
}

/** What happened, by name. */
export type Happened = Map<string, number>;

/** Goes on for so many rounds, or until a time of `Date.now()`. */
export async function storm(seed: number, goesOn: (round: number) => boolean): Promise<Happened> {
  const next = uniforms(seed);
  const pick = (count: number): number => Math.floor(next() * count);
  const subjects = [
    subject("tiny", 2, 1, 1),
    subject("inline", 96, 6, 1),
    withTuning({ chunkWork: 64, sharedWork: 0 }, () => {
      const fine = subject("fine", 24, 3, 2);
      fine.step.kernels(fine.fed);
      return fine;
    }),
    subject("shared", 256, 8, 2),
    subject("host", 200, 5, 2, true),
    subject("many", 160, 12, 3),
  ];
  const happened: Happened = new Map();
  const count = (what: string): void => void happened.set(what, (happened.get(what) ?? 0) + 1);
  for (let round = 0; goesOn(round); round++) {
    const context = `round ${round} of seed ${seed}`;
    const pending: Promise<void>[] = [];
    const settled: number[] = [];
    const calls = 1 + pick(12);
    let closed = false;
    const unknown = new Set<Subject>();
    for (let call = 0; call < calls; call++) {
      const target = subjects[pick(subjects.length)]!;
      const { step, fed, counter } = target;
      const what = pick(20);
      if (what < 9) {
        count(`asynchronous, ${target.name}`);
        const expected = ++target.expected;
        pending.push(
          step.async(fed).then((result) => {
            settled.push(call);
            if (!closed) assertEquals(result.item(), expected, `${context}: ${target.name}`);
          }, (error) => {
            settled.push(call);
            assert(closed && /workers were closed/.test(String(error)), `${context}: ${error}`);
            // Closed while it was being written: the error names it, and it holds its old value or its new one.
            if (/may hold parts/.test(String(error))) unknown.add(target);
            else target.expected--;
          }),
        );
      } else if (what < 12) {
        count(`synchronous, ${target.name}`);
        const result = step(fed).item();
        target.expected++;
        if (!closed) assertEquals(result, target.expected, context);
      } else if (what < 14) {
        count("read");
        const value = counter.value.item();
        if (!closed) assertEquals(value, target.expected, context);
      } else if (what < 17) {
        count("busy");
        const end = performance.now() + next() * 300;
        while (performance.now() < end);
      } else if (what < 19) {
        count("turn of the event loop");
        await new Promise((resolve) => setTimeout(resolve, pick(2) * pick(250)));
      } else if (pick(4) === 0) {
        count("close");
        closed = true;
        workers.close();
      }
    }
    await Promise.all(pending);
    assertEquals(settled.length, pending.length, context);
    for (const each of subjects) {
      const value = each.counter.value.item();
      if (unknown.has(each)) each.expected = value;
      assertEquals(value, each.expected, `${context}: ${each.name} afterwards`);
    }
  }
  workers.close();
  return happened;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "1" },
      rounds: { type: "string", default: "Infinity" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    },
  });
  const end = Date.now() + 60_000 * Number(values.minutes);
  let rounds = 0;
  console.log(`seed ${values.seed}`);
  const happened = await storm(Number(values.seed), (round) => {
    rounds = round;
    return round < Number(values.rounds) && Date.now() < end;
  });
  console.log(`${rounds} rounds, nothing lost`);
  for (const [what, times] of happened) console.log(`${String(times).padStart(8)}  ${what}`);
  process.exitCode = 0;
}
