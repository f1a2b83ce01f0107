import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { compile, crossEntropy, grad, logSoftmax, meanSquaredError, softmax, tensor, type Value } from "../../mod.ts";
import { inferType } from "../../src/graph/definition.ts";
import { neuralOps } from "../../src/ops/neural.ts";
import type { Composite } from "../../src/ops/op.ts";
import { computeReference } from "../../src/graph/reference.ts";
import type { Tensor } from "../../src/tensor.ts";
import { checkGradient } from "./check_gradient.ts";
// Made with PyTorch 2.13 in float64: torch.nn.functional.softmax, log_softmax (axes 0, 1 and −1), cross_entropy and
// mse_loss of the inputs below, and their gradients by backward(); for the first two, of sum(result · upstream).
import golden from "./neural.json" with { type: "json" };

const f64 = { dtype: "float64" } as const;
const x = tensor([[[0.5, -1, 2], [3, 0.25, -0.75]], [[1000, 0, -1000], [-2, -2, -2]]], f64);
const upstream = tensor([[[1, 2, 3], [-1, 0.5, 2]], [[0.25, -0.5, 1], [2, 1, -3]]], f64);
const logits = tensor([[2, -1, 0.5], [0, 0, 0], [1000, -1000, 999], [-3, 4, 0.25]], f64);
const classes = tensor([0, 2, 2, 1], { dtype: "int32" });
const rows = tensor([[0.5, 0.25, 0.25], [1, 0, 0], [0, 0, 2], [0.1, 0.2, 0.3]], f64);

function assertClose(actual: Value, expected: unknown, tolerance = 1e-14): void {
  const numbers = [expected].flat(Infinity) as number[]; // nested arrays of numbers
  assertEquals(actual.size, numbers.length);
  actual.data.forEach((value, index) => {
    if (!Object.is(value, numbers[index])) {
      assertAlmostEquals(value, numbers[index]!, tolerance * Math.max(1, Math.abs(numbers[index]!)));
    }
  });
}

/** The same by the reference implementation, by the decomposition, eagerly, and compiled. */
function everyWay(
  op: Composite,
  inputs: Tensor[],
  attributes: Record<string, unknown>,
  fn: (...xs: Value[]) => Value,
): Tensor[] {
  const type = inferType(op, inputs.map((input) => input.type), attributes);
  const decomposed = op.decompose(inputs, attributes).concrete("test");
  assertEquals(decomposed.type.key, type.key);
  return [
    computeReference(op, inputs, attributes, type),
    decomposed,
    fn(...inputs).concrete("test"),
    compile(fn)(...inputs),
  ];
}

