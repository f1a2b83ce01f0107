/**
 * Materialisation: copies are inserted where indices alone cannot do, so that after this pass every movement
 * operation is a view of something that has an array, and everything that leaves the program has one of its own.
 * @module
 */
import { VariableRead } from "../../src/graph/leaf.ts";
import type { GraphNode } from "../../src/graph/node.ts";
import { Assign, type Operation, TableOperation } from "../../src/graph/operation.ts";
import { recordOperation } from "../../src/graph/recording.ts";
import { Rewriting, withTrace } from "../../src/graph/trace.ts";
import { postorder } from "../../src/graph/traverse.ts";
import { arithmeticOps } from "../../src/ops/arithmetic.ts";
import type { GraphFunction } from "../../src/graph/function.ts";

import type { Value } from "../../src/value.ts";
import { aloneLowering, kernelKind } from "../fusion/kinds.ts";
import { lowerings } from "../kernel/kernel_kinds.ts";
import { rewriteGraph } from "../../src/graph/rewrite.ts";
import { composeView, isWhole, shapeOf, type View, viewer } from "./view.ts";

/** A graph function whose views are all resolved. */
export interface Materialized extends GraphFunction {
  /** For every view, what it looks at; every other node is seen as itself. */
  readonly views: ReadonlyMap<Value, View>;
  /** What any node is a view of, itself or another. */
  readonly viewOf: (node: Value) => View;
}

/** Resolves every view of the graph, inserting copies where it must. */
export function materialize(source: GraphFunction): Materialized {
  const views = viewsWithoutCopies(source);
  return views === undefined ? withCopies(source) : { ...source, views, viewOf: viewer(views) };
}

/** What the movements of a graph are views of; undefined when something has to be copied. */
function viewsWithoutCopies({ outputs, assigns }: GraphFunction): Map<Value, View> | undefined {
  const views = new Map<Value, View>();
  const viewOf = viewer(views);
  for (const node of postorder([...outputs, ...assigns])) {
    const kind = kernelKind(node);
    if (kind === "view") {
      const operation = node as TableOperation; // movements are
      const view = composeView(operation, viewOf);
      if (view === undefined) return undefined;
      views.set(node, view);
    } else if (kind === "host" || kind === "alone") {
      const operation = node as Operation; // all but leaves are
      if (!operation.inputNodes.every((input, index) => canRead(operation, index, viewOf(input)))) return undefined;
    }
  }
  const leaving = [...outputs, ...assigns.map((assign) => assign.inputNodes[0]!)];
  return leaving.every((node) => canLeave(node, viewOf(node))) ? views : undefined;
}

/** Whether what shares its kernel with nothing can read the input of this number where it lies. */
function canRead(node: Operation, input: number, view: View): boolean {
  if (kernelKind(node) === "host") return isWholeArray(node.inputNodes[input]!, view);
  return lowerings[aloneLowering(node)].canRead?.(node, input, view) ?? true;
}

function isWholeArray(node: Value, view: View): boolean {
  return isWhole(view, shapeOf(node));
}

/** What leaves is a whole array; a Variable changes, so what leaves of it is a copy. */
function canLeave(node: Value, view: View): boolean {
  const shared = view.source instanceof VariableRead;
  return isWholeArray(node, view) && !shared;
}

function withCopies(source: GraphFunction): Materialized {
  const views = new Map<Value, View>();
  const viewOf = viewer(views);
  const copy = (node: Value): Value => {
    const { graph } = node as GraphNode; // whatever is computed in a graph is one of its nodes
    return recordOperation(graph, arithmeticOps.cast as TableOperation["op"], [node], { dtype: node.type!.dtype });
  };
  const wholeOf = (input: Value): Value => isWholeArray(input, viewOf(input)) ? input : copy(input);
  const result = rewriteGraph(source, (node, inputs, rebuild) => {
    const kind = kernelKind(node);
    if (kind === "view") {
      const rebuilt = rebuild() as TableOperation; // rebuilding makes the same kind of node
      const view = composeView(rebuilt, viewOf);
      if (view !== undefined) {
        views.set(rebuilt, view);
        return rebuilt;
      }
      const copied = recordOperation(rebuilt.graph, node.op, [copy(inputs[0]!)], node.attributes);
      views.set(copied, composeView(copied, viewOf)!); // a whole array can be seen in any shape
      return copied;
    }
    if (kind !== "host" && kind !== "alone") return rebuild();
    const readable = inputs.map((input, index) => canRead(node, index, viewOf(input)) ? input : copy(input));
    return readable.every((input, index) => input === inputs[index]) ? rebuild() : recordOperation(
      (readable.find((input) => input instanceof TableOperation) as TableOperation).graph,
      node.op,
      readable,
      node.attributes,
    );
  }, { pass: wholeOf });
  const settle = (node: Value): Value => canLeave(node, viewOf(node)) ? node : copy(node);
  const outputs = withTrace(new Rewriting(result.graph, source.name), () => result.outputs.map(settle));
  const assigns = result.assigns.map((assign) => {
    const value = settle(assign.inputNodes[0]!);
    return value === assign.inputNodes[0] ? assign : new Assign(assign.graph, assign.variable, value);
  });
  return { ...result, outputs, assigns, views, viewOf };
}
