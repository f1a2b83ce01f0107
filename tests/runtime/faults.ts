/**
 * Random faults in the middle of training: whatever goes wrong, the error says what, Variables hold what they held after
 * the last run that completed, and the next run is right.
 *
 * ```sh
 * deno run -A --import-map=tests/std_assert/offline.json tests/runtime/faults.ts 5000
 * bun tests/runtime/faults.ts 5000
 * ```
 * injects that many, by the seed that follows if there is one; faults.test.ts 200.
 * @module
 */
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { withTuning } from "../../compiler/limits.ts";
import {
  compile,
  type CompiledFunction,
  crossEntropy,
  Operation,
  random,
  RegisterGradient,
  type Tensor,
  tensor,
  train,
  type Value,
  Variable,
  workers,
} from "../../mod.ts";
import { uniforms } from "../sabinasz/problems.ts";
import { arm, disarm, withFaults } from "./observers.ts";
import { startWorkers } from "./support.ts";

/** What the operation of the user's in the middle of the model does. */
let misbehave: (() => void) | undefined;

class Passing extends Operation {
  override compute(x: Tensor): Tensor {
    misbehave?.();
    return x;
  }
}
RegisterGradient(Passing)((_: Passing, gradient: Value) => gradient);

/** A training step, and what it trains. */
interface Subject {
  readonly step: CompiledFunction<[Value, Value], Value>;
  readonly variables: readonly Variable[];
  readonly threads: number;
}

const points = tensor(random.normal([12, 6], { key: random.key(1) }));
const classes = tensor([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3], { dtype: "int32" });
const noClasses = tensor([0, 1, 2, 3, 0, 1, 2, 3, 0, 4, 2, 3], { dtype: "int32" });

/** A training step for so many threads, cut finely; its parameters are always the same. */
function subject(threads: number, withHost: boolean, emitter: "js" | "wasm"): Subject {
  const parameter = (shape: readonly number[], key: number, name: string): Variable =>
    new Variable(random.normal(shape, { key: random.key(key) }), { name });
  const [w1, b1] = [parameter([6, 8], 2, "w1"), parameter([8], 3, "b1")];
  const [w2, b2] = [parameter([8, 4], 4, "w2"), parameter([4], 5, "b2")];
  const optimizer = new train.Adam({ learningRate: 0.1 });
  const model = (x: Value): Value => {
    const hidden = x.matmul(w1).add(b1).tanh();
    return (withHost ? Passing.apply(hidden) : hidden).matmul(w2).add(b2);
  };
  const variables = [w1, b1, w2, b2];
  const step = withTuning({ chunkWork: 4, longRow: 16, sharedWork: 0 }, () => {
    const compiled = compile((x: Value, y: Value) => optimizer.minimize(() => crossEntropy(model(x), y)), {
      threads,
      emitter,
    });
    compiled(points, classes);
    return compiled;
  });
  return {
    step,
    threads,
    get variables() {
      return [
        ...variables,
        ...variables.flatMap((each) => [...optimizer.slotsOf(each).values()]),
        ...optimizer.hyperParameters.values(),
      ];
    },
  };
}

const numbersOf = ({ variables }: Subject): number[][] => variables.map((variable) => [...variable.value.data]);

/** The rows of a program that write no Variable where it lies; a fault in the others names the Variables instead. */
function harmlessRows({ step }: Subject): number {
  const names = step.kernels();
  return names.findIndex((name) => name.includes("expm1")); // Adam's step is counted first, then all parameters are updated
}

/** A fault: how it is brought about, and what the error says. */
interface Injection {
  readonly name: string;
  readonly message: RegExp;
  /** Makes the run fail; gives what a synchronous or an asynchronous call comes to. */
  run(subject: Subject): Promise<unknown>;
}

const call = (asynchronous: boolean, { step }: Subject, y: Tensor = classes): Promise<unknown> =>
  asynchronous ? step.async(points, y) : new Promise((resolve) => resolve(step(points, y)));

