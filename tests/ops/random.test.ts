import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { compile, grad, Graph, placeholder, random, Session, tensor, type Value, Variable } from "../../mod.ts";
import { threefry } from "../../src/ops/numerics/threefry.ts";
import { randomBits } from "../../src/ops/random_bits.ts";

const key = random.key(42);
const count = 100_000;

/** Mean, variance, skewness and excess kurtosis. */
function moments(x: Value): [number, number, number, number] {
  const data = Array.from(x.data);
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const central = (power: number): number =>
    data.reduce((sum, value) => sum + (value - mean) ** power, 0) / data.length;
  const variance = central(2);
  return [mean, variance, central(3) / variance ** 1.5, central(4) / variance ** 2 - 3];
}

describe("threefry", () => {
  // The known answers for threefry2x32 with 20 rounds in Random123's kat_vectors.
  it("gives the known answers", () => {
    assertEquals(threefry(0, 0, 0, 0), [0x6b200159, 0x99ba4efe]);
    assertEquals(threefry(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff), [0x1cb996fc, 0xbb002be7]);
    assertEquals(threefry(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3), [0xc4923a9c, 0x483df7a0]);
  });

  it("gives every element by its position alone", () => {
    const long = randomBits(key, [7], 0).data;
    assertEquals([...randomBits(key, [4], 0).data], [...long.subarray(0, 4)]);
    assertEquals([...randomBits(key, [2, 2], 0).data], [...long.subarray(0, 4)]);
    assertEquals([...long.subarray(4, 6)], threefry(0, 42, 2, 0));
    const later = tensor([0, 42, 2], { dtype: "uint32" });
    assertEquals([...randomBits(later, [3], 0).data], [...long.subarray(4, 7)]);
    assertEquals(randomBits(random.key(0), [2], 0).toArray(), [0x6b200159, 0x99ba4efe]);
  });
});

describe("random keys", () => {
  it("of other seeds, splits and folds differ", () => {
    const keys = [
      ...[0, 1, -1, 2 ** 32, 2 ** 53 - 1].map((seed) => random.key(seed)),
      ...random.split(random.key(0), 3),
      ...[0, 1, 2].map((data) => random.foldIn(random.key(0), data)),
      random.foldIn(random.key(1), 0),
    ];
    assertEquals(new Set(keys.map((each) => String(each.toArray()))).size, keys.length);
  });

  it("fold numbers and tensors alike", () => {
    assertEquals(random.foldIn(key, 7).toArray(), random.foldIn(key, tensor(7, { dtype: "int32" })).toArray());
    assertEquals(compile((n: Value) => random.foldIn(key, n))(7).toArray(), random.foldIn(key, 7).toArray());
  });

  it("are refused when they are none", () => {
    assertThrows(() => random.normal([2], { key: tensor([1, 2]) }), TypeError, "a key is uint32[2]");
    assertThrows(() => random.split(tensor([1, 2, 3], { dtype: "uint32" })), TypeError, "a key is uint32[2]");
    assertThrows(() => random.key(0.5), RangeError, "Cannot random.key: seed is 0.5, not a whole number");
    assertThrows(() => random.split(random.key(0), -1), RangeError, "Cannot random.split: count is -1, not");
  });
});

