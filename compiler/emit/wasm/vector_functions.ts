/**
 * The functions on four float32 values that kernels compute without a call.
 * @module
 */
import type { ElementwiseName } from "../../../src/ops/table.ts";
import type { Code } from "./code.ts";
import { type MathContext, VectorMath } from "./vector_math.ts";

/** A function on four values. */
export type VectorFunction = (x: Code<"v128">) => Code<"v128">;

/** Those that there are, for a kernel. */
export function vectorFunctions(context: MathContext): Partial<Record<ElementwiseName, VectorFunction>> {
  const { exp, expm1, log, log1p, tanh, sigmoid, softplus, erf } = new VectorMath(context);
  return { exp, expm1, log, log1p, tanh, sigmoid, softplus, erf };
}
