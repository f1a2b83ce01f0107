/**
 * Decomposition: operations that are defined by others become those others, until only primitives are left. A
 * reduction names its axes and drops them; where they are to stay, a reshape puts them back.
 * @module
 */
import { movementOps } from "../ops/movement.ts";
import { type Attributes, isComposite, type Op } from "../ops/op.ts";
import { type ReduceAttributes, reduction } from "../ops/reduction.ts";
import type { Value } from "../value.ts";
import { definitionOf } from "./definition.ts";
import type { GraphFunction } from "./function.ts";
import type { Composed } from "./operation.ts";
import { recordOperation } from "./recording.ts";
import { copyNodes, type CopyRules, rewriteGraph } from "./rewrite.ts";
import { activeTrace } from "./trace.ts";

/** The same graph function in the compiler's primitives. */
export function decompose(source: GraphFunction): GraphFunction {
  return rewriteGraph(source, rules.table, rules);
}

const rules = {
  table: ({ op, attributes }, inputs, rebuild) => {
    if (isComposite(op)) return expand(op, inputs, attributes)[0]!; // it has one result
    return op.lowering === "reduce" && attributes["keepDims"] === true
      ? reduceAndReshape(op, inputs[0]!, attributes as ReduceAttributes) // what reductions are applied with
      : rebuild();
  },
  multi: ({ op, attributes, bodies }, inputs) => expand(op, inputs, attributes, bodies),
} satisfies Pick<CopyRules, "table" | "multi">;

/** Records what an operation is made of, in primitives. */
function expand(
  op: Composed,
  inputs: readonly Value[],
  attributes: Attributes,
  bodies: readonly GraphFunction[] = [],
): readonly Value[] {
  const trace = activeTrace()!; // the rewriter's
  const types = inputs.map((input) => input.type!); // every type of the graph is known
  const definition = definitionOf(op, types, attributes, bodies);
  const copies = new Map<Value, Value>(definition.inputs.map((input, index) => [input, inputs[index]!]));
  const assign = (): never => {
    throw new Error(`Cannot decompose ${op.name}: it assigns to a Variable`);
  };
  // Nodes have the place of the operation that they are made of; but those of a function that it owns have their own.
  const { origin } = trace;
  copyNodes(trace, definition.nodes, copies, { ...rules, assign, ...(bodies.length === 0 && { origin: origin! }) });
  trace.origin = origin;
  return definition.outputs.map((output) => copies.get(output)!);
}

/** A reduction that drops its axes, and a reshape that puts them back. */
function reduceAndReshape(op: Op, x: Value, attributes: ReduceAttributes): Value {
  const { graph } = activeTrace()!; // the rewriter's
  const dropped = recordOperation(graph, op, [x], { ...attributes, keepDims: false });
  const shape = reduction(op.name, x.shape, attributes).kept;
  return recordOperation(graph, movementOps.reshape as Op, [dropped], { shape }); // any op is applied by its own attributes
}
