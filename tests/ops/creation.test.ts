import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  arange,
  type DType,
  eye,
  full,
  fullLike,
  grad,
  Graph,
  linspace,
  meshgrid,
  oneHot,
  ones,
  onesLike,
  placeholder,
  scalar,
  Session,
  tensor,
  tril,
  triu,
  type Value,
  Variable,
  zeros,
  zerosLike,
} from "../../mod.ts";
import { checkGradient } from "./check_gradient.ts";
import { testNumpyCases } from "./numpy_cases.ts";

describe("creation: as NumPy", () => {
  testNumpyCases("./creation.jsonl", {
    tril: ([x], [diagonal]) => tril(x!, diagonal),
    triu: ([x], [diagonal]) => triu(x!, diagonal),
    oneHot: ([x], [classes, options]) => oneHot(x!, classes!, options),
    zerosLike: ([x], [options]) => zerosLike(x!, options),
    onesLike: ([x], [options]) => onesLike(x!, options),
    fullLike: ([x], [value, options]) => fullLike(x!, value!, options),
  });
});

describe("tensor", () => {
  it("takes nested arrays, float32 or bool", () => {
    assertEquals(`${tensor([[1, 2], [3, 4]]).type}`, "float32[2,2]");
    assertEquals(tensor([[true], [false]]).toArray(), [[true], [false]]);
    assertEquals(`${tensor([[true, 2]]).type}`, "float32[1,2]");
    assertEquals(`${tensor(5).type}`, "float32[]");
    assertEquals(`${tensor([]).type} ${tensor([[], []]).type}`, "float32[0] float32[2,0]");
    assertEquals(tensor([0.1], { dtype: "float64" }).item(), 0.1);
    assertEquals(tensor([1.9, -1.9], { dtype: "int32" }).toArray(), [1, -1]);
  });

  it("copies typed arrays, and takes over their dtype", () => {
    const numbers = new Float64Array([1, 2, 3, 4]);
    const x = tensor(numbers, { shape: [2, 2] });
    numbers[0] = 9;
    assertEquals(`${x.type}`, "float64[2,2]");
    assertEquals(x.toArray(), [[1, 2], [3, 4]]);
    assertEquals(tensor(new Uint8Array([1, 255])).dtype, "uint8");
    assertEquals(tensor(new Int8Array([1])).dtype, "int8");
    assertEquals(tensor(new Uint32Array([1])).dtype, "uint32");
    assertEquals(tensor(new Uint8Array([0, 3]), { dtype: "bool" }).toArray(), [false, true]);
    assertEquals(tensor(new Float64Array([0.1]), { dtype: "float32" }).item(), Math.fround(0.1));
    assertEquals(tensor(new Int32Array([3]), { dtype: "int8" }).dtype, "int8");
  });

  it("takes Values that hold numbers", () => {
    const variable = new Variable([1, 2]);
    const x = tensor(variable, { dtype: "int32" });
    variable.assign([3, 4]);
    assertEquals(`${x.type} ${x.toArray()}`, "int32[2] 1,2");
    assertEquals(tensor(tensor([1, 2, 3, 4]), { shape: [4, 1] }).shape, [4, 1]);
    new Graph().asDefault(() => {
      assertThrows(() => tensor(placeholder()), TypeError, "Cannot make a tensor of");
    });
  });

  it("arranges numbers in a shape", () => {
    assertEquals(tensor([1, 2, 3, 4], { shape: [2, 2] }).toArray(), [[1, 2], [3, 4]]);
    assertThrows(() => tensor([1, 2, 3], { shape: [2, 2] }), RangeError, "of shape [2,2]: there are 3 numbers");
    assertThrows(() => tensor([1], { shape: [-1] }), RangeError, "is not a whole number ≥ 0");
  });

  it("refuses what it cannot hold", () => {
    const foreign = (data: unknown) => () => tensor(data as number); // what a caller without types may pass
    assertThrows(
      () => tensor([[1, 2], [3]]),
      RangeError,
      "the element at [1] has 1 elements where its neighbours have 2",
    );
    assertThrows(foreign("1"), TypeError, `is the string "1"`);
    assertThrows(foreign([1, null]), TypeError, "the element at [1] is null");
    assertThrows(
      () => tensor([1], { dtype: "float99" as DType }),
      TypeError,
      'Cannot make a tensor: the option dtype is the string "float99", not one of',
    );
    assertThrows(() => tensor([1, NaN], { dtype: "int32" }), RangeError, "NaN is not between");
    assertThrows(() => tensor([Infinity], { dtype: "uint8" }), RangeError, "Infinity is not between 0 and 255");
    assertThrows(() => tensor(new Float32Array([-1]), { dtype: "uint32" }), RangeError, "-1 is not between");
    assertThrows(() => tensor(tensor([300]), { dtype: "uint8" }), RangeError, "300 is not between 0 and 255");
  });
});

