/**
 * Bindings: a program as a thread has it, and its arrays in the arena as one run finds them.
 * @module
 */
import { dtypeInfo, type TypedArray } from "../../src/dtype.ts";
import type { LoadedKernel } from "../emit/load_kernel.ts";
import { hasSharedMemory } from "../shared_memory.ts";
import { alignment, type BufferLayout, roundUp, type WalkedRow } from "./protocol.ts";

/** A row with its functions. */
export interface LoadedRow extends WalkedRow {
  readonly code: LoadedKernel;
}

/** A program as a thread has it. */
export interface LoadedProgram {
  readonly id: number;
  readonly buffers: readonly BufferLayout[];
  /** Bytes of the numbers of all segments. */
  readonly argumentBytes: number;
  /** Undefined stands for a host step. */
  readonly rows: readonly (LoadedRow | undefined)[];
}

/** What kernels are called with: a program's arrays, and where it is all described. */
export interface Frame {
  readonly arrays: TypedArray[];
  /** The addresses of the binding table, and of the numbers of segments; 0 where the arrays are ordinary ones. */
  table: number;
  args: number;
  /** The address of the thread's own memory. */
  scratch: number;
}

/** A program's arrays in the arena, as one thread sees them. */
export interface Bound extends Frame {
  /** Where each is, in units of {@linkcode alignment}; 0 before it was first bound. */
  readonly places: Int32Array;
  buffer: ArrayBufferLike | undefined;
  run: number;
}

/** A program's arrays, before they are bound. */
export function newBound({ buffers: { length } }: LoadedProgram): Bound {
  return {
    arrays: new Array<TypedArray>(length),
    table: 0,
    args: 0,
    scratch: 0,
    places: new Int32Array(length),
    buffer: undefined,
    run: 0,
  };
}

/** Binds a program's arrays as its binding table, at the beginning of its region, says. */
export function bindFrame(bound: Bound, program: LoadedProgram, memory: WebAssembly.Memory, region: number): void {
  const { arrays, places } = bound;
  let { buffer } = memory;
  /** What the memory is once it has what lies up to here: that another thread has made it grow, may not be seen yet. */
  const bufferTo = (end: number): ArrayBufferLike => {
    if (end > buffer.byteLength) {
      memory.grow(0);
      ({ buffer } = memory);
    }
    return buffer;
  };
  bufferTo(region + tableBytes(places.length));
  bound.table = region;
  bound.args = region + tableBytes(places.length);
  const table = new Int32Array(buffer, region, places.length);
  if (bound.buffer !== buffer) {
    // Memory that is shared has grown, and arrays are where they were; other memory is somewhere else.
    if (!(bound.buffer === undefined || hasSharedMemory())) places.fill(0);
    bound.buffer = buffer;
  }
  for (let index = 0; index < places.length; index++) {
    const place = table[index]!;
    if (places[index] === place) continue;
    places[index] = place;
    const { dtype, length } = program.buffers[index]!;
    const offset = (place >>> 0) * alignment;
    arrays[index] = dtypeInfo(dtype).view(bufferTo(offset + length * dtypeInfo(dtype).bytes), offset, length);
  }
}

/** Bytes of the binding table of so many arrays. */
export function tableBytes(buffers: number): number {
  return roundUp(buffers * Int32Array.BYTES_PER_ELEMENT);
}
