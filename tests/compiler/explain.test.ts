// What a program shows of itself.
import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Tuning, withTuning } from "../../compiler/limits.ts";
import { maximumThreads } from "../../compiler/runtime/threads/protocol.ts";
import { runs } from "../../compiler/runtime/threads/runs.ts";
import {
  compile,
  crossEntropy,
  Operation,
  type Profile,
  type Tensor,
  tensor,
  train,
  type Value,
  Variable,
  workers,
  zeros,
} from "../../mod.ts";
import { referenceExecutor } from "../../src/graph/interpret.ts";
import { finely } from "../runtime/support.ts";
import { graphFunctionOf } from "./graph_function.ts";

const w = new Variable([[1, 2], [3, 4]], { name: "weights" });
const constant = tensor([5, 6]);
const model = compile(function model(x: Value, rate: Value) {
  return x.matmul(w).add(constant).mul(rate).softmax();
});
model(tensor([[1, 2]]), 2);

describe("explain", () => {
  const text = model.explain();

  it("begins with the name, the number of kernels and what made them", () => {
    assertMatch(
      text,
      /^model: 2 kernels, JavaScript emitter, one thread \(estimated work: \d+ operations; shared from 400,000 on\)\n/,
    );
  });

  it("shows the graph, with everything that is read", () => {
    for (
      const line of [
        "%0: float32[1,2] = placeholder argument0",
        "%1: float32[2,2] = variable weights",
        "%2: float32[1,2] = matmul %0 %1",
        "%3: float32[2] = constant",
        "%5: number = placeholder argument1",
        "softmax %6 axis=1",
      ]
    ) assertStringIncludes(text, line);
  });

  it("shows every kernel with what it computes", () => {
    const kernels = model.kernels();
    assertEquals(kernels.length, 2);
    kernels.forEach((name, index) => {
      assertMatch(name, new RegExp(`^k${index}_[a-zA-Z0-9_]+$`));
      assertStringIncludes(text, `${name}: `);
    });
    assertStringIncludes(text, "contract over [1,2]");
    assertStringIncludes(text, "row over [1,2]");
  });

  it("says what was not fused, and why", () => {
    assertStringIncludes(text, "not fused");
    assertStringIncludes(text, "a reduction needs whole rows, and a contraction makes tiles");
    const alone = compile((x: Value) => x.add(1));
    alone(tensor([1]));
    assertMatch(alone.explain(), /not fused\n {2}nothing/);
  });

  it("counts the arrays, and says where scratch lies", () => {
    assertMatch(text, /2 arguments, 1 Variable, \d+ constants?, 1 result\n/);
  });

  it("is of the arguments given, which it traces when they are new", () => {
    const f = compile((x: Value) => x.mul(2));
    assertStringIncludes(f.explain(tensor([1, 2, 3])), "float32[3]");
    assertStringIncludes(f.explain(tensor([[1, 2]])), "float32[1,2]");
    assertEquals([f.stats.calls, f.stats.traces, f.stats.programs], [0, 2, 2]);
    assertStringIncludes(f.explain(), "float32[1,2]");
    f(tensor([1, 2, 3]));
    assertEquals(f.stats.traces, 2);
    assertEquals(f.kernels(tensor([[1, 2]])).length, 1);
  });

  it("names host steps", () => {
    class Mine extends Operation {
      override compute(x: Tensor): Tensor {
        return x;
      }
    }
    const f = compile((x: Value) => Mine.apply(x));
    f(tensor([1]));
    assertEquals(f.kernels(), ["host_Mine"]);
    assertStringIncludes(f.explain(), "host_Mine: computed by its own compute");
  });
});

