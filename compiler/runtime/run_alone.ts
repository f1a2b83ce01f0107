/**
 * Runs on the calling thread alone: instruction after instruction, as a whole or in slices between two chunks.
 * @module
 */
import type { Variable } from "../../src/graph/variable.ts";
import type { LoadedKernel } from "../emit/load_kernel.ts";
import type { LocalBindings } from "./local_bindings.ts";
import type { CompiledProgram } from "../program/program.ts";
import type { ArenaBindings } from "./arena_bindings.ts";
import { callHost } from "./host_call.ts";
import { combineChunks, computeChunk, computeLaunches } from "./launch.ts";
import { observer } from "./threads/observer.ts";
import type { HostInstruction, LaunchInstruction } from "./threads/protocol.ts";
import { errorIn } from "./run_error.ts";

/** What a run works with that may be left between two chunks. */
export interface AloneRun {
  readonly program: CompiledProgram;
  /** The functions of the program's kernels. */
  readonly kernels: readonly LoadedKernel[];
  readonly bindings: LocalBindings | ArenaBindings;
  readonly variables: readonly Variable[];
}

/** How far a run has got that is left between two chunks, and until when it goes on. */
export interface Cursor {
  instruction: number;
  chunk: number;
  deadline: number;
}

/** A cursor at the beginning of a run that is not left. */
export function newCursor(): Cursor {
  return { instruction: 0, chunk: 0, deadline: Infinity };
}

/** Runs all instructions. `times` takes the milliseconds of each. There is no object per run: small programs feel one. */
export function runAlone(
  program: CompiledProgram,
  kernels: readonly LoadedKernel[],
  bindings: LocalBindings | ArenaBindings,
  variables: readonly Variable[],
  times: number[] | undefined,
): void {
  if (times !== undefined || observer !== undefined) {
    resumeAlone({ program, kernels, bindings, variables }, newCursor(), times);
    return;
  }
  const { instructions } = program;
  let index = 0;
  try {
    for (; index < instructions.length; index++) {
      const instruction = instructions[index]!;
      if (instruction.kind === "launch") computeLaunches(instruction, kernels[instruction.kernel]!, bindings);
      else runHost(program, bindings, variables, instruction);
    }
  } catch (error) {
    throw errorIn(program, index, error, variables);
  }
}

/**
 * The same from where the cursor is, until its deadline has passed between two chunks: whether all instructions have run.
 * It is also how a run goes whose instructions are measured or observed.
 */
export function resumeAlone(
  { program, kernels, bindings, variables }: AloneRun,
  cursor: Cursor,
  times?: number[],
): boolean {
  const { instructions, memory } = program;
  let hasWorked = false; // however late it is, it gets on
  try {
    for (; cursor.instruction < instructions.length; cursor.instruction++, cursor.chunk = 0) {
      const instruction = instructions[cursor.instruction]!;
      if (hasWorked && cursor.deadline < Infinity && performance.now() > cursor.deadline) return false;
      hasWorked = true;
      if (cursor.chunk === 0) observer?.instruction?.(cursor.instruction, bindings.arrays, memory);
      const start = times === undefined ? 0 : performance.now();
      observer?.piece?.(cursor.instruction, 0);
      if (instruction.kind === "host") runHost(program, bindings, variables, instruction);
      else {
        const kernel = kernels[instruction.kernel]!;
        if (cursor.deadline === Infinity && cursor.chunk === 0) computeLaunches(instruction, kernel, bindings);
        else if (!computeChunks(instruction, kernel, bindings, cursor)) return false;
      }
      times?.push(performance.now() - start);
    }
  } catch (error) {
    throw errorIn(program, cursor.instruction, error, variables);
  }
  return true;
}

/** A host call; it may run programs, for which memory grows and Variables move. */
function runHost(
  program: CompiledProgram,
  bindings: LocalBindings | ArenaBindings,
  variables: readonly Variable[],
  { call }: HostInstruction,
): void {
  callHost(program.hostCalls[call]!, bindings.arrays);
  bindings.rebind(variables);
}

/** The chunks of an instruction from where the cursor is, one at least, until its deadline; whether they are all done. */
function computeChunks(
  instruction: LaunchInstruction,
  kernel: LoadedKernel,
  bindings: LocalBindings | ArenaBindings,
  cursor: Cursor,
): boolean {
  while (cursor.chunk < instruction.count) {
    computeChunk(instruction, kernel, bindings, cursor.chunk++);
    if (cursor.chunk < instruction.count && performance.now() > cursor.deadline) return false;
  }
  combineChunks(instruction, kernel, bindings);
  return true;
}
