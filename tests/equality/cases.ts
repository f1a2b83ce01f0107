/**
 * Pairs of values and whether they are equal: what every framework's deep equality must say of them.
 */
import { compile, Graph, placeholder, Tensor, tensor, TensorType, Variable, zeros } from "../../mod.ts";

/** Two values. */
export interface Case {
  readonly name: string;
  readonly pair: readonly [unknown, unknown];
  /** Whether they are equal where 0 is not −0, and NaN is NaN. */
  readonly equal: boolean;
  /** Set where it depends on what a framework says of two zeros, of NaN or of two classes. */
  readonly depends?: true;
}

/** A Variable that a program has moved into the memory that threads share. */
function moved(values: number[]): Variable {
  const variable = new Variable(values, { name: "w" });
  compile(() => void variable.assign(variable.mul(1)), { emitter: "wasm" })();
  return variable;
}

/** A Variable that operations of its graph use. */
function used(): Variable {
  return new Graph().asDefault(() => {
    const variable = new Variable([1, 2], { name: "w" });
    variable.add(variable);
    return variable;
  });
}

const w = (values: number[], name = "w"): Variable => new Variable(values, { name });

const [x, y, sum, otherSum] = new Graph().asDefault(() => {
  const input = placeholder({ name: "x", shape: [2], dtype: "float32" });
  return [input, placeholder({ name: "x", shape: [2], dtype: "float32" }), input.add(1), input.add(1)];
});

/** All pairs. */
export const cases: readonly Case[] = [
  { name: "the same numbers", pair: [tensor([[1, 2], [3, 4]]), tensor([[1, 2], [3, 4]])], equal: true },
  { name: "another number", pair: [tensor([[1, 2], [3, 4]]), tensor([[1, 2], [3, 5]])], equal: false },
  { name: "more numbers", pair: [tensor([1, 2]), tensor([1, 2, 3])], equal: false },
  { name: "another shape", pair: [tensor([[1, 2]]), tensor([[1], [2]])], equal: false },
  { name: "another dtype", pair: [tensor([1, 2]), tensor([1, 2], { dtype: "int32" })], equal: false },
  { name: "bool and uint8", pair: [tensor([true]), tensor(new Uint8Array([1]))], equal: false },
  { name: "scalars", pair: [tensor(1), tensor(1)], equal: true },
  { name: "another scalar", pair: [tensor(1), tensor(2)], equal: false },
  { name: "a scalar of another dtype", pair: [tensor(1), tensor(1, { dtype: "float64" })], equal: false },
  { name: "a scalar and a vector of one", pair: [tensor(1), tensor([1])], equal: false },
  { name: "no numbers", pair: [zeros([0, 3]), zeros([0, 3])], equal: true },
  { name: "no numbers in another shape", pair: [zeros([0, 3]), zeros([0, 4])], equal: false },
  { name: "NaN", pair: [tensor([NaN, 1]), tensor([NaN, 1])], equal: true, depends: true },
  { name: "NaN and a number", pair: [tensor([NaN]), tensor([0])], equal: false },
  { name: "zeros of two signs", pair: [tensor([0]), tensor([-0])], equal: false, depends: true },
  { name: "a result and a written tensor", pair: [tensor([1, 2]).add(1), tensor([2, 3])], equal: true },
  {
    name: "a reshaped tensor and one that was made so",
    pair: [tensor([1, 2]).reshape([2, 1]), tensor([[1], [2]])],
    equal: true,
  },
  {
    name: "a tensor over an array and a copied one",
    pair: [new Tensor(new Float32Array([1, 2]), new TensorType("float32", [2])), tensor([1, 2])],
    equal: true,
  },
  { name: "tensors in objects", pair: [{ x: [tensor([1])] }, { x: [tensor([1])] }], equal: true },
  { name: "other tensors in objects", pair: [{ x: [tensor([1])] }, { x: [tensor([2])] }], equal: false },
  { name: "a tensor and its numbers", pair: [tensor([1, 2]), [1, 2]], equal: false },
  { name: "Variables", pair: [w([1, 2]), w([1, 2])], equal: true },
  { name: "Variables of other values", pair: [w([1, 2]), w([1, 3])], equal: false },
  { name: "a Variable that was assigned to", pair: [w([1, 2]), w([0, 1]).assign([1, 2])], equal: true },
  { name: "a Variable in another memory", pair: [w([1, 2]), moved([1, 2])], equal: true },
  { name: "a Variable of another value there", pair: [w([1, 2]), moved([1, 3])], equal: false },
  {
    name: "Variables of two dtypes",
    pair: [w([1, 2]), new Variable([1, 2], { name: "w", dtype: "float64" })],
    equal: false,
  },
  { name: "a Variable and its value", pair: [w([1, 2]), w([1, 2]).value], equal: false, depends: true },
  { name: "the same placeholder", pair: [x, x], equal: true },
  { name: "placeholders of one name", pair: [x, y], equal: false },
  { name: "the same placeholder in lists", pair: [[x], [x]], equal: true },
  { name: "the same operation", pair: [sum, sum], equal: true },
  { name: "operations that do the same", pair: [sum, otherSum], equal: false },
];

/** Pairs that only differ in what deep equality does not look at. Those of `@std/assert` look at every accessor. */
export const hidden: readonly Case[] = [
  { name: "Variables of two names", pair: [w([1, 2]), w([1, 2], "v")], equal: true },
  { name: "a Variable with consumers", pair: [w([1, 2]), used()], equal: true },
];
