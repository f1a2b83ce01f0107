import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  arange,
  broadcastTo,
  concat,
  type DType,
  expandDims,
  flatten,
  flip,
  full,
  Graph,
  pad,
  permuteDims,
  placeholder,
  repeat,
  reshape,
  Session,
  slice,
  split,
  squeeze,
  stack,
  type Tensor,
  tensor,
  tile,
  transpose,
  type Value,
  zeros,
} from "../../mod.ts";
import { checkGradient } from "./check_gradient.ts";
import { testNumpyCases } from "./numpy_cases.ts";

describe("movement: as NumPy", () => {
  testNumpyCases("./movement.jsonl", {
    reshape: ([x], [shape]) => reshape(x!, shape!),
    flatten: ([x]) => flatten(x!),
    permuteDims: ([x], [axes]) => permuteDims(x!, axes!),
    broadcastTo: ([x], [shape]) => broadcastTo(x!, shape!),
    slice: ([x], [start, stop, step]) => slice(x!, start!, stop, step),
    pad: ([x], [padding, options]) => pad(x!, padding!, options),
    transpose: ([x]) => transpose(x!),
    expandDims: ([x], [axis]) => expandDims(x!, axis!),
    squeeze: ([x], [axis]) => squeeze(x!, axis),
    flip: ([x], [axis]) => flip(x!, axis),
    tile: ([x], [repetitions]) => tile(x!, repetitions!),
    repeat: ([x], [count, axis]) => repeat(x!, count!, axis),
    concat: (list, [axis]) => concat(list, axis),
    stack: (list, [axis]) => stack(list, axis),
  });
});

describe("slice: every start, stop and step of a short axis", () => {
  it("takes what a loop takes", () => {
    const positions = [null, -7, -6, -5, -2, -1, 0, 1, 4, 5, 6];
    for (const length of [0, 1, 5]) {
      const numbers = Array.from({ length }, (_, index) => index);
      const x = arange(length);
      for (const step of [-7, -3, -2, -1, 1, 2, 3, 7]) {
        for (const start of positions) {
          for (const stop of positions) {
            // Python's definition: begin at start (an end, if left out), and go on by step until stop is passed.
            const place = (position: number): number => {
              const counted = position < 0 ? position + length : position;
              return step > 0 ? Math.min(Math.max(counted, 0), length) : Math.min(Math.max(counted, -1), length - 1);
            };
            const first = start === null ? step > 0 ? 0 : length - 1 : place(start);
            const end = stop === null ? step > 0 ? length : -1 : place(stop);
            const expected = [];
            for (let at = first; step > 0 ? at < end : at > end; at += step) expected.push(numbers[at]!);
            assertEquals(slice(x, start, stop, step).toArray(), expected, `[${start}:${stop}:${step}] of ${length}`);
          }
        }
      }
    }
  });
});

describe("split", () => {
  const x = tensor([[1, 2, 3, 4], [5, 6, 7, 8]]);
  const arrays = (parts: readonly Tensor[]) => parts.map((part) => part.toArray());

  it("makes equal parts", () => {
    assertEquals(arrays(split(x, 2)), [[[1, 2, 3, 4]], [[5, 6, 7, 8]]]);
    assertEquals(arrays(split(x, 2, -1)), [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]);
    assertEquals(split(zeros([0, 2]), 3).map((part) => part.shape), [[0, 2], [0, 2], [0, 2]]);
  });

  it("makes parts of given lengths", () => {
    assertEquals(arrays(split(x, [1, 0, 3], 1)), [[[1], [5]], [[], []], [[2, 3, 4], [6, 7, 8]]]);
  });

  it("records parts of what is not known yet", () => {
    new Graph().asDefault(() => {
      const node = placeholder();
      const parts = split(node, 2, -1);
      const results = new Session().run(parts, [[node, x]]);
      assertEquals(results.map((part) => part.toArray()), [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]);
      assertThrows(() => new Session().run(split(node, 3, -1), [[node, x]]), RangeError, "which 3 does not divide");
    });
  });

  it("refuses parts that do not fit", () => {
    assertThrows(
      () => split(x, 3, 1),
      RangeError,
      "Cannot split float32[2,4]: axis 1 has length 4, which 3 does not divide",
    );
    assertThrows(() => split(x, [1, 2], 1), RangeError, "the parts [1,2] add up to 3, and axis 1 has length 4");
    assertThrows(() => split(x, 0), RangeError, "Cannot split: there are 0 parts");
    assertThrows(() => split(x, [3, -1]), RangeError, "parts is [3,-1], not a whole number ≥ 0");
  });
});

