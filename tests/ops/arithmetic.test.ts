import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import * as t from "../../mod.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { assertNumbers, golden, restore } from "./elementwise_cases.ts";

const { grad, scalar, tensor, where } = t;
type Value = t.Value;

const binary = {
  add: t.add,
  sub: t.sub,
  mul: t.mul,
  div: t.div,
  pow: t.pow,
  maximum: t.maximum,
  minimum: t.minimum,
  mod: t.mod,
  floorDiv: t.floorDiv,
  atan2: t.atan2,
};
type BinaryName = keyof typeof binary;

describe("arithmetic", () => {
  for (const [name, expected] of Object.entries(golden.binary.results)) {
    it(`${name} of float64 is NumPy's`, () => {
      const x = tensor(restore(golden.binary.x), { dtype: "float64" });
      const y = tensor(restore(golden.binary.y), { dtype: "float64" });
      assertNumbers(binary[name as BinaryName](x, y), restore(expected), 4e-16, name);
    });
  }
  it("mod and floorDiv of numbers whose product underflows are NumPy's", () => {
    const x = tensor([-1e-200, 1e-200, -1e-200, 5e-324, -5e-324, -1e-310], { dtype: "float64" });
    const y = tensor([3e-200, -3e-200, -3e-200, -1e-310, 1e-310, 5e-324], { dtype: "float64" });
    // NumPy 2.4, float64
    const remainders = [2e-200, -2e-200, -1e-200, -9.9999999999995e-311, 9.9999999999995e-311, 0];
    const quotients = [-1, -1, 0, -1, -1, -20240225330731];
    assertNumbers(x.mod(y), remainders);
    assertNumbers(x.floorDiv(y), quotients);
    for (const emitter of ["js", "wasm"] as const) {
      const compiled = t.compile((x: Value, y: Value) => [x.mod(y), x.floorDiv(y)] as const, { emitter });
      const [remainder, quotient] = compiled(x, y);
      assertNumbers(remainder, remainders);
      assertNumbers(quotient, quotients);
    }
  });
  it("mod and floorDiv round as NumPy's, and their zeros have its signs", () => {
    const numbers = (...values: number[]) => tensor(values, { dtype: "float64" });
    // NumPy 2.4, float64. The quotients of the last four are a little below, or above, a whole number.
    const x = numbers(6, -6, 0, -0, 0, -0, 2.2, 0.3, 4.4, 44338.864690346505);
    const y = numbers(-3, -3, -3, -3, 3, 3, 0.7, 0.01, 0.003, 86.92916755822675);
    assertNumbers(x.mod(y).slice([0], [6]), [-0, -0, -0, -0, 0, 0]);
    assertNumbers(x.floorDiv(y), [-2, 2, -0, 0, 0, -0, 3, 29, 1466, 510]);
  });
  for (const dtype of ["int32", "uint32", "uint8"] as const) {
    for (const [name, expected] of Object.entries(golden[dtype].results)) {
      it(`${name} of ${dtype} wraps as NumPy's`, () => {
        const x = tensor(golden[dtype].x, { dtype });
        let y: Value = tensor(golden[dtype].y, { dtype });
        if (name === "pow") y = y.abs().mod(40);
        const result = binary[name as BinaryName](x, y);
        assertEquals(result.dtype, dtype);
        assertEquals(result.toArray(), expected);
      });
    }
  }
  it("gives float32 for the quotient of integers", () => {
    const x = tensor([7, 1], { dtype: "int32" });
    assertEquals(x.div(2).dtype, "float32");
    assertEquals(x.div(tensor([2, 4], { dtype: "int32" })).toArray(), [3.5, 0.25]);
    assertEquals(x.reciprocal().toArray(), [Math.fround(1 / 7), 1]);
  });
  it("computes functions of one operand", () => {
    const x = tensor([-2, -0, 0, 3, NaN, -Infinity]);
    assertNumbers(x.neg(), [2, 0, -0, -3, NaN, Infinity]);
    assertNumbers(x.abs(), [2, 0, 0, 3, NaN, Infinity]);
    for (const dtype of ["float32", "float64"] as const) {
      const signs = (y: Value): unknown[] => Array.from(y.data, (each) => Object.is(each, -0) ? "-0" : each);
      const expected = [-1, 0, 0, 1, NaN, -1]; // NumPy and PyTorch: the sign of −0 is 0
      assertEquals(signs(x.astype(dtype).sign()), expected);
      for (const options of [{ emitter: "js" }, { emitter: "wasm" }, { exact: true }] as const) {
        assertEquals(signs(t.compile((x: Value) => x.sign(), options)(x.astype(dtype))), expected);
      }
    }
    assertNumbers(x.square(), [4, 0, 0, 9, NaN, Infinity]);
    assertEquals(tensor([65537, -46341], { dtype: "int32" }).square().toArray(), [131073, -2147479015]);
    assertEquals(tensor([1, 255], { dtype: "uint8" }).neg().toArray(), [255, 1]);
  });
  it("clips, with bounds that broadcast", () => {
    assertEquals(tensor([-2, 0.5, 3]).clip(0, 1).toArray(), [0, 0.5, 1]);
    assertEquals(tensor([[1, 2], [3, 4]]).clip([2, 3], [[3], [3]]).toArray(), [[2, 3], [3, 3]]);
    assertNumbers(tensor([NaN, 1]).clip(0, 1), [NaN, 1]);
  });
  it("chooses", () => {
    assertEquals(where([true, false], [1, 2], 9).toArray(), [1, 9]);
    assertEquals(where([[true], [false]], tensor([1, 2], { dtype: "int32" }), 0.5).dtype, "float32");
    assertThrows(() => where(tensor([1, 0]), 1, 2), TypeError, "the condition must be bool");
  });
  it("converts", () => {
    assertEquals(tensor([1.7, -1.7, NaN, Infinity, 2 ** 32 + 3], { dtype: "float64" }).astype("int32").toArray(), [
      1,
      -1,
      0,
      0,
      3,
    ]);
    assertEquals(tensor([0, -0.5, NaN]).astype("bool").toArray(), [false, true, true]);
    assertEquals(tensor([-1, 300], { dtype: "int32" }).astype("uint8").toArray(), [255, 44]);
    // @ts-expect-error an unknown dtype
    assertThrows(() => tensor([1]).astype("float128"), TypeError, "float128");
  });
  it("broadcasts, also to nothing", () => {
    assertEquals(tensor([[1], [2]]).add([10, 20, 30]).toArray(), [[11, 21, 31], [12, 22, 32]]);
    assertEquals(t.zeros([0, 3]).mul([1, 2, 3]).shape, [0, 3]);
    assertEquals(scalar(2).add(t.zeros([2, 0])).shape, [2, 0]);
  });
  it("says what does not fit", () => {
    assertThrows(() => tensor([1, 2]).add([1, 2, 3]), RangeError, "Cannot add float32[2] and float32[3]");
    assertThrows(() => tensor([true]).neg(), TypeError, "Cannot neg bool[1]");
    assertThrows(
      () => t.sub(tensor([1], { dtype: "uint32" }), tensor([1], { dtype: "int32" })),
      TypeError,
      "no dtype holds both",
    );
    // @ts-expect-error no operand
    assertThrows(() => t.add([1], "two"), TypeError, "string");
  });
});