describe("filled, counted and identity tensors", () => {
  it("scalar, full, zeros, ones", () => {
    assertEquals(
      `${scalar(2).type} ${scalar(true).type} ${scalar(2, { dtype: "int8" }).type}`,
      "float32[] bool[] int8[]",
    );
    assertEquals(full([2, 2], 7).toArray(), [[7, 7], [7, 7]]);
    assertEquals(full(2, false).toArray(), [false, false]);
    assertEquals(`${zeros([0, 3]).type} ${ones([], { dtype: "bool" }).toArray()}`, "float32[0,3] true");
    assertThrows(() => zeros([2, -1]), RangeError, "the shape [2,-1] has a length that is not a whole number ≥ 0");
    assertThrows(() => full([1], NaN, { dtype: "int32" }), RangeError, "NaN is not between");
    assertThrows(
      () => zeros([1], { dtype: "int64" as DType }),
      TypeError,
      'Cannot zeros: the option dtype is the string "int64"',
    );
  });

  it("eye", () => {
    assertEquals(eye(2).toArray(), [[1, 0], [0, 1]]);
    assertEquals(eye(2, 3, { dtype: "bool" }).toArray(), [[true, false, false], [false, true, false]]);
    assertEquals(eye(3, 1).toArray(), [[1], [0], [0]]);
    assertEquals(eye(0).shape, [0, 0]);
    assertThrows(() => eye(-1), RangeError, "Cannot eye: rows is -1, not a whole number ≥ 0");
  });

  it("arange", () => {
    assertEquals(arange(3).toArray(), [0, 1, 2]);
    assertEquals(arange(1, 4, 1, { dtype: "int32" }).dtype, "int32");
    assertEquals(arange(5, 0, -2).toArray(), [5, 3, 1]);
    assertEquals(arange(0, 1, 0.1, { dtype: "float64" }).size, 10); // np.arange(0, 1, 0.1).size
    assertEquals(arange(0, 1, 0.1, { dtype: "float64" }).toArray(), Array.from({ length: 10 }, (_, i) => i * 0.1));
    assertEquals(arange(3, 1).shape, [0]);
    assertEquals(arange(-2).shape, [0]);
    assertThrows(() => arange(0, 1, 0), RangeError, "Cannot count from 0 to 1 by 0: the step must not be 0");
    assertThrows(() => arange(0, Infinity), RangeError, "Cannot arange: stop is Infinity, not a finite number");
    assertThrows(() => arange(Infinity), RangeError, "Cannot arange: start is Infinity, not a finite number");
    assertThrows(() => arange(300, undefined, 1, { dtype: "uint8" }), RangeError, "256 is not between 0 and 255");
  });

  it("linspace", () => {
    assertEquals(linspace(0, 1, 5).toArray(), [0, 0.25, 0.5, 0.75, 1]);
    // np.linspace(0.1, 0.7, 4)
    const expected = [0.1, 0.3, 0.5, 0.7];
    assertEquals(linspace(0.1, 0.7, 4, { dtype: "float64" }).toArray(), expected);
    assertEquals(linspace(3, 9, 1).toArray(), [3]);
    assertEquals(linspace(3, 9, 0).shape, [0]);
    assertThrows(() => linspace(0, 1, 1.5), RangeError, "Cannot linspace: count is 1.5, not a whole number ≥ 0");
    assertThrows(() => linspace(0, 1, -1), RangeError, "Cannot linspace: count is -1, not a whole number ≥ 0");
  });
});