describe("movement: numbers written in the program", () => {
  it("become float32, and keep to the dtype they meet", () => {
    assertEquals(`${reshape(2, [1]).type}`, "float32[1]");
    assertEquals(`${stack([1, tensor([1, 2], { dtype: "float64" }).slice(0, 1).reshape([])]).type}`, "float64[2]");
    assertEquals(concat([[0.1], tensor([1], { dtype: "float64" })]).toArray(), [0.1, 1]);
  });

  it("pads with NaN and infinities", () => {
    assertEquals(pad([1], [[1, 1]], { value: -Infinity }).toArray(), [-Infinity, 1, -Infinity]);
    assertEquals(pad([1], [[0, 1]], { value: NaN }).toArray(), [1, NaN]);
  });
});

describe("movement: errors", () => {
  const x = zeros([2, 3]);
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [() => reshape(x, [4, 2]), RangeError, "Cannot reshape float32[2,3]: its 6 elements do not fill the shape [4,2]"],
    [() => reshape(x, [4, -1]), RangeError, "its 6 elements do not fill the shape [4,-1]"],
    [() => reshape(x, [-1, -1]), RangeError, "only one length can be left open"],
    [() => reshape(x, [1.5, 4]), RangeError, "is not a whole number"],
    [() => reshape(zeros([0]), [0, -1]), RangeError, "could be any"],
    [() => permuteDims(x, [0]), RangeError, "Cannot permuteDims float32[2,3]: the axes [0] do not name each"],
    [() => permuteDims(x, [0, -2]), RangeError, "the axes [0,-2] do not name each of its axes once"],
    [() => permuteDims(x, [0, 2]), RangeError, "axis 2 is out of range for a tensor of rank 2"],
    [() => broadcastTo(x, [3, 3]), RangeError, "Cannot broadcastTo float32[2,3]: it does not stretch to [3,3]"],
    [() => broadcastTo(x, [3]), RangeError, "it does not stretch to [3]"],
    [() => slice(x, 0, 1, 0), RangeError, "Cannot slice: a step is 0"],
    [() => slice(x, [0, 0, 0], [1, 1, 1]), RangeError, "Cannot slice float32[2,3]: it has no 3 axes to slice"],
    [() => slice(x, 0.5), TypeError, "Cannot slice: start is 0.5, not a whole number"],
    [() => pad(x, [[1, 1]]), RangeError, "Cannot pad float32[2,3]: the padding is for 1 axes"],
    [
      () => pad(x, [[1, 1], [-1, 0]]),
      RangeError,
      "Cannot pad: padding is [[1,1],[-1,0]], not a list with two whole numbers ≥ 0 for each axis",
    ],
    [() => pad(full([1], 1, { dtype: "uint8" }), [[1, 1]], { value: 300 }), RangeError, "300 is not between 0 and 255"],
    [() => concat([]), RangeError, "Cannot concat: the list is empty"],
    [() => concat([1, 2]), RangeError, "axis 0 is out of range for a tensor of rank 0"],
    [() => concat([x, zeros([2, 2])]), RangeError, "Cannot concat float32[2,3] and float32[2,2]: their shapes differ"],
    [() => concat([x, zeros([2])]), RangeError, "Cannot concat float32[2,3] and float32[2]: their shapes differ"],
    [
      () => concat([zeros([1], { dtype: "int32" }), zeros([1], { dtype: "uint32" })]),
      TypeError,
      "no dtype holds both; convert one with astype()",
    ],
    [
      () => stack((["int8", "int32", "uint32"] as DType[]).map((dtype) => zeros([1], { dtype }))),
      TypeError,
      "Cannot stack int8[1] and int32[1] and uint32[1]: no dtype holds all; convert with astype()",
    ],
    [() => stack([x, zeros([3, 2])]), RangeError, "Cannot stack float32[2,3] and float32[3,2]: their shapes differ"],
    [() => stack([x, x], 3), RangeError, "axis 3 is out of range"],
    [() => squeeze(x, 0), RangeError, "Cannot squeeze float32[2,3]: axis 0 has length 2, not 1"],
    [() => squeeze(zeros([1]), [0, -1]), RangeError, "name one axis twice"],
    [() => expandDims(x, 3), RangeError, "axis 3 is out of range"],
    [() => flip(x, 2), RangeError, "Cannot flip float32[2,3]: axis 2 is out of range"],
    [() => tile(x, [-1]), RangeError, "Cannot tile: repetitions is [-1], not a whole number ≥ 0"],
    [() => repeat(x, 1.5), RangeError, "Cannot repeat: count is 1.5, not a whole number ≥ 0"],
    [() => repeat(x, 2, 2), RangeError, "axis 2 is out of range"],
  ];
  for (const [body, Kind, message] of cases) {
    it(message, () => void assertThrows(body, Kind, message));
  }
});

