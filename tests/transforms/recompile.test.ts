// When a compiled function is traced anew, and what it says of the reason.
import { describe, it } from "node:test";
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { compile, type CompileOptions, type DType, Tensor, tensor, type Value, Variable, zeros } from "../../mod.ts";

/** A compiled function that takes anything. */
function taking(fn: (...args: readonly unknown[]) => unknown = () => 0, options: CompileOptions = {}) {
  return compile((...args: readonly unknown[]) => fn(...args), options);
}

/** What is said of a call that follows another. */
function reason(before: readonly unknown[], now: readonly unknown[], options: CompileOptions = {}): string | undefined {
  const f = taking(() => 0, options);
  f(...before);
  assertEquals(f.stats.lastRecompile, undefined);
  assert(!("lastRecompile" in f.stats));
  f(...now);
  assertEquals(f.stats.traces, f.stats.lastRecompile === undefined ? 1 : 2);
  return f.stats.lastRecompile;
}

const ones = (shape: readonly number[], dtype: DType = "float32") => zeros(shape, { dtype }).add(1);
const variable = (shape: readonly number[], name: string, trainable = true) =>
  new Variable(zeros(shape), { name, trainable });

describe("a recompile names", () => {
  it("the argument and the axis", () => {
    assertEquals(
      reason([ones([1]), ones([4, 3])], [ones([1]), ones([5, 3])]),
      "argument1: float32[5,3] instead of float32[4,3] (axis 0: 5 instead of 4)",
    );
    assertEquals(
      reason([ones([4, 2, 3])], [ones([5, 2, 1])]),
      "argument0: float32[5,2,1] instead of float32[4,2,3] (axis 0: 5 instead of 4, axis 2: 1 instead of 3)",
    );
    assertEquals(
      reason([ones([])], [ones([2, 2])]),
      "argument0: float32[2,2] instead of float32[] (rank 2 instead of 0)",
    );
  });

  it("the dtype", () => {
    assertEquals(
      reason([{ weights: ones([2]) }], [{ weights: ones([2], "float64") }]),
      "argument0.weights: float64[2] instead of float32[2] (dtype)",
    );
    assertEquals(
      reason([[ones([2], "int32")]], [[ones([3], "int8")]]),
      "argument0[0]: int8[3] instead of int32[2] (dtype, axis 0: 3 instead of 2)",
    );
  });

  it("booleans, strings, null and undefined", () => {
    assertEquals(reason([1, 2, false], [1, 2, true]), "argument2: true instead of false");
    assertEquals(reason(["a"], ["b"]), 'argument0: "b" instead of "a"');
    assertEquals(reason([null], [undefined]), "argument0: undefined instead of null");
    assertEquals(reason(["null"], [null]), 'argument0: null instead of "null"');
    const long = "x".repeat(100);
    assertEquals(reason([`${long}a`], [`${long}b`]), `argument0: "${"x".repeat(40)}"… with another character 100`);
    assertEquals(reason([long], [`${long}b`]), `argument0: "${"x".repeat(40)}"… with another character 100`);
  });

  it("static numbers", () => {
    const options = { static: [1] };
    assertEquals(reason([1, 3], [2, 4], options), "argument1: 4 instead of 3 (static)");
    assertEquals(reason([1, 0], [1, -0], options), "argument1: -0 instead of 0 (static)");
    assertEquals(reason([1, { axis: NaN }], [1, { axis: 1 }], options), "argument1.axis: 1 instead of NaN (static)");
    assertEquals(reason([1, NaN], [1, NaN], options), undefined);
  });

  it("another kind of thing", () => {
    assertEquals(reason([1], [ones([2])]), "argument0: a tensor of float32[2] instead of a number");
    assertEquals(reason([ones([2])], [null]), "argument0: null instead of a tensor of float32[2]");
    assertEquals(
      reason([ones([2])], [variable([2], "w")]),
      "argument0: a Variable of float32[2] instead of a tensor of float32[2]",
    );
    assertEquals(reason(["on"], [true]), 'argument0: true instead of "on"');
  });

  it("the structure", () => {
    const changed = (text: string) => `the structure of the arguments changed: ${text}`;
    assertEquals(reason([1], [1, 2]), changed("2 arguments instead of 1"));
    assertEquals(reason([1, 2], [1]), changed("1 argument instead of 2"));
    assertEquals(reason([{ a: 1 }], [{ a: 1, b: 2 }]), changed("argument0.b is new"));
    assertEquals(reason([{ a: 1, b: 2 }], [{ b: 1, c: 2 }]), changed("argument0.c is new, argument0.a is missing"));
    assertEquals(reason([{ a: 1, b: 2 }], [{ b: 1, a: 2 }]), changed("argument0 has its properties in another order"));
    assertEquals(reason([[1]], [[1, 2, 3]]), changed("argument0 has 3 elements instead of 1"));
    assertEquals(reason([[]], [{}]), changed("argument0 is an object instead of an array of 0 elements"));
    assertEquals(
      reason([{ a: [ones([2])] }], [{ a: ones([2]) }]),
      changed("argument0.a is a tensor of float32[2] instead of an array of 1 element"),
    );
    assertEquals(
      reason([{ "a b": [1] }], [{ "a b": [1, 2] }]),
      changed('argument0["a b"] has 2 elements instead of 1'),
    );
    assertEquals(
      reason([{ layers: [{ w: ones([2]) }] }], [{ layers: [{ w: ones([3]) }, { w: ones([3]) }] }]),
      `${changed("argument0.layers has 2 elements instead of 1")}; ` +
        "argument0.layers[0].w: float32[3] instead of float32[2] (axis 0: 3 instead of 2)",
    );
  });

  it("what is one and the same object", () => {
    const [a, b, c] = [ones([2]), ones([2]), ones([2])];
    assertEquals(reason([a, b], [c, c]), "argument0 and argument1 are the same tensor now");
    assertEquals(reason([a, a], [b, c]), "argument0 and argument1 are not the same tensor any more");
    assertEquals(
      reason([a, b, { c }], [b, b, { c: b }]),
      "argument0, argument1 and argument2.c are the same tensor now",
    );
    assertEquals(reason([a, a, b], [b, b, b]), "argument0 and argument2 are the same tensor now");
    assertEquals(
      reason([a, a, b], [a, b, b]),
      "argument1 and argument2 are the same tensor now; argument0 and argument1 are not the same tensor any more",
    );
    const [v, w] = [variable([2], "v"), variable([2], "w")];
    assertEquals(reason([v, w], [v, v]), "argument0 and argument1 are the same Variable now");
    assertEquals(reason([v, w], [w, v]), undefined);
  });

  it("Variables: their type, and whether they are trainable", () => {
    assertEquals(
      reason([variable([2], "v")], [variable([3], "w")]),
      "argument0: float32[3] instead of float32[2] (axis 0: 3 instead of 2)",
    );
    assertEquals(
      reason([variable([2], "v")], [variable([2], "w", false)]),
      "argument0: a Variable that is not trainable instead of one that is",
    );
    assertEquals(
      reason([variable([2], "v", false)], [variable([2], "w")]),
      "argument0: a trainable Variable instead of one that is not",
    );
  });

  it("a Variable that the function uses itself", () => {
    const [v, w, u] = [variable([2], "v"), variable([2], "w"), variable([2], "u")];
    const f = compile((x: Variable, y: Variable) => x.add(v).add(w).mul(y));
    f(u, u);
    assertEquals([f.stats.traces, f.stats.lastRecompile], [1, undefined]);
    f(v, u);
    assertEquals(
      f.stats.lastRecompile,
      "argument0 and argument1 are not the same Variable any more; argument0 is the Variable v, which the function also uses itself",
    );
    assertEquals(f.stats.traces, 3);
    f(w, u);
    assertEquals(
      f.stats.lastRecompile,
      "argument0 is the Variable w, which the function also uses itself, instead of v",
    );
    f(w, variable([2], "z"));
    assertEquals(f.stats.lastRecompile, "argument1 is the Variable z instead of u");
    f(u, variable([2], "z"));
    assertEquals(f.stats.traces, 5);
  });

  it("a number that is not whole, where one meets an integer tensor", () => {
    const x = tensor([1, 2], { dtype: "int32" });
    const f = compile((x: Value, k: Value, rate: Value) => x.mul(k).astype("float32").mul(rate));
    assertEquals(f(x, 3, 0.5).toArray(), [1.5, 3]);
    assertEquals([f.stats.traces, f.stats.lastRecompile], [1, undefined]);
    assertEquals(f(x, 0.5, 4).toArray(), [2, 4]);
    assertEquals(f.stats.lastRecompile, "argument1 is 0.5: a number that is not whole meets an integer tensor");
    assertEquals(f(x, 0.5, 0.5).toArray(), [0.25, 0.5]); // the rate meets no integers
    assertEquals(f(x, NaN, 0.5).toArray(), [NaN, NaN]);
    assertEquals(f.stats.traces, 2);
  });

  it("a number that is not whole in a first call, too, which takes two traces", () => {
    const f = compile((x: Value, k: Value) => x.mul(k));
    f(tensor([1, 2], { dtype: "int32" }), 0.5);
    assertEquals(f.stats.traces, 2);
    assertEquals(f.stats.lastRecompile, "argument1 is 0.5: a number that is not whole meets an integer tensor");
    f(tensor([1, 2, 3], { dtype: "int32" }), 0.5);
    assertEquals(f.stats.traces, 4);
    assertStringIncludes(f.stats.lastRecompile!, "argument0: int32[3] instead of int32[2] (axis 0: 3 instead of 2)");
  });

  it("a number that meets integers only where another one is not whole", () => {
    const fn = (x: Value, k: Value, m: Value): Value => x.mul(k).dtype === "int32" ? x : x.mul(m);
    const x = tensor([2, 4], { dtype: "int32" });
    const f = compile(fn);
    for (const [k, m, product] of [[1, 0.5, [2, 4]], [0.5, 1, [2, 4]], [0.5, 0.25, [0.5, 1]]] as const) {
      assertEquals(f(x, k, m).toArray(), product);
    }
    assertEquals([f.stats.traces, f.stats.programs], [3, 3]);
    assertEquals(f.stats.lastRecompile, "argument2 is 0.25: a number that is not whole meets an integer tensor");
  });

  it("every difference, each once", () => {
    const x = ones([2]);
    assertEquals(
      reason([x, ones([4, 3]), false, 3, "same"], [ones([2], "int32"), ones([5, 3]), true, 4, "same"], { static: [3] }),
      "argument0: int32[2] instead of float32[2] (dtype); " +
        "argument1: float32[5,3] instead of float32[4,3] (axis 0: 5 instead of 4); " +
        "argument2: true instead of false; argument3: 4 instead of 3 (static)",
    );
  });
});

