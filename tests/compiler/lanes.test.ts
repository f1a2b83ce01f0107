// How the four lanes of WebAssembly find their elements: every other one of an array, each of two twice, two by turns,
// and few elements of each of several rows. Numbers are whole and small; expected values are those of the reference.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { compile, type DType, grad, logicalXor, maxPool2d, slice, type Tensor, tensor, type Value } from "../../mod.ts";
import { joinPatterns } from "../../compiler/kernel/loops/wasm_join_patterns.ts";
import { wasmTarget } from "../../compiler/emit/wasm/wasm.ts";
import type { LoopKernel } from "../../compiler/kernel/loops/kernel.ts";
import type { Kernel } from "../../compiler/kernel/kernel.ts";
import { withTuning } from "../../compiler/limits.ts";
import { compileProgram } from "../../compiler/program/program.ts";
import { referenceExecutor } from "../../src/graph/interpret.ts";
import { sizeOf } from "../../src/shape.ts";
import { graphFunctionOf } from "./graph_function.ts";

type Build = (...args: Value[]) => Value;

const dtypes: readonly DType[] = ["float32", "float64", "int32", "uint32", "int8", "uint8", "bool"];

const numbers = (shape: readonly number[], dtype: DType): Tensor =>
  tensor(Float64Array.from({ length: sizeOf(shape) }, (_, index) => index * 7 % 11), { shape, dtype });

/** The only kernel of a function. */
function kernelOf(build: Build, args: readonly Tensor[]): Kernel {
  const { built } = compileProgram(graphFunctionOf((...values) => [build(...values)], args), {});
  const kernels = built.calls.flatMap((call) => call.kind === "kernel" ? [call.kernel] : []);
  assertEquals(kernels.length, 1);
  return kernels[0]!;
}

/** Asserts that a function has the values that it should have, in one piece and in chunks of four elements. */
function assertComputes(build: Build, args: readonly Tensor[]): void {
  const [expected] = referenceExecutor.compile(graphFunctionOf((...values) => [build(...values)], args), {})
    .run(args, []);
  for (const chunkWork of [2 ** 15, 1]) {
    const { data } = withTuning({ chunkWork, emitter: "wasm" }, () => compile(build)(...args));
    assertEquals([...data], [...expected!.data], `${args.map(({ type }) => type)}, chunks of ${chunkWork}`);
  }
}

/** How the accesses of a kernel are walked once its pairs are joined. */
const pairsOf = (kernel: LoopKernel): unknown[] => joinPatterns(kernel).indexMaps.map(({ pattern }) => pattern);

describe("a last axis of two elements", () => {
  const add = (x: Value, y: Value): Value => x.dtype === "bool" ? logicalXor(x, y) : x.add(y);

  it("is joined to the one before: elements twice, two by turns, and evenly", () => {
    for (const dtype of dtypes) {
      for (const length of [2, 3, 7, 8, 21]) {
        const [twice, byTurns] = [numbers([5, length, 1], dtype), numbers([5, 1, 2], dtype)];
        const evenly = numbers([5, length, 2], dtype);
        const build: Build = (x, y, z) => add(add(x!, y!), z!);
        const kernel = kernelOf(build, [twice, byTurns, evenly]) as LoopKernel;
        assertEquals(pairsOf(kernel), [undefined, "repeated", "alternating", undefined]);
        assertComputes(build, [twice, byTurns, evenly]);
        assertComputes(build, [twice, numbers([1, 2], dtype), evenly]);
      }
    }
  });

  it("is joined where it is all that there is beside one other", () => {
    const build: Build = (x, y) => x!.add(y!);
    const args = [numbers([9, 1], "float32"), numbers([2], "float32")];
    assertEquals(pairsOf(kernelOf(build, args) as LoopKernel), [undefined, "repeated", "alternating"]);
    assertComputes(build, args);
  });

  it("is not joined where an array is walked otherwise", () => {
    const build: Build = (x, y) => x!.add(y!.transpose());
    const args = [numbers([6, 2], "float32"), numbers([2, 6], "float32")];
    assertEquals(pairsOf(kernelOf(build, args) as LoopKernel), [undefined, undefined, undefined]);
    assertComputes(build, args);
  });

  it("is joined where elements are found by an index", () => {
    const build: Build = (x, index, y) => x!.take(index!).add(y!);
    const args = [
      numbers([3, 2], "float32"),
      tensor([2, 0, 1, 2, 0], { dtype: "int32" }),
      numbers([5, 2], "float32"),
    ];
    assertEquals(pairsOf(kernelOf(build, args) as LoopKernel), [undefined, "repeated", "alternating", undefined]);
    assertComputes(build, args);
  });
});

