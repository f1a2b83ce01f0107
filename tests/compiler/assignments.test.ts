// Which assignments are made where a Variable lies, and which by a copy; either does what it does eagerly.
import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Operation, type Tensor, tensor, type Value, Variable, workers } from "../../mod.ts";
import { withTuning } from "../../compiler/limits.ts";
import { ProgramExecutor } from "../../compiler/runtime/executor.ts";
import { assignmentCases } from "./assignment_cases.ts";
import { poisonScratch } from "../runtime/observers.ts";
import { onThreads, sharedRuns } from "../runtime/support.ts";
import { graphFunctionOf } from "./graph_function.ts";

const x = tensor([1, 2, 3, 4]);

/** Every element is a chunk, and every row is long. */
const cut = { chunkWork: 1, longRow: 2 };

/** What Variables hold and a function returns, as plain numbers. */
const numbersOf = (values: readonly Value[]): number[][] => values.map((value) => [...value.concrete("compare").data]);

describe("a Variable is assigned", () => {
  poisonScratch();
  for (const { name, initial, body, after, returned = [], written, copied } of assignmentCases) {
    it(name, async () => {
      for (const threads of [1, 2]) {
        const eager = initial.map((value) => new Variable(value));
        const variables = initial.map((value) => new Variable(value));
        const executor = await onThreads(
          threads,
          () =>
            withTuning(
              cut,
              () => new ProgramExecutor(graphFunctionOf((x) => body(variables, x!), [x]), {}),
            ),
        );
        const { program } = executor;
        const run = (): Value[] => executor.run([x], program.source.variables);
        for (let step = 0; step < 3; step++) {
          let result: Value[] = [];
          const shared = sharedRuns(() => result = run());
          assertEquals(shared, threads > 1 && program.policy.shared ? 1 : 0);
          const expected = numbersOf(body(eager, x));
          assertEquals(numbersOf(result), expected, `${threads} threads, step ${step}: returned`);
          assertEquals(numbersOf(variables), numbersOf(eager), `${threads} threads, step ${step}: held`);
          if (step > 0) continue;
          assertEquals([numbersOf(variables), numbersOf(result)], [after, returned]);
        }
        assertEquals([program.written.length, program.copied.length], [written, copied], executor.explain());
        const text = executor.explain();
        if (written > 0) assertMatch(text, new RegExp(`${written} written in place`));
        if (copied > 0) assertMatch(text, new RegExp(`${copied} copied at the end`));
      }
      workers.close();
    });
  }
});

/** Whether the operation below throws. */
let fails = false;

class Failing extends Operation {
  override compute(x: Tensor): Tensor {
    if (fails) throw new Error("it was not to be");
    return x;
  }
}

describe("a run that fails leaves Variables as they were", () => {
  poisonScratch();
  /** Asserts that `bad` fails with this message and changes nothing, and that the run after it is right. */
  async function assertIntact(
    body: (w: Variable, x: Value, indices: Value) => Value,
    message: RegExp,
    bad: (run: (indices: Tensor) => void) => void,
    inPlace: boolean,
  ): Promise<void> {
    const indices = tensor([0, 3], { dtype: "int32" });
    for (const threads of [1, 2]) {
      const w = new Variable([1, 2, 3, 4]);
      const executor = await onThreads(
        threads,
        () =>
          withTuning(
            cut,
            () => new ProgramExecutor(graphFunctionOf((x, i) => [body(w, x!, i!)], [x, indices]), {}),
          ),
      );
      const { program } = executor;
      assertEquals(program.written.length, inPlace ? 1 : 0);
      const run = (indices: Tensor): Tensor[] => executor.run([x, indices], program.source.variables);
      const error = assertThrows(() => bad(run), Error);
      assertMatch(error.message, message);
      assertEquals(w.toArray(), [1, 2, 3, 4]);
      assertEquals(run(indices)[0]!.toArray(), [2, 8]);
      assertEquals(w.toArray(), [2, 4, 6, 8]);
    }
    workers.close();
  }

  it("in a host step that reads the new value", () =>
    assertIntact(
      (w, x, indices) => {
        const next = w.add(x);
        w.assign(next);
        return Failing.apply(next).take(indices);
      },
      /it was not to be/,
      (run) => {
        fails = true;
        try {
          run(tensor([0, 3], { dtype: "int32" }));
        } finally {
          fails = false;
        }
      },
      false,
    ));

  const take = /^Cannot take from axis 0 of float32\[4\]: index 4 is out of range for length 4/;
  const takeFour = (run: (indices: Tensor) => void): void => run(tensor([0, 4], { dtype: "int32" }));

  it("in a take from the new value", () =>
    assertIntact(
      (w, x, indices) => {
        const next = w.add(x);
        w.assign(next);
        return next.take(indices);
      },
      take,
      takeFour,
      false,
    ));

  it("in a take that has nothing to do with it, and runs before it", () =>
    assertIntact(
      (w, x, indices) => {
        w.assign(w.add(x));
        return x.take(indices).mul(2);
      },
      take,
      takeFour,
      true,
    ));
});
