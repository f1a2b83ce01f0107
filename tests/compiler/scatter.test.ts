// Sums by index in generated kernels. Expected values are those of a plain loop, which adds in float64 and rounds once.
import { describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import {
  compile,
  type DType,
  random,
  scatterAdd,
  type Tensor,
  tensor,
  type Value,
  Variable,
  workers,
  zeros,
} from "../../mod.ts";
import { scatterPartitionOf } from "../../compiler/kernel/scatter/partition.ts";
import { type WasmScatterCut, wasmScatterCut } from "../../compiler/kernel/scatter/wasm_blocks.ts";
import type { ScatterKernel } from "../../compiler/kernel/scatter/kernel.ts";
import { type Tuning, withTuning } from "../../compiler/limits.ts";
import { compileProgram } from "../../compiler/program/program.ts";
import { poisonScratch } from "../runtime/observers.ts";
import { bitsOf, finely, onThreads, sharedRuns, startWorkers } from "../runtime/support.ts";
import { graphFunctionOf } from "./graph_function.ts";

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Numbers that no order but the right one adds up to the same bits. */
const numbers = (shape: readonly number[], dtype: DType = "float32"): Tensor => {
  const floating = dtype.startsWith("float");
  const each = (index: number): number =>
    floating ? Math.sin(index + 1) * 10 ** (index * 7 % 5) : (index * 2654435761) % 4294967296;
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, index) => each(index));
  return floating ? tensor(data, { shape, dtype }) : tensor(data, { shape, dtype: "float64" }).astype(dtype);
};

const int = (values: readonly number[], shape: readonly number[] = [values.length], dtype: DType = "int32"): Tensor =>
  tensor(values, { shape, dtype });

/** Indices for an axis of this length, some from its end; some places are named often, some never. */
const places = (shape: readonly number[], length: number): Tensor =>
  int(
    Array.from({ length: sizeOf(shape) }, (_, index) => {
      const place = (index * index * 7 + index) % length;
      return index % 3 === 2 ? place - length : place;
    }),
    shape,
  );

/** The sums, one number after the other. */
function expected(indices: Tensor, updates: Tensor, axis: number, length: number): number[] {
  const covered = indices.rank;
  const outer = sizeOf(updates.shape.slice(0, axis));
  const inner = sizeOf(updates.shape.slice(axis + covered));
  const sums = new Float64Array(outer * length * inner);
  let next = 0;
  for (let block = 0; block < outer; block++) {
    for (const given of indices.data) {
      const place = given < 0 ? given + length : given;
      for (let each = 0; each < inner; each++) {
        sums[(block * length + place) * inner + each]! += updates.data[next++]!;
      }
    }
  }
  const Rounding = {
    float32: Float32Array,
    float64: Float64Array,
    int32: Int32Array,
    uint32: Uint32Array,
    int8: Int8Array,
    uint8: Uint8Array,
    bool: Uint8Array,
  }[updates.dtype];
  return [...Rounding.from(sums)];
}

const ways: Readonly<Record<string, Partial<Tuning>>> = {
  "js": { emitter: "js" },
  "wasm": { emitter: "wasm" },
  "js, cut finely": { emitter: "js", ...finely },
  "wasm, cut finely": { emitter: "wasm", ...finely },
};

/** Asserts the bits of a plain loop, for one emitter and the other, as a whole and cut finely. */
function check(indices: Tensor, updates: Tensor, axis: number, length: number): void {
  const values = expected(indices, updates, axis, length);
  for (const [way, changes] of Object.entries(ways)) {
    withTuning(changes, () => {
      const f = compile((i: Value, u: Value) => scatterAdd(i, u, { axis, length }), { threads: 1 });
      const result = f(indices, updates);
      assertEquals(result.shape, updates.shape.toSpliced(axis, indices.rank, length));
      assertEquals(
        [...result.data],
        values,
        `${way}: ${indices.type}, ${updates.type}, axis ${axis}, length ${length}`,
      );
      assert(!f.explain().includes("host_"), f.explain());
    });
  }
}

/** How the kernel of a function is cut by each emitter. */
function cutsOf(fn: (...args: Value[]) => Value, args: readonly Tensor[]): WasmScatterCut[] {
  const { built } = compileProgram(graphFunctionOf((...args) => [fn(...args)], args), {});
  const kernels = built.calls.flatMap((call) => call.kind === "kernel" ? [call.kernel] : []);
  const scatter = kernels.find((kernel): kernel is ScatterKernel => kernel.kind === "scatter")!;
  return [scatterPartitionOf(scatter), wasmScatterCut(scatter)];
}

