/**
 * Functions of four floats that are computed in doubles, two at a time: what they need, and how they get there and back.
 *
 * A double has 29 bits more than a float, so that what is lost on the way is nothing next to the one rounding at its end.
 * @module
 */
import { type Code, op, shuffle32 } from "../asm/code.ts";
import type { FunctionBuilder } from "../asm/function_builder.ts";
import { fromDoubles } from "./lanes.ts";

/** Where the code of an elementary function goes, and what it may use there. */
export interface DoubleMath {
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
  float(value: number): Code<"v128">;
  /** The same integer of 32 bits in all lanes. */
  integer(value: number): Code<"v128">;
  /** The same double in both lanes. */
  double(value: number): Code<"v128">;
  /** The same integer of 64 bits in both lanes. */
  bits(value: bigint): Code<"v128">;
}

/** Added to a double below 2⁵¹ it leaves no bits behind the point; the sum's last bits are the whole number. */
export const roundingNumber = 1.5 * 2 ** 52;

/** `a · b + c` of doubles. */
export function madd({ fused }: DoubleMath, a: Code<"v128">, b: Code<"v128">, c: Code<"v128">): Code<"v128"> {
  return fused ? op("f64x2.relaxed_madd", a, b, c) : op("f64x2.add", op("f64x2.mul", a, b), c);
}

/** The polynomial in the doubles `x` with these coefficients, that of the highest power first, by Horner's scheme. */
export function vectorPolynomial(math: DoubleMath, x: Code<"v128">, coefficients: readonly number[]): Code<"v128"> {
  const [first, ...rest] = coefficients.map((each) => math.double(each));
  return rest.reduce((sum, each) => madd(math, sum, x, each), first!); // there is one at least
}

/** `x` where the mask's bits are set, and `y` elsewhere. */
export function choose(mask: Code<"v128">, x: Code<"v128">, y: Code<"v128">): Code<"v128"> {
  return op("v128.bitselect", x, y, mask);
}

/** What a function of doubles gives for four floats of each operand, rounded to floats. Operands can be read again and again. */
export function inDoubles(
  { f }: DoubleMath,
  operands: readonly Code<"v128">[],
  compute: (...doubles: readonly Code<"v128">[]) => Code<"v128">,
): Code<"v128"> {
  const half = (pick: (x: Code<"v128">) => Code<"v128">): Code<"v128"> =>
    compute(...operands.map((x) => f.let("double", op("f64x2.promote_low_f32x4", pick(x)))));
  const low = half((x) => x);
  const high = half((x) => shuffle32([2, 3, 2, 3], x, x));
  return fromDoubles("float32", low, high)[0]!; // floats are one vector
}
