/**
 * `apply` for operations with several results.
 * @module
 */
import { definitionOf } from "../graph/definition.ts";
import type { MultiOp } from "../graph/operation.ts";
import { graphFor, recordMulti } from "../graph/recording.ts";
import type { Operand, Value } from "../value.ts";
import { toValue } from "../graph/apply.ts";
import type { Attributes } from "./op.ts";

/** Applies an operation with several results by the recording rule; its results, in order. */
export function applyMulti<A extends Attributes>(
  op: MultiOp<A>,
  operands: readonly Operand[],
  attributes: A,
): readonly Value[] {
  const graph = graphFor(operands, op.name);
  const values = operands.map((operand) => toValue(operand, op.name));
  // An entry is only ever handed the attributes that it was applied with.
  if (graph !== undefined) return recordMulti(graph, op as MultiOp, values, attributes);
  const tensors = values.map((value) => value.concrete(op.name));
  definitionOf(op as MultiOp, tensors.map(({ type }) => type), attributes); // an error is the operation's own; as above
  return op.decompose(tensors, attributes, []);
}
