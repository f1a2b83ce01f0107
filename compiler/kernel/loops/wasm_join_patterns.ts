/**
 * Maps whose last axis has two elements, as what is put together from pairs has. Two of four lanes would be idle; so
 * the axis is joined to the one before it. Along both, an array is walked evenly, or has each of its elements twice, or
 * two of them by turns.
 * @module
 */
import type { LoopKernel } from "./kernel.ts";
import type { IndexMap } from "../kernel.ts";
import { loopPartitionOf } from "./partition.ts";

/** A kernel with its last axis joined to the one before it, when it has two elements and every access can be walked so. */
export function joinPatterns(kernel: LoopKernel): LoopKernel {
  const { outer, inner, indexMaps } = kernel;
  if (inner.length !== 1 || inner[0] !== 2 || outer.length === 0 || loopPartitionOf(kernel) !== "elements") {
    return kernel;
  }
  const joined: IndexMap[] = [];
  for (const access of indexMaps) {
    const [before, along] = [access.outer.at(-1)!, access.inner[0]!];
    const pairs = before === 1 && along === 0 ? "repeated" : before === 0 && along === 1 ? "alternating" : undefined;
    if (pairs === undefined && before !== 2 * along) return kernel;
    joined.push({
      ...access,
      outer: access.outer.slice(0, -1),
      inner: [pairs === undefined ? along : 1],
      ...(pairs !== undefined && { pattern: pairs }),
    });
  }
  return { ...kernel, outer: outer.slice(0, -1), inner: [outer.at(-1)! * 2], indexMaps: joined };
}
