/**
 * The functions on four float32 values that kernels compute without a call.
 * @module
 */
import type { IntrinsicName } from "../../../../src/ops/table.ts";
import { type Code, splat32, splat64, splatBits64 } from "../asm/code.ts";
import type { FunctionBuilder } from "../asm/function_builder.ts";
import type { CallScalar } from "./lanes.ts";
import type { DoubleMath } from "./vector_context.ts";
import { type MathContext, VectorMath } from "./vector_math.ts";
import { pow } from "./vector_power.ts";
import { cos, sin } from "./vector_trigonometry.ts";

/** A function on four values, of one operand or two, which can be read again and again. */
export type VectorFunction = (x: Code<"v128">, y: Code<"v128">) => Code<"v128">;

/** The name of one of them: that of its intrinsic. */
export type VectorFunctionName = Extract<
  IntrinsicName,
  "exp" | "expm1" | "log" | "log1p" | "tanh" | "sigmoid" | "softplus" | "erf" | "sin" | "cos" | "pow"
>;

/** All of them, for a kernel. */
export function vectorFunctions(
  context: MathContext & { readonly f: FunctionBuilder; readonly call: CallScalar },
): Readonly<Record<VectorFunctionName, VectorFunction>> {
  const { exp, expm1, log, log1p, tanh, sigmoid, softplus, erf } = new VectorMath(context);
  const doubles: DoubleMath = {
    f: context.f,
    fused: context.fused,
    imports: context,
    float: (value) => context.constant(splat32("f32x4", value)),
    integer: (value) => context.constant(splat32("i32x4", value)),
    double: (value) => context.constant(splat64(value)),
    bits: (value) => context.constant(splatBits64(value)),
  };
  return {
    exp,
    expm1,
    log,
    log1p,
    tanh,
    sigmoid,
    softplus,
    erf,
    sin: (x) => sin(doubles, x),
    cos: (x) => cos(doubles, x),
    pow: (x, y) => pow(doubles, x, y),
  };
}
