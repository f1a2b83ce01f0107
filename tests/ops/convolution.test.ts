import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  compile,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  grad,
  Graph,
  ones,
  placeholder,
  Session,
  tensor,
  type Value,
  zeros,
} from "../../mod.ts";
import { TableOperation } from "../../src/graph/operation.ts";
import { checkGradient, randomTensor } from "./check_gradient.ts";
import { callOf, casesOf, checkCase, titleOf, toTensor } from "./torch_cases.ts";

describe("convolution: as PyTorch, result and gradients", () => {
  for (const each of casesOf("conv")) {
    // Every sum of the file's numbers is exact, in float32 too.
    it(titleOf(each), () => {
      checkCase(each, "float64", 0, false);
      checkCase(each, "float32", 0, true);
    });
  }
});