describe("random samplers", () => {
  for (const dtype of ["float32", "float64"] as const) {
    it(`uniform is even over its range in ${dtype}`, () => {
      const x = random.uniform([count], { key, dtype });
      assertEquals(x.dtype, dtype);
      const [mean, variance, , kurtosis] = moments(x);
      assertAlmostEquals(mean, 1 / 2, 0.005);
      assertAlmostEquals(variance, 1 / 12, 0.002);
      assertAlmostEquals(kurtosis, -1.2, 0.02);
      assert(x.data.every((value) => value >= 0 && value < 1));
      const wide = random.uniform([count], { key, dtype, low: -3, high: 5 });
      assert(wide.data.every((value) => value >= -3 && value < 5));
      assertAlmostEquals(moments(wide)[0], 1, 0.04);
    });

    it(`normal has the moments of a normal distribution in ${dtype}`, () => {
      const [mean, variance, skewness, kurtosis] = moments(random.normal([count], { key, dtype }));
      assertAlmostEquals(mean, 0, 0.015);
      assertAlmostEquals(variance, 1, 0.02);
      assertAlmostEquals(skewness, 0, 0.03);
      assertAlmostEquals(kurtosis, 0, 0.06);
      const other = moments(random.normal([count], { key, dtype, mean: 5, std: 0.1 }));
      assertAlmostEquals(other[0], 5, 0.0015);
      assertAlmostEquals(other[1], 0.01, 0.0002);
    });
  }

  it("uniform never reaches high, though adding rounds", () => {
    const x = random.uniform([count], { key, low: 2 ** 23, high: 2 ** 23 + 1 });
    assert(x.data.every((value) => value === 2 ** 23));
  });

  it("randint gives every number of its range evenly", () => {
    const counts = new Map<number, number>();
    for (const value of random.randint([count], { key, low: -2, high: 3 }).data) {
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    assertEquals([...counts.keys()].sort((a, b) => a - b), [-2, -1, 0, 1, 2]);
    for (const times of counts.values()) assertAlmostEquals(times / count, 1 / 5, 0.006);
    const words = random.randint([count], { key, high: 2 ** 32, dtype: "uint32" });
    assertAlmostEquals(moments(words)[0] / 2 ** 32, 0.5, 0.005);
    assert(words.data.some((value) => value > 0xfff00000));
  });

  it("bernoulli is true as often as asked", () => {
    const x = random.bernoulli([count], { key, p: 0.3 });
    assertEquals(x.dtype, "bool");
    assertAlmostEquals(moments(x)[0], 0.3, 0.005);
    assertEquals(moments(random.bernoulli([1000], { key, p: 0 }))[0], 0);
    assertEquals(moments(random.bernoulli([1000], { key, p: 1, dtype: "float32" }))[0], 1);
    assertEquals(random.bernoulli([2, 2], { key, p: tensor([0, 1]) }).toArray(), [[false, true], [false, true]]);
  });

  it("permutation and shuffle keep every element", () => {
    const order = random.permutation(100, { key });
    assertEquals([...order.data].sort((a, b) => a - b), Array.from({ length: 100 }, (_, index) => index));
    assertNotEquals([...order.data], Array.from({ length: 100 }, (_, index) => index));
    const rows = tensor([[1, 2], [3, 4], [5, 6]]);
    const shuffled = random.shuffle(rows, { key }).toArray() as number[][]; // a matrix
    assertEquals(shuffled.sort((a, b) => a[0]! - b[0]!), rows.toArray());
    assertEquals(random.permutation(rows, { key }).toArray(), random.shuffle(rows, { key }).toArray());
    assertEquals(random.permutation(0, { key }).shape, [0]);
  });

  it("take scalar and empty shapes", () => {
    assertEquals(random.normal([], { key }).shape, []);
    assertEquals(random.uniform([3, 0], { key }).shape, [3, 0]);
  });

  it("refuse what makes no sense", () => {
    assertThrows(() => random.uniform([2], { dtype: "int32" }), TypeError, "must be float32 or float64");
    assertThrows(() => random.uniform([2], { low: 1, high: 1 }), RangeError, "low must be less than high");
    assertThrows(
      () => random.normal([2], { std: -1 }),
      RangeError,
      "Cannot random.normal: the option std is -1, not a finite number ≥ 0",
    );
    assertThrows(() => random.normal([-1]), RangeError, "not a whole number ≥ 0");
    assertThrows(() => random.randint([2], { high: 300, dtype: "uint8" }), RangeError, "it holds 0 to 255");
    assertThrows(() => random.randint([2], { high: 3, dtype: "float32" }), TypeError, "must be an integer dtype");
    assertThrows(() => random.bernoulli([2], { p: 2 }), RangeError, "the option p is 2, not a number from 0 to 1");
    assertThrows(() => random.shuffle(tensor(1)), RangeError, "it has no axis");
    assertThrows(
      () => random.permutation(-1),
      RangeError,
      "Cannot random.permutation: n is -1, not a whole number ≥ 0",
    );
  });
});

const samplers: Record<string, (key?: Value) => Value> = {
  uniform: (key) => random.uniform([5, 3], key && { key }),
  "uniform of a range": (key) => random.uniform([5], { ...key && { key }, low: 2, high: 3 }),
  "uniform float64": (key) => random.uniform([5], { ...key && { key }, dtype: "float64" }),
  randint: (key) => random.randint([7], { ...key && { key }, high: 1000 }),
  bernoulli: (key) => random.bernoulli([20], key && { key }),
  permutation: (key) => random.permutation(20, key && { key }),
  shuffle: (key) => random.shuffle(tensor([1, 2, 3, 4, 5]), key && { key }),
};

describe("random numbers in graphs", () => {
  for (const [name, sample] of Object.entries(samplers)) {
    it(`${name}: the same eagerly, compiled and in a session`, () => {
      const expected = sample(key).toArray();
      assertEquals(compile((key: Value) => sample(key))(key).toArray(), expected);
      new Graph().asDefault(() => {
        const fed = placeholder({ dtype: "uint32", shape: [2] });
        assertEquals(new Session().run(sample(fed), [[fed, key]]).toArray(), expected);
      });
    });

    it(`${name}: the same from the global generator, eagerly and compiled`, () => {
      random.seed(3);
      const expected = [sample().toArray(), sample().toArray()];
      assertNotEquals(expected[0], expected[1]);
      random.seed(3);
      const compiled = compile(() => sample());
      assertEquals([compiled().toArray(), compiled().toArray()], expected);
      random.seed(3);
      assertEquals([compiled().toArray(), sample().toArray()], expected);
      assertEquals(compiled.stats.traces, 1);
    });
  }

  it("normal: the same up to rounding", () => {
    random.seed(5);
    const expected = [random.normal([100]), random.normal([100])];
    random.seed(5);
    const pair = compile(() => [random.normal([100]), random.normal([100])])();
    pair.forEach((each, index) => {
      each.data.forEach((value, at) => assertAlmostEquals(value, expected[index]!.data[at]!, 2e-6));
    });
  });

  it("two draws inside one compiled function differ, and seed() inside it takes effect", () => {
    const [a, b] = compile(() => [random.uniform([4]), random.uniform([4])])();
    assertNotEquals(a!.toArray(), b!.toArray());
    random.seed(9);
    const expected = random.uniform([4]).toArray();
    const seeded = compile(() => {
      random.seed(9);
      return random.uniform([4]);
    });
    assertEquals([seeded().toArray(), seeded().toArray()], [expected, expected]);
  });

  it("draws inside grad are part of the eager sequence", () => {
    random.seed(11);
    const [first, second] = [random.uniform([3]).toArray(), random.uniform([3]).toArray()];
    random.seed(11);
    assertEquals(grad((x: Value) => x.mul(random.uniform([3])).sum())(tensor([1, 2, 3])).toArray(), first);
    assertEquals(random.uniform([3]).toArray(), second);
  });

  it("a graph built by hand records no draw", () => {
    const graph = new Graph();
    graph.asDefault(() => {
      random.seed(1);
      const x = random.normal([2]);
      assertEquals(x.data.length, 2);
      new Variable(x);
    });
    assertEquals([graph.operations.length, graph.variables.length], [0, 1]);
  });
});
