/**
 * Rules of simplification for arithmetic, rounding, choice and conversion.
 * @module
 */
import { type DType, dtypeInfo, isFloating, isInteger } from "../../src/dtype.ts";
import { TableOperation } from "../../src/graph/operation.ts";
import { arithmeticOps } from "../../src/ops/arithmetic.ts";
import { logicOps } from "../../src/ops/logic.ts";
import { movementOps } from "../../src/ops/movement.ts";
import type { Op } from "../../src/ops/op.ts";
import type { Value } from "../../src/value.ts";
import { type Application, hasLaw, isApplied, isOf, numberOf, type SimplifyRule } from "./simplify_rule.ts";

const { abs, add, cast, mul, neg, square, sub } = arithmeticOps;

/** Whether a value is known to be `number` everywhere, sign of zero included. */
function isConstantNumber(value: Value | undefined, number: number): boolean {
  return value !== undefined && Object.is(numberOf(value), number);
}

/** One of two operands, when the other is `number` everywhere. */
function besides({ inputs: [x, y] }: Application, number: number): Value | undefined {
  return isConstantNumber(y, number) ? x : isConstantNumber(x, number) ? y : undefined;
}

/** What a node negates, when that is all in `dtype`: an operand that is converted could wrap in between. */
function negatedIn(node: Value | undefined, dtype: DType): Value | undefined {
  return isApplied(node, "neg") && isOf(node, dtype) ? node.inputNodes[0] : undefined;
}