describe("the nearest earlier signature", () => {
  it("is the one with the fewest differences", () => {
    const f = taking();
    f(ones([4, 3]), true);
    f(ones([9, 9]), false);
    f(ones([4, 4]), false);
    assertEquals(
      f.stats.lastRecompile,
      "argument0: float32[4,4] instead of float32[9,9] (axis 0: 4 instead of 9, axis 1: 4 instead of 9)",
    );
    f(ones([4, 3]), false);
    assertEquals(f.stats.lastRecompile, "argument0: float32[4,3] instead of float32[4,4] (axis 1: 3 instead of 4)");
    f(ones([4, 3]), null);
    assertEquals(f.stats.lastRecompile, "argument1: null instead of false");
  });

  it("is the one used last, of several", () => {
    const f = taking();
    for (const length of [1, 2, 3]) f(ones([length]));
    assertEquals(f.stats.lastRecompile, "argument0: float32[3] instead of float32[2] (axis 0: 3 instead of 2)");
    f(ones([1]));
    f(ones([4]));
    assertEquals(f.stats.lastRecompile, "argument0: float32[4] instead of float32[1] (axis 0: 4 instead of 1)");
  });

  it("is none when a trace failed", () => {
    const f = compile((x: Value) => x.matmul(x));
    for (const shape of [[1, 2], [2, 2]]) {
      try {
        f(ones(shape));
      } catch (error) {
        assert(error instanceof RangeError);
      }
    }
    assertEquals([f.stats.traces, f.stats.lastRecompile], [1, undefined]);
  });
});

