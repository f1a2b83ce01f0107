/**
 * What the engine has of WebAssembly. It is asked once, by modules so small that only the question is in them.
 * @module
 */
import { get, op } from "./code.ts";
import { encodeModule } from "./encode.ts";
import { FunctionBuilder } from "./function_builder.ts";
import { importModule } from "./imports.ts";

/** What kernels may use. */
export interface WasmFeatures {
  /** Modules with vectors: without these there are no kernels in WebAssembly. */
  readonly vectors: boolean;
  /** Multiplication and addition as one instruction. */
  readonly relaxed: boolean;
}

let features: WasmFeatures | undefined;

/** What this engine has, and this page may use. */
export function wasmFeatures(): WasmFeatures {
  if (features !== undefined) return features;
  // A page's policy may forbid modules to be made, and validating one does not tell.
  const vectors = isMade(question(false));
  return features = { vectors, relaxed: vectors && WebAssembly.validate(question(true)) };
}

/** Does as if the engine had only these, until it is given `undefined`. For tests. */
export function setWasmFeatures(changes: Partial<WasmFeatures> | undefined): void {
  features = undefined;
  if (changes !== undefined) features = { ...wasmFeatures(), ...changes };
}

/** A module that asks for vectors, relaxed ones or plain ones. */
function question(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const f = new FunctionBuilder("question");
  const x = f.parameter("x", "v128");
  f.set(x, relaxed ? op("f32x4.relaxed_madd", get(x), get(x), get(x)) : op("f32x4.add", get(x), get(x)));
  const memory = { shared: false, minimumPages: 1, maximumPages: 1 };
  return encodeModule({ imports: [], functions: [f.end({ exported: true })], memory });
}

/** Whether a module can be compiled and instantiated here. */
function isMade(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    new WebAssembly.Instance(new WebAssembly.Module(bytes), { [importModule]: { memory } });
    return true;
  } catch {
    return false; // also where there is no WebAssembly
  }
}
