/**
 * The oracle: what a graph computes in float64, and how far from that a correct executor may be.
 *
 * Every value carries, element by element, a bound on the difference that rounding can make. It grows by the rules of
 * error analysis: what the errors of the operands come to, and what the operation itself may round, stated in units of
 * its dtype relative to the result, or for sums to Σ|terms|. An executor may round intermediate results or keep them
 * more precise, and may add in any order. Where an answer jumps within the bound (a comparison, a floor, an overflow)
 * there is no oracle: that is {@linkcode Undecided}. So what such operations are given is exact, or clear of the jump.
 * @module
 */
import { decompose } from "../../src/graph/decompose.ts";
import { type DType, isFloating } from "../../src/dtype.ts";
import { Graph } from "../../src/graph/graph.ts";
import { Constant, VariableRead } from "../../src/graph/leaf.ts";
import { Assign, type MultiOp, TableOperation } from "../../src/graph/operation.ts";
import { Placeholder } from "../../src/graph/placeholder.ts";
import { recordMulti, recordOperation } from "../../src/graph/recording.ts";
import { Recording, withTrace } from "../../src/graph/trace.ts";
import { postorder } from "../../src/graph/traverse.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { convertNumber } from "../../src/ops/elementwise.ts";
import type { GraphFunction } from "../../src/graph/function.ts";
import type { Attributes, Op } from "../../src/ops/op.ts";
import { computeReference } from "../../src/graph/reference.ts";
import type { Intrinsic } from "../../src/ops/table.ts";
import { type Tensor, tensorOver } from "../../src/tensor.ts";
import { TensorType } from "../../src/tensor_type.ts";
import type { Value } from "../../src/value.ts";
import { boundElements } from "./bounds_elementwise.ts";
import { boundContraction, boundCumulative, boundReduction, boundScatter } from "./bounds_reduce.ts";

/** Numbers in float64, and how far from each a correct result may be; 0 for one that has to be exactly this. */
export interface Bounded {
  readonly type: TensorType;
  readonly values: Float64Array;
  readonly errors: Float64Array;
}

/** Thrown where rounding decides about more than rounding. */
export class Undecided extends Error {}

/** A tensor's own numbers, which are exact. */
export function exactly(tensor: Tensor): Bounded {
  const values = Float64Array.from(tensor.data);
  return { type: tensor.type, values, errors: new Float64Array(values.length) };
}

/** Half the distance between neighbouring numbers of a floating dtype, relative to them. */
export function unit(dtype: DType): number {
  // In float64 the oracle rounds as well, so that two roundings lie between it and the result.
  return dtype === "float32" ? 2 ** -24 : 2 ** -52;
}

/** Half the smallest number of a floating dtype: what rounding may add near 0. */
export function smallest(dtype: DType): number {
  return dtype === "float32" ? 2 ** -150 : 2 ** -1073;
}

const largest: Readonly<Partial<Record<DType, number>>> = { float32: 3.4028e38, float64: 1.797e308 };

/** `error`, unless the number it belongs to might overflow in `dtype`, or is none at all and only perhaps so. */
export function checkRange(value: number, error: number, dtype: DType): number {
  if (!isFloating(dtype)) return error;
  if (!Number.isFinite(value)) {
    if (error !== 0) throw new Undecided("a result that may be NaN or infinite");
    return 0;
  }
  if (!(Math.abs(value) + error < largest[dtype]!)) throw new Undecided("a result that may overflow"); // both floats have one
  return error;
}

/** The number of significant bits of a finite number. */
export function significantBits(value: number): number {
  if (value === 0) return 0;
  scratch[0] = value;
  const [low, high] = [words[0]!, words[1]! & 0xfffff];
  if (low !== 0) return 53 - trailingZeros(low);
  return high === 0 ? 1 : 21 - trailingZeros(high);
}

const scratch = new Float64Array(1);
const words = new Uint32Array(scratch.buffer); // little-endian, as every engine that runs this is

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Whether any way of adding numbers of which these are the magnitudes is exact in `dtype`. */
export function addsExactly(magnitudes: readonly number[], dtype: DType): boolean {
  let total = 0;
  let step = Infinity; // all are multiples of this power of two
  for (const magnitude of magnitudes) {
    if (!Number.isFinite(magnitude)) return false;
    total += magnitude;
    if (magnitude !== 0) step = Math.min(step, 2 ** (Math.floor(Math.log2(magnitude)) - significantBits(magnitude)));
  }
  return total === 0 || total / step < 2 ** (dtype === "float32" ? 24 : 53);
}

/** `x` as it reaches an operation that works in `dtype`. */
export function convertBounded(x: Bounded, dtype: DType): Bounded {
  const { type } = x;
  if (type.dtype === dtype && !type.weak) return x;
  const target = new TensorType(dtype, type.shape);
  const values = new Float64Array(x.values.length);
  const errors = new Float64Array(x.values.length);
  for (let index = 0; index < values.length; index++) {
    const [value, error] = [x.values[index]!, x.errors[index]!];
    if (isFloating(dtype)) {
      const rounds = dtype === "float32" && Math.fround(value) !== value && !Number.isNaN(value);
      values[index] = value;
      errors[index] = checkRange(value, error + (rounds ? unit(dtype) * Math.abs(value) + smallest(dtype) : 0), dtype);
    } else {
      values[index] = convertNumber(value, dtype);
      const ends = [value - error, value + error];
      if (dtype === "bool" && error > 0 && ends[0]! <= 0 && ends[1]! >= 0) throw new Undecided("whether a number is 0");
      if (ends.some((end) => convertNumber(end, dtype) !== values[index])) throw new Undecided("an integer part");
    }
  }
  return { type: target, values, errors };
}

