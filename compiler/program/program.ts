/**
 * Programs: a graph function, compiled. A program is data, and needs nothing of what it was made from to run: executors
 * run it, and whoever wants to know more of it compiles its graph function again.
 *
 * No generated code holds an array. A run fills in *bindings* (feeds, Variables, constants, results, scratch), and every
 * instruction names its arrays by their numbers. So the same program runs on ordinary arrays on one thread, and in the
 * arena on all of them.
 * @module
 */
import type { ExecutorOptions } from "../../src/executor.ts";
import type { GraphFunction } from "../../src/graph/function.ts";
import { decompose } from "../../src/graph/decompose.ts";
import type { Target } from "../emit/target.ts";
import { fuse, type Fused } from "../fusion/fuse.ts";
import { type Instructions, makeInstructions } from "./instructions.ts";
import { canFail } from "../kernel/kernel.ts";
import { materialize, type Materialized } from "../passes/materialize.ts";
import { type ExecutionPolicy, executionPolicyOf } from "./execution_policy.ts";
import { type MemoryPlan, planMemory } from "./memory_plan.ts";
import { type Schedule, schedule } from "./schedule.ts";
import { simplify } from "../passes/simplify.ts";
import { type Assignment, type Buffer, buildProgram, type BuiltProgram, type Output } from "./program_builder.ts";

/** A compiled graph function. */
export interface CompiledProgram extends Instructions {
  /** What was compiled. */
  readonly source: GraphFunction;
  /** How it was compiled. */
  readonly options: ExecutorOptions;
  readonly target: Target;
  readonly buffers: readonly Buffer[];
  /** Where scratch lies. */
  readonly memory: MemoryPlan;
  /** Bytes of memory of its own that each thread needs. */
  readonly scratchBytes: number;
  /** The buffer of each of the function's inputs and Variables, where an instruction names it. */
  readonly inputs: readonly (number | undefined)[];
  readonly variables: readonly (number | undefined)[];
  readonly outputs: readonly Output[];
  /** The buffers that each run makes anew, because they are returned. */
  readonly results: readonly Output[];
  /** The assignments that a run makes by copying, once all instructions have run. */
  readonly copied: readonly Assignment[];
  /** The Variables that a run writes where they lie. */
  readonly written: readonly number[];
  readonly policy: ExecutionPolicy;
}

/** A program, and what came before it on its way: what it takes to explain it. */
export interface Compilation {
  readonly graphFunction: Materialized;
  readonly fused: Fused;
  readonly built: BuiltProgram;
  readonly schedule: Schedule;
  readonly program: CompiledProgram;
}

/** Compiles a graph function. The same function gives the same program, whenever that is. */
export function compileProgram(source: GraphFunction, options: ExecutorOptions): Compilation {
  const graphFunction = materialize(simplify(decompose(source)));
  const fused = fuse(graphFunction, options);
  const built = buildProgram(graphFunction, fused, options);
  const { buffers, outputs, inputs, variables, assignments, choice: { target, work } } = built;
  const scheduled = schedule(built, (call) => call.kind === "host" || canFail(call.kernel));
  const { block, inPlace } = scheduled;
  const copied = assignments.filter(({ buffer }) => !inPlace.has(buffer));
  const made = makeInstructions(block, inPlace);
  const program: CompiledProgram = {
    ...made,
    source,
    options,
    target,
    buffers,
    memory: planMemory(block, buffers, {
      elsewhere: new Set(inPlace.keys()),
      held: new Set(copied.map(({ buffer }) => buffer)),
    }),
    scratchBytes: built.calls.reduce(
      (most, call) => call.kind === "kernel" ? Math.max(most, call.emitted.scratchBytes) : most,
      0,
    ),
    inputs,
    variables,
    outputs,
    results: buffers.flatMap((buffer, index) => buffer.kind === "result" ? [{ buffer: index, type: buffer.type }] : []),
    copied,
    written: assignments.filter(({ buffer }) => inPlace.has(buffer)).map(({ variable }) => variable),
    policy: executionPolicyOf(made.instructions, work, options),
  };
  return { graphFunction, fused, built, schedule: scheduled, program };
}