describe("arithmetic gradients", () => {
  const x = randomTensor([2, 3], 0.6, 1.6, 3);
  const y = randomTensor([3], 0.5, 1.5, 4);
  for (const name of ["add", "sub", "mul", "div", "pow", "maximum", "minimum", "mod", "atan2"] as const) {
    it(`${name}, broadcast, to the second order`, () => {
      checkGradient(binary[name], [x, y], { order: 2 });
      checkGradient(binary[name], [y.reshape([3, 1]), x.reshape([1, 6])], { order: 2 });
      checkGradient(binary[name], [randomTensor([0, 3]), y]);
      checkGradient((a) => binary[name](a, a.mul(1.3)), [y]);
    });
    it(`${name} with a number`, () => {
      checkGradient((a) => binary[name](a, 1.1), [x], { order: 2 });
      checkGradient((a) => binary[name](0.9, a), [x], { order: 2 });
    });
  }
  it("of one operand", () => {
    for (const fn of [t.neg, t.abs, t.square, t.reciprocal]) checkGradient(fn, [x.mul([-1, 1, 1])], { order: 2 });
    checkGradient((a) => a.astype("float64").mul(a), [x]);
  });
  it("of choices", () => {
    checkGradient((a, b, c) => a.clip(b, c), [
      randomTensor([4, 3]),
      randomTensor([3], -0.6, -0.2),
      randomTensor([4, 1], 0.1, 0.7),
    ], { order: 2 });
    // Bounds the wrong way round: it is the upper one that counts.
    checkGradient((a, b, c) => a.clip(b, c), [
      randomTensor([4, 3]),
      randomTensor([3], 0.1, 0.7),
      randomTensor([4, 1], -0.6, -0.2),
    ], { order: 2 });
    checkGradient((a, b) => where(tensor([true, false, true]), a, b), [x, y], { order: 2 });
  });
  const gradient = (fn: (x: Value) => Value, ...at: number[]) => grad((x: Value) => fn(x).sum())(tensor(at)).toArray();
  it("shares it between ties", () => {
    assertEquals(gradient((x) => x.maximum([1, 1, 1]), 0, 1, 2), [0, 0.5, 1]);
    assertEquals(gradient((x) => x.minimum([1, 1, 1]), 0, 1, 2), [1, 0.5, 0]);
    assertEquals(gradient((x) => x.clip(0, 1), -1, 0, 0.5, 1, 2), [0, 1, 1, 1, 0]);
  });
  it("is right at the corners of pow", () => {
    assertEquals(gradient((x) => x.pow(2), 0, -3), [0, -6]);
    assertEquals(gradient((x) => x.pow(0), 0, 2), [0, 0]);
    assertEquals(gradient((x) => x.pow(1), 0, 2), [1, 1]);
    assertEquals(gradient((y) => t.pow(0, y), 0, 2), [0, 0]);
  });
  it("of an integer operand's partner keeps the dtype", () => {
    const g = grad((x: Value) => x.mul(tensor([1, 2], { dtype: "int32" })).sum())(tensor([1, 1]));
    assertEquals([g.dtype, g.toArray()], ["float32", [1, 2]]);
  });
});