describe("softmax and logSoftmax", () => {
  for (const axis of [0, 1, -1] as const) {
    it(`are right along axis ${axis}`, () => {
      for (const result of everyWay(neuralOps.softmax, [x], { axis }, (x) => softmax(x, axis))) {
        assertClose(result, golden[`softmax ${axis}`].value);
      }
      for (const result of everyWay(neuralOps.logSoftmax, [x], { axis }, (x) => logSoftmax(x, axis))) {
        assertClose(result, golden[`logSoftmax ${axis}`].value);
      }
    });

    it(`have the right gradients along axis ${axis}`, () => {
      const gradient = (fn: (x: Value) => Value): Value => grad((x: Value) => fn(x).mul(upstream).sum())(x);
      assertClose(gradient((x) => x.softmax(axis)), golden[`softmax ${axis}`].gradient);
      assertClose(gradient((x) => x.logSoftmax(axis)), golden[`logSoftmax ${axis}`].gradient);
    });
  }

  it("have gradients of second order", () => {
    const small = x.slice([0], [1]);
    checkGradient((x) => grad((x: Value) => x.softmax().mul(upstream.slice([0], [1])).sum())(x), [small]);
    checkGradient((x) => grad((x: Value) => x.logSoftmax(1).mul(upstream.slice([0], [1])).sum())(x), [small]);
  });

  it("do not overflow, and treat infinities as PyTorch does", () => {
    for (const result of everyWay(neuralOps.softmax, [tensor([1000, 0])], { axis: -1 }, (x) => softmax(x))) {
      assertEquals(result.toArray(), [1, 0]);
    }
    assertEquals(softmax([-Infinity, 0]).toArray(), [0, 1]);
    assertEquals(logSoftmax([-Infinity, 0]).toArray(), [-Infinity, 0]);
    assertEquals(softmax([Infinity, 0]).toArray(), [NaN, NaN]);
    assertEquals(softmax([-Infinity, -Infinity]).toArray(), [NaN, NaN]);
    assertEquals(logSoftmax([NaN, 0]).toArray(), [NaN, NaN]);
  });

  it("take integers and empty tensors", () => {
    assertEquals(softmax(tensor([0, 0], { dtype: "int32" })).dtype, "float32");
    for (const shape of [[0, 3], [2, 0]]) {
      for (const result of everyWay(neuralOps.softmax, [tensor([], { shape })], { axis: -1 }, (x) => softmax(x))) {
        assertEquals(result.shape, shape);
      }
    }
  });

  it("refuse an axis that is not there", () => {
    assertThrows(() => softmax([1, 2], 1), RangeError, "Cannot softmax float32[2]: axis 1 is out of range");
    assertThrows(() => logSoftmax(tensor(1)), RangeError, "rank 0");
  });
});

describe("crossEntropy", () => {
  it("takes class indices of any integer dtype", () => {
    for (const dtype of ["int32", "uint32", "uint8", "int8"] as const) {
      const labels = classes.astype(dtype);
      for (const result of everyWay(neuralOps.crossEntropy, [logits, labels], {}, (x, y) => crossEntropy(x, y))) {
        assertClose(result, golden.classes.value);
      }
    }
    assertClose(crossEntropy(logits, [0, 2, 2, 1]), golden.classes.value);
  });

  it("takes one-hot rows and probabilities", () => {
    for (const result of everyWay(neuralOps.crossEntropy, [logits, rows], {}, (x, y) => crossEntropy(x, y))) {
      assertClose(result, golden.rows.value);
    }
    const oneHot = tensor([[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 1, 0]], { dtype: "bool" });
    for (const result of everyWay(neuralOps.crossEntropy, [logits, oneHot], {}, (x, y) => crossEntropy(x, y))) {
      assertClose(result, golden.classes.value);
    }
  });

  it("has the right gradients", () => {
    assertClose(grad((x: Value) => crossEntropy(x, classes))(logits), golden.classes.gradient);
    assertClose(grad((x: Value) => crossEntropy(x, rows))(logits), golden.rows.gradient);
    assertClose(grad((y: Value) => crossEntropy(logits, y))(rows), golden.rows.labels);
    checkGradient((x, y) => crossEntropy(x, y), [logits.slice([0], [2]), rows.slice([0], [2])]);
    checkGradient((x) => grad((x: Value) => crossEntropy(x, classes))(x), [logits.div(10)]);
  });

  it("takes logits of one row and of many axes", () => {
    const one = crossEntropy(logits.slice([0], [1]).reshape([3]), tensor(0, { dtype: "int32" }));
    assertClose(one, crossEntropy(logits.slice([0], [1]), [0]).item());
    assertClose(crossEntropy(logits.reshape([2, 2, 3]), classes.reshape([2, 2])), golden.classes.value);
  });

  it("charges nothing for a class that cannot be, and infinity for one that should", () => {
    const impossible = tensor([[-Infinity, 0]], f64);
    for (
      const result of everyWay(neuralOps.crossEntropy, [impossible, tensor([[0, 1]])], {}, (x, y) => crossEntropy(x, y))
    ) {
      assertEquals(result.item(), 0);
    }
    assertEquals(crossEntropy(impossible, [1]).item(), 0);
    assertEquals(crossEntropy(impossible, [0]).item(), Infinity);
  });

  it("of no rows is NaN, as every mean of nothing", () => {
    const nothing = [tensor([], { shape: [0, 3] }), tensor([], { shape: [0], dtype: "int32" })];
    for (const result of everyWay(neuralOps.crossEntropy, nothing, {}, (x, y) => crossEntropy(x, y))) {
      assertEquals(result.item(), NaN);
    }
    assertEquals(grad((x: Value) => crossEntropy(x, nothing[1]!))(nothing[0]!).shape, [0, 3]);
  });

  it("refuses labels that do not fit", () => {
    assertThrows(
      () => crossEntropy(logits, tensor([0, 1], { dtype: "int32" })),
      RangeError,
      "Cannot crossEntropy float64[4,3] and int32[2]: labels must have shape [4] (class indices) or [4,3] (one row each)",
    );
    assertThrows(() => crossEntropy(logits, tensor([0, 1, 2, 0])), TypeError, `convert them with astype("int32")`);
    assertThrows(() => crossEntropy(logits, [0, 0.5, 2, 0]), TypeError, "class indices must be integers");
    assertThrows(() => crossEntropy(tensor(1), 1), RangeError, "the logits need a last axis");
    assertThrows(() => crossEntropy(tensor([], { shape: [2, 0] }), [0, 0]), RangeError, "there are no classes");
    const outside = [logits, tensor([0, 1, 3, 0], { dtype: "int32" })];
    assertThrows(
      () =>
        computeReference(
          neuralOps.crossEntropy,
          outside,
          {},
          inferType(neuralOps.crossEntropy, outside.map((each) => each.type), {}),
        ),
      RangeError,
      "Cannot crossEntropy float64[4,3] and int32[4]: the class 3 is not between 0 and 2",
    );
  });
});

