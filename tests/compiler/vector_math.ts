/**
 * Errors of the functions that kernels compute on four float32 values at a time, in units in the last place of the result,
 * against the same functions in float64.
 *
 *     deno run -A --import-map=tests/std_assert/offline.json tests/compiler/vector_math.ts
 *
 * measures them on all numbers that float32 has, which takes some minutes, and prints a table.
 * @module
 */
import { setWasmFeatures } from "../../compiler/emit/wasm/features.ts";
import { compile, Tensor, type Value } from "../../mod.ts";
import { erf } from "../../src/ops/erf.ts";
import { logistic } from "../../src/ops/scalars.ts";
import { TensorType } from "../../src/tensor_type.ts";

/** The functions, in float64. */
export const functions = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  tanh: Math.tanh,
  sigmoid: logistic,
  softplus: (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  erf,
  sin: Math.sin,
  cos: Math.cos,
  rsqrt: (x: number): number => 1 / Math.sqrt(x),
};

/** The name of one of them. */
export type FunctionName = keyof typeof functions;

/** The unit in the last place of the float32 numbers around a number. */
function unit(value: number): number {
  const magnitude = Math.abs(value);
  return magnitude < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}

/** What a function gives for float32 numbers, as a kernel computes it. */
export function computed(name: FunctionName, numbers: Float32Array): Float32Array {
  const f = compile((x: Value) => x[name](), { emitter: "wasm" });
  return f(new Tensor(numbers, new TensorType("float32", [numbers.length]))).data as Float32Array; // as its argument
}

/** The largest error of a function over every `step`-th float32 number, from `first` on, and where it is. */
export function worstError(name: FunctionName, step: number, first = 0): { units: number; at: number } {
  const f = functions[name];
  const count = 2 ** 20;
  let worst = { units: 0, at: NaN };
  for (let begin = first; begin < 2 ** 32; begin += step * count) {
    const bits = Uint32Array.from({ length: Math.min(count, Math.ceil((2 ** 32 - begin) / step)) }, (_, index) => {
      return begin + index * step;
    });
    const numbers = new Float32Array(bits.buffer);
    const results = computed(name, numbers);
    for (let index = 0; index < results.length; index++) {
      const [x, y] = [numbers[index]!, results[index]!];
      const exact = f(x);
      const rounded = Math.fround(exact);
      const units = Object.is(y, rounded) || Number.isNaN(y) && Number.isNaN(rounded)
        ? 0
        : Number.isFinite(rounded)
        ? Math.abs(y - exact) / unit(exact)
        : Infinity;
      if (!(units <= worst.units)) worst = { units, at: x };
    }
  }
  return worst;
}

if (import.meta.main) {
  for (const relaxed of [true, false]) {
    setWasmFeatures({ relaxed });
    for (const name of Object.keys(functions) as FunctionName[]) { // its own keys
      const { units, at } = worstError(name, 1);
      console.log(`${relaxed ? "fused" : "     "} ${name.padEnd(8)} ${units.toFixed(3)} at ${at}`);
    }
  }
}
