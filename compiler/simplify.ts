/**
 * Simplification: the same subexpression is computed once, and what does nothing is left out. Only rules that are
 * exact for every input, NaN and −0 among them, are applied.
 * @module
 */
import { Read, type TableOperation } from "../src/graph/operation.ts";
import { attributesKey, computeReference, type GraphFunction } from "../src/ops/op.ts";
import { Tensor } from "../src/tensor.ts";
import type { Value } from "../src/value.ts";
import { kernelKind } from "./kinds.ts";
import { rewriteGraph } from "./pass.ts";

/** The same graph function without repeated and idle operations. */
export function simplify(source: GraphFunction): GraphFunction {
  const numbers = new Map<Value, string>();
  const known = new Map<string, Value>();
  const numberOf = (node: Value): string => {
    let number = numbers.get(node);
    if (number === undefined) {
      const constant = scalarConstant(node);
      number = constant === undefined
        ? `${numbers.size}`
        : `c${node.type!.key}:${Object.is(constant, -0) ? "-0" : constant}`;
      numbers.set(node, number);
    }
    return number;
  };
  return rewriteGraph(source, (node, inputs, rebuild) => {
    const idle = idleInput(node.name, inputs, node.attributes, node.type?.key);
    if (idle !== undefined) return idle;
    const folded = fold(node, inputs);
    if (folded !== undefined) return folded;
    const key = `${node.name} ${inputs.map(numberOf).join(" ")} ${attributesKey(node.attributes)}`;
    let value = known.get(key);
    if (value === undefined) known.set(key, value = rebuild());
    return value;
  });
}

/** The number that a node is known to hold, when it is a captured tensor of rank 0. */
function scalarConstant(node: Value): number | undefined {
  return node instanceof Read && node.source instanceof Tensor && node.type.shape.length === 0
    ? node.source.data[0]
    : undefined;
}

/** Constants of more elements than this stay operations: their arrays would outweigh the work saved. */
const maximumFolded = 1024;

/** The result of an element-wise operation on constants, as a constant. */
function fold(node: TableOperation, inputs: readonly Value[]): Value | undefined {
  if (kernelKind(node) !== "elementwise" || node.type === undefined || node.type.size > maximumFolded) return undefined;
  const tensors: Tensor[] = [];
  for (const input of inputs) {
    if (!(input instanceof Read && input.source instanceof Tensor)) return undefined;
    tensors.push(input.source);
  }
  const { graph } = inputs[0] as Read; // checked just now
  return graph.capture(computeReference(node.op, tensors, node.attributes, node.type));
}

/** The input that an operation returns unchanged, if it does. */
function idleInput(
  name: string,
  inputs: readonly Value[],
  attributes: Readonly<Record<string, unknown>>,
  type: string | undefined,
): Value | undefined {
  const [x, y] = inputs;
  if (x === undefined || x.type === undefined) return undefined;
  switch (name) {
    case "cast":
      return x.type.key === type && attributes["dtype"] === x.type.dtype ? x : undefined;
    case "reshape":
    case "broadcastTo":
      return x.type.key === type ? x : undefined;
    case "mul":
    case "div":
      if (y !== undefined && scalarConstant(y) === 1 && x.type.key === type) return x;
      return name === "mul" && y?.type?.key === type && scalarConstant(x) === 1 ? y : undefined;
    default:
      return undefined;
  }
}