describe("meanSquaredError", () => {
  const a = tensor([[1, 2, 3], [4, 5, 6.5]], f64);
  const b = tensor([0.5, 2.5, -1], f64);

  it("broadcasts", () => {
    for (const result of everyWay(neuralOps.meanSquaredError, [a, b], {}, (x, y) => meanSquaredError(x, y))) {
      assertClose(result, golden.mse.value);
    }
  });

  it("has the right gradients", () => {
    assertClose(grad((x: Value) => meanSquaredError(x, b))(a), golden.mse.x);
    assertClose(grad((y: Value) => meanSquaredError(a, y))(b), golden.mse.y);
    checkGradient((x, y) => meanSquaredError(x, y), [a, b]);
  });

  it("takes integers, which do not wrap", () => {
    const [x, y] = [tensor([0, 200], { dtype: "uint8" }), tensor([100, 0], { dtype: "uint8" })];
    for (const result of everyWay(neuralOps.meanSquaredError, [x, y], {}, (x, y) => meanSquaredError(x, y))) {
      assertEquals(result.item(), 25000);
      assertEquals(result.dtype, "float32");
    }
  });

  it("refuses shapes that do not broadcast", () => {
    assertThrows(
      () => meanSquaredError([1, 2], [1, 2, 3]),
      RangeError,
      "Cannot meanSquaredError float32[2] and float32[3]",
    );
  });

  it("refuses shapes of which neither is what they broadcast to", () => {
    const [x, y] = [tensor([[1], [2], [3]]), tensor([1, 2, 3])];
    const message = "Cannot meanSquaredError float32[3,1] and float32[3]: they would broadcast to [3,3], the shape of" +
      " neither; reshape one to the other's";
    assertThrows(() => meanSquaredError(x, y), RangeError, message);
    assertThrows(() => compile((x: Value, y: Value) => meanSquaredError(x, y))(x, y), RangeError, message);
    assertThrows(() => meanSquaredError(y, x), RangeError, "they would broadcast to [3,3]");
    assertEquals(meanSquaredError(x, y.expandDims(1)).item(), 0);
    assertEquals(meanSquaredError(x, 2).item(), tensor(2 / 3).item());
    assertEquals(meanSquaredError([[1, 2, 3]], y).item(), 0);
  });
});
