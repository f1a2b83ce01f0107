// Bad input gets a clear error: what could not be done, a colon, and how things are. Errors of traced functions are in
// transforms/tracing.test.ts, those of feeds and fetches in graph/session.test.ts.
import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  add,
  compile,
  concat,
  crossEntropy,
  type DType,
  full,
  grad,
  Graph,
  matmul,
  ones,
  type Operand,
  placeholder,
  random,
  reshape,
  softmax,
  stack,
  sum,
  type Tensor,
  tensor,
  type Value,
  Variable,
  zeros,
} from "../mod.ts";

type Row = readonly [what: string, run: () => unknown, kind: typeof TypeError | typeof RangeError, message: string];

const x = ones([2, 3]);
const int = (values: number[]): Tensor => tensor(values, { dtype: "int32" });
const unknown = (value: unknown): Operand => value as Operand;

const rows: Record<string, readonly Row[]> = {
  "shapes, ranks and dtypes": [
    [
      "add",
      () => add(x, ones([4])),
      RangeError,
      "Cannot add float32[2,3] and float32[4]: their shapes do not broadcast",
    ],
    [
      "matmul",
      () => matmul(x, ones([4, 5])),
      RangeError,
      "Cannot matmul float32[2,3] and float32[4,5]: inner dimensions 3 and 4 differ",
    ],
    ["matmul of a scalar", () => matmul(x, tensor(1)), RangeError, "Cannot matmul float32[2,3] and float32[]"],
    [
      "matmul of batches",
      () => matmul(ones([2, 1, 3]), ones([3, 3, 1])),
      RangeError,
      "Cannot matmul float32[2,1,3] and float32[3,3,1]",
    ],
    [
      "matmul of bool",
      () => matmul(tensor([true]), tensor([true])),
      TypeError,
      "Cannot matmul bool[1] and bool[1]: it is not defined for bool",
    ],
    [
      "uint32 with int32",
      () => add(int([1]), tensor([1], { dtype: "uint32" })),
      TypeError,
      "Cannot add int32[1] and uint32[1]: no dtype holds both",
    ],
    [
      "crossEntropy",
      () => crossEntropy(x, int([0, 1, 2])),
      RangeError,
      "Cannot crossEntropy float32[2,3] and int32[3]",
    ],
    ["crossEntropy of a vector", () => crossEntropy(ones([3]), int([0])), RangeError, "Cannot crossEntropy"],
    ["concat", () => concat([x, ones([2])]), RangeError, "Cannot concat float32[2,3] and float32[2]"],
    ["concat of nothing", () => concat([]), RangeError, "Cannot concat: the list is empty"],
    ["stack", () => stack([x, ones([2])]), RangeError, "Cannot stack float32[2,3] and float32[2]"],
    ["broadcastTo", () => x.broadcastTo([3, 3]), RangeError, "Cannot broadcastTo float32[2,3]"],
  ],
  "axes": [
    ["sum", () => sum(x, 2), RangeError, "Cannot sum float32[2,3]: axis 2 is out of range"],
    ["negative", () => x.max(-3), RangeError, "Cannot max float32[2,3]: axis -3 is out of range"],
    [
      "of a scalar",
      () => softmax(tensor(1)),
      RangeError,
      "Cannot softmax float32[]: axis -1 is out of range for a tensor of rank 0",
    ],
    ["twice", () => x.sum([0, -2]), RangeError, "Cannot sum float32[2,3]"],
    ["a fraction", () => x.sum(0.5), TypeError, "Cannot sum: axis is 0.5, not a whole number"],
    ["permuteDims", () => x.permuteDims([0, 0]), RangeError, "Cannot permuteDims float32[2,3]"],
    [
      "concat",
      () => concat([x, x], 2),
      RangeError,
      "Cannot concat float32[2,3] and float32[2,3]: axis 2 is out of range",
    ],
  ],
  "reshape": [
    [
      "another size",
      () => reshape(x, [4]),
      RangeError,
      "Cannot reshape float32[2,3]: its 6 elements do not fill the shape [4]",
    ],
    [
      "an open length that does not divide",
      () => x.reshape([4, -1]),
      RangeError,
      "Cannot reshape float32[2,3]: its 6 elements do not fill the shape [4,-1]",
    ],
    [
      "two open lengths",
      () => x.reshape([-1, -1]),
      RangeError,
      "Cannot reshape to [-1,-1]: only one length can be left open by −1",
    ],
    ["a fraction", () => x.reshape([1.5, 4]), RangeError, "Cannot reshape"],
  ],
  "what is no tensor": [
    [
      "undefined",
      () => add(x, unknown(undefined)),
      TypeError,
      "Cannot add: the value is undefined, not a number, a boolean, an array or a Value",
    ],
    ["null", () => add(unknown(null), 1), TypeError, "Cannot add: the value is null"],
    ["a string", () => x.mul(unknown("2")), TypeError, 'Cannot mul: the value is the string "2"'],
    [
      "a string within",
      () => x.mul(unknown([[1, "a", 2]])),
      TypeError,
      'Cannot mul: the element at [0,1] is the string "a"',
    ],
    ["a function", () => matmul(x, unknown(() => x)), TypeError, "Cannot matmul: the value is a function"],
    ["an object", () => sum(unknown({})), TypeError, "Cannot sum: the value is an object of class Object"],
    [
      "a Variable of nothing",
      () => new Variable(unknown(undefined)),
      TypeError,
      "Cannot make a Variable: there is no initial value",
    ],
    [
      "an assignment",
      () => new Variable(1, { name: "w" }).assign(unknown("1")),
      TypeError,
      'Cannot assign to w: the value is the string "1"',
    ],
  ],
  "nested arrays": [
    [
      "ragged",
      () => tensor([[1, 2], [3]]),
      RangeError,
      "Cannot make a tensor from ragged arrays: the element at [1] has 1 elements where its neighbours have 2",
    ],
    [
      "ragged within",
      () => tensor([[[1], [2]], [[3], [4, 5]]]),
      RangeError,
      "the element at [1,1] has 2 elements where its neighbours have 1",
    ],
    [
      "a number among arrays",
      () => tensor([[1], 2]),
      RangeError,
      "the element at [1] is a number where its neighbours have 1 elements",
    ],
    [
      "an array among numbers",
      () => tensor([1, [2]]),
      RangeError,
      "the element at [1] has 1 elements where its neighbours have a number",
    ],
    [
      "another shape",
      () => tensor([1, 2, 3], { shape: [2, 2] }),
      RangeError,
      "Cannot make a tensor of shape [2,2]: there are 3 numbers",
    ],
  ],
  "numbers that a dtype does not hold": [
    [
      "NaN",
      () => tensor([1, NaN], { dtype: "int32" }),
      RangeError,
      "Cannot make a tensor with dtype int32: NaN is not between -2147483648 and 2147483647",
    ],
    ["infinity", () => tensor(Infinity, { dtype: "uint8" }), RangeError, "Infinity is not between 0 and 255"],
    ["too large", () => tensor([256], { dtype: "uint8" }), RangeError, "256 is not between 0 and 255"],
    ["negative", () => full([2], -1, { dtype: "uint32" }), RangeError, "-1 is not between 0 and 4294967295"],
    [
      "of an unknown dtype",
      () => tensor([1], { dtype: "float12" as DType }),
      TypeError,
      'Cannot make a tensor: the option dtype is the string "float12", not one of float32, float64, int32, uint32, int8, uint8, bool',
    ],
    ["astype", () => x.astype("double" as DType), TypeError, 'Cannot astype: dtype is the string "double", not one of'],
    [
      "zeros",
      () => zeros([1], { dtype: "" as DType }),
      TypeError,
      'Cannot zeros: the option dtype is the string "", not one of',
    ],
    [
      "an inherited name",
      () => zeros([1], { dtype: "toString" as DType }),
      TypeError,
      'the option dtype is the string "toString", not one of',
    ],
    [
      "a Variable",
      () => new Variable(1, { dtype: "f32" as DType }),
      TypeError,
      'Cannot make a Variable: the option dtype is the string "f32"',
    ],
  ],
  "shapes that are none": [
    ["negative", () => zeros([-1]), RangeError, "-1"],
    ["a fraction", () => ones([1.5]), RangeError, "1.5"],
    [
      "of a placeholder",
      () => new Graph().asDefault(() => placeholder({ shape: [-2] })),
      RangeError,
      "Cannot make a placeholder",
    ],
    [
      "a dtype of a placeholder",
      () => new Graph().asDefault(() => placeholder({ dtype: "x" as DType })),
      TypeError,
      'Cannot make a placeholder: the option dtype is the string "x"',
    ],
  ],
  "indices": [
    ["take", () => x.take(int([3]), 1), RangeError, "index 3 is out of range for length 3"],
    ["take below", () => x.take(int([-4]), 1), RangeError, "index -4 is out of range for length 3"],
    ["a class", () => crossEntropy(x, int([0, 3])), RangeError, "Cannot crossEntropy"],
    ["item", () => x.item(), RangeError, "Cannot read .item() of float32[2,3]: it has 6 elements, not 1"],
    ["a slice's step", () => x.slice([0], [1], [0]), RangeError, "Cannot slice: a step is 0"],
  ],
  "random numbers": [
    ["a key", () => random.uniform([1], { key: tensor([1]) }), TypeError, "as a random key: a key is uint32[2]"],
    ["a seed", () => random.seed(0.5), RangeError, "Cannot random.seed: seed is 0.5, not a whole number"],
    [
      "a standard deviation",
      () => random.normal([1], { std: -1 }),
      RangeError,
      "Cannot random.normal: the option std is -1, not a finite number ≥ 0",
    ],
  ],
};

