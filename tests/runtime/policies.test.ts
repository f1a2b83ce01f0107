// Whatever of generated JavaScript and WebAssembly a page's policy forbids, the library does everything. What a browser
// does of it is in tests/browser/.
import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "./support.ts";

/** By policy, how a large product is explained when nothing is asked for. */
const explanations: Record<string, RegExp> = {
  "everything": /^\w+: 2 kernels, (JavaScript|WebAssembly) emitter/,
  "WebAssembly alone": /^\w+: 2 kernels, WebAssembly emitter/,
  "JavaScript alone": /^\w+: 2 kernels, JavaScript emitter/,
  "neither": /^\w+: computed node by node, by the reference implementations/,
};

describe("under a policy that allows", () => {
  for (const [policy, explanation] of Object.entries(explanations)) {
    it(`${policy}, all of the library works`, () => {
      const { output, errors, status } = runProgram("policies.ts", [policy]);
      assertEquals([errors, status], ["", 0]);
      const { product, auto, js, wasm, threads, trained, index, explained, kernels, ...rest } = JSON.parse(output);
      // 64 · 64 · 64 products of two hundredths, in float32.
      for (const each of [product, auto, js, wasm, threads]) assertEquals(Math.abs(each - 26.2144) < 1e-4, true);
      assertEquals(Math.abs(trained - 0.5) < 1e-6, true); // Adam's first step is as long as the learning rate
      assertMatch(
        index,
        /^RangeError: Cannot take .*index 7 is out of range for length 3\n {4}recorded at .*policies\.ts/,
      );
      assertMatch(explained, explanation);
      assertEquals(kernels, 2);
      assertEquals(rest, {
        eager: [2, 3],
        async: [2],
        asyncStep: 1,
        turns: true,
        joined: 2,
        gradient: [6],
        session: [2, 4],
        profiled: true,
        ready: 1,
      });
    });
  }
});