/** The float64 nearest to a power by a whole number, from products of whole numbers. */
function exactPower(x: number, n: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const pattern = bits.getBigUint64(0);
  const biased = Number(pattern >> 52n & 0x7ffn);
  const fraction = pattern & 0xfffffffffffffn;
  let significand = biased === 0 ? fraction : fraction | 0x10000000000000n;
  let exponent = Math.max(biased, 1) - 1075;
  let [result, scale] = [1n, 0];
  /** Rounds to 300 bits: after all products the result has more than 200 that are right. */
  const rounded = (value: bigint, scale: number): [bigint, number] => {
    const excess = value.toString(2).length - 300;
    return excess > 0 ? [value + (1n << BigInt(excess - 1)) >> BigInt(excess), scale + excess] : [value, scale];
  };
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) [result, scale] = rounded(result * significand, scale + exponent);
    [significand, exponent] = rounded(significand * significand, 2 * exponent);
  }
  const excess = -1074 - scale; // a denormal result has fewer bits, and is rounded only once
  if (excess > result.toString(2).length - 53) {
    [result, scale] = [result + (1n << BigInt(excess - 1)) >> BigInt(excess), -1074];
  }
  let value = Number(result);
  for (; scale > 0 && value < Infinity; scale--) value *= 2;
  for (; scale < 0 && value > 0; scale++) value /= 2;
  return x < 0 && n % 2 === 1 ? -value : value;
}

