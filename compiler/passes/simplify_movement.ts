/**
 * Rules of simplification for movements, reductions of nothing, and work that can be done before a broadcast.
 * @module
 */
import { isFloating } from "../../src/dtype.ts";
import { arithmeticOps } from "../../src/ops/arithmetic.ts";
import { resolveSlice } from "../../src/ops/geometry/movement.ts";
import { movementOps } from "../../src/ops/movement.ts";
import type { Op } from "../../src/ops/op.ts";
import type { Value } from "../../src/value.ts";
import { isCheap } from "../fusion/kinds.ts";
import { isApplied, isOf, type Make, numberOf, type SimplifyRule } from "./simplify_rule.ts";
import { shapeOf } from "./view.ts";

function reshape(make: Make, x: Value, shape: readonly number[]): Value {
  return make(movementOps.reshape as Op, [x], { shape }); // any op is applied by its own attributes
}

/** The rules, in the order in which they are asked; every one has a test of its name in tests/compiler/simplify.test.ts. */
export const movementRules: readonly SimplifyRule[] = [
  {
    name: "movement to where it is",
    ops: ["reshape", "broadcastTo"],
    apply: ({ inputs: [x] }) => x,
  },
  {
    name: "reshapes in one",
    ops: ["reshape"],
    apply: ({ inputs: [x], type }, make) =>
      isApplied(x, "reshape") ? reshape(make, x.inputNodes[0]!, type.shape) : undefined,
  },
  {
    name: "broadcasts in one",
    ops: ["broadcastTo"],
    apply: ({ op, inputs: [x], attributes }, make) =>
      isApplied(x, "broadcastTo") ? make(op, [x.inputNodes[0]!], attributes) : undefined,
  },
  {
    name: "permutations in one",
    ops: ["permuteDims"],
    apply: ({ op, inputs: [x], attributes }, make) => {
      const axes = attributes["axes"] as readonly number[]; // what permuteDims is applied with
      if (axes.every((axis, index) => axis === index)) return x;
      if (!isApplied(x, "permuteDims")) return undefined;
      const first = x.attributes["axes"] as readonly number[]; // likewise
      return make(op, [x.inputNodes[0]!], { axes: axes.map((axis) => first[axis]!) });
    },
  },
  {
    name: "slice of everything",
    ops: ["slice"],
    apply: ({ inputs: [x], attributes, type: { shape } }) => {
      const from = shapeOf(x!);
      const { starts, steps } = resolveSlice(from, attributes as Parameters<typeof resolveSlice>[1]); // what slice is applied with
      const all = from.every((length, axis) => shape[axis] === length && starts[axis] === 0 && steps[axis] === 1);
      return all ? x : undefined;
    },
  },
  {
    // One of another size is not of the operation's type, and is not taken.
    name: "padding by nothing, pieces of which there is one",
    ops: ["pad", "concat"],
    apply: ({ inputs }) => inputs.length === 1 ? inputs[0] : undefined,
  },
  {
    name: "reduction of single elements",
    ops: (op) => op.lowering === "reduce" && !op.givesIndex,
    apply: ({ op, inputs: [x], attributes, type }, make) => {
      const shape = shapeOf(x!);
      const axes = attributes["axes"] as readonly number[]; // what reductions of values are applied with
      if (axes.some((axis) => shape[axis] !== 1)) return undefined;
      const converted = isOf(x!, type.dtype) ? x! : make(arithmeticOps.cast as Op, [x!], { dtype: type.dtype }); // any op is applied by its own attributes
      // A sum begins with 0, and 0 + −0 is 0.
      const result = op.name === "sum" && isFloating(type.dtype) ? make(arithmeticOps.add, [converted, 0]) : converted;
      return reshape(make, result, type.shape);
    },
  },
  {
    // A costly operation would be a kernel of its own, unless it is done now.
    name: "one number, and then its broadcast",
    ops: ({ lowering }) => lowering === "elementwise" || lowering === "convert",
    apply: ({ op, inputs, attributes, type }, make) => {
      if (type.size <= 1) return undefined;
      const numbers: Value[] = [];
      for (const input of inputs) {
        const number = oneNumber(input);
        if (number === undefined) return undefined;
        numbers.push(number);
      }
      if (numbers.every((each, index) => each === inputs[index])) return undefined;
      if (!isCheap(op) && !numbers.every((each) => numberOf(each) !== undefined)) return undefined;
      return make(movementOps.broadcastTo as Op, [make(op, numbers, attributes)], { shape: type.shape }); // any op is applied by its own attributes
    },
  },
];

/** What a node repeats for all its elements, when that is one number of its own dtype. */
function oneNumber(node: Value): Value | undefined {
  if (node.type!.size === 1) return node; // every type of a graph that is compiled is known
  if (!isApplied(node, "broadcastTo")) return undefined;
  const [source] = node.inputNodes;
  return source!.type!.size === 1 && isOf(source!, node.type!.dtype) ? source : undefined;
}
