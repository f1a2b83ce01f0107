/**
 * The functions on four float32 values that kernels compute without a call.
 * @module
 */
import type { ElementwiseName } from "../../../src/ops/table.ts";
import type { Code } from "./code.ts";

/** A function on four values. */
export type VectorFunction = (...args: readonly Code<"v128">[]) => Code<"v128">;

/** Those that there are, for a kernel. */
export function vectorFunctions(_context: unknown): Partial<Record<ElementwiseName, VectorFunction>> {
  return {};
}
