/**
 * Operations as JavaScript expressions. What is too long for one is called by name, see `js_helpers.ts`.
 * @module
 */
import { type DType, isFloating, isInteger } from "../../../src/dtype.ts";
import type { DomainOf, Intrinsic, IntrinsicName, ReductionName } from "../../../src/ops/table.ts";
import type { Id } from "../../kernel/kernel.ts";
import type { HelperName } from "./js_helpers.ts";

/** An expression of names of operands, or the helper that is called with them. */
type ExpressionForm = ((x: string, y: string, z: string) => string) | HelperName;

/** How an intrinsic is written on floats; bools are the numbers 0 and 1, and take the same form. */
interface FloatExpression {
  readonly floating: ExpressionForm;
}

/** How an intrinsic is written that is defined on integers, too. */
interface Expression extends FloatExpression {
  readonly integer: ExpressionForm;
  /** Whether results on integers have to be wrapped to their dtype. */
  readonly wraps: boolean;
}

/** Functions of floats. */
function real(floating: ExpressionForm): FloatExpression {
  return { floating };
}

/** Operations that give integers of the operands' dtype, or bools, when given integers. */
function closed(form: ExpressionForm): Expression {
  return { floating: form, integer: form, wraps: false };
}

/** Operations whose results may leave the range of an integer dtype, or be −0, which none has. */
function wrapping(floating: ExpressionForm, integer: ExpressionForm = floating): Expression {
  return { floating, integer, wraps: true };
}

type Expressions = { readonly [Name in IntrinsicName]: DomainOf<Name> extends "floats" ? FloatExpression : Expression };

/** Every intrinsic. It gives what its `scalar` and `integer` give, bit for bit. */
const expressions: Expressions = {
  add: wrapping((x, y) => `${x} + ${y}`),
  sub: wrapping((x, y) => `${x} - ${y}`),
  mul: wrapping((x, y) => `${x} * ${y}`, (x, y) => `Math.imul(${x}, ${y})`),
  div: real((x, y) => `${x} / ${y}`),
  pow: wrapping("power", "integerPower"),
  maximum: closed((x, y) => `Math.max(${x}, ${y})`),
  minimum: closed((x, y) => `Math.min(${x}, ${y})`),
  mod: wrapping("floorRemainder", "integerRemainder"),
  floorDiv: wrapping("floorQuotient", "integerQuotient"),
  neg: wrapping((x) => `-${x}`),
  abs: wrapping((x) => `Math.abs(${x})`),
  sign: closed((x) => `Math.sign(${x}) + 0`),
  square: wrapping((x) => `${x} * ${x}`, (x) => `Math.imul(${x}, ${x})`),
  reciprocal: real((x) => `1 / ${x}`),
  clip: closed((x, y, z) => `Math.min(Math.max(${x}, ${y}), ${z})`),
  where: closed((x, y, z) => `${x} ? ${y} : ${z}`),
  sqrt: real((x) => `Math.sqrt(${x})`),
  rsqrt: real((x) => `1 / Math.sqrt(${x})`),
  exp: real((x) => `Math.exp(${x})`),
  expm1: real((x) => `Math.expm1(${x})`),
  log: real((x) => `Math.log(${x})`),
  log1p: real((x) => `Math.log1p(${x})`),
  sin: real((x) => `Math.sin(${x})`),
  cos: real((x) => `Math.cos(${x})`),
  tan: real((x) => `Math.tan(${x})`),
  asin: real((x) => `Math.asin(${x})`),
  acos: real((x) => `Math.acos(${x})`),
  atan: real((x) => `Math.atan(${x})`),
  atan2: real((x, y) => `Math.atan2(${x}, ${y})`),
  sinh: real((x) => `Math.sinh(${x})`),
  cosh: real((x) => `Math.cosh(${x})`),
  tanh: real((x) => `Math.tanh(${x})`),
  sigmoid: real("logistic"),
  softplus: real((x) => `Math.max(${x}, 0) + Math.log1p(Math.exp(-Math.abs(${x})))`),
  relu: closed((x) => `Math.max(${x}, 0)`),
  erf: real("erf"),
  floor: closed((x) => `Math.floor(${x})`),
  ceil: closed((x) => `Math.ceil(${x})`),
  round: closed("roundHalfToEven"),
  equal: closed((x, y) => `${x} === ${y} ? 1 : 0`),
  notEqual: closed((x, y) => `${x} !== ${y} ? 1 : 0`),
  less: closed((x, y) => `${x} < ${y} ? 1 : 0`),
  lessEqual: closed((x, y) => `${x} <= ${y} ? 1 : 0`),
  greater: closed((x, y) => `${x} > ${y} ? 1 : 0`),
  greaterEqual: closed((x, y) => `${x} >= ${y} ? 1 : 0`),
  logicalAnd: closed((x, y) => `${x} !== 0 && ${y} !== 0 ? 1 : 0`),
  logicalOr: closed((x, y) => `${x} !== 0 || ${y} !== 0 ? 1 : 0`),
  logicalXor: closed((x, y) => `(${x} !== 0) !== (${y} !== 0) ? 1 : 0`),
  logicalNot: closed((x) => `${x} === 0 ? 1 : 0`),
  isNaN: closed((x) => `Number.isNaN(${x}) ? 1 : 0`),
  isFinite: closed((x) => `Number.isFinite(${x}) ? 1 : 0`),
  isInf: closed((x) => `${x} === Infinity || ${x} === -Infinity ? 1 : 0`),
};

