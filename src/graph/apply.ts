/**
 * `apply`, through which every operation passes: the recording rule decides there whether it computes now or becomes a node
 * of a graph.
 * @module
 */
import { computeNow } from "../executor.ts";
import { fromNested } from "../ops/nested.ts";
import { type Attributes, none, type Op } from "../ops/op.ts";
import { Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { type NestedArray, type Operand, type Result, Value } from "../value.ts";
import { graphFor, record } from "./recording.ts";
import { activeTrace } from "./trace.ts";

/**
 * Applies an operation by the recording rule: with a graph node among the operands (or a Variable of the default
 * graph, or any Variable inside a trace) it records a node and returns it; otherwise it computes and returns a Tensor.
 */
export function apply<A extends Attributes, X extends Operand>(
  op: Op<A>,
  operands: readonly X[],
  attributes: A = none as A, // an op whose attributes have no required member is applied without any
): Result<X> {
  const plain = op as Op; // an entry is only ever handed the attributes it was applied with
  // This path is every eager operation's.
  if (areTensors(operands)) return computeNow(plain, operands, attributes) as Value as Result<X>;
  const graph = graphFor(operands, op.name);
  // Result<X> is what the recording rule comes to for static types.
  if (graph !== undefined) {
    const values = operands.map((operand) =>
      operand instanceof Value ? operand : weakScalar(operand, op.name, operands)
    );
    return record(graph, plain, values, attributes) as Result<X>;
  }
  const tensors = new Array<Tensor>(operands.length);
  for (let index = 0; index < operands.length; index++) {
    const operand = operands[index]!;
    tensors[index] = operand instanceof Value ? operand.concrete(op.name) : weakScalar(operand, op.name, operands);
  }
  return computeNow(plain, tensors, attributes) as Value as Result<X>;
}

function areTensors(operands: readonly Operand[]): operands is readonly Tensor[] {
  for (let index = 0; index < operands.length; index++) if (!(operands[index] instanceof Tensor)) return false;
  return true;
}

/** A number or nested array as a tensor: a number stays weak, an array takes float64 only from its neighbours. */
function weakScalar(operand: NestedArray, name: string, neighbours: readonly Operand[]): Tensor {
  if (typeof operand === "number") {
    return tensorOver(new Float64Array([operand]), Number.isInteger(operand) ? weakInteger : weakFloat);
  }
  const wide = neighbours.some((each) => each instanceof Value && each.type?.dtype === "float64" && !each.type.weak);
  const tensor = fromNested(operand, undefined, name);
  return wide && tensor.type.dtype === "float32" ? fromNested(operand, "float64", name) : tensor;
}

const weakInteger = new TensorType("float64", [], "integer");
const weakFloat = new TensorType("float64", [], "float");

/** The operand as a Value: what it is, or a constant of its numbers (in the trace that is active, if any). */
export function toValue(operand: Operand, name = "convert"): Value {
  if (operand instanceof Value) return operand;
  const tensor = weakScalar(operand, name, []);
  const trace = activeTrace();
  return trace === undefined ? tensor : trace.graph.capture(tensor);
}