describe("meshgrid", () => {
  it("has the axes of NumPy's, or in the order of the vectors", () => {
    const [x, y] = meshgrid([[1, 2, 3], [10, 20]]);
    assertEquals(x!.toArray(), [[1, 2, 3], [1, 2, 3]]);
    assertEquals(y!.toArray(), [[10, 10, 10], [20, 20, 20]]);
    const [i, j] = meshgrid([[1, 2, 3], [10, 20]], { indexing: "ij" });
    assertEquals(i!.toArray(), [[1, 1], [2, 2], [3, 3]]);
    assertEquals(j!.toArray(), [[10, 20], [10, 20], [10, 20]]);
    const three = meshgrid([tensor([1, 2], { dtype: "int32" }), arange(3), arange(5)]);
    assertEquals(three.map((each) => `${each.type}`), ["int32[3,2,5]", "float32[3,2,5]", "float32[3,2,5]"]);
    assertEquals(meshgrid([[1, 2]])[0]!.toArray(), [1, 2]);
    assertEquals(meshgrid([[1, 2], 3]).map((each) => each.shape), [[1, 2], [1, 2]]);
    assertEquals(meshgrid([zeros([0]), [1, 2]]).map((each) => each.shape), [[2, 0], [2, 0]]);
    assertEquals(meshgrid([]), []);
    assertThrows(() => meshgrid([[[1]], [2]]), RangeError, "Cannot meshgrid float32[1,1] and float32[1]");
  });

  it("records vectors that are not known yet", () => {
    new Graph().asDefault(() => {
      const node = placeholder();
      const [x, y] = new Session().run(meshgrid([node, tensor([1, 2])]), [[node, [5, 6, 7]]]);
      assertEquals(x!.toArray(), [[5, 6, 7], [5, 6, 7]]);
      assertEquals(y!.toArray(), [[1, 1, 1], [2, 2, 2]]);
    });
  });
});

describe("oneHot, tril, triu, likes", () => {
  it("take numbers written in the program", () => {
    assertEquals(oneHot([2, 0], 3).toArray(), [[0, 0, 1], [1, 0, 0]]);
    assertEquals(zerosLike([[1, 2]]).toArray(), [[0, 0]]);
    assertEquals(`${onesLike(3).type}`, "float32[]");
  });

  it("refuse what does not fit", () => {
    assertThrows(() => oneHot(tensor([1]), 3), TypeError, "Cannot oneHot float32[1]: the indices have to be integers");
    assertThrows(() => oneHot([0.5], 3), TypeError, "the index 0.5 is not a whole number");
    assertThrows(() => oneHot([0], -1), RangeError, "Cannot oneHot: classes is -1, not a whole number ≥ 0");
    assertThrows(() => tril([1, 2]), RangeError, "Cannot tril float32[2]: it takes matrices");
    assertThrows(() => triu([[1]], 0.5), RangeError, "Cannot triu: diagonal is 0.5, not a whole number");
    assertThrows(() => fullLike(zeros([1], { dtype: "uint8" }), 256), RangeError, "256 is not between 0 and 255");
  });

  it("are differentiated", () => {
    const x = arange(24, undefined, 1, { dtype: "float64" }).reshape([2, 3, 4]);
    checkGradient((x: Value) => tril(x, 1).square(), [x], { order: 2 });
    checkGradient((x: Value) => triu(x, -1).square(), [x], { order: 2 });
    checkGradient((x: Value) => meshgrid([x.slice(0, 1).flatten(), x.flatten()])[0]!.square(), [x], { order: 2 });
    const gradient = grad((x: Value) => onesLike(x).mul(x).sum())(tensor([2, NaN]));
    assertEquals(gradient.toArray(), [1, 1]);
  });
});