describe("movement: gradients", () => {
  const x = arange(24, undefined, 1, { dtype: "float64" }).reshape([2, 3, 4]);
  const y = arange(24, 0, -1, { dtype: "float64" }).reshape([2, 3, 4]);
  const cases: Record<string, (x: Value) => Value> = {
    reshape: (x) => reshape(x, [4, -1]),
    flatten: (x) => flatten(x),
    permuteDims: (x) => permuteDims(x, [-1, 0, 1]),
    transpose: (x) => transpose(x),
    broadcastTo: (x) => broadcastTo(x, [2, 2, 3, 4]),
    "broadcastTo, of axes of length 1": (x) => broadcastTo(slice(x, [0, 0], [1, 1]), [2, 3, 4]),
    slice: (x) => slice(x, [1, 0, -3], [2, 2]),
    "slice with steps": (x) => slice(x, [null, null, 1], [null, null, null], [1, 2, 3]),
    "slice backwards": (x) => slice(x, [null, -1], [null, 0], [-1, -1]),
    "empty slice": (x) => slice(x, 2),
    pad: (x) => pad(x, [[1, 0], [0, 0], [2, 3]], { value: 7 }),
    expandDims: (x) => expandDims(x, 1),
    squeeze: (x) => squeeze(slice(x, 1)),
    flip: (x) => flip(x, [0, 2]),
    "flip all": (x) => flip(x),
    tile: (x) => tile(x, [2, 1, 2, 3]),
    "tile nothing": (x) => tile(x, 0),
    repeat: (x) => repeat(x, 3, 1),
    "repeat all": (x) => repeat(x, 2),
    split: (x) => split(x, [1, 2], 1)[1]!.mul(split(x, 2, -1)[0]!.sum()),
    "concat with itself": (x) => concat([x, x.square(), x], -2),
    "stack with itself": (x) => stack([x, x.square()], -1),
  };
  for (const [name, fn] of Object.entries(cases)) {
    it(name, () => checkGradient((x) => fn(x).mul(0.1).exp(), [x], { order: 2 }));
  }
  it("concat", () => checkGradient((x, y) => concat([x, y], 1).square(), [x, y], { order: 2 }));
  it("stack", () => checkGradient((x, y) => stack([x, y], 1).square(), [x, y], { order: 2 }));
});
