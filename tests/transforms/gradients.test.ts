// gradients and computeGradients inside functions that are traced.
import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  compile,
  computeGradients,
  grad,
  gradients,
  Operation,
  tensor,
  train,
  type Value,
  valueAndGrad,
  Variable,
} from "../../mod.ts";
import { assertClose } from "../sabinasz/problems.ts";

const f64 = { dtype: "float64" } as const;

describe("gradients inside compile", () => {
  it("are recorded with the rest, and can be assigned", () => {
    const w = new Variable([1, 2], f64);
    const step = compile((x: Value) => {
      const loss = w.mul(x).square().sum();
      const [dw] = gradients(loss, [w]);
      w.assign(w.sub(dw!.mul(0.125)));
      return [loss, dw!];
    });
    const [loss, dw] = step(tensor([2, 1], f64));
    assertEquals([loss!.item(), dw!.toArray(), w.toArray()], [8, [8, 4], [0, 1.5]]); // 2x²w
    step(tensor([2, 1], f64));
    assertEquals([w.toArray(), step.stats.traces], [[0, 1.125], 1]);
  });

  it("are of arguments, of nodes, of several ys, and zeros where nothing depends on them", () => {
    const f = compile((x: Value, n: Value, unused: Value) => {
      const middle = x.mul(n);
      return gradients([middle.square().sum(), x.sum()], [x, n, middle, unused]);
    });
    const results = f(tensor([1, 2], f64), 3, tensor([[7]]));
    assertEquals(results.map((each) => each.toArray()), [[19, 37], 30, [6, 12], [[0]]]); // 2n²x + 1, 2nΣx², 2nx
  });

  it("are differentiated again: by themselves, by grad, and inside grad", () => {
    const cubed = (x: Value): Value => x.pow(3).sum();
    const x = tensor([1, 2], f64);
    const twice = compile((v: Value) => {
      const [first] = gradients(cubed(v), v);
      return gradients(first!.sum(), v)[0]!;
    });
    assertClose(twice(x), [6, 12], 1e-15);
    const mixed = compile((v: Value) => grad((u: Value) => gradients(cubed(u), [u])[0]!.sum())(v));
    assertClose(mixed(x), [6, 12], 1e-15);
    assertClose(grad((u: Value) => gradients(cubed(u), [u])[0]!.sum())(x), [6, 12], 1e-15);
  });

  it("with respect to a Variable are those of what the loss read of it", () => {
    const w = new Variable([3], f64);
    const before = compile(() => {
      const loss = w.mul(w).sum();
      w.assign([5]);
      return gradients(loss, w)[0]!;
    });
    assertEquals([before().toArray(), w.toArray()], [[6], [5]]);
    const after = compile((x: Value) => {
      w.assign(w.mul(x));
      const loss = w.mul(w).sum();
      w.assign([1]);
      return gradients(loss, w)[0]!;
    });
    assertEquals([after(2).toArray(), w.toArray()], [[20], [1]]);
    assertEquals(compile((v: Variable) => gradients(v, v)[0]!)(w).toArray(), [1]);
  });

  it("agree with valueAndGrad, eager and compiled", () => {
    const loss = (x: Value): Value => x.tanh().mul(x).mean();
    const x = tensor([0.5, -1.5, 2], f64);
    const [, expected] = valueAndGrad(loss)(x);
    assertEquals(compile((v: Value) => gradients(loss(v), v)[0]!, { exact: true })(x).toArray(), expected.toArray());
    let inside: unknown;
    grad((v: Value) => {
      const y = loss(v);
      inside = gradients(y, v)[0]!.toArray(); // recorded with values
      return y;
    })(x);
    assertEquals(inside, expected.toArray());
  });

  it("are nodes, also where a gradient is an argument itself", () => {
    compile((x: Value, y: Value) => {
      const [dx] = gradients(x.mul(y), x);
      assert(dx instanceof Operation);
      return dx;
    })(tensor(2), tensor(3));
  });

  it("of tensors, or with respect to them, say what to use", () => {
    const t = tensor([1, 2]);
    assertThrows(
      () => compile((x: Value) => gradients(x.mul(t.mul(2)).sum(), [t])[0]!)(t),
      TypeError,
      "Cannot differentiate with respect to a tensor of float32[2]: what was computed from it alone was not recorded; pass it as an argument, or use grad(fn)",
    );
    assertThrows(
      () => compile((x: Value) => gradients(t.sum(), [x])[0]!)(t),
      TypeError,
      "Cannot differentiate a tensor of float32[]: it is no node of a graph; use grad(fn) for eager code",
    );
  });
});

describe("computeGradients inside compile", () => {
  it("has a gradient for every node the loss is computed from, and for Variables", () => {
    const [w, b, count] = [new Variable([2, 3], f64), new Variable(1, f64), new Variable(2, { dtype: "int32" })];
    const f = compile((x: Value) => {
      const product = x.mul(w);
      const loss = product.sum().add(b).mul(count);
      const table = computeGradients(loss);
      assertEquals([table.has(count), table.has(x.mul(2))], [false, false]);
      return [loss, product, x, w, b].map((each) => table.get(each)!);
    });
    const results = f(tensor([1, -1], f64)).map((each) => each.toArray());
    assertEquals(results, [1, [2, 2], [4, 6], [2, -2], 2]);
  });

  it("trains", () => {
    const [w, v] = [new Variable([2], f64), new Variable([2], f64)];
    const byHand = compile(() => {
      const loss = w.mul(w).sum();
      w.assign(w.sub(computeGradients(loss).get(w)!.mul(0.25)));
      return loss;
    });
    const optimizer = new train.SGD({ learningRate: 0.25 });
    for (let index = 0; index < 3; index++) {
      assertEquals(byHand().item(), optimizer.minimize(() => v.mul(v).sum()).item());
    }
    assertEquals(w.toArray(), v.toArray());
  });
});