/** The rules, in the order in which they are asked; every one has a test of its name in tests/compiler/simplify.test.ts. */
export const arithmeticRules: readonly SimplifyRule[] = [
  {
    name: "times one",
    ops: ["mul"],
    apply: (application) => besides(application, 1),
  },
  {
    name: "over one, to the power of one",
    ops: ["div", "pow"],
    apply: ({ inputs: [x, y] }) => isConstantNumber(y, 1) ? x : undefined,
  },
  {
    // 0 + −0 is 0: only −0 leaves every float alone.
    name: "plus nothing",
    ops: ["add"],
    apply: (application) =>
      besides(application, -0) ?? (isInteger(application.type.dtype) ? besides(application, 0) : undefined),
  },
  {
    // −0 − (−0) is 0: only 0 leaves every float alone.
    name: "minus nothing",
    ops: ["sub"],
    apply: ({ inputs: [x, y], type }) =>
      isConstantNumber(y, 0) || isInteger(type.dtype) && isConstantNumber(y, -0) ? x : undefined,
  },
  {
    name: "square for a power of two",
    ops: ["pow"],
    apply: ({ inputs: [x, y], type }, make) =>
      isConstantNumber(y, 2) && isOf(x!, type.dtype) ? make(square, [x!]) : undefined,
  },
  {
    name: "minus one as a factor",
    ops: ["mul"],
    apply: (application, make) => {
      const x = besides(application, -1);
      return x && isOf(x, application.type.dtype) ? make(neg, [x]) : undefined;
    },
  },
  {
    // Both are the same real number, rounded once.
    name: "product for a quotient by a power of two",
    ops: ["div"],
    apply: ({ inputs: [x, y], type }, make) => {
      const divisor = numberOf(y!);
      if (divisor === undefined || y!.type!.size !== 1 || y!.type!.shape.length > 0 || !isOf(x!, type.dtype)) return;
      const exponent = Math.log2(Math.abs(divisor));
      if (!Number.isInteger(exponent) || 2 ** exponent !== Math.abs(divisor) || Math.abs(exponent) > 64) return;
      return make(mul, [x!, 1 / divisor]);
    },
  },
  {
    name: "negation of a negation",
    ops: ["neg"],
    apply: ({ inputs: [x] }) => isApplied(x, "neg") ? x.inputNodes[0] : undefined,
  },
  {
    name: "sum for a difference with a negation",
    ops: ["sub"],
    apply: ({ inputs: [x, y], type }, make) => {
      const negated = negatedIn(y, type.dtype);
      return negated && make(add, [x!, negated]);
    },
  },
  {
    name: "difference for a sum with a negation",
    ops: ["add"],
    apply: ({ inputs: [x, y], type }, make) => {
      const [first, second] = [negatedIn(x, type.dtype), negatedIn(y, type.dtype)];
      return second ? make(sub, [x!, second]) : first && make(sub, [y!, first]);
    },
  },
  {
    name: "twice the same",
    ops: (op) => hasLaw(op, "idempotent"),
    apply: ({ op, inputs: [x] }) => x instanceof TableOperation && x.op === op ? x : undefined,
  },
  {
    name: "rounding of a whole number",
    ops: (op) => hasLaw(op, "rounding"),
    apply: ({ inputs: [x], type }) =>
      isInteger(type.dtype) || x instanceof TableOperation && hasLaw(x.op, "rounding") ? x : undefined,
  },
  {
    // The negation of an unsigned number has another magnitude.
    name: "magnitude of a negation",
    ops: ["abs"],
    apply: ({ inputs: [x], type }, make) => {
      const negated = dtypeInfo(type.dtype).kind === "unsigned" ? undefined : negatedIn(x, type.dtype);
      return negated && make(abs, [negated]);
    },
  },
  {
    name: "square without a sign",
    ops: ["square"],
    apply: ({ inputs: [x] }, make) => isApplied(x, "neg", "abs") ? make(square, [x.inputNodes[0]!]) : undefined,
  },
  {
    name: "the larger or smaller of one",
    ops: ["maximum", "minimum"],
    apply: ({ inputs: [x, y] }) => x === y ? x : undefined,
  },
  {
    name: "a bound at infinity",
    ops: ["maximum", "minimum"],
    apply: (application) =>
      isFloating(application.type.dtype)
        ? besides(application, application.op.name === "maximum" ? -Infinity : Infinity)
        : undefined,
  },
  {
    // Of an order there is none: neither of less and greaterEqual holds of NaN.
    name: "the opposite of equality",
    ops: ["logicalNot"],
    apply: ({ inputs: [x] }, make) =>
      isApplied(x, "equal", "notEqual")
        ? make(x.name === "equal" ? logicOps.notEqual : logicOps.equal, x.inputNodes)
        : undefined,
  },
  {
    name: "the opposite of an opposite",
    ops: ["logicalNot"],
    apply: ({ inputs: [x] }) => isApplied(x, "logicalNot") ? x.inputNodes[0] : undefined,
  },
  {
    name: "a known choice",
    ops: ["where"],
    apply: ({ inputs: [condition, x, y], type }, make) => {
      const known = x === y ? 1 : numberOf(condition!);
      if (known === undefined || type.weak) return undefined;
      const chosen = make(cast as Op, [known === 0 ? y! : x!], { dtype: type.dtype }); // any op is applied by its own attributes
      return make(movementOps.broadcastTo as Op, [chosen], { shape: type.shape }); // likewise
    },
  },
  {
    name: "conversion to the same type",
    ops: ["cast"],
    apply: ({ inputs: [x] }) => x,
  },
  {
    name: "conversion of an exact conversion",
    ops: ["cast"],
    apply: ({ op, inputs: [x], attributes }, make) => {
      if (!isApplied(x, "cast")) return undefined;
      const [original] = x.inputNodes;
      return holds(x.type!.dtype, original!.type!.dtype) ? make(op, [original!], attributes) : undefined;
    },
  },
];

/** Whether every number of dtype `from` is one of dtype `to`. */
function holds(to: DType, from: DType): boolean {
  if (to === from || from === "bool" || to === "float64") return true;
  if (to === "bool" || isFloating(from)) return false;
  const [a, b] = [dtypeInfo(to), dtypeInfo(from)];
  return to === "float32" ? b.bytes === 1 : a.min <= b.min && a.max >= b.max;
}
