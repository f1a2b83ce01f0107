/**
 * What kernels can count. Results fit into memory, and so do their lengths; but operands that are views may be stretched
 * to any length before they are reduced.
 * @module
 */
import { addSite } from "../../src/errors.ts";
import { TableOperation } from "../../src/graph/operation.ts";
import { operandError } from "../../src/ops/op.ts";
import { sizeOf } from "../../src/shape.ts";
import { cutOf } from "./loops/cut.ts";
import type { Cluster } from "../fuse.ts";
import type { Kernel, LoopKernel } from "./kernel.ts";
import { kernelKind } from "../kinds.ts";
import { longestLoop } from "./joined_axes.ts";

/** Throws a RangeError where a kernel would have to count further than it can. */
export function checkLengths(kernel: Kernel, { members }: Cluster): void {
  // Where a piece begins is counted without a sign.
  const steps = kernel.kind === "loops" && cutOf(kernel) === "pieces" ? sizeOf(kernel.outer) * kernel.inner[0]! : 0;
  const length = steps > 2 * longestLoop + 1 ? steps : lengthsOf(kernel).find((each) => each > longestLoop);
  if (length === undefined) return;
  const nodes = [...members.keys()].filter((node) => node instanceof TableOperation);
  const node = nodes.find((node) => ["reduce", "contract", "scatter"].includes(kernelKind(node))) ?? nodes[0]!; // there is one
  const reason = `a loop over ${length} elements is longer than the ${longestLoop} that there can be`;
  throw addSite(operandError(RangeError, node.name, node.inputNodes.map(({ type }) => type!), reason), node.site); // all types are known
}

/** The lengths that a call of a kernel counts. */
function lengthsOf(kernel: Kernel): readonly number[] {
  switch (kernel.kind) {
    case "loops":
      return lengthsOfLoops(kernel);
    case "contract":
      return [kernel.outer, kernel.rows, kernel.columns, kernel.depth].map(sizeOf);
    case "scatter":
      return [kernel.outer, kernel.updates, kernel.inner].map(sizeOf);
    default:
      return kernel satisfies never;
  }
}

function lengthsOfLoops(kernel: LoopKernel): readonly number[] {
  const { outer, inner } = kernel;
  const cut = cutOf(kernel);
  switch (cut) {
    case "elements":
      return []; // they are those of the result
    case "rows":
      return [sizeOf(outer), ...inner];
    case "pieces":
      return inner.slice(1); // a piece is a part of the first
    default:
      return cut satisfies never;
  }
}
