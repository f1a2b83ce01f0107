/**
 * The end of a run: its outputs become tensors, and its assignments are committed.
 * @module
 */
import { dtypeInfo, type TypedArray } from "../../src/dtype.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { type Tensor, tensorOver } from "../../src/tensor.ts";
import type { CompiledProgram } from "../program/program.ts";

/** The outputs of a run on ordinary arrays, all of whose instructions have run; and lets the assignments are committed. */
export function complete(
  { outputs, copied, written }: CompiledProgram,
  arrays: readonly TypedArray[],
  variables: readonly Variable[],
): Tensor[] {
  const result = new Array<Tensor>(outputs.length);
  for (let index = 0; index < outputs.length; index++) {
    const { buffer, type } = outputs[index]!;
    result[index] = tensorOver(arrays[buffer]!, type);
  }
  for (let index = 0; index < copied.length; index++) {
    const { buffer, variable } = copied[index]!;
    variables[variable]!.storage.array.set(arrays[buffer]!);
    variables[variable]!.changed();
  }
  for (let index = 0; index < written.length; index++) variables[written[index]!]!.changed();
  return result;
}

/** The same for a run in the arena, whose results become arrays of their own. */
export function completeInArena(
  program: CompiledProgram,
  arrays: readonly TypedArray[],
  inputs: readonly Tensor[],
  variables: readonly Variable[],
): Tensor[] {
  const kept: TypedArray[] = [...arrays];
  for (const { buffer, type } of program.results) kept[buffer] = dtypeInfo(type.dtype).copy(arrays[buffer]!);
  // An argument or a constant that is returned is what it was outside of the arena.
  for (const { buffer } of program.outputs) {
    const each = program.buffers[buffer]!;
    if (each.kind === "input") kept[buffer] = inputs[each.index]!.data;
    else if (each.kind === "constant") kept[buffer] = each.tensor.data;
  }
  return complete(program, kept, variables);
}