describe("every other element", () => {
  it("is had from eight, of every dtype, and nothing behind the last", () => {
    for (const dtype of dtypes) {
      for (const length of [1, 2, 7, 8, 9, 15, 33]) {
        const every = (x: Value): Value => slice(x, [null, 0], [null, null], [1, 2]);
        const odd = (x: Value): Value => slice(x, [null, 1], [null, null], [1, 2]);
        const args = [numbers([3, 2 * length], dtype)];
        assertComputes((x) => dtype === "bool" ? logicalXor(every(x!), odd(x!)) : every(x!).add(odd(x!)), args);
      }
    }
  });
});

describe("columns", () => {
  it("are summed beside each other where they can be, so that a cache line is read once", () => {
    const loads = (build: Build, shape: readonly number[], instruction: string): number =>
      wasmTarget.print(kernelOf(build, [numbers(shape, "float32")]), { exact: false }).split(`(${instruction} `)
        .length - 1;
    assertEquals(loads((x) => x!.sum(0), [50, 40], "v128.load"), 4 + 1 + 1); // sixteen, four, and those that are left
    assertEquals(loads((x) => x!.transpose().sum(0), [40, 50], "v128.load32_zero"), 1 + 1); // they lie far apart
  });

  it("are taken sixteen at a time, then four, then what is left", () => {
    for (const width of [1, 3, 4, 15, 16, 17, 20, 33, 39]) {
      for (const dtype of dtypes) {
        const x = numbers([5, width], dtype);
        assertComputes((x) => dtype === "bool" ? x!.any(0) : x!.sum(0), [x]);
        assertComputes((x) => dtype === "bool" ? x!.all([0, 2]) : x!.max([0, 2]), [numbers([2, width, 3], dtype)]);
      }
      const [x, y] = [numbers([7, width], "float32"), numbers([width], "float32")];
      assertComputes((x, y) => x!.mul(y!).add(1).sum(0).mul(2).sub(y!), [x, y]);
      assertComputes((x, y) => x!.sub(y!).square().mean(0), [x, y]);
    }
  });
});

describe("windows", () => {
  it("of few elements are written out, not looped over", () => {
    const loops = (size: number): number =>
      wasmTarget.print(kernelOf((x) => maxPool2d(x!, { size }), [numbers([2, 3, 12, 12], "float32")]), { exact: false })
        .match(/\(loop /g)!.length;
    assertEquals(loops(2), loops(3));
    assert(loops(4) > loops(3));
  });

  it("of many elements are looped over, if one of their axes is empty, too", () => {
    const kernel = kernelOf((x) => maxPool2d(x!, { size: 2 }), [numbers([2, 3, 12, 12], "float32")]) as LoopKernel;
    const lines = (inner: readonly number[]): number =>
      wasmTarget.print({ ...kernel, inner }, { exact: false }).split("\n").length;
    assertEquals(lines([1000, 0]), lines([1000, 2]));
  });

  it("have the same largest elements and gradients, whatever their size and stride", () => {
    for (const size of [1, 2, 3, 4]) {
      for (const stride of [1, 2, 3]) {
        for (const dtype of ["float32", "float64"] as const) {
          const pool = (x: Value): Value => maxPool2d(x, { size, stride });
          const x = numbers([2, 3, 9, 13], dtype);
          assertComputes((x) => pool(x!), [x]);
          assertComputes((x) => grad((x: Value) => pool(x).sum())(x!), [x]);
        }
      }
    }
  });
});