describe("memory and threads", () => {
  const v = new Variable([[1, 2], [3, 4]], { name: "v" });
  const optimizer = new train.SGD({ learningRate: 0.1, momentum: 0.9 });
  const step = compile(function step(x: Value, y: Value) {
    return optimizer.minimize(() => crossEntropy(x.matmul(v).tanh().matmul(v), y));
  });
  const [x, y] = [tensor([[1, 2], [3, 4], [5, 6]]), tensor([0, 1, 1], { dtype: "int32" })];

  it("are explained: what lies where, for how long, and what is written in place", () => {
    const text = step.explain(x, y);
    assertMatch(text, /2 arguments, \d+ Variables \(2 written in place\), \d+ constants, 1 result\n/);
    assertMatch(text, /\d+ scratch arrays in [\d,]+ bytes, \d+ % less than apart \([\d,]+ bytes\)\n/);
    assertMatch(text, /at \d+: [\d,]+ bytes, kernels \d+…\d+/);
    assertMatch(text, /writes v\.velocity, v in place/);
  });

  it("are explained for programs that are shared", () => {
    const text = withTuning({ sharedWork: 0, chunkWork: 1 }, () => {
      const f = compile((x: Value) => x.mul(2).add(1), { threads: 3 });
      return f.explain(x);
    });
    assertMatch(
      text,
      /^anonymous: 1 kernel, JavaScript emitter, 3 threads \(estimated work: \d+ operations; shared from 0 on\)\n/,
    );
    assertMatch(text, /k0_mul_add: map over \[3,2\], 6 chunks: /);
  });

  /** The first line of what a program that is large enough to be shared says. */
  const firstLine = (options: { threads?: number }, tuning: Partial<Tuning> = {}): string =>
    withTuning({ sharedWork: 0, chunkWork: 1, emitter: "js", threads: 3, ...tuning }, () => {
      const f = compile((x: Value) => x.mul(2).add(1), options);
      return f.explain(x).split("\n")[0]!;
    });

  it("are explained as one thread where a run has no more, with the reason", () => {
    const limited = /, one thread \(estimated work: \d+ operations; its options, or the machine, give it no more\)$/;
    assertMatch(firstLine({ threads: 1 }), limited);
    assertMatch(firstLine({}, { threads: 1 }), limited);
    assertMatch(firstLine({}, { chunkWork: 1000 }), /, one thread \(.*; no kernel of it can be cut\)$/);
    assertMatch(firstLine({}, { sharedWork: 1000 }), /, one thread \(.*; shared from 1,000 on\)$/);
    const { SharedArrayBuffer } = globalThis;
    Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
    try {
      assertMatch(firstLine({}), /, one thread \(.*; no worker can share memory here\)$/);
    } finally {
      Object.defineProperty(globalThis, "SharedArrayBuffer", {
        value: SharedArrayBuffer,
        configurable: true,
        writable: true,
      });
    }
    assertMatch(firstLine({}), /, 3 threads \(/);
  });

  it("are explained with no more threads than there can be", () => {
    assertMatch(firstLine({ threads: 1000 }), new RegExp(`, ${maximumThreads} threads \\(`));
  });

  it("are explained by an estimate in simple operations, of two digits", () => {
    // Each element is read, multiplied and written: 2 + 1 + 2 operations. The number 2 is read once.
    const work = (length: number): string | undefined => {
      const f = compile((x: Value) => x.mul(2));
      return /estimated work: ([\d,]+) operations/.exec(f.explain(zeros([length])))?.[1];
    };
    assertEquals([work(1000), work(123_456)], ["5,000", "620,000"]);
  });
});

/** Holds its thread for as long as the clock needs to show it. */
class Slow extends Operation {
  override compute(x: Tensor): Tensor {
    const start = performance.now();
    while (performance.now() - start < 5);
    return x;
  }
}

describe("profile", () => {
  /** What rows and the line beside them come to, and what the run took for whoever called it. */
  const assertComplete = (profile: Profile, elapsed: number): void => {
    const { milliseconds, rows } = profile;
    const ofRows = rows.reduce((sum, row) => sum + row.milliseconds, 0);
    assert(ofRows <= milliseconds && milliseconds <= elapsed + 1); // clocks of threads may differ by less than that
    const lines = String(profile).split("\n");
    const inNone = Number(/^in no kernel +([\d.]+) /.exec(lines.at(-1)!)?.[1]);
    assertEquals(lines.length, rows.length + 3);
    assertAlmostEquals(ofRows + inNone, milliseconds, 0.001);
    assertStringIncludes(lines[0]!, `: ${milliseconds.toFixed(3)} ms, `);
  };

  it("counts what calls of a compute take, and what is in no kernel, up to the whole run", async () => {
    const threads = await workers.start(2);
    withTuning(finely, () => {
      const x = tensor([[1, 2, 3], [4, 5, 6]]);
      for (const emitter of ["js", "wasm"] as const) {
        for (const count of [1, 2]) {
          const f = compile((x: Value) => Slow.apply(Slow.apply(x.mul(2)).add(1)).mul(3), { emitter, threads: count });
          f(x);
          const before = runs.begun;
          const start = performance.now();
          const profile = f.profile(x);
          assertComplete(profile, performance.now() - start);
          assertEquals(runs.begun - before, Math.min(count, threads) - 1); // on several threads it is run in the arena
          const host = profile.rows.filter(({ name }) => name === "host_Slow");
          assertEquals(host.map(({ milliseconds, chunks, imbalance }) => [milliseconds >= 5, chunks, imbalance]), [
            [true, 1, 1],
            [true, 1, 1],
          ]);
        }
      }
    });
    workers.close();
  });

  it("runs once, and says what each kernel took", () => {
    const w = new Variable([0, 0, 0]);
    const f = compile((x: Value) => {
      w.assign(w.add(x.sum(0)));
      return x.matmul(x.transpose());
    });
    const x = tensor([[1, 2, 3], [4, 5, 6]]);
    const profile = f.profile(x);
    assertEquals(w.toArray(), [5, 7, 9]);
    assertEquals(profile.rows.map(({ name }) => name), f.kernels(x));
    const contract = profile.rows.find(({ name }) => name.includes("contract"));
    assertEquals(contract?.operations, 2 * 2 * 2 * 3); // a multiplication and an addition each
    assertEquals(contract?.bytes, 4 * (6 + 4));
    assert(profile.rows.every(({ milliseconds, imbalance }) => milliseconds >= 0 && imbalance >= 1));
    assertMatch(
      String(profile),
      /^anonymous: [\d.]+ ms, one thread\nkernel +ms +% +GFLOP\/s +GB\/s +chunks +imbalance\n/,
    );
  });

  it("gives a program without kernels its time, too", () => {
    const f = compile((x: Value) => x);
    const start = performance.now();
    assertComplete(f.profile(tensor([1, 2])), performance.now() - start);
  });

  it("of a reference program is the time of the whole", () => {
    const x = tensor([1, 2]);
    const profile = referenceExecutor.compile(graphFunctionOf((x) => [x.exp()], [x]), {}).profile([x], []);
    assertEquals(profile.rows, []);
    assertStringIncludes(String(profile), `: ${profile.milliseconds.toFixed(3)} ms, `);
  });
});

describe("source", () => {
  it("is readable JavaScript, a function per kernel", () => {
    const source = model.source();
    assertEquals(source.match(/^function [a-zA-Z0-9_]+\(/gm)?.length, 2);
    new Function(source); // it parses
  });

  it("is the same for every size", () => {
    const f = compile((x: Value) => x.mul(2).add(1).sum(1));
    const [small, large] = [f.source(tensor([[1, 2], [3, 4]])), f.source(tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9]]))];
    assertEquals(small, large);
    assertEquals(f.stats.programs, 2);
  });

  it("holds no names, lines or numbers of the user's", () => {
    const named = new Variable([1, 2], { name: "*/ injected(); /*" });
    const f = compile(function injected(x: Value) {
      return x.add(named).mul(12345.678);
    });
    assertEquals(f(tensor([1, 2])).shape, [2]);
    assert(!f.source().includes("injected"));
    assert(!f.source().includes("explain.test.ts"));
    assertStringIncludes(f.explain(), "*/ injected(); /*");
  });
});

describe("the graph of a training step", () => {
  it("holds forward, backward and update", () => {
    const optimizer = new train.SGD({ learningRate: 0.1 });
    const v = new Variable([[1, 2], [3, 4]], { name: "v" });
    const step = compile((x: Value, y: Value) => optimizer.minimize(() => crossEntropy(x.matmul(v), y)));
    step(tensor([[1, 2]]), tensor([0], { dtype: "int32" }));
    const text = String(step.graph);
    for (const part of ["matmul", "crossEntropy", "softmax", "contract", "variable learningRate", "assign v"]) {
      assertStringIncludes(text, part);
    }
    const lines = text.split("\n");
    lines.forEach((line, index) => {
      assert(line.startsWith(`%${index}`), line);
      for (const [, input] of line.slice(line.indexOf("=")).matchAll(/ %(\d+)/g)) assert(Number(input) < index, line);
    });
  });
});