afterEach(() => Graph.clearDefault());

for (const [group, cases] of Object.entries(rows)) {
  describe(`errors about ${group}`, () => {
    for (const [what, run, kind, message] of cases) {
      it(what, () => {
        const error = assertThrows(run, kind, message);
        assertEquals(error.constructor, kind);
        assert(error.message.startsWith("Cannot "), error.message);
      });
    }
  });
}

describe("an error in a hand-built graph", () => {
  it("comes when the node is made, where the shapes are known", () => {
    new Graph().asDefault();
    const X = placeholder({ name: "X", shape: [2, 3], dtype: "float32" });
    assertThrows(
      () => X.matmul(new Variable(ones([4, 5]))),
      RangeError,
      "Cannot matmul float32[2,3] and float32[4,5]: inner dimensions 3 and 4 differ",
    );
    assertEquals(X.consumers.length, 0);
    assertEquals(Graph.default!.operations.length, 0);
  });
});

describe("after an error", () => {
  it("nothing is lost: eager, compiled and differentiated code go on", () => {
    const w = new Variable([1, 2]);
    const f = compile((x: Value) => {
      w.assign(w.add(1));
      return x.matmul(x);
    });
    for (let round = 0; round < 3; round++) {
      assertThrows(() => f(ones([2, 3])), RangeError, "Cannot matmul");
      assertThrows(() => grad((x: Value) => x.matmul(x).sum())(ones([2, 3])), RangeError, "Cannot matmul");
      assertThrows(() => add(x, [1, 2]), RangeError, "Cannot add");
    }
    assertEquals(w.toArray(), [1, 2]);
    assertEquals(f(ones([2, 2])).toArray(), [[2, 2], [2, 2]]);
    assertEquals(w.toArray(), [2, 3]);
    assertEquals(add(x, 1).toArray(), [[2, 2, 2], [2, 2, 2]]);
  });
});