describe("the reason for a trace", () => {
  it("is a line of what explain says of the program", () => {
    const f = compile((x: Value) => x.mul(2));
    const first = f.explain(ones([2]));
    assert(!first.includes("traced again"));
    const line = "traced again because argument0: float32[3] instead of float32[2] (axis 0: 3 instead of 2)";
    assertEquals(f.explain(ones([3])).split("\n").at(-1), line);
    f(ones([2]));
    assertEquals(f.explain(), first);
    f(ones([3]));
    assertEquals(f.explain().split("\n").at(-1), line);
  });

  it("is not looked for where explain is given no arguments", () => {
    const f = taking();
    f(1, 2);
    f.explain();
    assertEquals(f.stats.traces, 1);
  });

  it("stays the last one until there is another", () => {
    const f = taking();
    f(true);
    f(false);
    f(true);
    assertEquals([f.stats.traces, f.stats.lastRecompile], [2, "argument0: false instead of true"]);
    f(null);
    assertEquals([f.stats.traces, f.stats.lastRecompile], [3, "argument0: null instead of true"]);
  });
});

describe("the cache of programs", () => {
  const dropped = "its program was dropped: a compiled function keeps 64";

  it("holds 64, and drops the one that was not used for longest", () => {
    const f = taking(undefined, { static: [0] });
    for (let index = 0; index < 64; index++) f(index);
    assertEquals([f.stats.traces, f.stats.programs], [64, 64]);
    f(0); // so 1 is the one to go
    f(64);
    assertEquals([f.stats.traces, f.stats.programs], [65, 64]);
    for (const index of [0, ...Array(62).keys().map((each) => each + 2), 64]) f(index);
    assertEquals(f.stats.traces, 65);
    assertEquals(f.stats.lastRecompile, "argument0: 64 instead of 0 (static)");
    f(1);
    assertEquals([f.stats.traces, f.stats.programs], [66, 64]);
    assertEquals(f.stats.lastRecompile, `argument0: 1 instead of 64 (static); ${dropped}`);
    assertStringIncludes(f.explain(), dropped);
    f(65); // was never there
    assertEquals(f.stats.lastRecompile, "argument0: 65 instead of 1 (static)");
  });

  it("remembers 64 of those that were dropped, unless their signatures are long", () => {
    const f = taking(undefined, { static: [0] });
    for (let index = 0; index < 129; index++) f(index);
    f(1); // 1 to 64 are remembered, and dropping 65 for it makes it forget 1
    assertStringIncludes(f.stats.lastRecompile!, dropped);
    f(0);
    assertNotEquals(f.stats.lastRecompile, undefined);
    assert(!f.stats.lastRecompile!.includes(dropped));
    const g = taking();
    const long = "x".repeat(5000);
    for (let index = 0; index < 65; index++) g(`${index}${long}`);
    g(`0${long}`);
    assertEquals([g.stats.traces, g.stats.programs], [66, 64]);
    assert(!g.stats.lastRecompile!.includes(dropped));
  });

  it("never mixes up what it drops and traces again", () => {
    const f = compile((x: Value, count: number) => x.mul(count), { static: [1] });
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < 70; count++) assertEquals(f(tensor([2]), count).toArray(), [2 * count]);
    }
    assertEquals([f.stats.traces, f.stats.programs], [210, 64]);
  });
});

