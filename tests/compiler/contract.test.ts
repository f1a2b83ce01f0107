// Contractions of any number of axes in generated kernels. All numbers are whole and small, so that results are exact;
// expected values are those of the reference implementation.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { compile, type DType, permuteDims, slice, type Tensor, tensor, type Value } from "../../mod.ts";
import { wasmTarget } from "../../compiler/emit/wasm/wasm.ts";
import type { ContractKernel } from "../../compiler/kernel/contract/kernel.ts";
import { compileProgram } from "../../compiler/program/program.ts";
import { referenceExecutor } from "../../src/graph/interpret.ts";
import { contract, type ContractAxes } from "../../src/ops/contract.ts";
import { opTable } from "../../src/ops/table.ts";
import { graphFunctionOf } from "./graph_function.ts";

const numbers = (shape: readonly number[], dtype: DType = "float32"): Tensor => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(Float64Array.from({ length: size }, (_, index) => index * 7 % 11), { shape, dtype });
};

const seen = ({ dtype, shape, data }: Tensor): unknown => [dtype, shape, [...data]];

function reference(x: Tensor, y: Tensor, axes: ContractAxes): Tensor {
  return referenceExecutor.eager(opTable.contract, [x, y], axes);
}

/** The contraction among the kernels of a function, which must have no other kernel. */
function kernelOf(fn: (...args: Value[]) => Value, args: readonly Tensor[]): ContractKernel {
  const { built } = compileProgram(graphFunctionOf((...values) => [fn(...values)], args), {});
  const kernels = built.calls.map((call) => call.kind === "kernel" ? call.kernel : undefined);
  assertEquals(kernels.map((kernel) => kernel?.kind), ["contract"]);
  return kernels[0] as ContractKernel;
}

describe("a contraction's axes", () => {
  const axesOf = ({ outer, lhsFree, contracting, rhsFree }: ContractKernel): unknown => ({
    outer,
    rows: lhsFree,
    depth: contracting,
    columns: rhsFree,
  });
  it("are one each for a product of matrices", () => {
    const kernel = kernelOf((x, y) => contract(x, y), [numbers([2, 3]), numbers([3, 4])]);
    assertEquals(axesOf(kernel), { outer: [], rows: [2], depth: [3], columns: [4] });
  });
  it("of length 1 are left out", () => {
    const kernel = kernelOf((x, y) => contract(x, y), [numbers([5, 1, 3]), numbers([5, 3, 1])]);
    assertEquals(axesOf(kernel), { outer: [5], rows: [], depth: [3], columns: [] });
  });
  it("are joined where both operands and the result walk them as one", () => {
    const axes = { rows: 2, depth: 2, columns: 2 };
    const kernel = kernelOf((x, y) => contract(x, y, axes), [numbers([6, 2, 3, 2, 2]), numbers([6, 2, 2, 3, 4])]);
    assertEquals(axesOf(kernel), { outer: [6], rows: [6], depth: [4], columns: [12] });
  });
  it("stay apart where one of them does not", () => {
    const kernel = kernelOf(
      (x, y) => contract(permuteDims(x, [1, 0, 3, 2]), permuteDims(y, [1, 0, 3, 2]), { rows: 2, depth: 2, columns: 2 }),
      [numbers([2, 3, 2, 3]), numbers([2, 3, 4, 5])],
    );
    assertEquals(axesOf(kernel), { outer: [], rows: [3, 2], depth: [3, 2], columns: [5, 4] });
  });
  it("of a stack are rows where the right operand is the same", () => {
    const kernel = kernelOf((x, y) => contract(x, y), [numbers([5, 2, 3]), numbers([3, 4])]);
    assertEquals(axesOf(kernel), { outer: [], rows: [10], depth: [3], columns: [4] });
  });
});

describe("a contraction of many axes", () => {
  const sizes: [string, rows: [number, number], columns: [number, number], depth: [number, number]][] = [
    ["from its operands", [2, 3], [3, 2], [2, 2]],
    ["from packed operands", [6, 3], [3, 5], [4, 3]],
    ["of few columns", [6, 3], [1, 3], [4, 3]],
  ];
  for (const [name, [r, s], [c, d], [k, l]] of sizes) {
    for (const dtype of ["float32", "float64", "int32", "uint8"] as const) {
      it(`of ${dtype} is the reference's, ${name}`, () => {
        const axes = { rows: 2, depth: 2, columns: 2 };
        const [x, y] = [numbers([2, r, s, k, l], dtype), numbers([2, k, l, c, d], dtype)];
        const z = numbers([2, r, s, c, d], dtype);
        // Of two axes one is walked backwards, so that no stride walks both: none, rows, depth, columns, all of them.
        const ways: [(x: Value) => Value, (y: Value) => Value][] = [
          [(x) => x, (y) => y],
          [backwards(1), (y) => y],
          [backwards(3), backwards(1)],
          [(x) => x, backwards(4)],
          [backwards(1, 4), backwards(1, 4)],
        ];
        for (const [ofX, ofY] of ways) {
          const f = compile((x: Value, y: Value, z: Value) => contract(ofX(x), ofY(y), axes).add(z));
          const product = reference(ofX(x) as Tensor, ofY(y) as Tensor, axes);
          const expected = referenceExecutor.eager(opTable.add, [product, z], {});
          assertEquals(seen(f(x, y, z)), seen(expected));
          assertEquals(f.kernels(x, y, z).length, 1);
        }
      });
    }
  }

  it("takes operands of other dtypes than its result, by both emitters", () => {
    for (
      const [left, right] of [["int32", "float32"], ["float32", "int32"], ["int8", "float64"], [
        "int32",
        "float64",
      ]] as const
    ) {
      const [x, y] = [numbers([7, 13], left), numbers([13, 5], right)];
      const expected = seen(reference(x, y, { rows: 1, depth: 1, columns: 1 }));
      for (const emitter of ["js", "wasm"] as const) {
        assertEquals(seen(compile((x: Value, y: Value) => contract(x, y), { emitter })(x, y)), expected);
      }
    }
  });

  it("takes memory of a known size, whichever of its axes is empty", () => {
    for (const [rows, depth, columns] of [[0, 5, 7], [6, 0, 7], [6, 5, 0], [0, 0, 0]] as const) {
      const kernel = kernelOf((x, y) => contract(x, y), [numbers([rows, depth]), numbers([depth, columns])]);
      assert(
        Number.isSafeInteger(wasmTarget.emit([kernel], { exact: false })[0]!.scratchBytes),
        `${rows}, ${depth}, ${columns}`,
      );
    }
  });

  it("has an epilogue that reads across", () => {
    const [x, y, z] = [numbers([4, 5, 3]), numbers([3, 3, 2]), numbers([2, 3, 5, 4])];
    const f = compile((x: Value, y: Value, z: Value) =>
      contract(x, y, { rows: 2, columns: 2 }).add(permuteDims(z, [3, 2, 1, 0])).relu()
    );
    const expected = [...reference(x, y, { rows: 2, columns: 2 }).data];
    const added = permuteDims(z, [3, 2, 1, 0]).data;
    assertEquals([...f(x, y, z).data], expected.map((value, index) => value + added[index]!));
    assertEquals(f.kernels(x, y, z).length, 1);
  });
});

/** A view in which some axes are walked backwards. */
function backwards(...axes: readonly number[]): (x: Value) => Value {
  return (x) => {
    const everything = x.shape.map(() => null);
    return slice(x, everything, everything, x.shape.map((_, axis) => axes.includes(axis) ? -1 : 1));
  };
}
