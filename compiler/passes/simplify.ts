/**
 * Simplification: the same subexpression is computed once, what is known is computed now, and the rules of
 * [`simplify_arithmetic.ts`](simplify_arithmetic.ts) and [`simplify_movement.ts`](simplify_movement.ts) leave out or
 * replace what can be had for less. Only what is exact for every input, NaN and −0 among them, is done.
 * @module
 */
import { inferType } from "../../src/graph/definition.ts";
import { computeReference } from "../../src/graph/reference.ts";
import { Constant } from "../../src/graph/leaf.ts";
import type { Operation } from "../../src/graph/operation.ts";
import { recordNode } from "../../src/graph/recording.ts";
import type { GraphFunction } from "../../src/graph/function.ts";
import { toValue } from "../../src/graph/apply.ts";
import { attributesKey, none, type Op } from "../../src/ops/op.ts";
import type { Tensor } from "../../src/tensor.ts";
import { equalTypes } from "../../src/tensor_type.ts";
import type { Value } from "../../src/value.ts";
import { rewriteGraph } from "../../src/graph/rewrite.ts";
import { arithmeticRules } from "./simplify_arithmetic.ts";
import { movementRules } from "./simplify_movement.ts";
import {
  type Application,
  constantOf,
  hasLaw,
  type Make,
  maximumConstant,
  type SimplifyRule,
} from "./simplify_rule.ts";

/** All rules, in the order in which they are asked. */
export const simplifyRules: readonly SimplifyRule[] = [...arithmeticRules, ...movementRules];

const rulesOf = new WeakMap<Op, readonly SimplifyRule[]>();

/** The rules that look at an operation. */
function rulesFor(op: Op): readonly SimplifyRule[] {
  let rules = rulesOf.get(op);
  if (rules === undefined) rulesOf.set(op, rules = simplifyRules.filter((rule) => looksAt(rule, op)));
  return rules;
}

function looksAt({ ops }: SimplifyRule, op: Op): boolean {
  if (ops === undefined) return true;
  return typeof ops === "function" ? ops(op) : (ops as readonly string[]).includes(op.name); // any name can be looked for
}

/** The same graph function without repeated and idle operations. */
export function simplify(source: GraphFunction): GraphFunction {
  const known = new KnownValues();
  return rewriteGraph(source, (node, given, rebuild) => {
    const { op, attributes, type } = node;
    if (type === undefined || given.length === 0) return rebuild();
    const application = { op, inputs: given.map((input) => known.first(input)), attributes, type };
    return simplified(application, known);
  });
}

/** What an operation comes to: its input, a constant, another operation, one that is there already, or itself. */
function simplified(application: Application, known: KnownValues): Value {
  const { op, inputs, attributes, type } = application;
  const make: Make = (other, operands, attributes = none) => {
    const inputs = operands.map((operand) => known.first(typeof operand === "number" ? toValue(operand) : operand));
    const type = inferType(other, inputs.map((input) => input.type!), attributes); // every type of the graph is known
    return simplified({ op: other, inputs, attributes, type }, known);
  };
  for (const rule of rulesFor(op)) {
    const value = rule.apply(application, make);
    if (value?.type !== undefined && equalTypes(value.type, type)) return value;
  }
  const { graph } = inputs[0] as Operation; // an operation's inputs are nodes of its graph
  return known.find(application, () => foldConstants(application) ?? recordNode(graph, op, inputs, attributes, type));
}

/**
 * Whether an element-wise operation has one correctly rounded result, whoever computes it. Others, such as `exp`, differ in
 * their last bits between the reference and the targets: which bits an exact program has, must not hang on what is known.
 */
function isRoundedAlike(op: Op): boolean {
  return op.lowering === "convert" || op.lowering === "elementwise" && op.rounding !== "approximate";
}

/** The result of an element-wise operation on small constants, as a constant. */
function foldConstants({ op, inputs, attributes, type }: Application): Value | undefined {
  if (!isRoundedAlike(op) || type.size > maximumConstant) return undefined;
  const tensors: Tensor[] = [];
  for (const input of inputs) {
    const tensor = constantOf(input);
    if (tensor === undefined) return undefined;
    tensors.push(tensor);
  }
  const { graph } = inputs[0] as Constant; // they all are
  return graph.capture(computeReference(op, tensors, attributes, type));
}

/** What there is already: operations, by what they are and what they work on, and single numbers. */
class KnownValues {
  readonly #names = new Map<Value, string>();
  readonly #values = new Map<string, Value>();

  /** The recorded value that is the same as this one; `record` makes it if there is none. */
  find({ op, inputs, attributes }: Application, record: () => Value): Value {
    let key = op.name;
    if (hasLaw(op, "commutative")) {
      const [first, second] = [this.#nameOf(inputs[0]!), this.#nameOf(inputs[1]!)];
      key += first < second ? ` ${first} ${second}` : ` ${second} ${first}`;
    } else {
      for (const input of inputs) key += ` ${this.#nameOf(input)}`;
    }
    if (attributes !== none) key += ` ${attributesKey(attributes)}`;
    let value = this.#values.get(key);
    if (value === undefined) this.#values.set(key, value = record());
    return value;
  }

  /** The first of the constants that are this number, or the node itself: a kernel then reads one array, not one per use. */
  first(node: Value): Value {
    if (scalarConstant(node) === undefined) return node;
    const name = this.#nameOf(node);
    const known = this.#values.get(name);
    if (known === undefined) this.#values.set(name, node);
    return known ?? node;
  }

  /** Nodes are numbered; captured single numbers are told apart by what they are. */
  #nameOf(node: Value): string {
    let name = this.#names.get(node);
    if (name === undefined) {
      const constant = scalarConstant(node);
      name = constant === undefined
        ? `${this.#names.size}`
        : `constant ${node.type!.key} ${Object.is(constant, -0) ? "-0" : constant}`;
      this.#names.set(node, name);
    }
    return name;
  }
}

/** The number that a node is known to hold, when it is a captured tensor of rank 0. */
function scalarConstant(node: Value): number | undefined {
  return node instanceof Constant && node.type.shape.length === 0 ? node.tensor.data[0] : undefined;
}
