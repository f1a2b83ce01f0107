/**
 * Cases whose results NumPy computed: one JSON object per line of a file, with the call, its inputs and arguments, the
 * NumPy expression (over x, y, z: the inputs), and the result's dtype, shape and elements.
 */
import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { type DType, Graph, type Operation, placeholder, Session, type Tensor, tensor, type Value } from "../../mod.ts";
import { TableOperation } from "../../src/graph/operation.ts";
import { isComposite } from "../../src/ops/op.ts";

interface Numbers {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** NaN and the infinities are written as strings, which JSON has no numbers for. */
  readonly data: readonly (number | string)[];
}

interface Case extends Numbers {
  readonly call: string;
  readonly inputs: readonly Numbers[];
  readonly arguments: readonly unknown[];
  readonly numpy: string;
}

/** A function of the library, called with the inputs of a case and its arguments. */
export type Call = (inputs: readonly Value[], args: readonly never[]) => Value;

function toTensor({ dtype, shape, data }: Numbers): Tensor {
  return tensor(Float64Array.from(data, Number), { dtype: "float64", shape }).astype(dtype);
}

function check(actual: Value, expected: Case, way: string): void {
  const result = actual.concrete("compare");
  assertEquals(`${result.type}`, `${expected.dtype}[${expected.shape.join(",")}]`, way);
  // `+ 0` makes −0 a plain 0: the cases do not tell them apart.
  assertEquals(Array.from(result.data, (x) => x + 0), expected.data.map((x) => Number(x) + 0), way);
}

/**
 * Every case of a file, computed in every way there is: eagerly, by the reference implementation, by the decomposition,
 * and in graphs made by hand that know the shapes, or do not. All of it is exact.
 */
export function testNumpyCases(file: string, calls: Readonly<Record<string, Call>>): void {
  const lines = readFileSync(new URL(file, import.meta.url), "utf8").trim().split("\n");
  for (const each of lines.map((line) => JSON.parse(line) as Case)) {
    const call = calls[each.call]!;
    const args = each.arguments as readonly never[]; // the file says what the call is given
    const types = each.inputs.map(({ dtype, shape }) => `${dtype}[${shape.join(",")}]`).join(", ");
    it(`${each.call} of ${types}: ${each.numpy}`, () => {
      const inputs = each.inputs.map(toTensor);
      check(call(inputs, args), each, "eager");
      new Graph().asDefault(() => {
        const typed = each.inputs.map(({ dtype, shape }) => placeholder({ dtype, shape: [...shape] }));
        const node = call(typed, args) as Operation; // its operands are nodes
        assert(node instanceof TableOperation);
        check(node.compute(...inputs), each, "reference");
        if (isComposite(node.op)) check(node.op.decompose(inputs, node.attributes), each, "decomposition");
        check(run(node, typed, inputs), each, "session, shapes known");
        const untyped = each.inputs.map(() => placeholder());
        check(run(call(untyped, args), untyped, inputs), each, "session, shapes unknown");
      });
    });
  }
}

function run(node: Value, placeholders: readonly Value[], values: readonly Tensor[]): Tensor {
  return new Session().run(node, placeholders.map((each, index) => [each, values[index]!] as const));
}
