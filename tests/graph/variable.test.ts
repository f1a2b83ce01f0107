import { afterEach, describe, it } from "node:test";
import { assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { compile, type DType, grad, Graph, Tensor, tensor, type Value, Variable } from "../../mod.ts";

afterEach(() => Graph.clearDefault());

describe("Variable", () => {
  it("copies its initial value", () => {
    const data = new Float32Array([1, 2]);
    const w = new Variable(tensor(data));
    data[0] = 9;
    w.assign([3, 4]);
    assertEquals([...data], [9, 2]);
    assertEquals(w.toArray(), [3, 4]);
  });

  it("takes numbers, nested arrays, Tensors and Variables", () => {
    assertEquals(new Variable(2).shape, []);
    assertEquals(new Variable([[1, 2]]).shape, [1, 2]);
    assertEquals(new Variable(tensor([1], { dtype: "float64" })).dtype, "float64");
    const w = new Variable([1]);
    const copy = new Variable(w);
    w.assign([2]);
    assertEquals(copy.toArray(), [1]);
  });

  it("has the dtype that is asked for, or that of its initial value, or float32", () => {
    assertEquals(new Variable([1]).dtype, "float32");
    assertEquals(new Variable([0.1], { dtype: "float64" }).toArray(), [0.1]);
    assertEquals(new Variable([true]).dtype, "bool");
    assertEquals(new Variable(tensor([1], { dtype: "int32" })).dtype, "int32");
    assertThrows(
      () => new Variable([1], { dtype: "float12" as DType }),
      TypeError,
      'Cannot make a Variable: the option dtype is the string "float12"',
    );
  });

  it("says what it needs when there is no initial value", () => {
    const Bare = Variable as new () => Variable;
    assertThrows(
      () => new Bare(),
      TypeError,
      "Cannot make a Variable: there is no initial value; say what it begins as, such as new Variable(zeros([2, 3]))",
    );
  });

  it("that is to be trained holds floating numbers", () => {
    assertThrows(
      () => new Variable([1, 2], { dtype: "int32", trainable: true, name: "n" }),
      TypeError,
      'Cannot make n (int32[2]) trainable: only floating numbers have gradients; ask for { dtype: "float32" }',
    );
    assertThrows(() => new Variable(tensor([true]), { trainable: true }), TypeError, "trainable");
    assertEquals(new Variable([1, 2], { trainable: true }).dtype, "float32");
    assertEquals(new Variable([1, 2], { dtype: "int32", trainable: false }).dtype, "int32");
  });

  it("gives values that later assignments do not change", () => {
    const w = new Variable([1, 2]);
    const before = w.value;
    const { data } = w;
    w.assign([3, 4]);
    assertEquals(before.toArray(), [1, 2]);
    assertEquals([...data], [1, 2]);
    assertEquals(w.value.toArray(), [3, 4]);
    assertStrictEquals(w.value instanceof Tensor, true);
  });

  it("is not changed through what compiled functions return of it", () => {
    const w = new Variable([1, 2]);
    const f = compile(() => {
      const before = w.value;
      w.assign(w.mul(2));
      return [before, w] as const;
    });
    const [before, after] = f();
    assertEquals([before.toArray(), after.toArray()], [[1, 2], [2, 4]]);
    f();
    assertEquals([before.toArray(), after.toArray(), w.toArray()], [[1, 2], [2, 4], [4, 8]]);
  });

  it("refuses values of another shape, and converts another dtype", () => {
    const w = new Variable([1, 2], { name: "w" });
    assertThrows(
      () => w.assign([1, 2, 3]),
      RangeError,
      "Cannot assign float32[3] to w (float32[2]): the shapes differ",
    );
    assertThrows(
      () => compile(() => w.assign(w.sum()))(),
      RangeError,
      "Cannot assign float32[] to w (float32[2]): the shapes differ",
    );
    w.assign(tensor([3, 4], { dtype: "int32" }));
    assertEquals([w.dtype, w.toArray()], ["float32", [3, 4]]);
    const count = new Variable([0], { dtype: "int32" });
    count.assign(tensor([2.9]));
    assertEquals([count.dtype, count.toArray()], ["int32", [2]]);
  });

  it("prints its name and value", () => {
    const w = new Variable([1, 2], { name: "w" });
    assertEquals(String(w), `w = ${tensor([1, 2])}`);
    assertMatch(new Variable(1).name, /^variable\d+$/);
    assertEquals(w.describe(), "w (float32[2])");
  });
});

describe("assignment in traced code", () => {
  it("is seen by later reads, as in eager code", () => {
    const program = (w: Variable) => (): [Value, Value, Value] => {
      const a = w.add(1);
      w.assign(a);
      const b = w.mul(10);
      w.assign(b);
      return [a, b, w.value];
    };
    const [eager, compiled] = [new Variable([1]), new Variable([1])];
    const expected = program(eager)().map((each) => each.toArray());
    assertEquals(expected, [[2], [20], [20]]);
    assertEquals(compile(program(compiled))().map((each) => each.toArray()), expected);
    assertEquals([eager.toArray(), compiled.toArray()], [[20], [20]]);
  });

  it("may take the value of another Variable, in both directions", () => {
    const [a, b] = [new Variable([1]), new Variable([2])];
    const swap = compile(() => {
      const [x, y] = [a.value, b.value];
      a.assign(y);
      b.assign(x);
    });
    swap();
    assertEquals([a.toArray(), b.toArray()], [[2], [1]]);
    swap();
    assertEquals([a.toArray(), b.toArray()], [[1], [2]]);
  });

  it("may take a view of a Variable", () => {
    const w = new Variable([[1, 2], [3, 4]]);
    const [b, s] = [new Variable([1, 2, 3]), new Variable(7)];
    compile(() => {
      w.assign(w.transpose());
      b.assign(b.flip());
    })();
    assertEquals([w.toArray(), b.toArray()], [[[1, 3], [2, 4]], [3, 2, 1]]);
    compile(() => b.assign(s.broadcastTo([3])))();
    assertEquals(b.toArray(), [7, 7, 7]);
  });

  it("may take an argument or a constant, which is copied", () => {
    const w = new Variable([0, 0]);
    const set = compile((x: Value) => {
      w.assign(x);
    });
    const x = tensor([1, 2]);
    set(x);
    compile(() => w.assign(w.add(1)))();
    assertEquals([x.toArray(), w.toArray()], [[1, 2], [2, 3]]);
  });

  it("returns the value assigned", () => {
    const w = new Variable([1]);
    assertEquals(compile(() => w.assign(w.add(1)))().toArray(), [2]);
    assertEquals(w.assign([5]).toArray(), [5]);
  });

  it("of a Variable in grad outside compile is seen, and stays", () => {
    const [w, seen] = [new Variable([2]), new Variable(0)];
    const d = grad((x: Value) => {
      const y = x.mul(w).sum();
      seen.assign(y);
      return y.add(seen);
    })(tensor([3]));
    assertEquals(d.toArray(), [4]); // the assigned value is y itself
    assertEquals(seen.value.item(), 6);
  });
});
