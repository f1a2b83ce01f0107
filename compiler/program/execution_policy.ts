/**
 * Execution policies: where a program runs. It follows from its sizes; how many threads there are for it, from the machine.
 * @module
 */
import type { ExecutorOptions } from "../../src/executor.ts";
import { tuning } from "../limits.ts";
import { canShareMemory, hardwareThreads } from "../runtime/threads/pool.ts";
import { type Instruction, maximumThreads } from "../runtime/threads/protocol.ts";
import { runs } from "../runtime/threads/runs.ts";

/** How a program runs, and what that follows from. */
export interface ExecutionPolicy {
  /** Whether it may run in the arena, on several threads. */
  readonly shared: boolean;
  /** The most threads that it runs on. */
  readonly threads: number;
  /** Its work, as cost.ts estimates it. */
  readonly work: number;
  /** From how much work on a program is shared. */
  readonly sharedWork: number;
}

/** Where a program of these instructions, of so much work, runs: on several threads when its work is worth sharing and can be cut. */
export function executionPolicyOf(
  instructions: readonly Instruction[],
  work: number,
  { threads = tuning.threads ?? hardwareThreads() }: ExecutorOptions,
): ExecutionPolicy {
  const { sharedWork } = tuning;
  const shared = work >= sharedWork && instructions.some((each) => each.kind === "launch" && each.count > 1);
  return { shared, threads: Math.min(threads, maximumThreads), work, sharedWork };
}

/** How many threads a run has as things are now, and why: `one thread (estimated work: 25 operations; shared from 400,000 on)`. */
export function describeExecutionPolicy(policy: ExecutionPolicy): string {
  const threads = policy.shared ? runs.reachable(policy.threads) : 1;
  const count = threads > 1 ? `${threads} threads` : "one thread";
  return `${count} (estimated work: ${rounded(policy.work)} operations; ${reasonFor(policy, threads)})`;
}

/** Why a program of this policy has so many threads now. */
function reasonFor({ shared, threads, work, sharedWork }: ExecutionPolicy, reachable: number): string {
  if (work >= sharedWork) {
    if (!shared) return "no kernel of it can be cut";
    if (threads === 1) return "its options, or the machine, give it no more";
    if (!canShareMemory()) return "no worker can share memory here";
    if (reachable < threads) return "workers do not start here";
  }
  return `shared from ${sharedWork.toLocaleString("en")} on`;
}

/** Two digits of a number that is no more exact than that. */
function rounded(work: number): string {
  return Number(work.toPrecision(2)).toLocaleString("en");
}
