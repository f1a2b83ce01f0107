import { assert, assertGreater, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import fc from "fast-check";
import { runs } from "../../compiler/runtime/threads/runs.ts";
import { matmul, tensor } from "../../mod.ts";
import { decompose } from "../../src/graph/decompose.ts";
import { verify } from "../../compiler/passes/verify.ts";
import { opTable } from "../../src/ops/table.ts";
import { boundOperation, exactly, Undecided } from "./bounds.ts";
import { anything, buildPlan, choices } from "./builder.ts";
import { checkBounds, fuzzedThreads } from "./check.ts";
import { fuzzGradients, fuzzGraphs, fuzzGraphsInFewWays } from "./fuzz.ts";
import { graphFunctionOf, type Plan, runCompiled, runEagerly } from "./plan.ts";
import { printProgram } from "./repro.ts";
import { startWorkers } from "../runtime/support.ts";

/** One seed that never changes, and one that differs from run to run, which the test's name shows. */
const seeds = [20250101, Date.now() % 2 ** 31];

describe("random programs", () => {
  for (const seed of seeds) {
    it(`give the same results in every way (seed ${seed})`, async () => {
      await startWorkers(fuzzedThreads); // those of the test before this one may have ended
      const before = runs.begun;
      fuzzGraphs({ count: 250, seed });
      assertGreater(runs.begun - before, 125); // half of them and more have something that can be cut
    });
    it(`give the same results in the ways that have least in common (seed ${seed + 1})`, () => {
      fuzzGraphsInFewWays({ count: 250, seed: seed + 1 });
    });
    it(`have the same gradients in every way (seed ${seed})`, () => {
      const { compared, drawn } = fuzzGradients({ count: 50, seed });
      assertGreater(compared, drawn / 2);
    });
  }
  it("are not trivial", () => {
    const drawn = fc.sample(choices(30), { numRuns: 200, seed: 1, unbiased: true }).map((each) =>
      buildPlan(each, anything).plan
    );
    const operations = drawn.map(({ steps }) => steps.flatMap((step) => step.kind === "operation" ? [step.op] : []));
    assertGreater(operations.reduce((sum, { length }) => sum + length, 0), 200 * 3);
    assertGreater(new Set(operations.flat()).size, Object.keys(opTable).length * 0.8);
    assertGreater(drawn.filter(({ steps }) => steps.some(({ kind }) => kind === "assign")).length, 5);
  });
});

describe("the oracle", () => {
  const one = (name: keyof typeof opTable, ...numbers: number[]) =>
    boundOperation(opTable[name], numbers.map((number) => exactly(tensor([number]))), {});
  it("allows nothing where arithmetic is exact, and little where it rounds", () => {
    assert(one("add", 0.125, 2).errors[0] === 0);
    assert(one("mul", 0.125, 3).errors[0] === 0);
    assert(one("div", 1, 4).errors[0] === 0);
    const third = one("div", 1, 3);
    assert(third.errors[0]! > 0 && third.errors[0]! < 2 ** -25);
  });
  it("has no answer at a jump", () => {
    const third = one("div", 1, 3);
    const six = exactly(tensor([6]));
    const two = boundOperation(opTable.mul, [third, six], {});
    assertThrows(() => boundOperation(opTable.floor, [two], {}), Undecided);
    assertThrows(() => boundOperation(opTable.greater, [two, exactly(tensor([2]))], {}), Undecided);
    assert(boundOperation(opTable.greater, [two, exactly(tensor([1]))], {}).values[0] === 1);
  });
  it("sees a wrong result", () => {
    const [x, y] = [tensor([[1, 2], [3, 4]]), tensor([[0.5, 1], [1, 2]])];
    const expected = boundOperation(opTable.matmul, [exactly(x), exactly(y)], {});
    checkBounds([matmul(x, y)], [expected], "right");
    assertThrows(() => checkBounds([matmul(y, x)], [expected], "wrong"), Error, "wrong: element 0");
  });
});

const squares: Plan = {
  steps: [
    { kind: "argument", numbers: { dtype: "float32", shape: [2], data: [1, -0] } },
    { kind: "operation", op: "square", inputs: [0], attributes: {} },
  ],
  outputs: [1, 1],
};

describe("plans", () => {
  it("run", () => {
    for (const run of [runEagerly, runCompiled]) assert(run(squares)[1]!.toString() === "tensor([1., 0.])");
  });
  it("print as programs", () => {
    const text = printProgram(squares);
    assert(text.includes("apply<Operand>(opTable.square, [x0], {})"), text);
    assert(text.includes("Float64Array.of(1, -0)"), text);
  });
});

describe("verify", () => {
  const { graphFunction } = graphFunctionOf(squares);
  const complaint = (broken: typeof graphFunction): string =>
    assertThrows(() => verify(broken, "a test"), Error).message;
  it("accepts what is well formed", () => {
    verify(graphFunction);
    verify(decompose(graphFunction));
  });
  it("refuses what is not", () => {
    assert(complaint({ ...graphFunction, inputs: [] }).includes("after a test: "));
    assert(
      complaint({ ...graphFunction, graph: graphFunctionOf(squares).graphFunction.graph }).includes("another graph"),
    );
    const backwards = graphFunctionOf({
      ...squares,
      steps: [...squares.steps, { kind: "operation", op: "neg", inputs: [1], attributes: {} }],
      outputs: [2],
    }).graphFunction;
    backwards.graph.operations.reverse();
    assert(complaint(backwards).includes("listed before its input"));
  });
});
