/**
 * Decomposition: operations that are defined by others become those others, until only primitives are left. A
 * reduction names its axes and drops them; where they are to stay, a reshape puts them back.
 * @module
 */
import { TableOperation } from "../src/graph/operation.ts";
import { recordOperation } from "../src/graph/recording.ts";
import { postorder } from "../src/graph/traverse.ts";
import { movementOps } from "../src/ops/movement.ts";
import type { GraphFunction, Op } from "../src/ops/op.ts";
import type { Value } from "../src/value.ts";
import { reducedAxes } from "./frame.ts";
import { isArgReduction, kernelKind } from "./kinds.ts";
import { rewriteGraph } from "./pass.ts";

/** The same graph function in the compiler's primitives. */
export function decompose(source: GraphFunction): GraphFunction {
  let result = source;
  while (postorder([...result.outputs, ...result.assigns]).some(isComposite)) {
    result = rewriteGraph(result, (node, inputs, rebuild) => {
      if (isOpenReduction(node)) return spellReduction(node, inputs);
      return node.op.decompose?.(inputs, node.attributes) ?? rebuild();
    });
  }
  return result;
}

function isComposite(node: Value): boolean {
  return node instanceof TableOperation && (node.op.decompose !== undefined || isOpenReduction(node));
}

/** Whether a reduction keeps its axes or leaves them unsaid: the same reduction could be written in two ways. */
function isOpenReduction(node: TableOperation): boolean {
  if (kernelKind(node) !== "reduce") return false;
  const { axes, keepDims } = node.attributes;
  const { length } = node.inputNodes[0]!.type!.shape;
  // Without axes argmax and argmin number the elements of the whole tensor: they take one axis or none.
  const open = axes === undefined
    ? length > 0 && !isArgReduction(node.name)
    : (axes as readonly number[]).some((axis) => axis < 0); // what reductions are applied with
  return keepDims === true || open;
}

function spellReduction(node: TableOperation, inputs: readonly Value[]): Value {
  const { graph } = inputs[0] as TableOperation; // an operation's inputs are nodes of its graph
  const { axes } = node.attributes;
  const spelled = axes === undefined && isArgReduction(node.name) ? {} : { axes: reducedAxes(node) };
  const dropped = recordOperation(graph, node.op, inputs, { ...spelled, keepDims: false });
  if (node.attributes["keepDims"] !== true) return dropped;
  return recordOperation(graph, movementOps.reshape as Op, [dropped], { shape: node.type!.shape }); // any op is applied by its own attributes
}
