/**
 * Vector functions that kernels call, where they would otherwise contain the same code again and again.
 * @module
 */
import { type Kernel, stepsOf } from "../../../kernel/kernel.ts";
import { call, get, type Vector } from "../asm/code.ts";
import { FunctionBuilder, type WasmFunction } from "../asm/function_builder.ts";
import type { Imports } from "../kernel_writer.ts";
import { type VectorFunction, type VectorFunctionName, vectorFunctions } from "./vector_functions.ts";

/** A kernel that uses a vector function no more often than this contains its code each time. */
const inlineUses = 4;

/** The operations that a kernel uses so often that their code would be long to write and to translate. */
export function calledFunctions(kernel: Kernel): Set<string> {
  const uses = new Map<string, number>();
  const called = new Set<string>();
  for (const step of stepsOf(kernel)) {
    if (step.kind !== "apply") continue;
    const count = (uses.get(step.op.name) ?? 0) + 1;
    uses.set(step.op.name, count);
    if (count > inlineUses) called.add(step.op.name);
  }
  return called;
}

/** The vector functions of a module, each once. They compute bit for bit what the same code within a kernel does. */
export class VectorLibrary {
  readonly #functions = new Map<VectorFunctionName, WasmFunction & { readonly result: "v128" }>();
  readonly #imports: Imports;
  readonly #fused: boolean;

  /** `fused` where a product may be added without being rounded. */
  constructor(imports: Imports, fused: boolean) {
    this.#imports = imports;
    this.#fused = fused;
  }

  /** All that were asked for. */
  get list(): WasmFunction[] {
    return [...this.#functions.values()];
  }

  /** The function of this name as a call. */
  functionOf(name: VectorFunctionName): VectorFunction {
    let known = this.#functions.get(name);
    if (known === undefined) this.#functions.set(name, known = this.#write(name));
    const target = known;
    return (...operands) => call(target, ...operands.slice(0, target.params.length));
  }

  #write(name: VectorFunctionName): WasmFunction & { readonly result: "v128" } {
    const f = new FunctionBuilder(`vector_${name}`);
    const functions = vectorFunctions({
      f,
      fused: this.#fused,
      keep: (value) => value.form.kind === "get" ? value : f.let("v", value),
      constant: (value) => value,
      call: (scalar, ...args) => call(this.#imports.scalar(scalar, args.length), ...args),
    });
    const vectorFunction = functions[name];
    // Functions of two operands say so.
    const operands = ["x", "y"].slice(0, vectorFunction.length).map((name) => get(f.parameter(name, "v128")));
    return f.end({ exported: false }, vectorFunction(...operands as [Vector, Vector])); // as many as it takes
  }
}