describe("scatterAdd, generated", () => {
  poisonScratch();
  it("is a plain loop for every axis, and indices of every rank", () => {
    for (const shape of [[5], [7, 3], [3, 8], [2, 5, 3], [3, 2, 4, 2], [9, 1], [1, 6], [4, 37], [2, 6, 33]]) {
      for (let axis = 0; axis < shape.length; axis++) {
        for (let covered = 0; axis + covered <= shape.length; covered++) {
          for (const length of [1, 3, 11]) {
            check(places(shape.slice(axis, axis + covered), length), numbers(shape), axis, length);
          }
        }
      }
    }
  });

  it("is a plain loop for every dtype, and wraps what does not fit", () => {
    for (const dtype of ["float32", "float64", "int32", "uint32", "int8", "uint8"] as const) {
      for (const indexDType of ["int32", "uint32", "int8", "uint8"] as const) {
        for (const shape of [[9], [9, 2], [9, 5], [9, 35]]) {
          check(int([2, 0, 1, 2, 2, 0, 4, 2, 2], [9], indexDType), numbers(shape, dtype), 0, 5);
        }
      }
    }
  });

  it("adds up what meets in one place in the order of the indices, however much it is", () => {
    for (const shape of [[3000], [900, 3], [300, 40]]) {
      check(zeros(shape.slice(0, 1), { dtype: "int32" }), numbers(shape), 0, 1);
      check(places(shape.slice(0, 1), 7), numbers(shape), 0, 7);
    }
    // In float32, every one of these would be lost after the first.
    const result = scatterAdd(
      zeros([1001], { dtype: "int32" }),
      tensor([2 ** 24, ...new Array<number>(1000).fill(1)]),
      {
        length: 1,
      },
    );
    assertEquals(result.toArray(), [2 ** 24 + 1000]);
  });

  it("is zeros without any indices, and 0 where only −0 is added", () => {
    for (const shape of [[0], [0, 3], [0, 40]]) check(int([]), zeros(shape), 0, 4);
    check(int([], [2, 0]), zeros([3, 2, 0]), 1, 4);
    for (const shape of [[2], [2, 3], [2, 40]]) {
      check(int([1, 1]), tensor(new Array(sizeOf(shape)).fill(-0), { shape }), 0, 2);
    }
  });

  it("has nothing to compute for an empty result, and looks at its indices", () => {
    const f = compile((i: Value, u: Value) => scatterAdd(i, u, { length: 3 }));
    assertEquals(f(int([0, 2]), zeros([2, 0])).shape, [3, 0]);
    assertThrows(() => f(int([0, 3]), zeros([2, 0])), RangeError, "index 3 is out of range for length 3");
    assertEquals(compile((i: Value, u: Value) => scatterAdd(i, u, { length: 0 }))(int([]), zeros([0, 2])).shape, [
      0,
      2,
    ]);
  });

  it("reads views of indices and of what it adds where they are", () => {
    const views: readonly ((x: Value) => Value)[] = [
      (x) => x.transpose(),
      (x) => x.flip(),
      (x) => x.flip(1),
      (x) => x.slice([1, null], [null, null], [1, -2]),
      (x) => x.slice([0, 1], [1, 2]).broadcastTo([5, 40]),
      (x) => x.slice([null, 1], [null, 2]).broadcastTo([4, 40]),
      (x) => x.reshape([2, 2, 40]),
      (x) => x.transpose().reshape([40, 2, 2]),
    ];
    const ofIndices: readonly ((indices: Value) => Value)[] = [
      (indices) => indices.flip(),
      (indices) => indices.reshape([-1, 2]).transpose().reshape([-1]),
      (indices) => indices.slice([1], [2]).broadcastTo(indices.shape),
    ];
    for (const view of views) {
      const x = numbers([4, 40]);
      const seen = view(x).concrete("compare");
      for (const ofIndex of ofIndices) {
        for (let axis = 0; axis < seen.rank; axis++) {
          const length = seen.shape[axis]!;
          const indices = places([length % 2 === 0 ? length : length + 1], 6);
          const cutTo = (value: Value): Value => ofIndex(value).slice([0], [length]);
          const values = expected(cutTo(indices).concrete("compare"), seen, axis, 6);
          for (const [way, changes] of Object.entries(ways)) {
            withTuning(changes, () => {
              const f = compile((i: Value, x: Value) => scatterAdd(cutTo(i), view(x), { axis, length: 6 }));
              assertEquals([...f(indices, x).data], values, `${way}: ${view}, ${ofIndex}, axis ${axis}`);
            });
          }
        }
      }
    }
  });

  it("walks indices of several axes that are parts of others, without a copy", () => {
    const [batch, time] = [5, 6];
    const [ids, x] = [places([batch, time], 9), numbers([batch, time, 4])];
    const [none, rest] = [[null, null] as const, [null, -1] as const];
    const [i, u] = [ids.slice(none, rest), x.slice(none, rest)];
    for (const [way, changes] of Object.entries(ways)) {
      withTuning(changes, () => {
        const f = compile((i: Value, u: Value) => scatterAdd(i.slice(none, rest), u.slice(none, rest), { length: 9 }));
        assertEquals([...f(ids, x).data], expected(i, u, 0, 9), way);
        assertEquals(f.kernels().length, 1, f.explain());
      });
    }
  });

  it("copies rows that no single stride walks", () => {
    const x = numbers([4, 3, 5]);
    const permuted = (value: Value): Value => value.permuteDims([0, 2, 1]);
    const f = compile((i: Value, x: Value) => scatterAdd(i, permuted(x), { length: 3 }));
    const indices = int([2, 0, 2, 1]);
    assertEquals([...f(indices, x).data], expected(indices, permuted(x).concrete("compare"), 0, 3));
    assertEquals(f.kernels().length, 2, f.explain());
  });

  it("adds integers at their own places", () => {
    const f = compile((i: Value) => scatterAdd(i, i, { length: 4 }));
    assertEquals(f(int([3, 1, 3, 0])).toArray(), [0, 1, 0, 6]);
  });

  it("is a kernel beside those that compute its operands, and use its result", () => {
    const f = compile((i: Value, u: Value) => scatterAdd(i.add(1), u.exp(), { length: 4 }).mul(2).sum());
    const [indices, updates] = [int([0, 2, 0]), tensor([[0, 1], [2, 3], [1, 0]])];
    const exact = 2 * (2 + 2 * Math.E + Math.E ** 2 + Math.E ** 3);
    assert(Math.abs(f(indices, updates).item() - exact) < 8 * 2 ** -24 * exact); // eight roundings at most
    assertEquals(f.kernels().length, 4, f.explain());
    assert(f.explain().includes("shares its kernel with nothing"), f.explain());
  });

  it("has the text of other sizes, and no number of theirs", () => {
    for (const emitter of ["js", "wasm"] as const) {
      const text = (rows: number, columns: number, length: number): string => {
        const f = compile((i: Value, u: Value) => scatterAdd(i, u, { length }), { emitter });
        f(zeros([rows], { dtype: "int32" }), zeros([rows, columns]));
        return f.source();
      };
      assertEquals(text(17, 13, 1019), text(19, 11, 1021));
      assert(!/1019|float32\[/.test(text(17, 13, 1019)));
    }
  });
});

describe("scatterAdd on several threads", () => {
  poisonScratch();
  const scatters: Readonly<Record<string, readonly [Tensor, Tensor, number, number]>> = {
    "numbers into many bins": [places([200], 150), numbers([200]), 0, 150],
    "many numbers into few bins": [places([500], 3), numbers([500]), 0, 3],
    "many short rows into few": [places([300], 4), numbers([300, 5]), 0, 4],
    "long rows": [places([50], 40), numbers([50, 37]), 0, 40],
    "long rows into two": [places([60], 2), numbers([60, 100]), 0, 2],
    "the last axis": [places([40], 25), numbers([12, 40]), 1, 25],
    "an axis in the middle": [places([30], 5), numbers([9, 30, 33], "float64"), 1, 5],
    "an index in two axes": [places([4, 6], 11), numbers([3, 4, 6, 20]), 1, 11],
  };

  it("gives the same bits for any number of them, by either emitter", async () => {
    for (const emitter of ["js", "wasm"] as const) {
      for (const [name, [indices, updates, axis, length]] of Object.entries(scatters)) {
        const results: string[] = [];
        for (const threads of [1, 2, 3, 4, 8]) {
          const f = await onThreads(threads, () => {
            const f = compile((i: Value, u: Value) => scatterAdd(i, u, { axis, length }), { emitter });
            f(indices, updates);
            return f;
          });
          const made = sharedRuns(() => results.push(bitsOf([f(indices, updates)])));
          if (threads > 1) assertEquals(made, 1, name);
        }
        assertEquals(new Set(results).size, 1, `${emitter}: ${name}`);
      }
    }
    workers.close();
  });

  it("is cut by what there is to share", () => {
    const cuts = (updates: readonly number[], length: number, axis = 0): WasmScatterCut[] => {
      const indices = zeros(updates.slice(axis, axis + 1), { dtype: "int32" });
      return cutsOf((i, u) => scatterAdd(i!, u!, { axis, length }), [indices, zeros(updates)]);
    };
    assertEquals(cuts([1_000_000], 1000), ["updates", "updates"]);
    assertEquals(cuts([1_000_000], 1_000_000), ["rows", "rows"]);
    assertEquals(cuts([100], 3), ["rows", "rows"]);
    assertEquals(cuts([4096, 64], 10_000), ["rows", "lists"]);
    assertEquals(cuts([16, 10_000], 100, 1), ["rows", "rows"]);
  });

  it("is large enough to share in an embedding, and in a histogram", async () => {
    await startWorkers(2);
    for (const [rows, columns, length] of [[4096, 64, 10_000], [300_000, 1, 1000], [200_000, 1, 200_000]] as const) {
      const indices = random.randint([rows], { low: -length, high: length, key: random.key(1) }).concrete("use");
      const updates = random.normal(columns === 1 ? [rows] : [rows, columns], { key: random.key(2) }).concrete("use");
      const results = [1, 2].map((threads) => {
        const f = compile((i: Value, u: Value) => scatterAdd(i, u, { length }), { threads });
        const result = f(indices, updates);
        assertGreater(Number(/(\d+) chunks/.exec(f.explain())?.[1] ?? 1), 1, f.explain());
        return result;
      });
      assertEquals(bitsOf([results[0]!]) === bitsOf([results[1]!]), true);
      const values = expected(indices, updates, 0, length);
      // Cut into calls with sums of their own, it is rounded in other places; in float64, so that it hardly ever shows.
      const apart = results[0]!.data.filter((value, index) =>
        Math.abs(value - values[index]!) > 2 ** -22 * Math.abs(value)
      );
      assertEquals(apart.length, 0);
    }
    workers.close();
  });
});

describe("an index of scatterAdd that is out of range", () => {
  poisonScratch();
  const message = (index: number, length: number, type: string, axis = 0): string =>
    `Cannot scatterAdd to axis ${axis} of ${type}: index ${index} is out of range for length ${length}`;

  it("is the error of the reference, whichever way the kernel is cut", () => {
    for (const changes of Object.values(ways)) {
      for (const shape of [[3], [3, 2], [3, 40]]) {
        for (const bad of [3, -4, 2 ** 31 - 1, -(2 ** 31)]) {
          withTuning(changes, () => {
            const f = compile((i: Value, u: Value) => scatterAdd(i, u, { length: 3 }));
            const type = `float32[${[3, ...shape.slice(1)]}]`;
            const error = assertThrows(() => f(int([0, bad, 1]), zeros(shape)), RangeError);
            assertEquals(error.message.split("\n")[0], message(bad, 3, type));
            assert(error.message.includes("recorded at"), error.message);
            assertEquals([...f(int([0, 2, 0]), zeros(shape).add(1)).data][0], 2); // it can be used again
          });
        }
      }
      withTuning(changes, () => {
        const f = compile((i: Value, u: Value) => scatterAdd(i, u, { axis: 1, length: 2 }));
        const few = int([0, 4294967295], [2], "uint32");
        assertThrows(() => f(few, zeros([5, 2])), RangeError, message(4294967295, 2, "float32[5,2]", 1));
        const many = int(Array.from({ length: 200 }, (_, index) => index === 150 ? 2 : index % 2));
        assertThrows(() => f(many, zeros([5, 200])), RangeError, message(2, 2, "float32[5,2]", 1));
        assertThrows(() => f(many, zeros([1, 200])), RangeError, message(2, 2, "float32[1,2]", 1));
      });
    }
  });

  it("leaves every Variable as it was, on several threads, too", async () => {
    await onThreads(2, () => {
      const [table, steps] = [new Variable(numbers([6, 40])), new Variable(0)];
      const step = compile((ids: Value, u: Value) => {
        steps.assign(steps.add(1));
        table.assign(table.sub(scatterAdd(ids, u, { length: 6 })));
        return table.sum();
      });
      step(int([0, 5, 2]), numbers([3, 40]));
      const before = [table.toArray(), steps.item()];
      assertThrows(() => step(int([0, 6, 2]), numbers([3, 40])), RangeError, message(6, 6, "float32[6,40]"));
      assertEquals([table.toArray(), steps.item()], before);
      step(int([0, 1, 2]), numbers([3, 40]));
      assertEquals(steps.item(), 2);
    });
    workers.close();
  });
});
