/**
 * Local bindings: the ordinary arrays that a program runs on when it needs no arena.
 * @module
 */
import { allocate, dtypeInfo, type TypedArray } from "../../src/dtype.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { elementsOf, type Tensor } from "../../src/tensor.ts";
import type { CompiledProgram } from "../program/program.ts";
import type { RunBindings } from "./arena_bindings.ts";
import type { Output } from "../program/program_builder.ts";

const unbound = new Float32Array(0);

/** The arrays of one program. What is the same for every run stays: constants, and scratch. */
export class LocalBindings implements RunBindings {
  readonly arrays: TypedArray[];
  readonly table = 0;
  readonly args = 0;
  readonly scratch = 0;
  /** The buffers of what is new in every run. */
  readonly #inputs: readonly (number | undefined)[];
  readonly #variables: readonly (number | undefined)[];
  readonly #results: readonly Output[];

  constructor({ buffers, memory, inputs, variables, results }: CompiledProgram) {
    const workspace = new ArrayBuffer(memory.bytes);
    this.arrays = buffers.map((buffer, index) => {
      if (buffer.kind === "constant") return elementsOf(buffer.tensor);
      const offset = memory.offsets.get(index);
      if (offset === undefined) return unbound;
      return dtypeInfo(buffer.type.dtype).view(workspace, offset, buffer.type.size);
    });
    this.#inputs = inputs;
    this.#variables = variables;
    this.#results = results;
  }

  /** Fills in what is new in every run: feeds, Variables, and fresh arrays for results. */
  bind(inputs: readonly Tensor[], variables: readonly Variable[]): void {
    const { arrays } = this;
    const results = this.#results;
    for (let index = 0; index < inputs.length; index++) {
      const buffer = this.#inputs[index];
      if (buffer !== undefined) arrays[buffer] = elementsOf(inputs[index]!);
    }
    if (variables.length > 0) this.rebind(variables);
    for (let index = 0; index < results.length; index++) {
      const { buffer, type } = results[index]!;
      arrays[buffer] = allocate(type.dtype, type.size);
    }
  }

  /** Finds the Variables where they lie now. */
  rebind(variables: readonly Variable[]): void {
    const { arrays } = this;
    for (let index = 0; index < variables.length; index++) {
      const buffer = this.#variables[index];
      if (buffer !== undefined) arrays[buffer] = variables[index]!.storage.array;
    }
  }

  /** Lets go of feeds and results, which are not held until the next run. */
  unbind(): void {
    const { arrays } = this;
    const inputs = this.#inputs;
    const results = this.#results;
    for (let index = 0; index < inputs.length; index++) {
      const buffer = inputs[index];
      if (buffer !== undefined) arrays[buffer] = unbound;
    }
    for (let index = 0; index < results.length; index++) arrays[results[index]!.buffer] = unbound;
  }
}
