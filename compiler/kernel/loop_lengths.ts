/**
 * What kernels can count. Results fit into memory, and so do their lengths; but operands that are views may be stretched
 * to any length before they are reduced.
 * @module
 */
import { addLocation } from "../../src/errors.ts";
import { TableOperation } from "../../src/graph/operation.ts";
import { operandError } from "../../src/ops/op.ts";
import type { Cluster } from "../fusion/fuse.ts";
import { kernelKind } from "../fusion/kinds.ts";
import { longestLoop } from "./joined_axes.ts";
import type { Kernel } from "./kernel.ts";
import { kindOf } from "./kernel_kinds.ts";

/** Throws a RangeError where a kernel would have to count further than it can. */
export function checkLengths(kernel: Kernel, { ops }: Cluster): void {
  const length = kindOf(kernel).tooLong(kernel);
  if (length === undefined) return;
  const nodes = [...ops.keys()].filter((node) => node instanceof TableOperation);
  // What is computed element by element is no longer than its result.
  const node = nodes.find((node) => !["elementwise", "gather"].includes(kernelKind(node))) ?? nodes[0]!; // there is one
  const reason = `a loop over ${length} elements is longer than the ${longestLoop} that there can be`;
  throw addLocation(operandError(RangeError, node.name, node.inputNodes.map(({ type }) => type!), reason), node.site); // all types are known
}