describe("pow of float64 by whole exponents", () => {
  const bits = new BigInt64Array(1);
  const numbers = new Float64Array(bits.buffer);
  /** Where a number lies in the order of all float64. */
  const order = (x: number): bigint => {
    numbers[0] = x;
    return bits[0]! < 0n ? -(bits[0]! & 0x7fffffffffffffffn) : bits[0]!;
  };
  const random = randomTensor([400], 0, 1, 11).data;
  const cases = Array.from({ length: 400 }, (_, index): [x: number, n: number] => {
    const n = index < 60
      ? index + 1
      : [97, 100, 500, 512, 999, 1000, 1001, 1024, 4099, 65536, 1000003, 2 ** 31 - 1][index % 12]!;
    const x = 2 ** ((random[index]! * 2094 - 1072) / n); // so that powers lie anywhere between denormal and infinite
    return [index % 3 === 0 ? -x : x, n];
  });
  for (const n of [3, 5, 23, 1000]) {
    for (const x of [10, 0.1, 1.5, -3, 5e-324, 1.7e308, 1 + 2 ** -52]) cases.push([x, n]);
  }

  it("are within 4 units in the last place of the exact power, in every way", () => {
    assertEquals(exactPower(10, 23), 1e23);
    assertEquals(exactPower(5e-324, 1), 5e-324);
    const [x, n] = [0, 1].map((part) => tensor(cases.map((each) => each[part]!), { dtype: "float64" }));
    const expected = cases.map(([x, n]) => exactPower(x, n));
    const ways = {
      eager: t.pow(x!, n!),
      js: t.compile((x: Value, n: Value) => x.pow(n), { emitter: "js" })(x!, n!),
      wasm: t.compile((x: Value, n: Value) => x.pow(n), { emitter: "wasm" })(x!, n!),
    };
    for (const [way, result] of Object.entries(ways)) {
      expected.forEach((value, index) => {
        const distance = order(result.data[index]!) - order(value);
        assert(-4n <= distance && distance <= 4n, `${way}: ${cases[index]} is ${result.data[index]}, not ${value}`);
      });
    }
  });
  it("are exact where a float64 holds them", () => {
    for (const n of [3, 7, 10, 22, 33]) {
      for (const x of [10, -3, 2, 1.5, 0.5].filter((x) => Math.abs(x) ** n < 2 ** 53 || x === 10 && n <= 22)) {
        assertEquals(t.pow(scalar(x, { dtype: "float64" }), n).item(), exactPower(x, n), `${x}, ${n}`);
      }
    }
    assertEquals(t.pow(scalar(2, { dtype: "float64" }), [3, 1023, 1024]).toArray(), [8, 2 ** 1023, Infinity]);
    assertEquals(t.pow(scalar(10, { dtype: "float64" }), 22).item(), 1e22);
    assertEquals(t.pow([0, -0, -Infinity, NaN], tensor([3], { dtype: "float64" })).toArray(), [0, 0, -Infinity, NaN]);
  });
});

describe("mod and floorDiv at the ends of the range", () => {
  // What NumPy 2.4 gives for numbers counted in the smallest denormal one; `normal` is the smallest that is not.
  const cases: Record<"float32" | "float64", readonly [unit: number, normal: number]> = {
    float32: [2 ** -149, 2 ** 23],
    float64: [2 ** -1074, 2 ** 52],
  };
  for (const [dtype, [unit, normal]] of Object.entries(cases)) {
    const rows: [x: number, y: number, mod: number, floorDiv: number][] = [
      [5, 3, 2, 1],
      [-5, 3, 1, -2],
      [1, normal, 1, 0],
      [-1, normal, normal - 1, -1],
      [3, -2, -1, -2],
      [normal, 3, normal % 3, Math.floor(normal / 3)],
      [normal, 1 - normal, 2 - normal, -2],
      [Infinity, 1, NaN, NaN],
      [1, Infinity, 1, 0],
      [-1, Infinity, Infinity, -1],
      [0, 1, 0, 0],
      [-0, 1, 0, -0],
      [0, -1, -0, -0],
      [1, 0, NaN, Infinity],
      [-1, 0, NaN, -Infinity],
    ];
    it(`are NumPy's for denormal ${dtype}, infinities and zeros, in every way`, () => {
      const [x, y] = [0, 1].map((part) =>
        tensor(Float64Array.from(rows, (row) => row[part]! * unit), { dtype: dtype as t.DType })
      );
      const check = (way: string, result: Value, expected: readonly number[]): void =>
        result.data.forEach((value, index) => {
          assert(Object.is(value, expected[index]), `${way} of ${rows[index]}: ${value}`);
        });
      for (const [part, name] of [[2, "mod"], [3, "floorDiv"]] as const) {
        const expected = rows.map((row) => part === 2 ? row[part] * unit : row[part]);
        const fn = (x: Value, y: Value): Value => t[name](x, y);
        check(`eager ${name}`, fn(x!, y!), expected);
        for (const emitter of ["js", "wasm"] as const) {
          check(`${name} by ${emitter}`, t.compile(fn, { emitter })(x!, y!), expected);
        }
      }
    });
  }
});
