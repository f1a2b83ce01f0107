import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { setWasmFeatures } from "../../compiler/emit/wasm/asm/features.ts";
import { compile, gelu, grad, tensor, type Value } from "../../mod.ts";
import { erf } from "../../src/ops/numerics/erf.ts";
import { neuralOps } from "../../src/ops/neural.ts";
import type { Composite } from "../../src/ops/op.ts";
import { computeReference } from "../../src/graph/reference.ts";
import { Tensor } from "../../src/tensor.ts";
import { TensorType } from "../../src/tensor_type.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
// Made with PyTorch 2.13 in float64: torch.nn.functional.gelu of the numbers `x`, and its gradients by backward(). −0 is a
// string, since JSON has none.
import golden from "./neural.json" with { type: "json" };

const { x } = golden.gelu;
const forms = ["none", "tanh"] as const;
const emitters = ["js", "wasm"] as const;

/** Asserts that numbers are within `units` of 2⁻⁵² of the arguments, which is also what errors of the function are measured by. */
function assertClose(actual: Value, expected: readonly (number | string)[], units: number): void {
  assertEquals(actual.size, expected.length);
  expected.forEach((stored, index) => {
    const [value, wanted] = [actual.data[index]!, Number(stored)];
    const allowed = units * 2 ** -52 * Math.max(1, Math.abs(x[index]!));
    assert(Math.abs(value - wanted) <= allowed, `at ${x[index]} it is ${value}, ${wanted} expected`);
  });
}

describe("gelu", () => {
  afterEach(() => setWasmFeatures(undefined));
  const wide = tensor(x, { dtype: "float64" });
  for (const approximate of forms) {
    const attributes = { approximate };
    const fn = (x: Value): Value => x.gelu(attributes);
    const slope = (x: Value): Value => grad((x: Value) => fn(x).sum())(x);
    it(`is PyTorch's with the approximation ${approximate}, by every way`, () => {
      const { value } = golden.gelu[approximate];
      const op: Composite = neuralOps.gelu as Composite; // it is only given attributes of its own
      assertClose(computeReference(op, [wide], attributes, wide.type), value, 1);
      assertClose(op.decompose([wide], attributes), value, 1);
      assertClose(gelu(wide, attributes), value, 1);
      for (const emitter of emitters) assertClose(compile(fn, { emitter })(wide), value, 1);
    });
    it(`has PyTorch's gradients with the approximation ${approximate}`, () => {
      const { gradient } = golden.gelu[approximate];
      assertClose(slope(wide), gradient, 4);
      for (const emitter of emitters) assertClose(compile(slope, { emitter })(wide), gradient, 4);
    });
    it(`has gradients of second order with the approximation ${approximate}`, () => {
      checkGradient(fn, [randomTensor([3, 5], -4, 4)], { order: 2 });
    });
    it(`with the approximation ${approximate} is within 2 units in the last place of its argument`, () => {
      const exact = (x: number): number =>
        approximate === "none"
          ? x / 2 * (1 + erf(x * Math.SQRT1_2))
          : x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
      const bits = Uint32Array.from({ length: 2 ** 16 }, (_, index) => index * 65521);
      const numbers = new Float32Array(bits.buffer).filter(Number.isFinite);
      for (const [emitter, relaxed] of [["js", true], ["wasm", true], ["wasm", false]] as const) {
        setWasmFeatures({ relaxed });
        const { data } = compile(fn, { emitter })(new Tensor(numbers, new TensorType("float32", [numbers.length])));
        numbers.forEach((x, index) => {
          const unit = Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(Math.abs(x))) - 23));
          const error = Math.abs(data[index]! - exact(x));
          assert(error <= 2 * unit, `${emitter}: ${error / unit} units at ${x}`);
        });
      }
    });
    it(`with the approximation ${approximate} treats special values as PyTorch does`, () => {
      const specials = [0, -0, Infinity, -Infinity, NaN, 2 ** -149, -(2 ** -148), 1e30, -1e30, 3e38, -3e38];
      const values = [0, -0, Infinity, NaN, NaN, 0, -(2 ** -149), Math.fround(1e30), -0, Math.fround(3e38), -0];
      // PyTorch's gradients of the approximation are NaN where x³ overflows; these are right there.
      const slopes = [0.5, 0.5, NaN, NaN, NaN, 0.5, 0.5, 1, 0, 1, 0];
      for (const emitter of emitters) {
        const results = compile(fn, { emitter })(tensor(specials)).toArray() as number[]; // it has one axis
        results.forEach((value, index) => {
          if (Math.abs(specials[index]!) === 2 ** -149) assert(value === 0 || value === 2 ** -149); // halfway between them
          else assert(Object.is(value, values[index]), `${value} at ${specials[index]}, by ${emitter}`);
        });
        const gradients = compile(slope, { emitter })(tensor(specials)).toArray() as number[]; // likewise
        gradients.forEach((value, index) => {
          if (value !== 0 || slopes[index] !== 0) assertEquals(value, slopes[index], `the slope at ${specials[index]}`);
        });
      }
    });
  }

  it("takes integers, bools and numbers", () => {
    for (const approximate of forms) {
      const wanted = gelu(tensor([0, 1, 3]), { approximate }).toArray() as number[]; // it has one axis
      for (const dtype of ["int32", "uint8"] as const) {
        const result = gelu(tensor([0, 1, 3], { dtype }), { approximate });
        assertEquals([result.dtype, result.toArray()], ["float32", wanted]);
      }
      assertEquals(gelu(tensor([false, true]), { approximate }).toArray(), wanted.slice(0, 2));
      assertEquals(gelu(1, { approximate }).item(), wanted[1]);
      assertEquals(gelu(tensor([], { shape: [0, 2] }), { approximate }).shape, [0, 2]);
    }
  });

  it("refuses another approximation", () => {
    assertThrows(
      () => gelu([1], { approximate: "erf" } as never), // what the types do not allow
      TypeError,
      `Cannot gelu: the option approximate is the string "erf", not "none" or "tanh"`,
    );
  });
});
