/**
 * What the engine has of WebAssembly. It is asked once, by modules so small that only the question is in them.
 * @module
 */
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
  const vectors = isMade(modules.vectors);
  return features = { vectors, relaxed: vectors && WebAssembly.validate(modules.relaxed) };
}

/** Does as if the engine had only these, until it is given `undefined`. For tests. */
export function setWasmFeatures(changes: Partial<WasmFeatures> | undefined): void {
  features = undefined;
  if (changes !== undefined) features = { ...wasmFeatures(), ...changes };
}

/** The start of a module: its magic number and version, the type of a function of a `v128`, and one of that type. */
const start = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 1, 0x7b, 0, 3, 2, 1, 0];

/**
 * Modules that ask, as bytes: so neither the encoder nor what it is made of is needed to ask. The function of each is
 * `(local.set 0 (f32x4.add (local.get 0) (local.get 0)))`, or `f32x4.relaxed_madd` of three.
 */
export const modules = {
  vectors: Uint8Array.of(...start, 10, 13, 1, 11, 0, 0x20, 0, 0x20, 0, 0xfd, 0xe4, 1, 0x21, 0, 11),
  relaxed: Uint8Array.of(...start, 10, 15, 1, 13, 0, 0x20, 0, 0x20, 0, 0x20, 0, 0xfd, 0x85, 2, 0x21, 0, 11),
} as const;

/** Whether a module can be compiled and instantiated here. */
function isMade(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    new WebAssembly.Instance(new WebAssembly.Module(bytes));
    return true;
  } catch {
    return false; // also where there is no WebAssembly
  }
}
