// What traced code must not do, and what it is told then.
import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { compile, grad, Operation, tensor, train, type Value, valueAndGrad, Variable } from "../../mod.ts";

/** Asserts that `message` ends with a line of this file. */
function assertSite(message: string): void {
  assertMatch(message, /\n {4}recorded at .*tracing\.test\.ts:\d+:\d+$/);
}

describe("looking at a value while tracing", () => {
  const looks: Record<string, [(x: Value) => unknown, string]> = {
    "item": [(x) => x.mul(2).sum().item(), "read .item() of sum (float32[])"],
    "toArray": [(x) => x.mul(2).toArray(), "read .toArray() of mul (float32[2])"],
    "data": [(x) => x.exp().data, "read .data of exp (float32[2])"],
    "concrete": [(x) => x.exp().concrete("draw"), "draw exp (float32[2])"],
  };
  for (const [name, [look, action]] of Object.entries(looks)) {
    it(`by ${name} names the operation, the line and the way out`, () => {
      const f = compile(function model(x: Value) {
        look(x);
        return x;
      });
      const error = assertThrows(
        () => f(tensor([1, 2])),
        TypeError,
        `Cannot ${action}: the compiled function model only records it`,
      );
      assertMatch(
        error.message,
        /use where\(\) instead of branching on it, or move the code out of the traced function/,
      );
      assertSite(error.message);
    });
  }

  it("names an argument, a number among them", () => {
    const f = compile(function f(_x: Value, rate: Value) {
      return rate.item();
    });
    assertThrows(
      () => f(tensor([1, 2]), 3),
      TypeError,
      "Cannot read .item() of argument1 (number): the compiled function f only records it",
    );
  });

  it("by JavaScript's own operators is the same error", () => {
    const f = compile(function f(x: Value, rate: Value) {
      return x.mul(+rate * 2);
    });
    assertThrows(() => f(tensor([1]), 3), TypeError, "the compiled function f only records it");
    const g = compile(function g(x: Value, rate: Value) {
      return +rate > 2 ? x : x.neg();
    });
    assertThrows(() => g(tensor([1]), 3), TypeError, "the compiled function g only records it");
  });

  it("of a Variable is the same error", () => {
    const w = new Variable([1, 2], { name: "w" });
    const f = compile(function f() {
      return w.sum().add(w.toArray() as number[]);
    });
    assertThrows(() => f(), TypeError, "the compiled function f only records it");
  });

  it("leaves the library usable", () => {
    const f = compile((x: Value) => x.mul(x.sum().item()));
    assertThrows(() => f(tensor([1])), TypeError);
    assertEquals(tensor([1]).add(1).toArray(), [2]);
    assertEquals(compile((x: Value) => x.add(1))(tensor([1])).toArray(), [2]);
    assertThrows(() => f(tensor([1])), TypeError);
    assertEquals(f.stats.programs, 0);
  });

  it("is fine for shapes, dtypes and tensors made outside", () => {
    const constant = tensor([5]);
    const f = compile((x: Value) => x.shape[0] === 2 && x.dtype === "float32" ? x.mul(constant.item()) : x);
    assertEquals(f(tensor([1, 2])).toArray(), [5, 10]);
  });
});

describe("a node that leaves its trace", () => {
  it("is refused by operations, and has no numbers", () => {
    let leaked: Value | undefined;
    const f = compile(function leaky(x: Value) {
      leaked = x.add(1);
      return x;
    });
    f(tensor([1]));
    const text =
      "it was recorded by the compiled function leaky, which has ended; return it from the traced function instead";
    assertThrows(() => leaked!.add(1), TypeError, `Cannot add add (float32[1]): ${text}`);
    const error = assertThrows(() => leaked!.item(), TypeError, `Cannot read .item() of add (float32[1]): ${text}`);
    assertSite(error.message);
    assertThrows(() => compile((x: Value) => x.mul(leaked!))(tensor([1])), TypeError, text);
    assertThrows(() => compile(() => leaked!)(), TypeError, "Cannot return add (float32[1]) from anonymous");
    assertThrows(
      () => f(leaked as never),
      TypeError,
      "Cannot call leaky with add (float32[1]) at argument [0]: it is a node of a graph",
    );
  });

  it("of grad is refused too", () => {
    let leaked: Value | undefined;
    grad(function loss(x: Value) {
      leaked = x.mul(x);
      return leaked.sum();
    })(tensor([1]));
    assertThrows(() => leaked!.item(), TypeError, "it was recorded by loss, which has ended");
    assertThrows(() => leaked!.add(1), TypeError, "it was recorded by loss, which has ended");
  });

  it("is refused when the trace failed", () => {
    let leaked: Value | undefined;
    const f = compile(function f(x: Value): Value {
      leaked = x.add(1);
      throw new RangeError("mine");
    });
    assertThrows(() => f(tensor([1])), RangeError, "mine");
    assertThrows(() => leaked!.add(1), TypeError, "which has ended");
    assertEquals(tensor([1]).add(1).toArray(), [2]);
  });
});