describe("a schedule of 1,000 numbers", () => {
  const special = [0, -0, 1, -1, NaN, Infinity, -Infinity, 0.1, 1e300, 5e-324, 2 ** 31, -(2 ** 53), 1 / 3];
  const schedule = Array.from({ length: 1000 }, (_, index) => {
    if (index % 3 === 0) return special[index / 3 % special.length]!;
    return index % 3 === 1 ? index : 1 / index;
  });

  it("never compiles anew alone", () => {
    const alone = compile((rate: Value) => rate);
    for (const rate of schedule) assert(Object.is(alone(rate).item(), Math.fround(rate)));
    assertEquals([alone.stats.calls, alone.stats.traces, alone.stats.lastRecompile], [1000, 1, undefined]);
    const two = compile((p: { a: Value; b: readonly Value[] }) => p.a.mul(p.b[0]!));
    for (const rate of schedule) {
      const p = { a: rate, b: [2] } as unknown as { a: Value; b: Value[] }; // a number will do where a Value is taken
      assertEquals(two(p).item(), Math.fround(rate * 2));
    }
    assertEquals([two.stats.traces, two.stats.lastRecompile], [1, undefined]);
  });

  for (const dtype of ["float64", "float32"] as const) {
    it(`never compiles anew with ${dtype}`, () => {
      const f = compile((x: Value, rate: Value) => x.mul(rate));
      const x = tensor([1, 0], { dtype });
      const round = dtype === "float64" ? (value: number): number => value : Math.fround;
      for (const rate of schedule) assertEquals(f(x, rate).toArray(), [round(rate), round(round(rate) * 0)]);
      assertEquals([f.stats.calls, f.stats.traces, f.stats.lastRecompile], [1000, 1, undefined]);
    });
  }

  for (const [dtype, number] of [["int32", 3], ["bool", 1]] as const) {
    it(`is compiled twice with ${dtype}, for whole numbers and for others`, () => {
      const f = compile((x: Value, k: Value, rate: Value) => [x.mul(k), rate.mul(2)] as const);
      const x = tensor([number], { dtype });
      for (const k of schedule) {
        const fits = Math.abs(k) < 2 ** 29 || !Number.isInteger(k); // beyond, the product is no int32
        const [product] = f(x, fits ? k : 1, k);
        assert(product instanceof Tensor);
        assertEquals(product.dtype, Number.isInteger(fits ? k : 1) ? "int32" : "float32");
        const expected = Math.fround((fits ? k : 1) * number);
        if (Number.isInteger(k)) assertEquals(product.item() + 0, expected + 0);
      }
      assertEquals([f.stats.calls, f.stats.traces], [1000, 2]);
    });
  }
});
