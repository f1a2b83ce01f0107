/**
 * Blocks: steps in the order in which they run, before each is an instruction. A step that repeats others, or chooses
 * among them, has blocks of its own; so whatever goes over a program's steps is written as a walk over a block.
 * @module
 */
import type { HostOperationCall, KernelCall } from "./program_builder.ts";

/** Launches of one kernel, as one instruction: for one set of arrays, or for several that are given the same code. */
export interface LaunchStep {
  readonly kind: "launch";
  readonly calls: readonly KernelCall[];
}

/** A call of an operation's own `compute`. */
export interface HostStep {
  readonly kind: "host";
  readonly call: HostOperationCall;
}

/** What is done between two points in time of a program. */
export type Step = LaunchStep | HostStep;

/** Steps in the order in which they run. */
export type Block = readonly Step[];

/** The parts of a step that may run at the same time. */
export function programCallsOf(step: Step): readonly (KernelCall | HostOperationCall)[] {
  switch (step.kind) {
    case "launch":
      return step.calls;
    case "host":
      return [step.call];
    default:
      return step satisfies never;
  }
}

/**
 * Visits the steps of a block in order, each with the point in time at which it runs. Returns the point in time after the
 * last one. Whether a step has blocks of its own is asked here and nowhere else.
 */
export function walkBlock(block: Block, visit: (step: Step, time: number) => void): number {
  let time = 0;
  for (const step of block) {
    switch (step.kind) {
      case "launch":
      case "host":
        visit(step, time++);
        break;
      default:
        step satisfies never;
    }
  }
  return time;
}
