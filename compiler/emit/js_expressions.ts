/**
 * Operations as JavaScript expressions. What has no short expression is called: the op table's own function.
 * @module
 */
import { type DType, isFloating, isInteger } from "../../src/dtype.ts";
import type { ElementwiseOp, Scalar } from "../../src/ops/elementwise.ts";
import type { Id } from "../kernel.ts";
import type { ReductionName } from "../kinds.ts";

type Template = (x: string, y: string, z: string) => string;

/** Expressions for operands that are floats. Bools are the numbers 0 and 1. */
const floating: Readonly<Record<string, Template>> = {
  add: (x, y) => `${x} + ${y}`,
  sub: (x, y) => `${x} - ${y}`,
  mul: (x, y) => `${x} * ${y}`,
  div: (x, y) => `${x} / ${y}`,
  neg: (x) => `-${x}`,
  square: (x) => `${x} * ${x}`,
  abs: (x) => `Math.abs(${x})`,
  maximum: (x, y) => `Math.max(${x}, ${y})`,
  minimum: (x, y) => `Math.min(${x}, ${y})`,
  sqrt: (x) => `Math.sqrt(${x})`,
  rsqrt: (x) => `1 / Math.sqrt(${x})`,
  reciprocal: (x) => `1 / ${x}`,
  exp: (x) => `Math.exp(${x})`,
  expm1: (x) => `Math.expm1(${x})`,
  log: (x) => `Math.log(${x})`,
  log1p: (x) => `Math.log1p(${x})`,
  sin: (x) => `Math.sin(${x})`,
  cos: (x) => `Math.cos(${x})`,
  tan: (x) => `Math.tan(${x})`,
  tanh: (x) => `Math.tanh(${x})`,
  floor: (x) => `Math.floor(${x})`,
  ceil: (x) => `Math.ceil(${x})`,
  equal: (x, y) => `${x} === ${y} ? 1 : 0`,
  notEqual: (x, y) => `${x} !== ${y} ? 1 : 0`,
  less: (x, y) => `${x} < ${y} ? 1 : 0`,
  lessEqual: (x, y) => `${x} <= ${y} ? 1 : 0`,
  greater: (x, y) => `${x} > ${y} ? 1 : 0`,
  greaterEqual: (x, y) => `${x} >= ${y} ? 1 : 0`,
  where: (x, y, z) => `${x} ? ${y} : ${z}`,
};

/** The operations whose results may leave the range of an integer type. */
const growing = new Set(["add", "sub", "neg", "square", "abs"]);

/** Operations that are the same for integers, up to wrapping. */
const forIntegers = new Set([
  "add",
  "sub",
  "neg",
  "abs",
  "maximum",
  "minimum",
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
  "where",
]);

/** An element-wise op on names of values that are already of `dtype`. Functions it has to call are added to `helpers`. */
export function elementwiseExpression(
  op: ElementwiseOp,
  args: readonly string[],
  dtype: DType,
  helpers: Map<string, Scalar>,
): string {
  const [x = "0", y = "0", z = "0"] = args;
  const template = floating[op.name];
  if (isFloating(dtype) || dtype === "bool") {
    if (template !== undefined) return template(x, y, z);
  } else if (template !== undefined && forIntegers.has(op.name)) {
    const text = template(x, y, z);
    return growing.has(op.name) ? wrapExpression(`(${text})`, dtype) : text;
  } else if (op.name === "mul" && dtype === "int32") {
    return `Math.imul(${x}, ${y})`;
  }
  const integer = isInteger(dtype) && op.integer !== undefined;
  const name = `${op.name}_${integer ? "integer" : "scalar"}`;
  helpers.set(name, integer ? op.integer! : op.scalar);
  const call = `${name}(${args.join(", ")})`;
  return isInteger(dtype) ? wrapExpression(call, dtype) : call;
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
