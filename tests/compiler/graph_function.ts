/**
 * Functions as the compiler is given them.
 * @module
 */
import type { Tensor, Value } from "../../mod.ts";
import { decompose } from "../../compiler/decompose.ts";
import { fuse, type Fused } from "../../compiler/fuse.ts";
import { materialize } from "../../compiler/materialize.ts";
import { simplify } from "../../compiler/simplify.ts";
import { lastAssigns, variablesOf } from "../../src/graph/specialize.ts";
import { Placeholder } from "../../src/graph/placeholder.ts";
import type { GraphFunction } from "../../src/ops/op.ts";
import { traced } from "../../src/transforms/trace.ts";

/** What `fn` records for arguments of the types of `args`, with what it assigns. */
export function graphFunctionOf(fn: (...args: Value[]) => readonly Value[], args: readonly Tensor[]): GraphFunction {
  return traced("a test", { recordValues: false }, ({ graph }) => {
    const inputs = args.map(({ type }, index) => new Placeholder(graph, { name: `argument${index}` }, type));
    const outputs = fn(...inputs);
    const assigns = lastAssigns(graph.operations);
    return { name: "a test", graph, inputs, outputs, assigns, variables: variablesOf(graph) };
  });
}

/** The kernels that it is made into. */
export function fusedOf(source: GraphFunction, exact = false): Fused {
  return fuse(materialize(simplify(decompose(source))), { exact });
}
