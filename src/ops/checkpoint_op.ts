/**
 * The operation that `checkpoint` records: a function whose intermediate results are not kept for its gradient, but
 * computed once more.
 * @module
 */
import { type GraphFunction, inlineBody } from "../graph/function.ts";
import { backpropagateWithin } from "../graph/gradients.ts";
import type { MultiOp } from "../graph/operation.ts";
import type { Value } from "../value.ts";
import { optimizationBarrier } from "./barrier.ts";

/** It owns the one function; its results are the outputs of that, and then what it assigns. */
export const checkpointOp: MultiOp = {
  name: "checkpoint",
  count: (_attributes, [body]) => body!.outputs.length + body!.assigns.length,
  infer: (_inputs, _attributes, [body]) => resultsOf(body!).map(({ type }) => type!), // for inputs of known types, all are known
  decompose: (inputs, _attributes, [body]) => inlineBody(body!, inputs),
  gradient({ inputs, bodies: [body], gradients, needed }) {
    // What is computed once more is not the same subexpression as the first time, and not computed before it is needed.
    const arrived = gradients.filter((gradient) => gradient !== undefined);
    const again = inputs.map((input) => optimizationBarrier(input, arrived));
    const results = inlineBody(body!, again).filter((_, index) => gradients[index] !== undefined);
    const xs = again.filter((_, index) => needed[index]);
    const found = backpropagateWithin(results, arrived, xs, again);
    // Nothing goes on before all of this is done with, so that what was computed once more need not be kept any longer.
    const all = found.filter((gradient) => gradient !== undefined);
    const after = found.map((gradient) =>
      gradient && optimizationBarrier(gradient, all.filter((other) => other !== gradient))
    );
    let next = 0;
    return needed.map((isNeeded) => isNeeded ? after[next++] : undefined);
  },
};

function resultsOf({ outputs, assigns }: GraphFunction): readonly Value[] {
  return [...outputs, ...assigns];
}

/** The table's entries of this family. */
export const checkpointOps = { checkpoint: checkpointOp } satisfies Record<string, MultiOp>;
