/**
 * The optimization barrier: a value that is not to be had before others are.
 * @module
 */
import { apply } from "../graph/apply.ts";
import type { Value } from "../value.ts";
import { none, type Op } from "./op.ts";
import type { ViewOp } from "./primitive.ts";

/**
 * Its first operand. What is computed from the result is computed after the other operands, and is not the same
 * subexpression as what is computed from that operand itself.
 */
const optimizationBarrierOp: ViewOp = {
  name: "optimizationBarrier",
  lowering: "view",
  infer: ([x]) => x!, // optimizationBarrier() passes it
  compute: (output, [x]) => output.set(x!.data),
  view: (input) => input,
  gradient: ({ inputs, gradient }) => inputs.map((_, index) => index === 0 ? gradient : undefined),
};

/** The table's entries of this family. */
export const barrierOps = { optimizationBarrier: optimizationBarrierOp } satisfies Record<string, Op>;

/** `x`, for what is to be computed after `others`; the same node where there are none. */
export function optimizationBarrier(x: Value, others: readonly Value[]): Value {
  return others.length === 0 ? x : apply(optimizationBarrierOp, [x, ...others], none);
}
