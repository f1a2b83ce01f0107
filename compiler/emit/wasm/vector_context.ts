/**
 * What sine and cosine are written with: where their code goes, constants, and polynomials.
 * @module
 */
import { type Code, op } from "./code.ts";
import type { FunctionBuilder } from "./function_builder.ts";

/** Where the code of an elementary function goes, and what it may use there. */
export interface VectorMath {
  /** The function that the code becomes a part of. */
  readonly f: FunctionBuilder;
  /**
   * Whether there are the instructions of relaxed SIMD. An engine may round the product in `relaxed_madd` or not, so no
   * bound depends on it: it saves an instruction, not an error.
   */
  readonly fused: boolean;
  /** Functions that the module imports: `sin` and `cos` of doubles. */
  readonly imports: { readonly call: (name: "sin" | "cos", ...args: readonly Code<"f64">[]) => Code<"f64"> };
  /** The same float in all lanes, made or read wherever that is cheapest. */
  constant(value: number): Code<"v128">;
  /** The same integer in all lanes. */
  integer(value: number): Code<"v128">;
  /** The same double in both lanes. */
  double(value: number): Code<"v128">;
}

/** The bit of a float that is its sign. */
export const signBit = 1 << 31;

/** `a · b + c`. */
export function madd({ fused }: VectorMath, a: Code<"v128">, b: Code<"v128">, c: Code<"v128">): Code<"v128"> {
  return fused ? op("f32x4.relaxed_madd", a, b, c) : op("f32x4.add", op("f32x4.mul", a, b), c);
}

/** The polynomial in `x` with these coefficients, that of the highest power first, by Horner's scheme. */
export function polynomial(context: VectorMath, x: Code<"v128">, coefficients: readonly number[]): Code<"v128"> {
  const [first, ...rest] = coefficients.map((each) => context.constant(each));
  return rest.reduce((sum, each) => madd(context, sum, x, each), first!); // there is one at least
}

/** `x` where the mask's bits are set, and `y` elsewhere. */
export function choose(mask: Code<"v128">, x: Code<"v128">, y: Code<"v128">): Code<"v128"> {
  return op("v128.bitselect", x, y, mask);
}
