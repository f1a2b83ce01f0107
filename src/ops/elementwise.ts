/**
 * What element-wise operations have in common: NumPy broadcasting, dtype promotion, one number at a time.
 * @module
 */
import { type DType, isFloating, isInteger, type TypedArray } from "../dtype.ts";
import { broadcastShapes, equalShapes, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { resultDType, resultWeakness, TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import { broadcastOffsets } from "./geometry/offsets.ts";
import { type GradientContext, operandError, type PrimitiveEntry } from "./op.ts";
import type { Domain, ElementwiseOp, Scalar } from "./primitive.ts";

/** What bool has none of. */
export const notForBool = "it is not defined for bool; use the logical operations, or convert with astype()";

/** What the types, the reference implementation and the gradient of an element-wise computation follow from. */
export interface ElementwiseRule<D extends Domain> {
  /** Which numbers `scalar` is defined on: bools are refused by `"numbers"`, and become float32 for `"floats"`, as integers do. */
  readonly domain: D;
  /** The dtype of the result, where that is not the one that the operands are brought to. */
  readonly result?: "bool";
  /** The operation on numbers, see {@linkcode ElementwiseOp}. */
  readonly scalar: Scalar;
  /** The operation on integers, where that is another. */
  readonly integer?: Scalar;
  readonly gradient?: (context: GradientContext) => readonly (Value | undefined)[];
}

/** The part of an entry that follows from a rule. */
function elementwiseEntry(
  name: string,
  rule: ElementwiseRule<Domain>,
): PrimitiveEntry & Pick<ElementwiseOp, "operandDType"> {
  const { domain, result, scalar, integer } = rule;
  const operandDType = (inputs: readonly TensorType[]): DType => {
    const dtype = promotedDType(name, inputs);
    if (result === "bool" && comparesIntegersWithNumber(inputs)) return "float64";
    return domain === "floats" && !isFloating(dtype) ? "float32" : dtype;
  };
  return {
    name,
    operandDType,
    infer(inputs) {
      const dtype = operandDType(inputs);
      if (domain === "numbers" && dtype === "bool") throw operandError(TypeError, name, inputs, notForBool);
      const shape = broadcastAll(name, inputs);
      if (result === "bool") return new TensorType("bool", shape);
      const weak = resultWeakness(inputs);
      // As a rule an operand has the result's type, which need not be made again.
      for (const input of inputs) {
        if (input.shape === shape && input.dtype === dtype && input.weak === weak) return input;
      }
      return new TensorType(dtype, shape, weak);
    },
    compute(output, inputs, _attributes, type) {
      const dtype = operandDType(inputs.map((input) => input.type));
      mapElements(output, inputs, type, dtype, isInteger(dtype) ? integer ?? scalar : scalar);
    },
    ...(rule.gradient && { gradient: rule.gradient }),
  };
}

/** How an element-wise op is written down in its family's table: its rule, and what the compiler has to know. */
export type ElementwiseFacts<D extends Domain> =
  & ElementwiseRule<D>
  & Pick<ElementwiseOp, "operands" | "cost" | "rounding" | "laws">;

/** An element-wise op of the table. */
export function elementwiseOp<Name extends string, D extends Domain>(
  name: Name,
  facts: ElementwiseFacts<D>,
): ElementwiseOp<Name, D> {
  const { domain, operands, cost, rounding, laws, scalar, integer } = facts;
  return {
    ...elementwiseEntry(name, facts),
    lowering: "elementwise",
    name,
    domain,
    operands,
    cost,
    rounding,
    laws,
    scalar,
    ...(integer && { integer }),
  };
}

/**
 * Whether integers or bools meet a JavaScript number, which may be none of their dtype; float64 holds both exactly.
 */
function comparesIntegersWithNumber(inputs: readonly TensorType[]): boolean {
  return inputs.some((input) => input.weak) && inputs.some((input) => !input.weak) &&
    inputs.every((input) => input.weak || !isFloating(input.dtype));
}

/**
 * The dtype that operands are brought to; throws when no dtype holds them. `among` are those that take part, where that
 * is not all of them.
 */
export function promotedDType(name: string, inputs: readonly TensorType[], among = inputs): DType {
  const dtype = resultDType(among);
  if (dtype !== undefined) return dtype;
  const reason = among.length > 2 ? "holds all; convert with astype()" : "holds both; convert one with astype()";
  throw operandError(TypeError, name, inputs, `no dtype ${reason}`);
}

/** The types of operands, which are known in a decomposition and in a gradient rule. */
export function typesOf(inputs: readonly Value[]): TensorType[] {
  return inputs.map((input) => input.type!); // as is said
}

/** The operands' common dtype; float32 where that is an integer type or bool. */
export function floatingDType(name: string, inputs: readonly Value[]): DType {
  const dtype = promotedDType(name, typesOf(inputs));
  return isFloating(dtype) ? dtype : "float32";
}

/** `x` in `dtype`; itself when it has that already. */
export function inDType(x: Value, dtype: DType): Value {
  return x.dtype === dtype && !x.type?.weak ? x : x.astype(dtype);
}

/** The shape all operands broadcast to; throws when they do not fit. */
export function broadcastAll(name: string, inputs: readonly TensorType[]): Shape {
  let shape: Shape = inputs[0]!.shape;
  for (const input of inputs) {
    const next = broadcastShapes(shape, input.shape);
    if (next === undefined) throw operandError(RangeError, name, inputs, "their shapes do not broadcast");
    shape = next;
  }
  return shape;
}

/** Fills `output` element by element: operands are brought to `dtype`, results wrapped to the output's. */
export function mapElements(
  output: TypedArray,
  inputs: readonly Tensor[],
  type: TensorType,
  dtype: DType,
  scalar: Scalar,
): void {
  const [x, y, z] = inputs.map((input) => {
    const offsets = broadcastOffsets(input.type.shape, type.shape);
    return (index: number): number => convertNumber(input.data[offsets[index]!]!, dtype);
  });
  for (let index = 0; index < output.length; index++) {
    output[index] = convertNumber(scalar(x!(index), y?.(index) ?? 0, z?.(index) ?? 0), type.dtype);
  }
}

/** A number as `dtype` holds it: rounded to float32, truncated and wrapped to an integer type, or 0 and 1 for bool. */
export function convertNumber(value: number, dtype: DType): number {
  switch (dtype) {
    case "float64":
      return value;
    case "float32":
      return Math.fround(value);
    case "int32":
      return value | 0;
    case "uint32":
      return value >>> 0;
    case "int8":
      return value << 24 >> 24;
    case "uint8":
      return value & 255;
    case "bool":
      return value !== 0 ? 1 : 0;
    default:
      return dtype satisfies never;
  }
}

/**
 * Sums a gradient over the axes that broadcasting stretched, so that it has the shape of the operand again. Every
 * gradient rule of a broadcasting op passes through it.
 */
export function unbroadcast(gradient: Value, operand: Value): Value {
  const [from, to] = [gradient.shape, operand.shape];
  if (equalShapes(from, to)) return gradient;
  const leading = from.length - to.length;
  const axes = from.map((_, axis) => axis).filter((axis) =>
    axis < leading || to[axis - leading] === 1 && from[axis] !== 1
  );
  return (axes.length === 0 ? gradient : gradient.sum(axes, { keepDims: true })).reshape(to);
}

/** What the gradient rule of an element-wise op reads; the operands are brought to the dtype of the gradient. */
export interface ElementwiseContext {
  /** The gradient with respect to the result, of the result's shape. */
  readonly gradient: Value;
  /** The result. */
  readonly output: Value;
  /** The first operand. */
  readonly x: Value;
  /** The second operand. */
  readonly y: Value;
  /** The third operand. */
  readonly z: Value;
}

/** The contribution to one operand's gradient, before broadcasting is undone. */
export type ElementwiseGradient = (context: ElementwiseContext) => Value;

/**
 * The gradient rule of an element-wise op, from one rule per operand. It undoes broadcasting, and leaves out operands
 * that are integers, bool, or numbers written in the program.
 */
export function elementwiseGradient(
  ...rules: readonly ElementwiseGradient[]
): (context: GradientContext) => readonly (Value | undefined)[] {
  return ({ inputs, output, gradient }) => {
    // A weak number must not meet another one before it meets the gradient: the two would be float32. And integers
    // must not be multiplied as such. Getters, so that only what a rule reads is converted.
    const operand = (index: number): Value => {
      const input = inputs[index]!;
      return input.dtype === gradient.dtype && !input.type?.weak ? input : input.astype(gradient.dtype);
    };
    const context: ElementwiseContext = {
      gradient,
      output,
      get x() {
        return operand(0);
      },
      get y() {
        return operand(1);
      },
      get z() {
        return operand(2);
      },
    };
    return rules.map((rule, index) => {
      const input = inputs[index]!;
      return hasGradient(input) ? unbroadcast(rule(context), input) : undefined;
    });
  };
}

/** Whether anything can ask for the gradient with respect to an operand. */
export function hasGradient(operand: Value): boolean {
  const weak = operand.type?.weak;
  return isFloating(operand.dtype) && (weak === undefined || weak === "scalar" || weak === "fraction");
}