/**
 * What an operation makes of its operands; found from its decomposition, if it has one. `result` is which one of several.
 */
export function boundOperation(
  op: Op | MultiOp,
  inputs: readonly Bounded[],
  attributes: Attributes,
  result = 0,
): Bounded {
  const graph = new Graph();
  return withTrace(new Recording(graph, op.name), () => {
    const placeholders = inputs.map(({ type }, index) => new Placeholder(graph, { name: `x${index}` }, type));
    const node = "count" in op
      ? recordMulti(graph, op, placeholders, attributes)[result]!
      : recordOperation(graph, op, placeholders, attributes);
    const graphFunction = {
      name: op.name,
      graph,
      inputs: placeholders,
      outputs: [node],
      assigns: [],
      variables: [],
      captures: [],
      assumptions: [],
    };
    return boundGraph(graphFunction, inputs, unknownVariable).outputs[0]!;
  });
}

function unknownVariable(variable: Variable): never {
  throw new TypeError(`Cannot bound ${variable.describe()}: it is not among those given`);
}

/** What a graph function computes: its outputs, and what it assigns. */
export function boundGraph(
  graphFunction: GraphFunction,
  inputs: readonly Bounded[],
  variableOf: (variable: Variable) => Bounded,
): { outputs: Bounded[]; assigned: Bounded[] } {
  const primitive = decompose(graphFunction);
  const known = new Map<Value, Bounded>();
  primitive.inputs.forEach((placeholder, index) => known.set(placeholder, inputs[index]!));
  for (const node of postorder([...primitive.outputs, ...primitive.assigns])) {
    if (!known.has(node)) known.set(node, boundNode(node, known, variableOf));
  }
  const [outputs, assigned] = [primitive.outputs, primitive.assigns].map((nodes) =>
    nodes.map((node) => known.get(node)!)
  );
  return { outputs: outputs!, assigned: assigned! }; // of both there are lists
}

function boundNode(
  node: Value,
  known: ReadonlyMap<Value, Bounded>,
  variableOf: (variable: Variable) => Bounded,
): Bounded {
  if (node instanceof Constant) return exactly(node.tensor);
  if (node instanceof VariableRead) return variableOf(node.variable);
  if (node instanceof Assign) return known.get(node.inputNodes[0]!)!;
  if (!(node instanceof TableOperation)) {
    throw new TypeError(`Cannot bound ${node.describe()}: it is no operation of the table`);
  }
  const inputs = node.inputNodes.map((input) => known.get(input)!); // inputs come first
  const type = node.type!; // every type is known in a specialised graph
  const { op } = node;
  const floating = isFloating(type.dtype);
  switch (op.lowering) {
    case "elementwise":
      return boundElements(node, op as Intrinsic, inputs); // all intrinsics are in the op table
    case "convert":
      return { ...convertBounded(inputs[0]!, type.dtype), type };
    case "view":
    case "assemble":
      return move(node, inputs.map((input) => convertBounded(input, type.dtype)));
    case "gather":
      return move(node, [convertBounded(inputs[0]!, type.dtype), inputs[1]!]);
    case "scatter":
      return floating ? boundScatter(node, inputs) : compute(node, inputs);
    case "contract":
      return floating
        ? boundContraction(node, inputs.map((input) => convertBounded(input, type.dtype)))
        : compute(node, inputs);
    case "reduce":
      return boundReduction(node, inputs[0]!);
    case "cumulative":
      return boundCumulative(node, inputs[0]!);
    case "check":
    case "host":
      return compute(node, inputs);
    case undefined:
      throw new TypeError(`Cannot bound ${op.name}: it was not decomposed`);
    default:
      return op satisfies never;
  }
}

/** A result that is exact when the operands are, and has no meaning otherwise. */
export function compute({ op, attributes, type }: TableOperation, inputs: readonly Bounded[]): Bounded {
  if (inputs.some(({ errors }) => errors.some((error) => error !== 0))) {
    throw new Undecided(`${op.name} of what is not exact`);
  }
  const tensors = inputs.map((input) => tensorOver(input.values, input.type));
  return { ...exactly(computeReference(op, tensors, attributes, type!)), type: type! }; // every type is known
}

/** Elements are moved, and their errors with them. Indices are operands too, but are not moved. */
function move(node: TableOperation, inputs: readonly Bounded[]): Bounded {
  const { op, attributes } = node;
  const type = node.type!;
  const wide = ({ dtype, shape }: TensorType): TensorType =>
    new TensorType(isFloating(dtype) ? "float64" : dtype, shape);
  const run = (part: "values" | "errors", given: Attributes): Float64Array => {
    const indices = op.lowering === "gather" ? 1 : inputs.length;
    const tensors = inputs.map((input, index) =>
      tensorOver(index < indices ? input[part] : input.values, wide(input.type))
    );
    return computeReference(op, tensors, given, new TensorType("float64", type.shape)).data as Float64Array; // that of float64
  };
  const errors = run("errors", op.name === "pad" ? { ...attributes, value: 0 } : attributes);
  return { type, values: run("values", attributes), errors };
}
