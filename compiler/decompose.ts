/**
 * Decomposition: operations that are defined by others become those others, until only primitives are left. A
 * reduction names its axes and drops them; where they are to stay, a reshape puts them back.
 * @module
 */
import type { TableOperation } from "../src/graph/operation.ts";
import { recordOperation } from "../src/graph/recording.ts";
import { movementOps } from "../src/ops/movement.ts";
import type { GraphFunction } from "../src/graph/function.ts";
import { type Attributes, isComposite, type Op } from "../src/ops/op.ts";
import type { ReduceOp } from "../src/ops/primitive.ts";
import { normalizeAxes } from "../src/shape.ts";
import type { Value } from "../src/value.ts";
import { rewriteGraph } from "../src/graph/rewrite.ts";

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
  return op.lowering === "reduce" && isOpenReduction(op, inputs[0]!, attributes)
    ? spellReduction(op, inputs[0]!, attributes)
    : undefined;
}

/** Whether a reduction keeps its axes or leaves them unsaid: the same reduction could be written in two ways. */
function isOpenReduction({ givesIndex }: ReduceOp, x: Value, { axes, keepDims }: Attributes): boolean {
  // Without axes argmax and argmin number the elements of the whole tensor: they take one axis or none.
  const open = axes === undefined ? x.rank > 0 && !givesIndex : (axes as readonly number[]).some((axis) => axis < 0); // what reductions are applied with
  return keepDims === true || open;
}

function spellReduction(op: ReduceOp, x: Value, attributes: Attributes): Value {
  const { graph } = x as TableOperation; // an operation's inputs are nodes of its graph
  const { axes, keepDims } = attributes as { axes?: readonly number[]; keepDims?: boolean }; // as above
  const reduced = normalizeAxes(axes, x.rank, op.name);
  const spelled = axes === undefined && op.givesIndex ? {} : { axes: reduced };
  const dropped = recordOperation(graph, op, [x], { ...spelled, keepDims: false });
  if (keepDims !== true) return dropped;
  const shape = x.shape.map((length, axis) => reduced.includes(axis) ? 1 : length);
  return recordOperation(graph, movementOps.reshape as Op, [dropped], { shape }); // any op is applied by its own attributes
}
