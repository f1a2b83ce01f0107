/**
 * A program as the calling thread has it when it runs in the arena.
 * @module
 */
import { type LoadedKernel, loadKernel } from "../emit/load_kernel.ts";
import type { CompiledProgram } from "../program/program.ts";
import type { LoadedProgram } from "./arena_bindings.ts";
import type { BufferLayout, Instruction, ProgramMessage } from "./threads/protocol.ts";
import { layOutWorkspace, type WorkspaceLayout } from "./workspace.ts";

let nextId = 1;

/** A program with its functions for the arena's memory, and its workspace. */
export class ArenaProgram implements LoadedProgram {
  /** What workers know it by. */
  readonly id: number;
  readonly program: CompiledProgram;
  readonly layout: WorkspaceLayout;
  readonly buffers: readonly BufferLayout[];
  readonly kernels: readonly LoadedKernel[];

  constructor(program: CompiledProgram, memory: WebAssembly.Memory) {
    this.id = nextId++;
    this.program = program;
    this.layout = layOutWorkspace(program);
    this.buffers = program.buffers.map(({ type }) => ({ dtype: type.dtype, length: type.size }));
    this.kernels = program.kernels.map((text) => loadKernel(text, memory));
  }

  get argumentBytes(): number {
    return this.program.argumentBytes;
  }

  get instructions(): readonly Instruction[] {
    return this.program.instructions;
  }

  /** What workers are sent. */
  message(): ProgramMessage {
    const { id, buffers, program: { argumentBytes, kernels, instructions } } = this;
    return { id, buffers, argumentBytes, kernels, instructions };
  }
}
