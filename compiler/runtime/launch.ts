/**
 * How a thread computes a launch instruction: as a whole, or the chunks that it has claimed.
 * @module
 */
import type { Bindings, LoadedKernel } from "../emit/load_kernel.ts";
import { beginOf, endOf } from "../program/chunks.ts";
import type { LaunchInstruction } from "./threads/protocol.ts";

/** Computes the chunk of an instruction that has this number. */
export function computeChunk(
  { launches, partials }: LaunchInstruction,
  kernel: LoadedKernel,
  bindings: Bindings,
  chunk: number,
): void {
  let rest = chunk;
  for (const launch of launches) {
    const { chunks } = launch;
    if (rest < chunks.count) {
      const begin = beginOf(chunks, rest);
      const end = endOf(chunks, begin);
      if (partials === undefined) kernel.run(bindings, launch, begin, end, undefined, 0);
      else kernel.run(bindings, launch, begin, end, bindings.arrays[partials.buffer]!, chunk * partials.slots);
      return;
    }
    rest -= chunks.count;
  }
}

/** What is left to do when all chunks of an instruction are done: partial results are combined, if there are any. */
export function combineChunks(
  { launches, partials, count }: LaunchInstruction,
  kernel: LoadedKernel,
  bindings: Bindings,
): void {
  if (partials !== undefined) kernel.finalize(bindings, launches[0]!, bindings.arrays[partials.buffer]!, count);
}

/** A whole instruction, on this thread. */
export function computeLaunches(instruction: LaunchInstruction, kernel: LoadedKernel, bindings: Bindings): void {
  const { launches } = instruction;
  if (instruction.partials === undefined) {
    for (let index = 0; index < launches.length; index++) {
      const launch = launches[index]!;
      if (launch.chunks.units > 0) kernel.run(bindings, launch, 0, launch.chunks.units, undefined, 0);
    }
    return;
  }
  for (let chunk = 0; chunk < instruction.count; chunk++) computeChunk(instruction, kernel, bindings, chunk);
  combineChunks(instruction, kernel, bindings);
}
