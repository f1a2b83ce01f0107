// Every rule of fusion refuses where it must, and what is then computed in several kernels is right.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { compile, concat, matmul, type Tensor, tensor, type Value, Variable } from "../../mod.ts";
import { optimizationBarrier } from "../../src/ops/barrier.ts";
import { fusionRules } from "../../compiler/fusion/fusion_rules.ts";
import { assertClose } from "../sabinasz/problems.ts";
import { fusedOf, graphFunctionOf } from "./graph_function.ts";

const numbers = (shape: readonly number[]): Tensor => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(Float32Array.from({ length: size }, (_, index) => Math.sin(index + 1)), { shape });
};
const square = numbers([3, 3]);
const [w, mean] = [new Variable([1, 2, 3]), new Variable([0, 0, 0])];
const columns = Array.from({ length: 40 }, (_, index) => new Variable([index, 1, 2]));
const keepDims = { keepDims: true } as const;

interface Case {
  readonly fn: (x: Value) => Value | readonly Value[];
  /** The argument; a matrix of 3 × 3 where it is left out. */
  readonly x?: Tensor;
  readonly kernels: number;
  readonly exact?: boolean;
}

/** For each rule, a function of which it keeps two operations apart. */
const cases: Readonly<Record<string, Case>> = {
  "steps of their own": { fn: (x) => concat([x.exp(), x]).add(1), kernels: 4 }, // concat copies a piece at a time
  "one contraction": { fn: (x) => matmul(matmul(x, x), x), kernels: 2 },
  "rows and tiles": { fn: (x) => matmul(x, x).softmax(), kernels: 2 },
  "size of a kernel": {
    fn: (x) => Array.from({ length: 100 }).reduce<Value>((y) => y.add(x).mul(0.5), x),
    kernels: 3,
  },
  "updates apart": {
    fn: (x) => {
      const next = mean.mul(0.5).add(x.sum(0));
      mean.assign(next);
      w.assign(w.sub(next.mul(0.25)));
      return [];
    },
    kernels: 2,
  },
  "barriers": { fn: (x) => optimizationBarrier(x, [x.exp()]).mul(2), kernels: 2 },
  "one loop nest": { fn: (x) => [x.exp().sum(0), x.exp().sum(1)], kernels: 2 },
  "operands are arrays": { fn: (x) => matmul(x.exp(), x), kernels: 2 },
  "tiles and gathers": { fn: (x) => matmul(x, x).add(x.take([2, 0, 1])), kernels: 2 },
  "gathers from arrays": { fn: (x) => x.exp().take([2, 0, 1]).mul(2), kernels: 2 },
  "rows after elements": {
    fn: (x) => {
      const y = x.exp();
      return y.sum(1).add(y.slice([null, 0], [null, 1]).reshape([3]));
    },
    kernels: 2,
  },
  "totals at the end": {
    fn: (x) => {
      const y = x.sub(x.max(1, keepDims)).exp();
      return y.div(y.sum());
    },
    kernels: 2,
  },
  "same element": { fn: (x) => x.exp().add(x.exp().flip(0)), kernels: 2 },
  "order of a total": { fn: (x) => x.sub(x.max(0)).sum(), kernels: 2, exact: true },
  "arrays of a kernel": { fn: (x) => columns.reduce<Value>((y, column) => y.add(column), x), kernels: 2 },
  "long rows": { fn: (x) => x.div(x.square().sum().sqrt()), x: numbers([2 ** 17]), kernels: 2 },
  "order of kernels": {
    fn: (x) => {
      const y = x.exp();
      return y.add(concat([y.slice([1]), y.slice([0], [1])]));
    },
    kernels: 4,
  },
};

const listOf = (result: Value | readonly Value[]): readonly Value[] => "length" in result ? result : [result];

describe("a rule of fusion", () => {
  it("has a test each", () => {
    assertEquals(Object.keys(cases).sort(), fusionRules.map(({ name }) => name).sort());
  });

  it("looks at axes of two elements, too", () => {
    const x = numbers([2, 2]);
    const fn = (x: Value): Value => x.exp().add(x.exp().transpose());
    assertClose(compile(fn)(x), fn(x).toArray() as number[][], 1e-6);
  });

  for (const [name, { fn, x = square, kernels, exact = false }] of Object.entries(cases)) {
    it(name, () => {
      const { refusals } = fusedOf(graphFunctionOf((x) => listOf(fn(x!)), [x]), exact);
      const refusal = refusals.find(({ rule }) => rule === name);
      assert(refusal !== undefined, refusals.map(({ rule }) => rule).join());
      const compiled = compile((x: Value) => listOf(fn(x)), { exact });
      const before = [w.toArray(), mean.toArray()];
      const results = compiled(x);
      const after = [w.toArray(), mean.toArray()];
      assertEquals(compiled.kernels().length, kernels, compiled.explain());
      assert(compiled.explain().includes(refusal.reason));
      w.assign(before[0]!);
      mean.assign(before[1]!);
      listOf(fn(x)).forEach((expected, index) => {
        if (exact) assertEquals(results[index]!.toArray(), expected.toArray());
        else assertClose(results[index]!, expected.toArray(), 1e-5);
      });
      assertClose(w, after[0]!, 1e-6);
      assertClose(mean, after[1]!, 1e-6);
    });
  }
});