describe("a traced function that is asynchronous", () => {
  it("is an error of compile, grad and minimize", () => {
    const text = "it returned a promise, and only what runs before the first await could be recorded";
    const step = compile(async function step(x: Value) {
      await Promise.resolve();
      return x;
    });
    assertThrows(() => step(tensor([1])), TypeError, `Cannot trace step: ${text}`);
    const loss = function loss(x: Value) {
      return Promise.resolve(x) as unknown as Value;
    };
    assertThrows(() => grad(loss)(tensor([1])), TypeError, `Cannot trace loss: ${text}`);
    const w = new Variable(1);
    assertThrows(
      () => new train.SGD({ learningRate: 1 }).minimize(() => Promise.resolve(w) as unknown as Value),
      TypeError,
      `Cannot trace the loss: ${text}`,
    );
  });
});

describe("a Variable made inside a trace", () => {
  it("is an error", () => {
    const f = compile(function f(x: Value) {
      return x.add(new Variable([1]));
    });
    assertThrows(
      () => f(tensor([1])),
      TypeError,
      "Cannot make a Variable inside the compiled function f: it would be made anew by every trace; make it outside and close over it",
    );
  });

  it("is fine for an optimizer's own state, which survives retraces", () => {
    const w = new Variable([1, 2], { dtype: "float64" });
    const optimizer = new train.Adam({ learningRate: 0.1 });
    const step = compile((x: Value) => optimizer.minimize(() => w.mul(x).square().sum()));
    step(tensor([1, 2]));
    const [mean] = optimizer.slotsOf(w).values();
    step(tensor([[1, 2], [3, 4]]));
    assertEquals(step.stats.traces, 2);
    assert(optimizer.slotsOf(w).values().next().value === mean);
    assertEquals(optimizer.slotsOf(w).get("step")!.value.item(), 2);
  });
});

describe("errors in traced code", () => {
  it("come from the line that made the operation", () => {
    // Not returned bare: Bun's engine drops the frame of a function that ends in a call.
    const f = compile((x: Value, y: Value) => [x.matmul(y)]);
    const error = assertThrows(
      () => f(tensor([[1, 2, 3], [4, 5, 6]]), tensor([[1], [2], [3], [4]])),
      RangeError,
      "Cannot matmul float32[2,3] and float32[4,1]: inner dimensions 3 and 4 differ",
    );
    assertMatch(error.stack ?? "", /tracing\.test\.ts/);
  });

  it("say where a step was recorded that fails when it is run", () => {
    class Fails extends Operation {
      override compute(): number {
        throw new RangeError("never");
      }
    }
    assertThrows(() => compile(() => Fails.apply())(), RangeError, "never");
    const f = compile((x: Value, i: Value) => [x.take(i, 0)]);
    const error = assertThrows(
      () => f(tensor([1, 2]), tensor([5], { dtype: "int32" })),
      RangeError,
      "index 5 is out of range for length 2",
    );
    assertSite(error.message);
    assertEquals(f(tensor([1, 2]), tensor([1], { dtype: "int32" }))[0]!.toArray(), [2]);
  });

  it("leave Variables as they were", () => {
    const w = new Variable([1]);
    const f = compile((x: Value, i: Value) => {
      w.assign(w.add(1));
      return x.take(i, 0);
    });
    const x = tensor([1, 2]);
    f(x, tensor([0], { dtype: "int32" }));
    assertThrows(() => f(x, tensor([2], { dtype: "int32" })), RangeError, "index 2 is out of range");
    assertEquals(w.toArray(), [2]);
    assertThrows(
      () =>
        compile(() => {
          w.assign([9]);
          throw new RangeError("mine");
        })(),
      RangeError,
      "mine",
    );
    assertEquals(w.toArray(), [2]);
  });

  it("of a failed eager step leave the trace", () => {
    const w = new Variable([1]);
    const optimizer = new train.SGD({ learningRate: 1 });
    assertThrows(
      () =>
        optimizer.minimize(() => {
          throw new RangeError("mine");
        }),
      RangeError,
      "mine",
    );
    assertEquals(w.mul(2).toArray(), [2]);
    assertThrows(() => valueAndGrad((x: Value) => x)(tensor([1, 2])), TypeError, "not a floating scalar");
    assertEquals(w.mul(2).toArray(), [2]);
  });
});
