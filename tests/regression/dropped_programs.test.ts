// A program that nobody has any more leaves nothing behind but code, which caches keep: none of its arrays, graphs, functions.
import { describe, it } from "node:test";
import v8 from "node:v8";
import vm from "node:vm";
import { assertLessOrEqual } from "@std/assert";
import { withTuning } from "../../compiler/limits.ts";
import {
  compile,
  crossEntropy,
  grad,
  Graph,
  Operation,
  placeholder,
  random,
  RegisterGradient,
  Session,
  type Tensor,
  tensor,
  train,
  type Value,
  Variable,
} from "../../mod.ts";

/** Collects garbage, as each engine has it. */
function collectGarbage(): void {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (Bun !== undefined) {
    Bun.gc(true);
    return;
  }
  v8.setFlagsFromString("--expose-gc");
  (vm.runInNewContext("gc") as () => void)(); // the flag makes it
}

const steps = ["exp", "tanh", "sqrt", "abs", "square", "sigmoid", "relu", "neg", "log1p", "sin"] as const;

/** A chain of operations that is other code for each number below 1000. */
function chain(x: Value, number: number): Value {
  let result = x;
  for (let count = 0, rest = number; count < 3; count++, rest = Math.floor(rest / 10)) {
    result = result[steps[rest % 10]!]();
  }
  return result;
}

let next = 0;

/** What makes a program, runs it, and returns what it was made of; each number gives other code. */
const makers: Readonly<Record<string, (number: number) => readonly object[]>> = {
  "a compiled function": (number) => {
    const [w, constant] = [new Variable(random.normal([8, 8])), random.normal([8])];
    const f = compile((x: Value) => chain(x.matmul(w).add(constant), number).softmax());
    f(random.normal([3, 8]));
    return [w, constant, f, f.graph!];
  },
  "one that gathers, with its gradient": (number) => {
    const [w, constant] = [new Variable(random.normal([5, 4])), random.normal([4])];
    const loss = (w: Value, index: Value): Value => chain(w.take(index, 0).mul(constant), number).sum();
    const f = compile((index: Value) => grad((w: Value) => loss(w, index))(w));
    f(tensor([1, 2, 1], { dtype: "int32" }));
    return [w, constant, loss, f, f.graph!];
  },
  "a training step": (number) => {
    const w = new Variable(random.normal([4, 3]));
    const optimizer = new train.Adam({ learningRate: 0.01 });
    const step = compile((x: Value, y: Value) => optimizer.minimize(() => crossEntropy(chain(x.matmul(w), number), y)));
    step(random.normal([2, 4]), tensor([0, 1], { dtype: "int32" }));
    return [w, optimizer, ...optimizer.slotsOf(w).values(), step, step.graph!];
  },
  "a graph by hand, and its session": (number) => {
    const graph = new Graph();
    return graph.asDefault(() => {
      const [x, w] = [placeholder(), new Variable(random.normal([4, 3]))];
      const loss = chain(x.matmul(w), number).sum();
      const minimize = new train.SGD({ learningRate: 0.1 }).minimize(loss);
      const session = new Session();
      session.run([loss, minimize], [[x, random.normal([2, 4])]]);
      return [graph, w, session];
    });
  },
  "an operation of one's own, and its gradient": (number) => {
    class Mine extends Operation {
      override compute(x: Tensor): Tensor {
        return x;
      }
    }
    RegisterGradient(Mine)((_: Mine, gradient: Value) => gradient);
    const w = new Variable(random.normal([4]));
    const f = compile(() => grad((w: Value) => chain(Mine.apply(w), number).sum())(w));
    f();
    return [Mine, w, f, f.graph!];
  },
};

/** The most that are left of so many: an engine may take something that lies on its stack for an object. */
const [count, left] = [16, 4];

describe("nothing is left, once it is dropped, of", () => {
  for (const [name, make] of Object.entries(makers)) {
    for (const emitter of ["js", "wasm"] as const) {
      it(`${name} (${emitter})`, async () => {
        const references: WeakRef<object>[][] = [];
        for (let index = 0; index < count; index++) {
          withTuning({ emitter }, () => {
            references.push(make(next++).map((each) => new WeakRef(each)));
          });
        }
        // What was run last is held until the next run.
        withTuning({ emitter }, () => compile((x: Value) => x.add(1))(random.normal([3])));
        const alive = (): number =>
          Math.max(
            ...references[0]!.map((_, part) => references.filter((parts) => parts[part]!.deref() !== undefined).length),
          );
        for (let round = 0; round < 20 && alive() > left; round++) {
          await new Promise((resolve) => setTimeout(resolve, 1)); // references hold until a job ends
          collectGarbage();
        }
        assertLessOrEqual(alive(), left);
      });
    }
  }
});
