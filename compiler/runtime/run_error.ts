/**
 * Errors of runs: what was caught, or came from another thread, with the operation, the user's line, and what it may have
 * done to Variables.
 * @module
 */
import { addLocation } from "../../src/errors.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { IndexFault } from "../emit/index_fault.ts";
import type { InstructionOrigin } from "../program/instructions.ts";
import type { CompiledProgram } from "../program/program.ts";
import type { Failure } from "./threads/failure.ts";

/** The error of a run that has failed in the arena; `caught` is what the calling thread caught. */
export function errorOf(
  program: CompiledProgram,
  failure: Failure,
  caught: unknown,
  variables: readonly Variable[],
): unknown {
  const { source: { name }, instructions, origins } = program;
  const { instruction: index } = failure;
  const harm = harmOf(program, index, variables);
  if (failure.kind === "closed") {
    return new Error(`Cannot finish ${name}: its workers were closed while it ran${harm}`);
  }
  const origin = origins[index]!; // what fails is an instruction
  const place = `${instructions[index]!.name} of ${name}`;
  switch (failure.kind) {
    case "error":
      if (failure.thread === 0) return errorIn(program, index, caught, variables);
      return addLocation(new Error(`Cannot run ${place}: ${failure.message}${harm}`), origin.site);
    case "index":
      return indexError(origin, failure);
    case "lost":
      return addLocation(
        new Error(`Cannot finish ${place}: the worker that computed a part of it was lost${harm}`),
        origin.site,
      );
    default:
      return failure satisfies never;
  }
}

/** An error that this thread caught in an instruction, as its operation's own and with the user's line. */
export function errorIn(
  program: CompiledProgram,
  index: number,
  error: unknown,
  variables: readonly Variable[],
): unknown {
  const instruction = program.instructions[index]!; // what fails is an instruction
  if (instruction.kind === "host") return error; // it has its place already
  const origin = program.origins[index]!;
  if (error instanceof IndexFault) return indexError(origin, error);
  const reason = error instanceof Error ? error.message : String(error);
  const place = `${instruction.name} of ${program.source.name}`;
  const harm = harmOf(program, index, variables);
  return addLocation(new Error(`Cannot run ${place}: ${reason}${harm}`, { cause: error }), origin.site);
}

/** What the operation whose check failed says of this index, with the user's line: the same as its own `compute`. */
function indexError({ checks }: InstructionOrigin, { check, index }: Pick<IndexFault, "check" | "index">): Error {
  const { node, describe } = checks[check]!; // a kernel's text only names checks of its own
  return addLocation(describe(index), node.site);
}

/** What a failure in an instruction may have done to Variables: nothing, unless they were being written where they lie. */
function harmOf({ instructions, written }: CompiledProgram, index: number, variables: readonly Variable[]): string {
  if (!instructions.slice(0, index + 1).some((each) => each.kind === "launch" && each.commits)) return "";
  const names = written.map((variable) => variables[variable]!.describe());
  return `; these Variables may hold parts of their new values: ${names.join(", ")}`;
}
