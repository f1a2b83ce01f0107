/**
 * Errors of the functions that kernels compute on four float32 values at a time, in units in the last place of the result,
 * against the same functions in float64.
 *
 * ```sh
 * deno run -A --import-map=tests/std_assert/offline.json tests/compiler/vector_math.ts
 * bun tests/compiler/vector_math.ts --function sin --function cos --part 1/4
 * ```
 * measures them on all numbers that float32 has, which takes five to ten minutes for each, and prints the largest errors.
 * `--function` says which to measure, `--step 16` takes every 16th number, `--part 1/4` the first quarter of them (the small
 * ones above 0; the third quarter is the small ones below), and `--unfused` is without fused multiply-add. Powers are of
 * all numbers above 0, by one exponent each, whatever the part.
 * @module
 */
import { parseArgs } from "node:util";
import { setWasmFeatures } from "../../compiler/emit/wasm/asm/features.ts";
import { compile, Tensor, type Value } from "../../mod.ts";
import { erf } from "../../src/ops/numerics/erf.ts";
import { logistic, power } from "../../src/ops/numerics/scalars.ts";
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

/** How far apart a result and what is exact are, in units of the exact one; 0 where the result is the nearest float. */
function unitsBetween(result: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(result, rounded)) return 0; // NaN is itself, too
  return Number.isFinite(rounded) ? Math.abs(result - exact) / unit(exact) : Infinity;
}

/** Numbers as a tensor. */
function vector(numbers: Float32Array): Tensor {
  return new Tensor(numbers, new TensorType("float32", [numbers.length]));
}

/** What a function gives for float32 numbers, as a kernel computes it. */
export function computed(name: FunctionName, numbers: Float32Array): Float32Array {
  const f = compile((x: Value) => x[name](), { emitter: "wasm" });
  return f(vector(numbers)).data as Float32Array; // as its argument
}

/** The powers of pairs of float32 numbers, as a kernel computes them. */
export function powers(x: Float32Array, y: Float32Array, emitter: "js" | "wasm" = "wasm"): Float32Array {
  const f = compile((x: Value, y: Value) => x.pow(y), { emitter });
  return f(vector(x), vector(y)).data as Float32Array; // as its arguments
}

/** The largest error of some results. */
export interface WorstError {
  /** In units in the last place. */
  units: number;
  /** The argument, or the arguments. */
  at: number | readonly [number, number];
}

/** The largest error of a function on these numbers. */
export function worstErrorOf(name: FunctionName, numbers: Float32Array): WorstError {
  const f = functions[name];
  const results = computed(name, numbers);
  let worst: WorstError = { units: 0, at: NaN };
  for (let index = 0; index < results.length; index++) {
    const units = unitsBetween(results[index]!, f(numbers[index]!));
    if (!(units <= worst.units)) worst = { units, at: numbers[index]! };
  }
  return worst;
}

const chunk = 2 ** 20;

/** The largest error of a function over every `step`-th float32 number, of those whose bits are from `first` to before `end`. */
export function worstError(name: FunctionName, step: number, first = 0, end = 2 ** 32): WorstError {
  let worst: WorstError = { units: 0, at: NaN };
  for (let begin = first; begin < end; begin += step * chunk) {
    const bits = new Uint32Array(Math.min(chunk, Math.ceil((end - begin) / step)));
    for (let index = 0; index < bits.length; index++) bits[index] = begin + index * step;
    const error = worstErrorOf(name, new Float32Array(bits.buffer));
    if (!(error.units <= worst.units)) worst = error;
  }
  return worst;
}

/**
 * The largest error of powers, over every `step`-th float32 number above 0; exponents are such that the results are spread
 * over all powers of two that float32 has, and some that it has not.
 */
export function worstPower(step: number, first = 1): WorstError {
  let worst: WorstError = { units: 0, at: NaN };
  const end = 0x7f800000; // the bits of infinity
  for (let begin = first; begin < end; begin += step * chunk) {
    const bits = new Uint32Array(Math.min(chunk, Math.ceil((end - begin) / step)));
    for (let index = 0; index < bits.length; index++) bits[index] = begin + index * step;
    const x = new Float32Array(bits.buffer);
    // Multiples of the golden ratio, without their whole part, are spread evenly.
    const y = x.map((x, index) => (index * 0.6180339887498949 % 1 * 284 - 153) / Math.log2(x));
    const results = powers(x, y);
    for (let index = 0; index < results.length; index++) {
      const units = unitsBetween(results[index]!, power(x[index]!, y[index]!));
      if (!(units <= worst.units)) worst = { units, at: [x[index]!, y[index]!] };
    }
  }
  return worst;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      function: { type: "string", multiple: true, default: [...Object.keys(functions), "pow"] },
      step: { type: "string", default: "1" },
      part: { type: "string", default: "1/1" },
      unfused: { type: "boolean", default: false },
    },
  });
  const [part, parts] = values.part.split("/").map(Number) as [number, number];
  setWasmFeatures({ relaxed: !values.unfused });
  for (const name of values.function) {
    const step = Number(values.step);
    const bound = (part: number): number => Math.floor(part / parts * 2 ** 32);
    const { units, at } = name === "pow"
      ? worstPower(step)
      : worstError(name as FunctionName, step, bound(part - 1), bound(part)); // whoever runs this has read their names
    console.log(`${values.unfused ? "unfused" : "fused"} ${name.padEnd(8)} ${units.toFixed(3)} at ${at}`);
  }
}
