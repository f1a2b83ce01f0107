// Asynchronous calls: in order, beside other work, and joined by whoever needs them to be over.
import { after, before, describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { compile, Operation, random, type Tensor, tensor, type Value, Variable, workers } from "../../mod.ts";
import { setTuning } from "../../compiler/limits.ts";
import { calls } from "../../src/call_queue.ts";
import { runs } from "../../compiler/runtime/threads/runs.ts";
import { finely, sharedRuns, Starting, startWorkers, ticks } from "./support.ts";

const sums = (x: Value): Value => x.exp().sum(1);
const numbers = tensor(random.normal([64, 8], { key: random.key(1) }));

describe("an asynchronous call", () => {
  let usual: ReturnType<typeof setTuning>;
  before(async () => {
    usual = setTuning({ ...finely, threads: 2 });
    await startWorkers(2);
  });
  after(() => {
    setTuning(usual);
  });

  it("gives what a call gives", async () => {
    const f = compile((x: Value) => [x.exp().sum(0), { total: x.sum() }] as const);
    const x = tensor(random.normal([40, 30], { key: random.key(2) }));
    const [columns, { total }] = await f.async(x);
    const [sameColumns, { total: sameTotal }] = f(x);
    assertEquals(columns.toArray(), sameColumns.toArray());
    assertEquals(total.item(), sameTotal.item());
  });

  it("leaves the event loop free: timers are served in the middle of a run", async () => {
    workers.close();
    const starting = new Starting();
    await starting.during(() => startWorkers(2));
    const f = compile(sums);
    const before = runs.begun;
    starting.hold(); // the run has begun, and its worker does not know
    const result = f.async(numbers);
    await ticks(10);
    assertEquals([runs.begun - before, calls.length], [1, 1]);
    starting.release();
    assertEquals((await result).toArray(), f(numbers).toArray());
  });

  it("waits for its workers without holding the event loop up", async () => {
    workers.close();
    const f = compile(sums);
    const starting = new Starting();
    let result: Promise<Value> | undefined;
    await starting.during(async () => {
      starting.hold();
      result = f.async(numbers);
      await ticks(10);
      assertEquals([starting.workers.length, calls.length], [1, 1]);
      starting.release();
      await result;
    });
    assertEquals((await result!).concrete("compare").toArray(), f(numbers).toArray());
  });

  it("runs after those made before it, small ones too", async () => {
    const trace = new Variable([0, 0]);
    const record = (n: number) => (x: Value): void => {
      trace.assign(trace.mul(10).add(n));
      trace.assign(trace.add(x.sum().mul(0)));
    };
    const shared = compile(record(1));
    const small = compile(record(2));
    const x = tensor(random.normal([64], { key: random.key(3) }));
    const calls = [shared.async(x), small.async(x), shared.async(x), small.async(x)];
    await Promise.all(calls);
    assertEquals(trace.toArray(), [1212, 1212]);
  });

  it("is over before a call that is not asynchronous begins", async () => {
    const w = new Variable(0, { dtype: "float64" });
    const add = compile((x: Value) => {
      w.assign(w.add(x.sum()));
      return w.add(0);
    });
    const x = tensor(Array(64).fill(1), { dtype: "float64" });
    const first = add.async(x);
    const second = add.async(x);
    assertEquals(add(x).item(), 192);
    assertEquals((await first).item(), 64);
    assertEquals((await second).item(), 128);
  });

  it("is over before a Variable that it holds is read or assigned", async () => {
    const w = new Variable(0, { dtype: "float64" });
    const add = compile((x: Value) => void w.assign(w.add(x.sum())));
    const x = tensor(Array(64).fill(1), { dtype: "float64" });
    const first = add.async(x);
    assertEquals(w.value.item(), 64);
    const second = add.async(x);
    w.assign(5);
    assertEquals(w.value.item(), 5);
    await Promise.all([first, second]);
    assertEquals(w.value.item(), 5);
  });

  it("is over before any of several Variables is read or assigned", async () => {
    const x = tensor(Array(64).fill(1), { dtype: "float64" });
    for (const asked of [0, 1, 2]) {
      const variables = [1, 10, 100].map((value) => new Variable(value, { dtype: "float64" }));
      const add = compile((x: Value) => variables.forEach((variable) => variable.assign(variable.add(x.sum()))));
      const reading = add.async(x);
      assertEquals(variables[asked]!.value.item(), 64 + 10 ** asked);
      const assigning = add.async(x);
      variables[asked]!.assign(5);
      await Promise.all([reading, assigning]);
      assertEquals(variables[asked]!.value.item(), 5);
    }
  });

  it("sees numbers and Variables as they are when it is made", async () => {
    const w = new Variable([1, 1]);
    const f = compile((x: Value, n: Value) => x.mul(n).sum().add(w.sum()));
    const x = tensor(Array(64).fill(1));
    const result = f.async(x, 2);
    w.assign([10, 10]);
    assertEquals((await result).item(), 130);
  });

  it("runs host steps on the calling thread, and compiled calls inside them", async () => {
    const inner = compile((x: Value) => x.mul(2));
    let calls = 0;
    class Doubled extends Operation {
      override compute(x: Tensor): Tensor {
        calls++;
        return inner(x);
      }
    }
    const f = compile((x: Value) => Doubled.apply(x.exp()).sum());
    const x = tensor(Array(64).fill(0));
    f.kernels(x);
    calls = 0;
    assertEquals((await f.async(x)).item(), 128);
    assertEquals(calls, 1);
  });

  it("of two functions that call each other runs inside", async () => {
    let depth = 0;
    class Inner extends Operation {
      override compute(x: Tensor): Tensor {
        return depth++ < 3 ? outer(x) : x;
      }
    }
    const outer = compile((x: Value) => Inner.apply(x.add(1)).mul(2));
    const x = tensor(Array(32).fill(0));
    outer.kernels(x);
    depth = 0;
    assertEquals(
      outer(x).toArray(),
      Array(32).fill(2 * (2 * (2 * (2 * 4) + 0))).map(() => (((1 + 1 + 1 + 1) * 2) * 2) * 2 * 2),
    );
    depth = 0;
    assertEquals((await outer.async(x)).toArray(), outer.name === "" ? [] : Array(32).fill(64));
  });

  it("from inside a run waits for that to be over", async () => {
    const later: Promise<Tensor>[] = [];
    const w = new Variable(0);
    const add = compile((x: Value) => {
      w.assign(w.add(x.sum()));
      return w.add(0);
    });
    const ones = tensor(Array(64).fill(1));
    class Calls extends Operation {
      override compute(x: Tensor): Tensor {
        later.push(add.async(ones));
        return x;
      }
    }
    const f = compile((x: Value) => Calls.apply(x.exp()).sum());
    f(ones);
    assertEquals(later.length, 2); // once for its shape, and once in the run
    assertEquals(w.toArray(), 64 * 2);
    assertEquals((await later.at(-1)!).item(), 64 * 2);
  });

  it("that fails rejects, and those after it run", async () => {
    class Fails extends Operation {
      override compute(x: Tensor): Tensor {
        if (x.data[0] === 2) throw new Error("not two");
        return x;
      }
    }
    const f = compile((x: Value) => Fails.apply(x.mul(2)).sum());
    const [bad, good] = [tensor(Array(32).fill(1)), tensor(Array(32).fill(3))];
    f.kernels(bad);
    const failing = assertRejects(() => f.async(bad), Error, "not two");
    const next = f.async(good);
    await failing;
    assertEquals((await next).item(), 192);
  });

  it("is settled once, when the workers are closed by a host step of its own", async () => {
    const ones = tensor(Array(64).fill(1));
    const sum = compile((x: Value) => x.sum(), { threads: 1 });
    let [armed, later] = [false, 0];
    class Closes extends Operation {
      override compute(x: Tensor): Tensor {
        if (armed) {
          workers.close();
          void sum.async(ones).then((result) => later = result.item());
        }
        return x;
      }
    }
    const f = compile((x: Value) => Closes.apply(x.add(1)).sum(), { threads: 1 });
    f.kernels(ones);
    await startWorkers(2);
    armed = true;
    await assertRejects(() => f.async(ones), Error, "its workers were closed while it ran");
    while (calls.length > 0) await ticks(1);
    assertEquals(later, 64); // the end of the one that had been rejected is not that of another
  });

  it("is counted, and refused inside a trace", async () => {
    const f = compile((x: Value) => x.add(1));
    await f.async(tensor([1]));
    assertEquals(f.stats.calls, 1);
    await assertRejects(
      async () => {
        await compile((x: Value) => {
          void f.async(x).then(undefined, (error) => failures.push(error));
          return x;
        }).async(tensor([1]));
        await Promise.resolve();
        throw failures[0];
      },
      TypeError,
      "inside a function that is traced",
    );
  });

  it("runs in the arena when it is large", async () => {
    const f = compile((x: Value) => x.exp().sum(1));
    const x = tensor(random.normal([64, 4], { key: random.key(4) }));
    f(x);
    await startWorkers(2);
    assertEquals(sharedRuns(() => void f(x)), 1);
    const before = runs.begun;
    await f.async(x);
    assertEquals(runs.begun - before, 1);
  });
});

const failures: unknown[] = [];
