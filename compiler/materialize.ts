/**
 * Materialisation: copies are inserted where indices alone cannot do, so that after this pass every movement
 * operation is a view of something that has an array, and everything that leaves the program has one of its own.
 * @module
 */
import { Assign, Read, TableOperation } from "../src/graph/operation.ts";
import { recordOperation, type Trace, withTrace } from "../src/graph/recording.ts";
import { arithmeticOps } from "../src/ops/arithmetic.ts";
import type { GraphFunction } from "../src/ops/op.ts";
import { Tensor } from "../src/tensor.ts";
import type { Value } from "../src/value.ts";
import { kernelKind } from "./kinds.ts";
import { rewriteGraph } from "./pass.ts";
import { composeView, isWhole, shapeOf, type View, viewer, wholeView } from "./view.ts";

/** A graph function whose views are all resolved. */
export interface Materialized extends GraphFunction {
  /** For every view, what it looks at; every other node is seen as itself. */
  readonly views: ReadonlyMap<Value, View>;
  /** What any node is a view of, itself or another. */
  readonly viewOf: (node: Value) => View;
}

/** Resolves every view of the graph, inserting copies where it must. */
export function materialize(source: GraphFunction): Materialized {
  const views = new Map<Value, View>();
  const viewOf = viewer(views);
  const copy = (node: Value): Value => {
    const { graph } = node as TableOperation; // a view is an operation; leaves are whole and are only copied as outputs
    return recordOperation(graph, arithmeticOps.cast as TableOperation["op"], [node], { dtype: node.type!.dtype });
  };
  const result = rewriteGraph(source, (node, inputs, rebuild) => {
    if (kernelKind(node) === "view") {
      const rebuilt = rebuild() as TableOperation; // rebuilding makes the same kind of node
      const view = composeView(rebuilt, viewOf(inputs[0]!));
      if (view !== undefined) {
        views.set(rebuilt, view);
        return rebuilt;
      }
      const copied = recordOperation(rebuilt.graph, node.op, [copy(inputs[0]!)], node.attributes);
      views.set(copied, composeView(copied, wholeView(copied.inputNodes[0]!))!); // a whole array can be seen in any shape
      return copied;
    }
    if (kernelKind(node) !== "host") return rebuild();
    const whole = inputs.map((input) => isWhole(viewOf(input), shapeOf(input)) ? input : copy(input));
    return whole.every((input, index) => input === inputs[index]) ? rebuild() : recordOperation(
      (whole.find((input) => input instanceof TableOperation) as TableOperation).graph,
      node.op,
      whole,
      node.attributes,
    );
  });

  /** What leaves is a whole array; of a Variable it is a copy, because the Variable changes. */
  const settle = (node: Value): Value => {
    const view = viewOf(node);
    const shared = view.source instanceof Read && !(view.source.source instanceof Tensor);
    return isWhole(view, shapeOf(node)) && !shared ? node : copy(node);
  };
  const trace: Trace = { graph: result.graph, name: source.name, reads: new Map(), origin: { site: undefined } };
  const outputs = withTrace(trace, () => result.outputs.map(settle));
  const assigns = result.assigns.map((assign) => {
    const value = settle(assign.inputNodes[0]!);
    return value === assign.inputNodes[0] ? assign : new Assign(assign.graph, assign.variable, value);
  });
  return { ...result, outputs, assigns, views, viewOf };
}
