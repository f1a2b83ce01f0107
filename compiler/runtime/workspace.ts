/**
 * A workspace: what one program needs of the arena while it runs. First its binding table, which says where each of its
 * arrays is, the numbers that its kernels are called with, and the times of a run that is measured; then small arguments
 * and constants, scratch, and results.
 *
 * Runs come one at a time, so all programs use the same workspace; a call within a call has one of its own.
 * @module
 */
import type { Variable } from "../../src/graph/variable.ts";
import { elementsOf, type Tensor } from "../../src/tensor.ts";
import { bytesOf } from "../program/memory_plan.ts";
import type { CompiledProgram } from "../program/program.ts";
import type { Buffer } from "../program/program_builder.ts";
import type { Arena } from "./arena.ts";
import type { ArenaProgram } from "./arena_program.ts";
import { alignment, roundUp } from "./threads/protocol.ts";
import { tableBytes } from "./arena_bindings.ts";

/** Where an array of a program is to be found when it runs in the arena. */
export type ArrayLocation =
  /** In the workspace. */
  | { readonly kind: "workspace"; readonly offset: number }
  /** Anywhere in the arena, where it stays. */
  | { readonly kind: "resident" };

/** How a program's workspace is laid out. */
export interface WorkspaceLayout {
  readonly bytes: number;
  /** One for each buffer of the program. */
  readonly places: readonly ArrayLocation[];
  /** The buffers whose numbers have to be brought there: arguments for each run, constants once. */
  readonly copied: readonly number[];
  /** Where the calling thread has memory of its own, when it runs alone. */
  readonly own: number;
}

/** Arguments and constants up to this many bytes are copied for each run: keeping track of them costs more. */
const smallBytes = 1024;

/** Lays out the workspace of a program. */
export function layOutWorkspace(
  { buffers, memory, instructions, policy: { threads }, argumentBytes, scratchBytes }: CompiledProgram,
): WorkspaceLayout {
  const times = instructions.length * threads * Float64Array.BYTES_PER_ELEMENT;
  let end = tableBytes(buffers.length) + argumentBytes + roundUp(times);
  const take = (bytes: number): number => {
    const offset = end;
    end += roundUp(Math.max(1, bytes)); // even an empty array is somewhere
    return offset;
  };
  const isSmall = (buffer: Buffer): boolean =>
    (buffer.kind === "input" || buffer.kind === "constant") && bytesOf(buffer) <= smallBytes;
  const small = buffers.map((buffer) => isSmall(buffer) ? take(bytesOf(buffer)) : 0);
  const scratch = take(memory.bytes);
  const places = buffers.map((buffer, index): ArrayLocation => {
    if (isSmall(buffer)) return { kind: "workspace", offset: small[index]! };
    if (buffer.kind === "result") return { kind: "workspace", offset: take(bytesOf(buffer)) };
    if (buffer.kind !== "scratch") return { kind: "resident" };
    // What is computed in a Variable's place has no other; it is named by nothing.
    return { kind: "workspace", offset: scratch + (memory.offsets.get(index) ?? 0) };
  });
  const copied = buffers.flatMap((buffer, index) => isSmall(buffer) ? [index] : []);
  const own = take(scratchBytes);
  return { bytes: end, places, copied, own };
}

/** The workspace of all programs that run at the same depth. */
export class Workspace {
  #offset = 0;
  #bytes = 0;
  /** The program whose constants are there. */
  #owner = -1;
  /** What its binding table says, in ordinary memory. */
  #bindings = new Int32Array(0);

  /** Brings everything that a program's run needs into the arena, and writes its binding table. Returns where that is. */
  place(
    { id, program: { buffers, instructions }, layout }: ArenaProgram,
    arena: Arena,
    inputs: readonly Tensor[],
    variables: readonly Variable[],
  ): number {
    if (this.#bytes < layout.bytes) {
      if (this.#bytes > 0) arena.release(this.#offset);
      this.abandon();
      this.#offset = arena.allocate(layout.bytes, "the scratch of programs");
      this.#bytes = layout.bytes;
    }
    const workspace = this.#offset;
    const { places, copied } = layout;
    const isNew = this.#owner !== id;
    this.#owner = -1; // until all is there
    if (isNew) {
      this.#bindings = Int32Array.from(
        places,
        (place) => place.kind === "workspace" ? (workspace + place.offset) / alignment : 0,
      );
    }
    const bindings = this.#bindings;
    for (let index = 0; index < places.length; index++) {
      if (places[index]!.kind !== "resident") continue;
      const buffer = buffers[index]!;
      if (buffer.kind === "variable") {
        bindings[index] = arena.placeOfVariable(variables[buffer.index]!) / alignment;
      } else if (buffer.kind === "input" || buffer.kind === "constant") {
        const tensor = buffer.kind === "input" ? inputs[buffer.index]! : buffer.tensor;
        bindings[index] = arena.placeOf(elementsOf(tensor), tensor.type) / alignment;
      }
    }
    // Views of the memory are made from here on: what was brought there may have made it grow.
    const { buffer: memory } = arena.memory;
    new Int32Array(memory, workspace, places.length).set(bindings);
    if (isNew) {
      const words = workspace + tableBytes(places.length);
      for (const instruction of instructions) {
        if (instruction.kind === "host") continue;
        for (const { args, place } of instruction.launches) {
          new Int32Array(memory, words + place, args.length).set(args);
        }
      }
    }
    for (const index of copied) {
      const buffer = buffers[index]!;
      const offset = bindings[index]! * alignment;
      if (buffer.kind === "input") {
        const data = elementsOf(inputs[buffer.index]!);
        arena.view(buffer.type.dtype, offset, data.length).set(data);
      } else if (buffer.kind === "constant" && isNew) {
        arena.view(buffer.type.dtype, offset, buffer.tensor.size).set(elementsOf(buffer.tensor));
      }
    }
    this.#owner = id;
    return workspace;
  }

  /** Takes nothing that lies there for granted any more. */
  forget(): void {
    this.#owner = -1;
  }

  /** Leaves the workspace as it is and has the next program make another. */
  abandon(): void {
    this.#offset = 0;
    this.#bytes = 0;
    this.#owner = -1;
  }
}
