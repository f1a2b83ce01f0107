/**
 * Functions as the compiler is given them.
 * @module
 */
import type { Tensor, Value } from "../../mod.ts";
import { decompose } from "../../src/graph/decompose.ts";
import { fuse, type Fused } from "../../compiler/fusion/fuse.ts";
import { materialize } from "../../compiler/passes/materialize.ts";
import { simplify } from "../../compiler/passes/simplify.ts";
import { type GraphFunction, traceFunction } from "../../src/graph/function.ts";

/** What `fn` records for arguments of the types of `args`, with what it assigns. */
export function graphFunctionOf(fn: (...args: Value[]) => readonly Value[], args: readonly Tensor[]): GraphFunction {
  return traceFunction(
    "a test",
    args.map(({ type }, index) => ({ name: `argument${index}`, type })),
    (inputs) => fn(...inputs),
  );
}

/** The kernels that it is made into. */
export function fusedOf(source: GraphFunction, exact = false): Fused {
  return fuse(materialize(simplify(decompose(source))), { exact });
}
