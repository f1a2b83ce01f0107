// Running sums and products in generated kernels. Expected values are those of a plain loop, in which every number is exact.
import { describe, it } from "node:test";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import {
  compile,
  type CumulativeOptions,
  cumulativeProd,
  cumulativeSum,
  type DType,
  type Tensor,
  tensor,
  type Value,
  Variable,
  workers,
  zeros,
} from "../../mod.ts";
import type { CumulativeKernel } from "../../compiler/kernel/cumulative/kernel.ts";
import { type Tuning, withTuning } from "../../compiler/limits.ts";
import { compileProgram } from "../../compiler/program/program.ts";
import { poisonScratch } from "../runtime/observers.ts";
import { bitsOf, finely, onThreads, sharedRuns, startWorkers } from "../runtime/support.ts";
import { graphFunctionOf } from "./graph_function.ts";

type Name = "cumulativeSum" | "cumulativeProd";
type Shape = readonly number[];

const functions = { cumulativeSum, cumulativeProd };
const names = Object.keys(functions) as Name[];
const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/** Numbers whose sums are exact, or, for products, powers of two with a 0 here and there. */
function numbers(shape: Shape, name: Name, dtype: DType = "float32"): Tensor {
  const each = (index: number): number => {
    const hash = Math.imul(index + 1, 2654435761) >>> 16;
    if (name === "cumulativeSum") return dtype.startsWith("float") ? (hash % 1000 - 500) / 8 : hash % 201 - 100;
    return hash % 23 === 0 ? 0 : [1, 2, -1, 0.5, -2, 1, -0.5][hash % 7]!;
  };
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, index) => each(index));
  return tensor(data, { shape, dtype: "float64" }).astype(dtype);
}

/** The running results, one element after the other. */
function expected(name: Name, x: Tensor, axis: number, { includeInitial = false, reverse = false }): number[] {
  const result = x.shape.with(axis, x.shape[axis]! + (includeInitial ? 1 : 0));
  const [before, inner] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis + 1))];
  const isFloat = x.dtype.startsWith("float");
  const dtype = isFloat ? x.dtype : x.dtype.startsWith("u") ? "uint32" : "int32";
  const results = new Float64Array(sizeOf(result));
  for (let line = 0; line < before * inner; line++) {
    const [block, each] = [Math.floor(line / inner), line % inner];
    const place = (index: number, length: number): number =>
      (block * length + (reverse ? length - 1 - index : index)) * inner + each;
    let total = name === "cumulativeSum" ? 0 : 1;
    let next = 0;
    if (includeInitial) results[place(next++, result[axis]!)] = total;
    for (let index = 0; index < x.shape[axis]!; index++) {
      const element = x.data[place(index, x.shape[axis]!)]!;
      if (isFloat) total = name === "cumulativeSum" ? total + element : total * element;
      else total = name === "cumulativeSum" ? total + element | 0 : Math.imul(total, element);
      results[place(next++, result[axis]!)] = dtype === "uint32" ? total >>> 0 : total;
    }
  }
  return [...results].map((each) => each + 0);
}

const ways: Readonly<Record<string, Partial<Tuning>>> = {
  "js": { emitter: "js" },
  "wasm": { emitter: "wasm" },
  "js, cut finely": { emitter: "js", ...finely },
  "wasm, cut finely": { emitter: "wasm", ...finely },
};

/** Asserts the bits of a plain loop, for every emitter, as a whole and cut finely; of `view` of an argument. */
function check(
  name: Name,
  x: Tensor,
  axis: number,
  options: CumulativeOptions = {},
  view: (x: Value) => Value = (x) => x,
): void {
  const seen = view(x).concrete("compare");
  const values = expected(name, seen, axis, options);
  for (const [way, changes] of Object.entries(ways)) {
    withTuning(changes, () => {
      const f = compile((x: Value) => functions[name](view(x), axis, options), { threads: 1 });
      const result = f(x);
      const what = `${way}: ${name} of ${seen.type} along ${axis} ${JSON.stringify(options)}`;
      assertEquals(result.shape, seen.shape.with(axis, seen.shape[axis]! + (options.includeInitial ? 1 : 0)));
      assertEquals(Array.from(result.data, (each) => each + 0), values, what);
      assert(!f.explain().includes("host_"), f.explain());
    });
  }
}

const everyOption: readonly CumulativeOptions[] = [
  {},
  { reverse: true },
  { includeInitial: true },
  { includeInitial: true, reverse: true },
];

