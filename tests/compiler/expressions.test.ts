// What kernels compute of single numbers. Expected values are those of the op table's own functions on numbers.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { compile, type DType, type Tensor, tensor } from "../../mod.ts";
import { dtypes, isInteger } from "../../src/dtype.ts";
import { convertNumber, notForBool } from "../../src/ops/elementwise.ts";
import { apply } from "../../src/graph/apply.ts";
import { none } from "../../src/ops/op.ts";
import type { ElementwiseOp } from "../../src/ops/primitive.ts";
import { type Intrinsic, type IntrinsicName, opNames, opTable } from "../../src/ops/table.ts";
import { type FunctionName, functions } from "./vector_math.ts";

/** All of them: the table's element-wise operations. */
const intrinsics = opNames.map((name) => opTable[name]).filter(({ lowering }) =>
  lowering === "elementwise"
) as Intrinsic[];

// deno-fmt-ignore
const floats = [
  NaN, 0, 0.1, 0.5, 0.9, 1, 1.25, 1.5, 2.5, 3, 7, 100, 710, 2 ** 31, 2 ** 53, 2 ** -149, 1e-40, 3.4e38, Infinity,
];

/** What WebAssembly approximates in float32: see vector_math.test.ts. */
const approximated = new Set<IntrinsicName>([...Object.keys(functions) as FunctionName[], "pow"]); // its own keys

/** Numbers of each dtype, every one with its negative where it has one. */
const numbers: Readonly<Record<DType, readonly number[]>> = {
  float32: [...floats, ...floats.map((x) => -x)],
  float64: [...floats, 5e-324, 1e-310, 1.7e308].flatMap((x) => [x, -x]),
  int32: [0, 1, -1, 2, -2, 3, -7, 65537, -65537, 2 ** 31 - 1, 1 - 2 ** 31, -(2 ** 31)],
  uint32: [0, 1, 2, 3, 7, 65537, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1],
  int8: [0, 1, -1, 2, -2, 3, -7, 100, 127, -127, -128],
  uint8: [0, 1, 2, 3, 7, 100, 128, 254, 255],
  bool: [0, 1],
};

/** The dtype of an operation's result, or undefined where it refuses bools. */
function resultOf(op: ElementwiseOp, inputs: readonly Tensor[]): DType | undefined {
  try {
    return op.infer(inputs.map((input) => input.type), none).dtype;
  } catch (error) {
    assert(String(error).includes(notForBool), String(error));
    return undefined;
  }
}

/** Compares all combinations of the numbers of a dtype; an operand's numbers lie along an axis of its own. */
function checkExpression(op: Intrinsic, dtype: DType, emitter: "js" | "wasm"): void {
  const { name, operands } = op;
  const inputs = Array.from({ length: operands }, (_, index) => {
    const own = name === "where" && index === 0 ? "bool" : dtype;
    const shape = [numbers[own].length, ...Array<number>(operands - 1 - index).fill(1)];
    return tensor([...numbers[own]], { dtype: own, shape });
  });
  const made = resultOf(op, inputs);
  if (made === undefined) return assertEquals(dtype, "bool");
  // In the same kernel, as float64, it shows what the array of an integer dtype would have wrapped or rounded.
  const taken = op.operandDType(inputs.map((input) => input.type), operands - 1);
  if (emitter === "wasm" && taken === "float32" && approximated.has(name)) return;
  const result = compile((...xs: Tensor[]) => apply(op, xs).astype("float64"), { exact: true, emitter })(...inputs);
  const scalar = isInteger(taken) && op.integer !== undefined ? op.integer : op.scalar;
  const [x, y, z] = inputs.map(({ data }) => Array.from(data, (number) => convertNumber(number, taken)));
  let index = 0;
  for (const first of x!) {
    for (const second of y ?? [0]) {
      for (const third of z ?? [0]) {
        const expected = convertNumber(scalar(first, second, third), made);
        const actual = result.data[index++]!;
        // Not assertEquals: it would take most of the time.
        if (!Object.is(actual, expected)) {
          const given = [first, second, third].slice(0, operands).join(", ");
          assert(false, `by ${emitter} ${name} of ${dtype} ${given} is ${actual}, ${expected} expected`);
        }
      }
    }
  }
  assertEquals(index, result.size);
}

describe("an element-wise operation in a kernel", () => {
  for (const op of intrinsics) {
    it(`is ${op.name} of single numbers`, () => {
      for (const dtype of dtypes) {
        for (const emitter of ["js", "wasm"] as const) checkExpression(op, dtype, emitter);
      }
    });
  }
});
