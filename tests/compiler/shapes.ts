/**
 * Many more products and convolutions than shapes.test.ts computes: every value of every length, transposed in all ways
 * and of all dtypes, and 2000 of each at random, by the seed that follows if there is one. It takes a minute or two.
 *
 * ```sh
 * deno run -A --import-map=tests/std_assert/offline.json tests/compiler/shapes.ts
 * bun tests/compiler/shapes.ts 7
 * ```
 * @module
 */
import process from "node:process";
import {
  checkConvolution,
  type ConvolutionLength,
  convolutionsAlong,
  longest,
  randomConvolutions,
} from "./convolution_shapes.ts";
import { checkProduct, productsAlong, randomProducts, transpositions } from "./matmul_shapes.ts";
import type { SumType } from "./shape_check.ts";

const seed = Number(process.argv[2] ?? Math.floor(Math.random() * 2 ** 31));
console.log(`seed ${seed}`);
const dtypes: readonly SumType[] = ["float32", "float64", "int32"];

const products = (["rows", "depth", "columns"] as const).flatMap((length) =>
  transpositions.flatMap((transposed) =>
    dtypes.flatMap((dtype) => productsAlong(length, 1, { transposed, dtype, isCutOut: dtype !== "int32" }))
  )
);
products.push(...randomProducts(2000, seed));
products.forEach(checkProduct);
console.log(`${products.length} products agree`);

const lengths = Object.keys(longest) as ConvolutionLength[]; // its own keys
const convolutions = lengths.flatMap((length) =>
  (["NCHW", "NHWC"] as const).flatMap((layout) =>
    dtypes.flatMap((dtype) => convolutionsAlong(length, 1, { layout, dtype }))
  )
);
convolutions.push(...randomConvolutions(2000, seed));
convolutions.forEach(checkConvolution);
console.log(`${convolutions.length} convolutions agree`);
