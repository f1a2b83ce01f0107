/**
 * This library: operands and results in Variables, as in a training loop, or tensors in and fresh tensors out. Either is
 * one compiled function.
 */
import process from "node:process";
import { setInterval } from "node:timers";
import { compile, type Tensor, tensor, train, type Value, valueAndGrad, Variable, workers } from "../../mod.ts";
import type { Results } from "./numbers.ts";
import { lossOf, resultsOf, type Values } from "./ours_works.ts";
import type { Runtime, Task, Way } from "./runtime.ts";
import { parametersOf } from "./works.ts";

/** Milliseconds; idle workers end after twice as many. */
const keptFor = 100;

/** The library on so many threads, with everything in Variables or nothing. */
export async function ours(threads: number, resident: boolean): Promise<Runtime> {
  const { deno, bun } = process.versions;
  const started = threads === 1 ? 1 : await workers.start(threads);
  // Between two steps of a training loop workers do not end, as idle ones would do between two turns of this process.
  if (threads > 1) setInterval(() => void workers.start(threads), keptFor).unref();
  return {
    version: deno === undefined ? `on Bun ${bun}` : `on Deno ${deno}`,
    threads: started,
    open: (task) => [resident && !task.reference ? inVariables(task) : fresh(task)],
    ready: () => threads === 1 ? Promise.resolve() : workers.start(threads),
  };
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From, name: string) => To) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}

/** The operands in the precision that is asked for. */
function tensorsOf({ work, operands, reference }: Task): Record<string, Tensor> {
  return mapValues(operands, (numbers, name) =>
    tensor(numbers, {
      dtype: numbers instanceof Int32Array ? "int32" : reference ? "float64" : "float32",
      shape: work.operands[name]!.shape,
    }));
}

function numbersOf(values: Values): Results {
  return mapValues(values, (value) => {
    const { data } = value.concrete("compare");
    if (data instanceof Float32Array || data instanceof Float64Array) {
      return data;
    }
    throw new TypeError(`Cannot compare ${value.describe()}: results are floats`);
  });
}

/** The part of a record under these names. */
function pick<T>(record: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, record[name]!]));
}

/** Results are assigned to Variables: parameters by an optimizer, the rest to Variables made for it. */
function inVariables(task: Task): Way {
  const { work, work: { job }, threads } = task;
  const tensors = tensorsOf(task);
  const parameters = parametersOf(work);
  const operands = mapValues(tensors, (value, name) => {
    return new Variable(value, { name, trainable: parameters.includes(name) });
  });
  const optimizer = new train.SGD({ learningRate: "learningRate" in job ? job.learningRate : 0 });
  const outcome = (values: Values, loss: (of: () => Value) => Value): Values =>
    "learningRate" in job ? { loss: loss(() => lossOf(job, values)) } : resultsOf(job, values);
  // Variables are made outside of compiled functions, in the shapes of results that are known by then.
  const first = compile((values: Values) => outcome(values, (of) => of()))(tensors);
  const results = mapValues(first, (value, name) => new Variable(value, { name, trainable: false }));
  const run = compile(() => {
    const outcomes = outcome(operands, (of) => optimizer.minimize(of));
    for (const [name, value] of Object.entries(outcomes)) {
      results[name]!.assign(value);
    }
  }, { threads });
  return { run, results: () => numbersOf({ ...results, ...pick(operands, parameters) }) };
}

/** A function of tensors; the parameters that a step returns are those of the next. */
function fresh(task: Task): Way {
  const { work, work: { job }, threads } = task;
  const parameters = parametersOf(work);
  let values: Values = tensorsOf(task);
  let results: Values = {};
  const run = compile((values: Values): Values => {
    if (!("learningRate" in job)) return resultsOf(job, values);
    const [loss, gradients] = valueAndGrad((trained: Values): Value => lossOf(job, { ...values, ...trained }))(
      pick(values, parameters),
    );
    return { loss, ...mapValues(gradients, (gradient, name) => values[name]!.sub(gradient.mul(job.learningRate))) };
  }, { threads });
  return {
    run() {
      results = run(values);
      if (parameters.length > 0) {
        values = { ...values, ...pick(results, parameters) };
      }
    },
    results: () => numbersOf(results),
  };
}
