/**
 * How flat a value is where it is 0. Gradients of roots ask for it, since the slope of a root is infinite there.
 *
 * A sum of squares is 0 only where everything that is squared is 0, and there its own gradient is 0: the chain rule
 * gives ∞ · 0 for its root. A norm has no gradient at 0, but 0 is the subgradient of the least length, and what PyTorch
 * returns for norms and standard deviations.
 * @module
 */
import { isFloating } from "../dtype.ts";
import { Constant } from "../graph/leaf.ts";
import { TableOperation } from "../graph/operation.ts";
import type { Tensor } from "../tensor.ts";
import type { Value } from "../value.ts";
import { type ContractAxes, resolveContractAxes } from "./contract.ts";

/** The elements of the result are elements of the operands, or 0. */
const movements = new Set(
  ("reshape permuteDims broadcastTo slice concat transpose expandDims squeeze stack split flip tile repeat windows " +
    "take tril triu sort").split(" "),
);

/** Operations whose result is not negative where no operand is, and 0 only as far as operands are. */
const additive = new Set("add maximum minimum sum mean max min".split(" "));

/** The elements of a constant; undefined for what is none. */
function constantIn(value: Value): Tensor | undefined {
  let node = value;
  while (node instanceof TableOperation && (node.name === "cast" || movements.has(node.name))) {
    node = node.inputNodes[0]!; // all of these have one operand
  }
  return node instanceof Constant ? node.tensor : undefined;
}

/** The number that an operand is, when it is written in the program. */
export function numberIn(value: Value): number | undefined {
  const constant = constantIn(value);
  return constant?.size === 1 ? constant.data[0] : undefined;
}

/** Larger constants are not looked at: it would take long. */
const maximumConstant = 1024;

/** The smallest element of a small constant; NaN for what is none. */
function leastOf(value: Value): number {
  const constant = constantIn(value);
  return constant === undefined || constant.size > maximumConstant ? NaN : Math.min(...constant.data);
}

/** Whether a value has no gradient and is not negative: a constant, or what was bool. */
function isWeight(value: Value): boolean {
  let node = value;
  while (
    node instanceof TableOperation && (node.name === "cast" || movements.has(node.name)) && node.dtype !== "bool"
  ) {
    node = node.inputNodes[0]!; // all of these have one operand
  }
  return node.type?.dtype === "bool" || leastOf(node) >= 0;
}

/** The order of a node by itself, or the operands whose least order it has. */
function termsOf(node: Value): number | readonly Value[] {
  if (isWeight(node)) return Infinity;
  if (!(node instanceof TableOperation)) return 0;
  const { name, attributes, inputNodes } = node;
  const [x, y] = inputNodes as readonly [Value, Value]; // the second is only looked at where there are two
  if (movements.has(name)) return name === "take" ? [x] : inputNodes;
  if (additive.has(name)) {
    // What a positive number was added to is never 0.
    return name === "add" && inputNodes.some((input) => leastOf(input) > 0) ? 0 : inputNodes;
  }
  switch (name) {
    case "square":
    case "variance":
    case "meanSquaredError":
      return 2;
    case "abs":
      return 1;
    case "pow": {
      const exponent = numberIn(y);
      const isEven = exponent !== undefined && exponent > 0 && exponent % 2 === 0;
      const isOfMagnitude = x instanceof TableOperation && x.name === "abs";
      return exponent !== undefined && (isEven || isOfMagnitude && exponent > 0) ? exponent : 0;
    }
    case "mul":
      return x === y ? 2 : inputNodes;
    case "div":
      return isWeight(y) ? [x] : 0;
    case "matmul":
    case "dot":
      return x === y && x.rank === 1 ? 2 : 0;
    case "contract": {
      const { rows, columns } = resolveContractAxes(attributes as ContractAxes); // what contract is applied with
      return x === y && rows === 0 && columns === 0 ? 2 : 0;
    }
    case "where":
      return inputNodes.slice(1);
    case "pad":
      return attributes["value"] === 0 ? [x] : 0;
    case "cast":
      return isFloating(x.dtype) ? [x] : 0;
    default:
      return 0;
  }
}

/**
 * The order to which a value vanishes: the largest `k` for which it is known that it is nowhere negative, and at most
 * in proportion to `dᵏ` at distance `d` from where it is 0. It is 2 for a sum of squares, and 0 where nothing is known.
 */
export function vanishingOrder(value: Value): number {
  let order = Infinity;
  const seen = new Set<Value>([value]);
  for (const node of seen) { // a set that grows is walked to its end
    const terms = termsOf(node);
    if (typeof terms === "number") order = Math.min(order, terms);
    else for (const term of terms) seen.add(term);
    if (order === 0) return 0;
  }
  return order === Infinity ? 0 : order; // a constant's order is never asked for
}
