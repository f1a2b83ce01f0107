// The constructors of Tensor and TensorType take nothing that would have kernels read or write beyond an array.
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { compile, type DType, Tensor, tensor, TensorType, type TypedArray, type Value, Variable } from "../mod.ts";
import { referenceExecutor } from "../src/graph/interpret.ts";
import { none } from "../src/ops/op.ts";
import { opTable } from "../src/ops/table.ts";

type Kind = typeof TypeError | typeof RangeError;

/** Both constructors, as programs without types call them. */
const makeTensor = Tensor as new (data: unknown, type?: unknown) => Tensor;
const makeType = TensorType as new (dtype?: unknown, shape?: unknown, weak?: unknown) => TensorType;

const float32 = (...shape: number[]): TensorType => new TensorType("float32", shape);

function transferred(): Float32Array {
  const array = new Float32Array([1, 2, 3, 4]);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

describe("Tensor", () => {
  const wrong: Record<string, readonly [data: unknown, type: unknown, kind: Kind, message: string]> = {
    "an array of another class": [
      new Float32Array(2),
      new TensorType("int32", [2]),
      TypeError,
      "Cannot make a tensor of int32[2]: its elements are stored in a Int32Array, not in an object of class Float32Array",
    ],
    "a plain array": [
      [1, 2],
      float32(2),
      TypeError,
      "its elements are stored in a Float32Array, not in an array of 2 elements",
    ],
    "a Proxy": [new Proxy(new Float32Array(2), {}), float32(2), TypeError, "not in an object of class Float32Array"],
    "nothing": [undefined, float32(2), TypeError, "not in undefined"],
    "fewer elements": [new Float32Array(2), float32(3), RangeError, "it takes 3 elements, and there are 2"],
    "more elements": [new Float32Array(2), float32(), RangeError, "it takes 1 elements, and there are 2"],
    "a transferred buffer": [
      transferred(),
      float32(4),
      RangeError,
      "the buffer of its Float32Array was transferred or cut",
    ],
    "a byte that is no bool": [
      new Uint8Array([1, 0, 5]),
      new TensorType("bool", [3]),
      RangeError,
      "Cannot make a tensor of bool[3]: a bool is stored as 0 or 1, not as 5",
    ],
    "no type": [new Float32Array(2), undefined, TypeError, "its type is undefined, not a TensorType of this library"],
    "an object that looks like a type": [
      new Float32Array(2),
      { dtype: "float32", shape: [2], size: 2 },
      TypeError,
      "its type is an object of class Object, not a TensorType of this library",
    ],
  };
  for (const [what, [data, type, kind, message]] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      assertThrows(() => new makeTensor(data, type), kind, message);
    });
  }

  it("takes over an ordinary array", () => {
    const data = new Float32Array([1, 2]);
    assertStrictEquals(new Tensor(data, float32(2)).data, data);
    const bools = new Uint8Array([0, 1]);
    assertStrictEquals(new Tensor(bools, new TensorType("bool", [2])).data, bools);
    assertEquals(new Tensor(new Float64Array(0), new TensorType("float64", [0, 3])).toArray(), []);
  });

  it("copies an array that others can change, cut or take away", () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    const resizable = new Float32Array(new ArrayBuffer(8, { maxByteLength: 16 }));
    const ofShared = new Tensor(shared, float32(2));
    const ofResizable = new Tensor(resizable, float32(2));
    shared[0] = 7;
    (resizable.buffer as ArrayBuffer).resize(0);
    for (const copy of [ofShared, ofResizable]) {
      assertEquals(copy.add(1).toArray(), [1, 1]);
      assert(copy.data.buffer instanceof ArrayBuffer);
    }
  });

  it("copies an array of another class of the same elements, and of another realm", () => {
    class Mine extends Float32Array {}
    const foreign = runInNewContext("new Float32Array([1, 2])") as TypedArray;
    assert(!(foreign instanceof Float32Array));
    for (const data of [new Mine([1, 2]), foreign]) {
      const x = new Tensor(data, float32(2));
      assertStrictEquals(Object.getPrototypeOf(x.data), Float32Array.prototype);
      assertEquals(x.mul(2).toArray(), [2, 4]);
    }
    assertThrows(() => new Tensor(foreign, new TensorType("int32", [2])), TypeError, "stored in a Int32Array");
  });

  it("says so when its buffer was transferred after it was made", async () => {
    const gone = (length: number): Tensor => {
      const x = tensor(new Float32Array(length).fill(1));
      structuredClone(x.data.buffer, { transfer: [x.data.buffer as ArrayBuffer] }); // a tensor's own buffer is one
      return x;
    };
    const captured = gone(3);
    const large = gone(100_000); // its operations run in the arena
    const double = compile((x: Value) => x.mul(2));
    const use = compile(() => captured.mul(2));
    const w = new Variable([1, 2, 3]);
    const uses: (() => unknown)[] = [
      () => captured.add(1),
      () => large.tanh(),
      () => double(captured),
      () => double(large),
      () => use(),
      () => captured.item(),
      () => captured.toArray(),
      () => String(captured),
      () => new Variable(captured),
      () => w.assign(captured),
      () => referenceExecutor.eager(opTable.exp, [captured], none),
    ];
    for (const use of uses) assertThrows(use, RangeError, "the buffer of its Float32Array was transferred");
    await assertRejects(() => double.async(captured), RangeError, "was transferred");
    assertEquals(w.toArray(), [1, 2, 3]);
  });

  it("can be used through a Proxy, as reactive state hands it out", () => {
    const x = new Proxy(tensor([[1, 2]]), {});
    assertEquals([x.shape, x.rank, x.dtype, x.size, x.toArray()], [[1, 2], 2, "float32", 2, [[1, 2]]]);
    assertEquals(x.add(1).toArray(), [[2, 3]]);
    assertEquals(tensor([1, 1]).sub(x as Value).toArray(), [[0, -1]]);
    assertEquals(`${x} ${x.sum().item()}`, "tensor([[1., 2.]]) 3");
  });
});

