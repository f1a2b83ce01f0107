/**
 * The kinds of kernels that there are, each in a folder of its own, and which of them operations become. What writes their
 * code is known to the targets.
 * @module
 */
import type { IterationSpace } from "../fusion/iteration_space.ts";
import { contractKind } from "./contract/kind.ts";
import { lowerContract } from "./contract/lower.ts";
import { cumulativeKind } from "./cumulative/kind.ts";
import { lowerCumulative } from "./cumulative/lower.ts";
import type { Kernel } from "./kernel.ts";
import type { KernelKind, Lowering } from "./kernel_kind.ts";
import { assemble } from "./loops/assemble.ts";
import { loopKind } from "./loops/kind.ts";
import { lowerLoops } from "./loops/lower.ts";
import { scatterKind } from "./scatter/kind.ts";
import { scatterLowering } from "./scatter/lower.ts";

const kinds: { readonly [Kind in Kernel["kind"]]: KernelKind<Extract<Kernel, { readonly kind: Kind }>> } = {
  loops: loopKind,
  contract: contractKind,
  scatter: scatterKind,
  cumulative: cumulativeKind,
};

/** What there is to know of a kernel's kind. */
export function kindOf({ kind }: Kernel): KernelKind<Kernel> {
  return kinds[kind];
}

/** What becomes of operations, by the kind of their space. Host steps become no kernel. */
export const lowerings: Readonly<Record<Exclude<IterationSpace["kind"], "host">, Lowering>> = {
  map: { lower: lowerLoops },
  row: { lower: lowerLoops },
  contract: { lower: lowerContract },
  assemble: { lower: assemble },
  scatter: scatterLowering,
  cumulative: { lower: lowerCumulative },
};
