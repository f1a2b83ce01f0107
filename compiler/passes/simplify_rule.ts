/**
 * What a rule of simplification is: a name, the operations it looks at, and what it makes of one.
 *
 * Every rule is exact: for every input, NaN, infinities, −0 and the ends of integer types among them, the result is
 * the same number as the reference implementation's, in the same dtype.
 * @module
 */
import type { DType } from "../../src/dtype.ts";
import { Constant } from "../../src/graph/leaf.ts";
import { TableOperation } from "../../src/graph/operation.ts";
import type { Attributes, Op } from "../../src/ops/op.ts";
import type { Law } from "../../src/ops/primitive.ts";
import type { PrimitiveName } from "../../src/ops/table.ts";
import type { Tensor } from "../../src/tensor.ts";
import type { TensorType } from "../../src/tensor_type.ts";
import type { Value } from "../../src/value.ts";

/** An operation that could be simplified: its inputs are simplified already. */
export interface Application {
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly attributes: Attributes;
  readonly type: TensorType;
}

/** Makes another operation in place of it, itself simplified. Operands that are numbers become constants. */
export type Make = (op: Op, inputs: readonly (Value | number)[], attributes?: Attributes) => Value;

/** A rule of simplification. What it returns is only taken when it is of the operation's own type. */
export interface SimplifyRule {
  readonly name: string;
  /** The operations it looks at, by name or by what holds of them; all where it is left out. */
  readonly ops?: readonly PrimitiveName[] | ((op: Op) => boolean);
  readonly apply: (application: Application, make: Make) => Value | undefined;
}

/** Constants of more elements than this stay as they are: looking at them would take long. */
export const maximumConstant = 1024;

/** The tensor that a node holds, when that is a small constant. */
export function constantOf(node: Value): Tensor | undefined {
  return node instanceof Constant && node.tensor.size <= maximumConstant ? node.tensor : undefined;
}

/** The number that all elements of a node are known to be. */
export function numberOf(node: Value): number | undefined {
  if (node instanceof TableOperation) {
    if (!isApplied(node, "broadcastTo", "reshape")) return undefined;
    const [input] = node.inputNodes;
    return isOf(input!, node.type!.dtype) ? numberOf(input!) : undefined; // every type of the graph is known
  }
  const data = constantOf(node)?.data;
  if (data === undefined || data.length === 0) return undefined;
  const [first] = data;
  for (let index = 1; index < data.length; index++) if (!Object.is(data[index], first)) return undefined;
  return first;
}

/** Whether a node is one of these operations. */
export function isApplied(node: Value | undefined, ...names: readonly PrimitiveName[]): node is TableOperation {
  return node instanceof TableOperation && (names as readonly string[]).includes(node.name); // any name can be looked for
}

/** Whether this holds of an operation. */
export function hasLaw(op: Op, law: Law): boolean {
  return op.lowering === "elementwise" && op.laws.includes(law);
}

/** Whether a value has this dtype already, so that an operation in it does not convert. */
export function isOf(value: Value, dtype: DType): boolean {
  return value.type !== undefined && !value.type.weak && value.type.dtype === dtype;
}
