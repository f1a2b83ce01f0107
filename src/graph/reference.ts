/**
 * Reference results: a primitive by its own plain loops; an operation that is made of others by those of its definition, in
 * float64 whatever the dtypes are, and rounded once, when it is done.
 * @module
 */
import { allocate } from "../dtype.ts";
import { type Attributes, isComposite, type Op } from "../ops/op.ts";
import { elementsOf, type Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import { definitionOf } from "./definition.ts";
import { Constant } from "./leaf.ts";
import { type Composed, MultiOperation, TableOperation } from "./operation.ts";

/** The result of an operation, of the type given: the oracle that every kernel is compared with. */
export function computeReference(op: Op, inputs: readonly Tensor[], attributes: Attributes, type: TensorType): Tensor {
  inputs.forEach(elementsOf); // none has been transferred
  if (isComposite(op)) return computeComposed(op, inputs, attributes)[0]!; // it has one result
  const output = allocate(type.dtype, type.size);
  op.compute(output, inputs, attributes, type);
  return tensorOver(output, type);
}

/** The results of an operation that is made of others. */
export function computeComposed(op: Composed, inputs: readonly Tensor[], attributes: Attributes): readonly Tensor[] {
  const types = inputs.map((input) => input.type);
  const results = computeWidely(op, types, inputs.map((input) => converted(input, wide(input.type))), attributes);
  return definitionOf(op, types, attributes).types.map((type, index) => converted(results[index]!, type));
}

/** The same with floats that are float64 on both sides. What an operation is made of depends on what the types are otherwise. */
function computeWidely(
  op: Composed,
  types: readonly TensorType[],
  inputs: readonly Tensor[],
  attributes: Attributes,
): readonly Tensor[] {
  const { inputs: parameters, nodes, outputs } = definitionOf(op, types, attributes);
  const values = new Map<Value, Tensor>(parameters.map((parameter, index) => [parameter, inputs[index]!]));
  for (const node of nodes) {
    if (node instanceof Constant) values.set(node, converted(node.tensor, wide(node.type)));
    if (!(node instanceof TableOperation || node instanceof MultiOperation)) continue; // a definition has no others
    const operands = node.inputNodes.map((input) => values.get(input)!); // inputs come first
    if (node instanceof TableOperation && !isComposite(node.op)) {
      values.set(node, computeReference(node.op, operands, node.attributes, wide(node.type!))); // every type is known
    } else {
      const operandTypes = node.inputNodes.map((input) => input.type!); // likewise
      const results = computeWidely(node.op as Composed, operandTypes, operands, node.attributes); // no primitive is left
      node.outputs.forEach((output, index) => values.set(output, results[index]!));
    }
  }
  return outputs.map((output) => values.get(output)!);
}

/** The type with float64 in the place of narrower floats. */
function wide(type: TensorType): TensorType {
  return type.dtype === "float32" ? new TensorType("float64", type.shape) : type;
}

/** A tensor in another dtype of its kind. */
function converted(tensor: Tensor, type: TensorType): Tensor {
  if (tensor.type.dtype === type.dtype) return tensor.type === type ? tensor : tensorOver(tensor.data, type);
  const data = allocate(type.dtype, type.size);
  data.set(tensor.data);
  return tensorOver(data, type);
}
