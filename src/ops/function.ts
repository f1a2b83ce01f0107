/**
 * The functions that do nothing but apply an operation to their one, two or three operands. Eager code calls them most,
 * and they have nothing between them and `apply`.
 * @module
 */
import { fromCaller } from "../public/caller.ts";
import { operand } from "../public/kinds.ts";
import { named } from "../public/public_function.ts";
import { type Plan, planOf, wrongCount } from "../public/signature.ts";
import type { Operand, Result, Value } from "../value.ts";
import { apply } from "../graph/apply.ts";
import type { Op } from "./op.ts";

function planOfOp({ name }: Op, operands: readonly string[], isMethod: boolean): Plan {
  const positional = Object.fromEntries(operands.map((each) => [each, operand]));
  return planOf({ name, positional, ...(isMethod && { method: true }) });
}

/** The public function of an operation on one operand, which errors call `x`; a method unless said otherwise. */
export function unary(op: Op, isMethod = true): <X extends Operand>(x: X) => Result<X> {
  const plan = planOfOp(op, ["x"], isMethod);
  function entry(x: Operand): Value {
    try {
      if (arguments.length !== 1) throw wrongCount(plan, arguments.length);
      return apply(op, [x]);
    } catch (error) {
      throw fromCaller(error, entry);
    }
  }
  return named(entry, plan, (x: Operand) => apply(op, [x]));
}

/** The public function of an operation on two operands, and what errors call them; a method unless said otherwise. */
export function binary(
  op: Op,
  first = "x",
  second = "y",
  isMethod = true,
): <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> {
  const plan = planOfOp(op, [first, second], isMethod);
  function entry(x: Operand, y: Operand): Value {
    try {
      if (arguments.length !== 2) throw wrongCount(plan, arguments.length);
      return apply(op, [x, y]);
    } catch (error) {
      throw fromCaller(error, entry);
    }
  }
  return named(entry, plan, (x: Operand, y: Operand) => apply(op, [x, y]));
}

/** The public function of an operation on three operands, and what errors call them; a method if said so. */
export function ternary(
  op: Op,
  first: string,
  second: string,
  third: string,
  isMethod = false,
): <X extends Operand, Y extends Operand, Z extends Operand>(x: X, y: Y, z: Z) => Result<X | Y | Z> {
  const plan = planOfOp(op, [first, second, third], isMethod);
  function entry(x: Operand, y: Operand, z: Operand): Value {
    try {
      if (arguments.length !== 3) throw wrongCount(plan, arguments.length);
      return apply(op, [x, y, z]);
    } catch (error) {
      throw fromCaller(error, entry);
    }
  }
  return named(entry, plan, (x: Operand, y: Operand, z: Operand) => apply(op, [x, y, z]));
}
