// No size is special: products and convolutions with each of their lengths going through all values, and at random. The
// head of shapes.ts tells how to compute many more.
import { describe, it } from "node:test";
import {
  checkConvolution,
  type ConvolutionLength,
  convolutionsAlong,
  longest,
  randomConvolutions,
} from "./convolution_shapes.ts";
import { checkProduct, productsAlong, randomProducts, transpositions } from "./matmul_shapes.ts";

/** One seed that never changes, and one that differs from run to run, which the test's name shows. */
const seeds = [20250101, Date.now() % 2 ** 31];

describe("a product of matrices in WebAssembly", () => {
  for (const length of ["rows", "depth", "columns"] as const) {
    it(`has from 1 to 130 ${length}`, () => {
      productsAlong(length).forEach(checkProduct);
    });
    for (const transposed of transpositions) {
      it(`of ${length} that differ, with ${transposed} transposed, is cut out of larger matrices`, () => {
        productsAlong(length, 7, { transposed, isCutOut: true }).forEach(checkProduct);
      });
    }
    for (const dtype of ["float64", "int32"] as const) {
      it(`of ${dtype} has from 1 to 130 ${length}`, () => {
        productsAlong(length, 7, { dtype }).forEach(checkProduct);
      });
    }
  }
  for (const seed of seeds) {
    it(`is of any size, transposed or not (seed ${seed})`, () => {
      randomProducts(150, seed).forEach(checkProduct);
    });
  }
});

describe("a convolution in WebAssembly", () => {
  for (const [length, most] of Object.entries(longest) as [ConvolutionLength, number][]) { // its own keys
    it(`has from 1 to ${most} of ${length}`, () => {
      convolutionsAlong(length).forEach(checkConvolution);
      convolutionsAlong(length, 11, { layout: "NHWC", stride: 2 }).forEach(checkConvolution);
    });
  }
  for (const seed of seeds) {
    it(`is of any size (seed ${seed})`, () => {
      randomConvolutions(100, seed).forEach(checkConvolution);
    });
  }
});