/** An intrinsic on names of values that are already of `dtype`. Functions it has to call are added to `helpers`. */
export function elementwiseExpression(
  { name }: Intrinsic,
  args: readonly string[],
  dtype: DType,
  helpers: Set<string>,
): string {
  const expression = expressions[name];
  if (!isInteger(dtype) || !("integer" in expression)) return formText(expression.floating, args, helpers);
  const text = formText(expression.integer, args, helpers);
  return expression.wraps ? wrapExpression(`(${text})`, dtype) : text;
}

function formText(form: ExpressionForm, args: readonly string[], helpers: Set<string>): string {
  if (typeof form === "string") {
    helpers.add(form);
    return `${form}(${args.join(", ")})`;
  }
  const [x = "0", y = "0", z = "0"] = args;
  return form(x, y, z);
}

/** A number wrapped to an integer type. */
function wrapExpression(text: string, dtype: DType): string {
  switch (dtype) {
    case "int32":
      return `${text} | 0`;
    case "uint32":
      return `${text} >>> 0`;
    case "int8":
      return `${text} << 24 >> 24`;
    case "uint8":
      return `${text} & 255`;
    default:
      return text;
  }
}

/** A value of one dtype as another. */
export function convertExpression(x: string, from: DType, to: DType): string {
  if (to === "bool") return `${x} !== 0 ? 1 : 0`;
  if (to === "float64" || from === "bool") return x;
  if (to === "float32") return from === "float64" || from === "int32" || from === "uint32" ? `Math.fround(${x})` : x;
  return wrapExpression(x, to);
}

/** What a running result starts from. */
export function reductionStart(name: ReductionName, dtype: DType): string {
  switch (name) {
    case "sum":
    case "any":
    case "argmax":
    case "argmin":
      return "0";
    case "prod":
    case "all":
      return "1";
    case "max":
      return isFloating(dtype) ? "-Infinity" : dtype === "int32" ? "-2147483648" : dtype === "int8" ? "-128" : "0";
    case "min":
      return isFloating(dtype)
        ? "Infinity"
        : dtype === "int32"
        ? "2147483647"
        : dtype === "uint32"
        ? "4294967295"
        : dtype === "int8"
        ? "127"
        : dtype === "bool"
        ? "1"
        : "255";
    default:
      return name satisfies never;
  }
}

/** The lines that take `x` into the running result `v{id}`. */
export function reductionStep(
  name: ReductionName,
  dtype: DType,
  id: Id,
  x: string,
  counter: string | undefined,
): string[] {
  const result = `v${id}`;
  switch (name) {
    case "sum":
      return isFloating(dtype)
        ? [`${result} += ${x};`]
        : [`${result} = ${wrapExpression(`(${result} + ${x})`, dtype)};`];
    case "prod":
      return isFloating(dtype)
        ? [`${result} *= ${x};`]
        : [`${result} = ${wrapExpression(`Math.imul(${result}, ${x})`, dtype)};`];
    case "max":
      return [`${result} = Math.max(${result}, ${x});`];
    case "min":
      return [`${result} = Math.min(${result}, ${x});`];
    case "any":
      return [`if (${x}) ${result} = 1;`];
    case "all":
      return [`if (!${x}) ${result} = 0;`];
    case "argmax":
      return [`if (${x} > w${id} || ${x} !== ${x} && w${id} === w${id}) { w${id} = ${x}; ${result} = ${counter}; }`];
    case "argmin":
      return [`if (${x} < w${id} || ${x} !== ${x} && w${id} === w${id}) { w${id} = ${x}; ${result} = ${counter}; }`];
    default:
      return name satisfies never;
  }
}