/** The kernels that a function becomes. */
function kernelsOf(fn: (x: Value) => Value, x: Tensor): CumulativeKernel[] {
  const { built } = compileProgram(graphFunctionOf((...args) => [fn(args[0]!)], [x]), {});
  const kernels = built.calls.flatMap((call) => call.kind === "kernel" ? [call.kernel] : []);
  return kernels.filter((kernel) => kernel.kind === "cumulative");
}

describe("cumulativeSum and cumulativeProd, generated", () => {
  poisonScratch();
  it("are a plain loop along every axis, from both ends", () => {
    for (
      const shape of [[1], [5], [16], [41], [3, 4], [4, 17], [17, 4], [2, 5, 3], [3, 2, 19], [9, 1, 5], [2, 3, 2, 5]]
    ) {
      for (let axis = 0; axis < shape.length; axis++) {
        for (const name of names) {
          for (const options of everyOption) check(name, numbers(shape, name), axis, options);
        }
      }
    }
  });

  it("walk lines beside each other, in whole cache lines and less", () => {
    for (const columns of [15, 16, 17, 20, 23, 37]) {
      for (const name of names) {
        for (const [shape, axis] of [[[6, columns], 0], [[columns, 6], 1], [[2, 20, columns], 1]] as const) {
          check(name, numbers(shape, name), axis);
        }
      }
    }
  });

  it("take every dtype, and wrap around as integers do", { timeout: 60_000 }, () => {
    for (const dtype of ["float32", "float64", "int32", "uint32", "int8", "uint8", "bool"] as const) {
      for (const name of names) {
        for (const [shape, axis] of [[[37], 0], [[5, 18], 0], [[18, 5], 1], [[3, 40], 1]] as const) {
          check(name, numbers(shape, name, dtype), axis, { includeInitial: axis === 0 });
        }
      }
    }
    const large = tensor([2 ** 31 - 1, 1, 65536, 65537, -3, 7, 2 ** 30], { dtype: "int32" });
    for (const name of names) check(name, large, 0);
    for (const name of names) check(name, large.astype("uint32"), 0, { reverse: true });
  });

  it("read views where they lie", () => {
    const views: readonly ((x: Value) => Value)[] = [
      (x) => x.permuteDims([1, 0]),
      (x) => x.flip(1),
      (x) => x.slice([1, 2], [null, null], [2, 3]),
      (x) => x.slice([0, 1], [null, 2]).broadcastTo([6, 21]),
      (x) => x.slice([0, 0], [1, null]).broadcastTo([18, 20]),
    ];
    for (const view of views) {
      for (const axis of [0, 1]) {
        for (const options of everyOption) {
          check("cumulativeSum", numbers([6, 20], "cumulativeSum"), axis, options, view);
        }
      }
      const f = compile((x: Value) => view(x).cumulativeSum(0));
      f(numbers([6, 20], "cumulativeSum"));
      assertEquals(f.kernels().length, 1, f.explain());
    }
  });

  it("have nothing to do without elements, but to begin", () => {
    for (const shape of [[0], [0, 3], [3, 0], [2, 0, 5]]) {
      for (let axis = 0; axis < shape.length; axis++) {
        for (const options of everyOption) check("cumulativeProd", numbers(shape, "cumulativeProd"), axis, options);
      }
    }
  });

  it("replace a Variable where it lies", () => {
    for (const changes of Object.values(ways)) {
      withTuning(changes, () => {
        const w = new Variable(tensor(Array.from({ length: 50 }, (_, index) => index + 1)));
        const step = compile(() => w.assign(w.value.cumulativeSum()));
        step();
        step();
        // Sums of sums of 1, 2, 3, …
        const twice = Array.from({ length: 50 }, (_, index) => (index + 1) * (index + 2) * (index + 3) / 6);
        assertEquals([...w.value.data], twice);
      });
    }
  });

  it("have the text of other sizes, and no number of theirs", () => {
    for (const emitter of ["js", "wasm"] as const) {
      const text = (rows: number, columns: number): string => {
        const f = compile((x: Value) => x.cumulativeSum(0), { emitter });
        f(numbers([rows, columns], "cumulativeSum"));
        return f.source();
      };
      assertEquals(text(1019, 13), text(1021, 11));
      assert(!/1019|float32\[/.test(text(1019, 13)));
    }
  });

  it("round a float32 once: a sum is as near as half a unit of the sum of magnitudes", () => {
    const data = Float32Array.from({ length: 20_000 }, (_, index) => Math.sin(index + 1) * 10 ** (index * 7 % 5));
    for (const emitter of ["js", "wasm"] as const) {
      const f = compile((x: Value) => x.cumulativeSum(), { emitter });
      let [sum, magnitude] = [0, 0];
      f(tensor(data)).data.forEach((result, index) => {
        sum += data[index]!;
        magnitude += Math.abs(data[index]!);
        assertLessOrEqual(Math.abs(result - sum), 2 ** -24 * magnitude);
      });
    }
  });
});

describe("cumulativeSum and cumulativeProd on several threads", () => {
  poisonScratch();
  /** Numbers that no order but one adds up to the same bits. */
  const uneven = (shape: Shape, dtype: DType = "float64"): Tensor =>
    tensor(Float64Array.from({ length: sizeOf(shape) }, (_, index) => Math.sin(index + 1) * 10 ** (index * 7 % 5)), {
      shape,
      dtype,
    });
  const cases: Readonly<Record<string, (x: Value) => Value>> = {
    "a long line": (x) => x.reshape([-1]).cumulativeSum(),
    "a long line from its end, and no element": (x) =>
      x.flatten().cumulativeSum(0, { reverse: true, includeInitial: true }),
    "a few long lines": (x) => x.reshape([3, -1]).cumulativeSum(1),
    "a few long columns": (x) => x.reshape([-1, 6]).cumulativeSum(0),
    "many lines": (x) => x.reshape([60, -1]).cumulativeSum(-1),
    "many columns": (x) => x.reshape([-1, 60]).cumulativeSum(0),
    "lines in the middle": (x) => x.reshape([4, -1, 20]).cumulativeSum(1),
    "a product": (x) => x.div(1e3).reshape([-1]).cumulativeProd(),
  };

  it("give the same bits for any number of them, by either emitter", { timeout: 60_000 }, async () => {
    for (const emitter of ["js", "wasm"] as const) {
      for (const dtype of ["float32", "float64"] as const) {
        const x = uneven([240], dtype);
        for (const [name, fn] of Object.entries(cases)) {
          const results: string[] = [];
          for (const threads of [1, 2, 3, 4, 8]) {
            const f = await onThreads(threads, () => {
              const f = compile(fn, { emitter });
              f(x);
              return f;
            });
            const made = sharedRuns(() => results.push(bitsOf([f(x)])));
            if (threads > 1) assertEquals(made, 1, name);
          }
          assertEquals(new Set(results).size, 1, `${emitter}: ${name}`);
        }
      }
    }
    workers.close();
  });

  it("cut long lines into blocks, and share lines where there are enough", () => {
    const stages = (shape: Shape, axis: number): string[] =>
      kernelsOf((x) => x.cumulativeSum(axis), zeros(shape)).map(({ stage }) => stage);
    assertEquals(stages([300_000], 0), ["totals", "blocks"]);
    assertEquals(stages([3, 200_000], 1), ["totals", "blocks"]);
    assertEquals(stages([200_000, 9], 0), ["totals", "blocks"]); // nine that share cache lines
    assertEquals(stages([100, 3000], 1), ["whole"]);
    assertEquals(stages([3000, 100], 0), ["whole"]);
    assertEquals(stages([1000], 0), ["whole"]);
  });

  it("never fall along numbers that are not negative, across blocks", () => {
    const x = tensor(
      Float64Array.from({ length: 1000 }, (_, index) => Math.abs(Math.sin(index)) * 10 ** -(index % 20)),
    );
    for (const emitter of ["js", "wasm"] as const) {
      withTuning({ emitter, ...finely }, () => {
        const { data } = compile((x: Value) => x.cumulativeSum())(x);
        data.forEach((sum, index) => index > 0 && assertLessOrEqual(data[index - 1]!, sum));
      });
    }
  });

  it("are large enough to share where a line has a million elements", async () => {
    await startWorkers(2);
    const x = uneven([1_000_000], "float32");
    const results = [1, 2].map((threads) => {
      const f = compile((x: Value) => x.cumulativeSum(), { threads });
      const result = f(x);
      assertEquals([...f.explain().matchAll(/(\d+) chunks/g)].map(([, chunks]) => chunks), ["29", "30"], f.explain());
      return bitsOf([result]);
    });
    assertEquals(results[0] === results[1], true);
    workers.close();
  });
});