/** Draws a fault for a subject. */
function draw(next: () => number, { threads, step }: Subject, rows: number, withHost: boolean): Injection {
  const pick = (count: number): number => Math.floor(next() * count);
  const asynchronous = next() < 0.5;
  const how = asynchronous ? "in an asynchronous call" : "in a call";
  const kinds: (() => Injection)[] = [
    () => {
      const [row, thread] = [pick(rows), next() < 0.5 ? -1 : pick(threads)];
      return {
        name: `a kernel of row ${row} that throws on thread ${thread} ${how}`,
        message:
          /^Cannot run k\d+_\w+ of anonymous: a fault that was asked for, in row \d+ on thread \d+\n {4}recorded at /,
        run: (subject) => {
          arm({ kind: "throw", row: step.kernels()[row]!.startsWith("host") ? row - 1 : row, thread });
          return call(asynchronous, subject);
        },
      };
    },
    () => ({
      name: `a class that is none ${how}`,
      message: /^Cannot crossEntropy .*class 4 is not between 0 and 3\n {4}recorded at /,
      run: (subject) => call(asynchronous, subject, noClasses),
    }),
  ];
  if (withHost) {
    kinds.push(
      () => ({
        name: `a compute that throws ${how}`,
        message: /^it was not to be/,
        run: async (subject) => {
          misbehave = () => {
            throw new Error("it was not to be");
          };
          try {
            await call(asynchronous, subject);
          } finally {
            misbehave = undefined;
          }
        },
      }),
    );
  }
  if (threads > 1) {
    kinds.push(
      () => ({
        name: `a worker that dies ${how}`,
        message:
          /^Cannot finish k\d+_\w+ of anonymous: the worker that computed a part of it was lost\n {4}recorded at /,
        run: async (subject) => {
          arm({ kind: "exit", row: pick(rows), thread: -1 });
          await call(asynchronous, subject);
        },
      }),
    );
    if (withHost) {
      kinds.push(
        () => ({
          name: `workers that are closed by a compute ${how}`,
          message: /^Cannot finish anonymous: its workers were closed while it ran$/,
          run: async (subject) => {
            misbehave = () => workers.close();
            try {
              await call(asynchronous, subject);
            } finally {
              misbehave = undefined;
            }
          },
        }),
      );
    }
    if (asynchronous) {
      kinds.push(() => ({
        name: "workers that are closed while a call waits for them",
        message: /^Cannot finish anonymous: its workers were closed while it ran$/,
        run: (subject) => {
          const result = call(true, subject);
          workers.close();
          return result;
        },
      }));
    }
  }
  return kinds[pick(kinds.length)]!();
}

/** Injects so many faults, by turns into programs of one and of several threads. Gives how often each kind happened. */
export function injectFaults(count: number, seed: number): Promise<Map<string, number>> {
  return withFaults(() => inject(count, seed));
}

async function inject(count: number, seed: number): Promise<Map<string, number>> {
  const next = uniforms(seed);
  const happened = new Map<string, number>();
  const subjects = (["js", "wasm"] as const).flatMap((emitter) => {
    // What no fault has touched: its Variables are what the others' must be after as many completed steps.
    const untouched = subject(1, false, emitter);
    const expected = [numbersOf(untouched)];
    return [1, 2, 3].flatMap((threads) =>
      [true, false].map((withHost) => ({ withHost, untouched, expected, subject: subject(threads, withHost, emitter) }))
    );
  });
  const steps = subjects.map(() => 0);
  for (let index = 0; index < count; index++) {
    const place = Math.floor(next() * subjects.length);
    const { subject: target, withHost, untouched, expected } = subjects[place]!;
    if (target.threads > 1) await startWorkers(target.threads);
    const injection = draw(next, target, harmlessRows(target), withHost);
    const context = `fault ${index} of seed ${seed}: ${injection.name}, ${target.threads} threads`;
    if (process.env["TRACE"]) console.log(context);
    let error: unknown;
    try {
      await injection.run(target);
    } catch (caught) {
      error = caught;
    }
    if (disarm() || error === undefined) {
      // No thread came by, and the step was made.
      assertEquals(error, undefined, `${context}: ${String(error)}`);
      steps[place]!++;
    } else {
      assert(error instanceof Error && injection.message.test(error.message), `${context}: ${String(error)}`);
      const kind = injection.name.replace(/\d+|-/g, "").replace(/ in an?( asynchronous)? call/, "");
      happened.set(kind, (happened.get(kind) ?? 0) + 1);
    }
    while (expected.length <= steps[place]! + 1) {
      untouched.step(points, classes);
      expected.push(numbersOf(untouched));
    }
    assertEquals(numbersOf(target), expected[steps[place]!], `${context}: Variables afterwards`);
    if (target.threads > 1) await startWorkers(target.threads);
    target.step(points, classes);
    steps[place]!++;
    assertEquals(numbersOf(target), expected[steps[place]!], `${context}: the next step`);
  }
  workers.close();
  return happened;
}

if (import.meta.main) {
  const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  const happened = await injectFaults(Number(process.argv[2] ?? 1000), seed);
  for (const [kind, count] of happened) console.log(`${String(count).padStart(6)}  ${kind}`);
}
