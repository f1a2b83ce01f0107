/**
 * Convolution and pooling as PyTorch computed them: `convolution.jsonl` has one call a line, with its operands, its
 * result and its gradients; the first line says how they were made.
 */
import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import * as tensorloom from "../../mod.ts";
import { compile, type DType, grad, Graph, placeholder, Session, type Tensor, tensor, type Value } from "../../mod.ts";
import { TableOperation } from "../../src/graph/operation.ts";
import { isComposite } from "../../src/ops/op.ts";

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** One call. `g` is what the elements of the result are multiplied with, before they are summed and differentiated. */
interface Case {
  readonly call:
    | `conv${"" | "Transpose"}${1 | 2 | 3}d`
    | `${"max" | "average"}Pool${1 | 2 | 3}d`;
  readonly options: Readonly<Record<string, unknown>>;
  readonly x: Numbers;
  readonly w?: Numbers;
  readonly y: Numbers;
  readonly g: Numbers;
  readonly dx: Numbers;
  readonly dw?: Numbers;
}

const lines = readFileSync(new URL("./convolution.jsonl", import.meta.url), "utf8").trim().split("\n").slice(1);

/** The calls whose names begin so. */
export function casesOf(...calls: readonly string[]): Case[] {
  return lines.map((line) => JSON.parse(line) as Case).filter(({ call }) =>
    calls.some((name) => call.startsWith(name))
  );
}

/** What a case is called in a list of tests. */
export function titleOf({ call, options, x, w }: Case): string {
  return `${call} of [${x.shape}]${w ? ` and [${w.shape}]` : ""} ${JSON.stringify(options)}`;
}

/** The numbers of a file as a tensor. */
export function toTensor({ shape, data }: Numbers, dtype: DType = "float64"): Tensor {
  return tensor(Float64Array.from(data), { dtype: "float64", shape: [...shape] }).astype(dtype);
}

/** The call, as a function of its operands. */
export function callOf({ call, options }: Case): (...operands: readonly Value[]) => Value {
  const operation = tensorloom[call] as (...given: unknown[]) => Value; // the file has what each call takes
  return (...operands) => operation(...operands, options);
}

/** Asserts that `actual` is what PyTorch has: the same but for the rounding of divisions, of `units` in the last place. */
export function assertSame(actual: Value, expected: Numbers, units: number): void {
  assertEquals(actual.shape, expected.shape);
  const ulp = actual.dtype === "float64" ? 2 ** -52 : 2 ** -23;
  Array.from(actual.data).forEach((value, index) => {
    const wanted = expected.data[index]!;
    const distance = Math.abs(value - wanted);
    assert(distance <= units * ulp * Math.abs(wanted), `element ${index} is ${value}, not ${wanted}`);
  });
}

/** The result and the gradients of a case, all in `dtype`. */
export function checkCase(each: Case, dtype: DType, units: number, isCompiled: boolean): void {
  const call = callOf(each);
  const operands = operandsOf(each, dtype);
  const g = toTensor(each.g, dtype);
  const gradients = (...values: Value[]): readonly Value[] =>
    grad((xs: readonly Value[]) => call(...xs).mul(g).sum())(values);
  const [forward, backward] = isCompiled ? [compile(call), compile(gradients)] : [call, gradients];
  assertSame(forward(...operands), each.y, units);
  const [dx, dw] = backward(...operands) as readonly [Value, Value?]; // one for each operand
  assertSame(dx, each.dx, units);
  if (each.dw) assertSame(dw!, each.dw, units);
}

/**
 * The result of a case by the reference implementation and by the decomposition, and in graphs made by hand that know the
 * shapes, or do not.
 */
export function checkGraphs(each: Case, units: number): void {
  const [call, operands] = [callOf(each), operandsOf(each, "float64")];
  new Graph().asDefault(() => {
    const typed = operands.map(({ dtype, shape }) => placeholder({ dtype, shape: [...shape] }));
    const node = call(...typed);
    assert(node instanceof TableOperation);
    assertSame(node.compute(...operands), each.y, units);
    assert(isComposite(node.op));
    assertSame(node.op.decompose(operands, node.attributes), each.y, units);
    const untyped = operands.map(() => placeholder());
    for (const [placeholders, result] of [[typed, node], [untyped, call(...untyped)]] as const) {
      const feeds = placeholders.map((each, index) => [each, operands[index]!] as const);
      assertSame(new Session().run(result, feeds), each.y, units);
    }
  });
}

function operandsOf({ x, w }: Case, dtype: DType): Tensor[] {
  return [x, ...(w ? [w] : [])].map((numbers) => toTensor(numbers, dtype));
}
