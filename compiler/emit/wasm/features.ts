/**
 * What the engine has of WebAssembly. It is asked once, by modules so small that only the question is in them.
 * @module
 */
import { get, op } from "./code.ts";
import { encodeModule } from "./encode.ts";
import { FunctionBuilder } from "./function_builder.ts";

/** What kernels may use. */
export interface WasmFeatures {
  /** Vectors: without these there are no kernels in WebAssembly. */
  readonly vectors: boolean;
  /** Multiplication and addition as one instruction. */
  readonly relaxed: boolean;
}

let features: WasmFeatures | undefined;

/** What this engine has. */
export function wasmFeatures(): WasmFeatures {
  return features ??= { vectors: validates(false), relaxed: validates(true) };
}

/** Does as if the engine had only these, until it is given `undefined`. For tests. */
export function setWasmFeatures(changes: Partial<WasmFeatures> | undefined): void {
  features = undefined;
  if (changes !== undefined) features = { ...wasmFeatures(), ...changes };
}

function validates(relaxed: boolean): boolean {
  if (typeof WebAssembly !== "object") return false;
  const f = new FunctionBuilder("question");
  const x = f.parameter("x", "v128");
  f.set(x, relaxed ? op("f32x4.relaxed_madd", get(x), get(x), get(x)) : op("f32x4.add", get(x), get(x)));
  const memory = { shared: false, minimumPages: 1, maximumPages: 1 };
  return WebAssembly.validate(encodeModule({ imports: [], functions: [f.end({ exported: true })], memory }));
}
