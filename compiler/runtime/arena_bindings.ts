/**
 * Bindings: a program as a thread has it, and its arrays in the arena as one run finds them.
 * @module
 */
import { dtypeInfo, type TypedArray } from "../../src/dtype.ts";
import type { Bindings, LoadedKernel } from "../emit/load_kernel.ts";
import { hasSharedMemory } from "./shared_memory.ts";
import { alignment, type BufferLayout, type Instruction, roundUp } from "./threads/protocol.ts";

/** A program as a thread has it. */
export interface LoadedProgram {
  readonly id: number;
  readonly buffers: readonly BufferLayout[];
  /** Bytes of the numbers of all launches. */
  readonly argumentBytes: number;
  readonly kernels: readonly LoadedKernel[];
  readonly instructions: readonly Instruction[];
}

/** Bindings that are filled in for each run. */
export interface RunBindings extends Bindings {
  readonly arrays: TypedArray[];
}

/** A program's arrays in the arena, as one thread sees them. */
export class ArenaBindings implements RunBindings {
  readonly arrays: TypedArray[];
  table = 0;
  args = 0;
  scratch = 0;
  /** The run that it was bound for, where runs are counted. */
  run = 0;
  readonly #buffers: readonly BufferLayout[];
  readonly #memory: WebAssembly.Memory;
  /** Where each array is, in units of {@linkcode alignment}; 0 before it was first bound. */
  readonly #places: Int32Array;
  #buffer: ArrayBufferLike | undefined;

  constructor({ buffers }: Pick<LoadedProgram, "buffers">, memory: WebAssembly.Memory) {
    this.arrays = new Array<TypedArray>(buffers.length);
    this.#buffers = buffers;
    this.#memory = memory;
    this.#places = new Int32Array(buffers.length);
  }

  /** Binds the arrays as the binding table at the beginning of a workspace says; `scratch` is the thread's own memory. */
  bind(workspace: number, scratch: number): void {
    this.table = workspace;
    this.args = workspace + tableBytes(this.#places.length);
    this.scratch = scratch;
    this.rebind();
  }

  /** Binds the arrays anew, where that is necessary: memory that is not shared is somewhere else once it has grown. */
  rebind(): void {
    const memory = this.#memory;
    const places = this.#places;
    let { buffer } = memory;
    /** What the memory is once it has what lies up to here: that another thread has made it grow, may not be seen yet. */
    const bufferTo = (end: number): ArrayBufferLike => {
      if (end > buffer.byteLength) {
        memory.grow(0);
        ({ buffer } = memory);
      }
      return buffer;
    };
    bufferTo(this.args);
    const table = new Int32Array(buffer, this.table, places.length);
    if (this.#buffer !== buffer) {
      if (!(this.#buffer === undefined || hasSharedMemory())) places.fill(0);
      this.#buffer = buffer;
    }
    for (let index = 0; index < places.length; index++) {
      const place = table[index]!;
      if (places[index] === place) continue;
      places[index] = place;
      const { dtype, length } = this.#buffers[index]!;
      const offset = (place >>> 0) * alignment;
      this.arrays[index] = dtypeInfo(dtype).view(bufferTo(offset + length * dtypeInfo(dtype).bytes), offset, length);
    }
  }
}

/** Bytes of the binding table of so many arrays. */
export function tableBytes(buffers: number): number {
  return roundUp(buffers * Int32Array.BYTES_PER_ELEMENT);
}