describe("TensorType", () => {
  const wrong: Record<string, readonly [args: readonly unknown[], kind: Kind, message: string]> = {
    "a length below 0": [["float32", [-1]], RangeError, "the shape [-1] has a length that is not a whole number ≥ 0"],
    "a fraction": [["float32", [1.5]], RangeError, "the shape [1.5] has a length that is not a whole number ≥ 0"],
    "NaN": [["float32", [NaN]], RangeError, "the shape [NaN] has a length"],
    "a bigint": [["float32", [2n]], RangeError, "the shape [2n] has a length"],
    "a symbol": [["float32", [Symbol("s")]], RangeError, "the shape [Symbol(s)] has a length"],
    "a hole": [["float32", new Array(1)], RangeError, "has a length that is not a whole number ≥ 0"],
    "a frozen shape that is none": [["float32", Object.freeze([-1])], RangeError, "the shape [-1] has a length"],
    "a huge product": [
      ["float32", [2 ** 30, 2 ** 30]],
      RangeError,
      "Cannot make a type of shape [1073741824,1073741824]: it has more than 2⁵³ elements",
    ],
    "a product beyond all numbers": [
      ["float32", [...Array(40).fill(2 ** 50), 0]],
      RangeError,
      "more than 2⁵³ elements",
    ],
    "a shape that is no array": [["float32", { length: 1, 0: 2 }], TypeError, "a shape is an array of lengths"],
    "no shape": [["float32"], TypeError, "a shape is an array of lengths, not undefined"],
    "another dtype": [["float16", [1]], TypeError, "Cannot use dtype float16: the dtypes are"],
    "an inherited name": [["toString", [1]], TypeError, "Cannot use dtype toString"],
    "another weakness": [["float64", [], "strong"], TypeError, "a number is weak as integer, float, scalar, fraction"],
  };
  for (const [what, [args, kind, message]] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      assertThrows(() => new makeType(...args), kind, message);
    });
  }

  it("keeps a shape of its own, in a realm of its own", () => {
    const shape = [2, 3];
    const type = new TensorType("float32" as DType, shape);
    shape[0] = 9;
    assertEquals([type.shape, type.size, `${type}`], [[2, 3], 6, "float32[2,3]"]);
    const foreign = runInNewContext("[2, 3]") as number[];
    assertStrictEquals(Object.getPrototypeOf(new TensorType("float32", foreign).shape), Array.prototype);
    assertEquals(new TensorType("float32", [2 ** 40, 0]).size, 0);
  });
});
