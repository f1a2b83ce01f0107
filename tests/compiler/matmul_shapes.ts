/**
 * Products of matrices of all sizes: compiled to WebAssembly, against three loops in float64.
 * @module
 */
import { compile, type Tensor, type Value } from "../../mod.ts";
import { uniforms } from "../sabinasz/problems.ts";
import {
  addProduct,
  checkSums,
  drawLength,
  drawOne,
  noSums,
  numbersOf,
  type Sums,
  type SumType,
  tensorOf,
} from "./shape_check.ts";

/** A product of two matrices. */
export interface Product {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  /** Which operands are given with their axes the other way round. */
  readonly transposed: "neither" | "left" | "right" | "both";
  readonly dtype: SumType;
  /** Whether operands are cut out of larger matrices, which are not a number anywhere else; for floats. */
  readonly isCutOut: boolean;
}

/** The name of a length of one. */
export type ProductLength = "rows" | "depth" | "columns";

/** All ways to transpose. */
export const transpositions = ["neither", "left", "right", "both"] as const;

const plain = { transposed: "neither", dtype: "float32", isCutOut: false } as const;

/** One length from 1 to 130, `step` apart, and the others 33 and 64 both ways round. */
export function productsAlong(length: ProductLength, step = 1, changes: Partial<Product> = {}): Product[] {
  const [first, second] = (["rows", "depth", "columns"] as const).filter((each) => each !== length) as [
    ProductLength,
    ProductLength, // there are three, and one is taken
  ];
  const products: Product[] = [];
  for (let value = 1; value <= 130; value += step) {
    for (const [one, other] of [[33, 64], [64, 33]] as const) {
      const lengths = { rows: value, depth: value, columns: value, [first]: one, [second]: other };
      products.push({ ...plain, ...lengths, ...changes });
    }
  }
  return products;
}

/** So many products of any lengths, up to 2000 and two million multiplications, transposed and cut out at random. */
export function randomProducts(count: number, seed: number): Product[] {
  const next = uniforms(seed);
  return Array.from({ length: count }, () => {
    let lengths: [number, number, number];
    do {
      lengths = [drawLength(next, 1, 2000), drawLength(next, 1, 2000), drawLength(next, 1, 2000)];
    } while (lengths[0] * lengths[1] * lengths[2] > 2 ** 21);
    const [rows, depth, columns] = lengths;
    const dtype = drawOne<SumType>(next, ["float32", "float32", "float64", "int32"]);
    const isCutOut = dtype !== "int32" && next() < 0.5;
    return { rows, depth, columns, transposed: drawOne(next, transpositions), dtype, isCutOut };
  });
}

/** Numbers of a matrix, row by row, as an operand may be given: the other way round, or in the middle of a larger one. */
function operandOf(
  numbers: Float64Array,
  [rows, columns]: readonly [number, number],
  { dtype, isCutOut }: Product,
  isTransposed: boolean,
): Tensor {
  const [height, width] = isTransposed ? [columns, rows] : [rows, columns];
  const [top, left, bottom, right] = isCutOut ? [1, 2, 3, 1] : [0, 0, 0, 0];
  const whole = [height + top + bottom, width + left + right] as const;
  const laid = new Float64Array(whole[0] * whole[1]).fill(isCutOut ? NaN : 0);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [y, x] = isTransposed ? [column, row] : [row, column];
      laid[(top + y) * whole[1] + left + x] = numbers[row * columns + column]!;
    }
  }
  return tensorOf(laid, dtype, whole);
}

function expectedOf(x: Float64Array, y: Float64Array, { rows, depth, columns, dtype }: Product): Sums {
  const sums = noSums(rows * columns, depth);
  for (let row = 0; row < rows; row++) {
    for (let inner = 0; inner < depth; inner++) {
      const left = x[row * depth + inner]!;
      for (let column = 0; column < columns; column++) {
        addProduct(sums, row * columns + column, left, y[inner * columns + column]!, dtype);
      }
    }
  }
  return sums;
}

/** Throws unless a product is what three loops make of it. */
export function checkProduct(product: Product): void {
  const { rows, depth, columns, transposed, dtype, isCutOut } = product;
  const x = numbersOf(dtype, rows * depth, rows + 3 * depth);
  const y = numbersOf(dtype, depth * columns, 5 * depth + 7 * columns);
  const ofLeft = transposed === "left" || transposed === "both";
  const ofRight = transposed === "right" || transposed === "both";
  const view = (value: Value, isTransposed: boolean): Value => {
    const cut = isCutOut ? value.slice([1, 2], [-3, -1]) : value;
    return isTransposed ? cut.transpose() : cut;
  };
  const multiply = compile((left: Value, right: Value) => view(left, ofLeft).matmul(view(right, ofRight)), {
    emitter: "wasm",
  });
  const left = operandOf(x, [rows, depth], product, ofLeft);
  const right = operandOf(y, [depth, columns], product, ofRight);
  checkSums(multiply(left, right), [rows, columns], dtype, expectedOf(x, y, product), JSON.stringify(product));
}
