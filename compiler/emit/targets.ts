/**
 * The targets there are, and which of them a program's kernels are written for. That follows from its sizes.
 * @module
 */
import type { ExecutorOptions } from "../../src/executor.ts";
import { jsTarget } from "./js/js.ts";
import type { Target } from "./target.ts";
import { wasmTarget } from "./wasm/wasm.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { kindOf } from "../kernel/kernel_kinds.ts";
import { tuning } from "../limits.ts";

export const targets: readonly Target[] = [wasmTarget, jsTarget];

/** Whether code can be generated here at all. */
export function canCompile(): boolean {
  return targets.toReversed().some((target) => target.available() === true); // whether JavaScript can be is known soonest
}

/** What a program's kernels are written in, and the work that was looked at. */
export interface TargetChoice {
  readonly target: Target;
  /** That of its kernels, as cost.ts estimates it. */
  readonly work: number;
}

/** Chooses the target for a program of these kernels: the cheapest, or the one that is asked for, where it can be had. */
export function chooseTarget(kernels: readonly Kernel[], { emitter = "auto" }: ExecutorOptions): TargetChoice {
  const work = kernels.reduce((sum, kernel) => sum + kindOf(kernel).work(kernel), 0);
  const asked = emitter === "auto" ? tuning.emitter : emitter;
  const isAsked = ({ name }: Target): number => name === asked ? 0 : 1;
  const inOrder = [...targets].sort((a, b) => isAsked(a) - isAsked(b) || a.cost(work) - b.cost(work));
  // Without kernels nothing is generated, and nothing has to be in the arena.
  if (kernels.length === 0) return { target: inOrder.find(({ memory }) => memory === "arrays") ?? inOrder[0]!, work };
  // A target is asked what it can do only where it is wanted: that may take a moment.
  const target = inOrder.find((each) => each.available() === true && kernels.every((kernel) => each.supports(kernel)));
  if (target !== undefined) return { target, work };
  const reasons = inOrder.map((each) => `${each.language}: ${each.available()}`).join("; ");
  throw new Error(`Cannot generate code: ${reasons}`);
}
