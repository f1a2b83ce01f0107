/** Vector functions as calls. Expected numbers are those of kernels that use the function once, and contain its code. */
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { compile, tensor, type Value } from "../../mod.ts";
import { wasmFeatures } from "../../compiler/emit/wasm/asm/features.ts";

const x = tensor(Float32Array.from({ length: 37 }, (_, index) => (index - 18) / 4));
const names = ["exp", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus", "erf", "sin", "cos"] as const;

describe("a vector function that a kernel uses often", { skip: !wasmFeatures().vectors }, () => {
  for (const name of names) {
    it(`computes ${name} as one that it uses once, bit for bit`, () => {
      const arguments_ = (value: Value): Value[] => [1, 2, 3, 4, 5].map((factor) => value.mul(factor));
      const often = compile((value: Value) => arguments_(value).map((each) => each[name]()), { emitter: "wasm" });
      assertEquals(often.kernels(x).length, 1);
      assert(often.source(x).includes(`(call $vector_${name} `));
      often(x).forEach((result, index) => {
        const once = compile((value: Value) => arguments_(value)[index]![name](), { emitter: "wasm" });
        assert(!once.source(x).includes("$vector_"));
        assertEquals(result.data, once(x).data);
      });
    });
  }
});
