/**
 * Decomposition: operations that are defined by others become those others, until only primitives are left. A
 * reduction names its axes and drops them; where they are to stay, a reshape puts them back.
 * @module
 */
import type { TableOperation } from "./operation.ts";
import { recordOperation } from "./recording.ts";
import { movementOps } from "../ops/movement.ts";
import type { GraphFunction } from "./function.ts";
import { type Attributes, isComposite, type Op } from "../ops/op.ts";
import type { ReduceOp } from "../ops/primitive.ts";
import { type ReduceAttributes, reduction } from "../ops/reduction.ts";
import type { Value } from "../value.ts";
import { rewriteGraph } from "./rewrite.ts";

/** The same graph function in the compiler's primitives. What an operation decomposes into is decomposed as it is recorded. */
export function decompose(source: GraphFunction): GraphFunction {
  return rewriteGraph(
    source,
    (node, inputs, rebuild) => decomposed(node.op, inputs, node.attributes) ?? rebuild(),
    { replace: decomposed, expand: true },
  );
}

/** What an operation is in simpler ones; undefined for a primitive. */
function decomposed(op: Op, inputs: readonly Value[], attributes: Attributes): Value | undefined {
  if (isComposite(op)) return op.decompose(inputs, attributes);
  return op.lowering === "reduce" && attributes["keepDims"] === true
    ? reduceAndReshape(op, inputs[0]!, attributes as ReduceAttributes) // what reductions are applied with
    : undefined;
}

/** A reduction that drops its axes, and a reshape that puts them back. */
function reduceAndReshape(op: ReduceOp, x: Value, attributes: ReduceAttributes): Value {
  const { graph } = x as TableOperation; // an operation's inputs are nodes of its graph
  const dropped = recordOperation(graph, op, [x], { ...attributes, keepDims: false });
  const shape = reduction(op.name, x.shape, attributes).kept;
  return recordOperation(graph, movementOps.reshape as Op, [dropped], { shape }); // any op is applied by its own attributes
}
