import { describe, it } from "node:test";
import { assert, assertEquals, assertNotEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { compile, type CompileOptions, Tensor, tensor, train, type Value, Variable, where } from "../../mod.ts";

describe("a compiled function", () => {
  it("gives what the function gives", () => {
    const fn = (x: Value, y: Value): Value => x.mul(y).add(1).sum();
    const f = compile(fn);
    const [x, y] = [tensor([1, 2]), tensor([3, 4])];
    const result = f(x, y);
    assert(result instanceof Tensor);
    assertEquals(result.item(), fn(x, y).item());
    assertEquals(result.item(), 13);
  });

  it("has the name of its function", () => {
    assertEquals(
      compile(function lossOf(x: Value) {
        return x;
      }).name,
      "lossOf",
    );
    assertEquals(compile((x: Value) => x).name, "anonymous");
  });

  it("gives a promise with async", async () => {
    const w = new Variable([1]);
    const f = compile((x: Value) => {
      w.assign(w.add(x));
      return w;
    });
    const promise = f.async(tensor([2]));
    assert(promise instanceof Promise);
    assertEquals((await promise).toArray(), [3]);
    assertEquals(w.toArray(), [3]);
    const results = await Promise.all([f.async(tensor([1])), f.async(tensor([10]))]);
    assertEquals(results.map((each) => each.toArray()), [[4], [14]]); // first in, first out
    const bad = compile((x: Value) => x.matmul(x));
    await assertRejects(() => bad.async(tensor([[1, 2]])), RangeError, "Cannot matmul float32[1,2] and float32[1,2]");
  });

  it("sees what its arguments and Variables held when it was called, and is over before they are read or assigned", async () => {
    const [w, v] = [new Variable([1]), new Variable([10])];
    const f = compile((by: Variable) => w.assign(w.add(by)));
    const first = f.async(v);
    v.assign([100]);
    assertEquals(w.toArray(), [11]);
    w.assign([0]);
    const second = f.async(v);
    assertEquals([(await first).toArray(), (await second).toArray(), w.toArray()], [[11], [100], [100]]);
  });

  it("refuses what is no function, and unknown options", () => {
    assertThrows(() => compile(3 as unknown as () => Value), TypeError, "Cannot compile: fn is 3, not a function");
    assertThrows(
      () => compile((x: Value) => x, { emitter: "fortran" } as unknown as CompileOptions),
      TypeError,
      'Cannot compile: the option emitter is the string "fortran", not "auto", "js" or "wasm"',
    );
  });
});

describe("signatures", () => {
  it("are traced once each: shapes, dtypes, structure", () => {
    let traced = 0;
    const f = compile((x: Value, _options?: { readonly more?: Value }) => {
      traced++;
      return x.add(x);
    });
    const calls: [unknown[], number][] = [
      [[tensor([1, 2])], 1],
      [[tensor([3, 4])], 1],
      [[tensor([1, 2, 3])], 2],
      [[tensor([[1, 2]])], 3],
      [[tensor([1, 2], { dtype: "float64" })], 4],
      [[tensor([1, 2], { dtype: "int32" })], 5],
      [[tensor([1, 2]), {}], 6],
      [[tensor([1, 2]), { more: tensor(1) }], 7],
      [[tensor([1, 2]), { more: tensor(2) }], 7],
      [[tensor([1, 2])], 7],
    ];
    calls.forEach(([args, traces], index) => {
      const result = f(...args as [Tensor]);
      assertEquals(result.toArray(), (args[0] as Tensor).mul(2).toArray());
      const { stats } = f;
      assertEquals([stats.calls, stats.traces, stats.programs, traced], [index + 1, traces, traces, traces]);
    });
  });

  it("never depend on the value of a number", () => {
    const f = compile((x: Value, rate: Value) => x.mul(rate));
    for (const rate of [0, 1, -0, 0.1, 1e300, NaN, Infinity]) {
      assertEquals(f(tensor([1, 2], { dtype: "float64" }), rate).toArray(), [rate, 2 * rate]);
    }
    assertEquals(f.stats.traces, 1);
    const g = compile((p: { a: Value; b: Value[] }) => p.a.add(p.b[0]!).sub(p.b[1]!));
    assertEquals(g({ a: 1, b: [2, 3] } as unknown as { a: Value; b: Value[] }).item(), 0);
    assertEquals(g({ a: 5, b: [2, 3] } as unknown as { a: Value; b: Value[] }).item(), 4);
    assertEquals(g.stats.traces, 1);
  });

  it("let a number take the dtype of what it meets", () => {
    const f = compile((x: Value, rate: Value) => x.mul(rate));
    for (const dtype of ["float32", "float64"] as const) {
      const result = f(tensor([3], { dtype }), 0.1);
      assertEquals(result.dtype, dtype);
      assertEquals(result.toArray(), tensor([3], { dtype }).mul(0.1).toArray());
    }
    const alone = compile((rate: Value) => rate.add(1))(2);
    assertEquals([alone.dtype, alone.item()], ["float32", 3]);
  });

  it("hold booleans, strings, null and undefined", () => {
    const f = compile((x: Value, square: boolean, name: string, rest: null | undefined) => {
      const y = square ? x.mul(x) : x.neg();
      return rest === null ? { [name]: y } : { [name]: y.add(1) };
    });
    const x = tensor([3]);
    assertEquals(f(x, true, "a", null)["a"]!.toArray(), [9]);
    assertEquals(f(x, false, "a", null)["a"]!.toArray(), [-3]);
    assertEquals(f(x, true, "b", null)["b"]!.toArray(), [9]);
    assertEquals(f(x, true, "b", undefined)["b"]!.toArray(), [10]);
    assertEquals(f.stats.traces, 4);
    assertEquals(f(x, false, "a", null)["a"]!.toArray(), [-3]);
    assertEquals(f.stats.traces, 4);
  });

  it("hold numbers where static says so", () => {
    const power = compile((x: Value, count: number) => {
      let y: Value = x;
      for (let index = 1; index < count; index++) y = y.mul(x);
      return y;
    }, { static: [1] });
    assertEquals(power(tensor([2]), 3).toArray(), [8]);
    assertEquals(power(tensor([3]), 3).toArray(), [27]);
    assertEquals(power.stats.traces, 1);
    assertEquals(power(tensor([2]), 5).toArray(), [32]);
    assertEquals(power.stats.traces, 2);
    const nested = compile((x: Value, options: { axis: number }) => x.sum(options.axis), { static: [1] });
    assertEquals(nested(tensor([[1, 2], [3, 4]]), { axis: 0 }).toArray(), [4, 6]);
    assertEquals(nested(tensor([[1, 2], [3, 4]]), { axis: 1 }).toArray(), [3, 7]);
    const zero = compile((x: Value, y: number) => x.mul(Object.is(y, -0) ? -1 : 1), { static: [1] });
    assertEquals([zero(tensor(1), 0).item(), zero(tensor(1), -0).item()], [1, -1]);
  });

  it("tell the same object in two places from two objects", () => {
    const f = compile((x: Value, y: Value) => [x === y, x.mul(y)] as const);
    const [a, b] = [tensor([2]), tensor([3])];
    assertEquals(f(a, a)[0], true);
    assertEquals(f(a, a)[1].toArray(), [4]);
    assertEquals(f(a, b)[0], false);
    assertEquals(f(a, b)[1].toArray(), [6]);
    assertEquals(f(b, b)[1].toArray(), [9]);
    assertEquals(f.stats.traces, 2);
  });

  it("refuse other arguments", () => {
    const f = compile(function f(x: unknown) {
      return x as Value;
    });
    assertThrows(
      () => f(new Date()),
      TypeError,
      "Cannot call f with an object of class Date at argument [0]: compiled functions take tensors, Variables, numbers, booleans, strings, null, and arrays and objects of these",
    );
    assertThrows(() => f({ a: [1n] }), TypeError, "Cannot call f with the bigint 1 at argument [0].a[0]");
  });
});

describe("trees", () => {
  it("go in and come out", () => {
    const f = compile((p: { w: Value; layers: readonly { b: Value }[] }, [x]: readonly [Value]) => ({
      sum: p.w.add(p.layers[0]!.b).add(p.layers[1]!.b).add(x),
      parts: [x, [p.w]] as const,
      name: "result",
      count: 2,
      nothing: null,
    }));
    const result = f({ w: tensor([1]), layers: [{ b: tensor([2]) }, { b: tensor([3]) }] }, [tensor([4])]);
    assertEquals(result.sum.toArray(), [10]);
    assertEquals(result.parts[0].toArray(), [4]);
    assertEquals(result.parts[1][0].toArray(), [1]);
    assertEquals([result.name, result.count, result.nothing], ["result", 2, null]);
    assertEquals(Object.keys(result), ["sum", "parts", "name", "count", "nothing"]);
  });

  it("may be empty, or hold one result twice", () => {
    assertEquals(compile(() => undefined)(), undefined);
    assertEquals(compile((_x: Value) => [])(tensor([1])), []);
    const [a, b] = compile((x: Value) => {
      const y = x.mul(2);
      return [y, y] as const;
    })(tensor([1]));
    assertEquals([a.toArray(), b.toArray()], [[2], [2]]);
  });

  it("give constants and arguments back", () => {
    const constant = tensor([7]);
    const f = compile((x: Value) => [x, constant, x.reshape([1, 1])] as const);
    const x = tensor([1]);
    const [same, seven, reshaped] = f(x);
    assertEquals([same.toArray(), seven.toArray(), reshaped.toArray()], [[1], [7], [[1]]]);
    assertEquals(f(tensor([2]))[0].toArray(), [2]);
  });

  it("are fresh in every run", () => {
    const f = compile((x: Value) => x.mul(2));
    const first = f(tensor([1, 2]));
    const second = f(tensor([3, 4]));
    assertEquals([first.toArray(), second.toArray()], [[2, 4], [6, 8]]);
    assertNotEquals(first.data.buffer, second.data.buffer);
  });
});

describe("Variables", () => {
  it("as arguments are slots: one program serves all of a type", () => {
    const increment = compile((w: Variable, by: Value) => w.assign(w.add(by)));
    const [a, b] = [new Variable([1]), new Variable([10])];
    assertEquals(increment(a, 1).toArray(), [2]);
    assertEquals(increment(b, 5).toArray(), [15]);
    assertEquals([a.toArray(), b.toArray()], [[2], [15]]);
    assertEquals(increment.stats.traces, 1);
    increment(new Variable([1, 2]), 1);
    assertEquals(increment.stats.traces, 2);
  });

  it("that are one and the same in two places stay so", () => {
    const swap = compile((a: Variable, b: Variable) => {
      const [x, y] = [a.value, b.value];
      a.assign(y.add(1));
      b.assign(x.mul(10));
    });
    const [a, b] = [new Variable([1]), new Variable([2])];
    swap(a, b);
    assertEquals([a.toArray(), b.toArray()], [[3], [10]]);
    swap(a, a);
    assertEquals(a.toArray(), [30]);
    assertEquals(swap.stats.traces, 2);
  });

  it("as arguments are told from the same Variable closed over", () => {
    const [w, u] = [new Variable([1]), new Variable([10])];
    const add = compile((v: Variable) => v.add(w));
    assertEquals([add(w).toArray(), add(u).toArray(), add(w).toArray()], [[2], [11], [2]]);
    const increment = compile((v: Variable) => {
      v.assign(v.add(1));
      return w.mul(1);
    });
    assertEquals([increment(u).toArray(), increment(w).toArray(), increment(u).toArray()], [[1], [2], [2]]);
    assertEquals([w.toArray(), u.toArray()], [[2], [12]]);
  });

  it("as arguments have their own optimizer state", () => {
    const [a, b] = [new Variable([1]), new Variable([1])];
    const optimizer = new train.SGD({ learningRate: 1, momentum: 0.5 });
    const step = compile((v: Variable) => optimizer.minimize(() => v.mul(4).sum(), [v]));
    for (const each of [a, b, a]) step(each);
    assertEquals([a.toArray(), b.toArray()], [[-9], [-3]]); // 1 − 4 − (4 + 2), and 1 − 4
    assertEquals(optimizer.slotsOf(a).get("velocity")!.toArray(), [6]);
    assertEquals(optimizer.slotsOf(b).get("velocity")!.toArray(), [4]);
  });

  it("and tensors that are closed over are read anew in every run", () => {
    const w = new Variable([1]);
    const constant = tensor([100]);
    const f = compile((x: Value) => x.add(w).add(constant));
    assertEquals(f(tensor([1])).toArray(), [102]);
    w.assign([5]);
    assertEquals(f(tensor([1])).toArray(), [106]);
    assertEquals(f.stats.traces, 1);
    assertEquals(f.graph!.variables.length, 1);
    assertStrictEquals(f.graph!.variables[0], w);
  });

  it("whose values a learning rate is, never compile anew", () => {
    const w = new Variable([1], { dtype: "float64" });
    for (
      const optimizer of [
        new train.SGD({ learningRate: 0.125 }),
        new train.SGD({ learningRate: 0.125, momentum: 0.5 }),
        new train.Adam({ learningRate: 0.125 }),
      ]
    ) {
      const step = compile(() => optimizer.minimize(() => w.mul(w).sum()));
      w.assign([1]);
      step();
      const first = w.value.item();
      optimizer.learningRate = 0;
      step();
      assertEquals(w.value.item(), first);
      optimizer.learningRate = 0.25;
      step();
      assertNotEquals(w.value.item(), first);
      assertEquals([optimizer.learningRate, step.stats.traces], [0.25, 1]);
    }
  });
});

describe("a compiled function inside another", () => {
  it("is inlined", () => {
    const inner = compile((x: Value, y: Value) => x.mul(y).add(1));
    const outer = compile((x: Value) => inner(x, x).sub(inner(x, 2)));
    assertEquals(outer(tensor([3, 4])).toArray(), [10 - 7, 17 - 9]);
    assertEquals(inner.stats, { calls: 0, traces: 0, programs: 0 });
    assertEquals(outer.kernels().length, 1);
  });

  it("keeps its effects on Variables in order", () => {
    const count = new Variable(0);
    const increment = compile(() => count.assign(count.add(1)));
    const twice = compile(() => {
      increment();
      const middle = count.value;
      increment();
      return [middle, count] as const;
    });
    assertEquals(twice().map((each) => each.item()), [1, 2]);
    assertEquals(count.value.item(), 2);
  });

  it("may call itself on another shape", () => {
    const sum = compile(function sum(x: Value): Value {
      return x.size === 1 ? x.reshape([]) : x.slice([0], [1]).reshape([]).add(sum(x.slice([1])));
    });
    assertEquals(sum(tensor([1, 2, 3, 4])).item(), 10);
  });
});

describe("printing a compiled function", () => {
  const w = new Variable([1, 2], { name: "weights" });
  const f = compile(function lossOf(x: Value) {
    return where(x.greater(0), x.mul(w), 0).sum();
  });

  it("shows its graph, its kernels and its source", () => {
    assertEquals(f.graph, undefined);
    f(tensor([1, -1]));
    assertEquals(
      String(f.graph).split("\n").map((line) => line.replace(/^%\d+: /, "")).at(-1),
      "float32[] = sum %6 axes=[0] keepDims=false",
    );
    assert(String(f.graph).includes("variable weights"));
    const explained = f.explain();
    for (const part of ["lossOf", "weights", ...f.kernels()]) assert(explained.includes(part), explained);
    assertEquals(f.explain(tensor([1, -1])), explained);
    assert(f.source().includes("function"), f.source());
  });
});
