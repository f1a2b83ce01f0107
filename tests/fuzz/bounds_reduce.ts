/**
 * Error bounds of sums and other reductions.
 * @module
 */
import { type DType, isFloating } from "../../src/dtype.ts";
import { givesIndex } from "../../compiler/fusion/iteration_space.ts";
import type { TableOperation } from "../../src/graph/operation.ts";
import { computeReference } from "../../src/graph/reference.ts";
import { forEachGroup, type ReduceAttributes } from "../../src/ops/reduction.ts";
import { type ContractAxes, resolveContractAxes } from "../../src/ops/contract.ts";
import type { CumulativeAttributes } from "../../src/ops/cumulative.ts";
import { broadcastOffsets, forEachLine } from "../../src/ops/geometry/offsets.ts";
import type { CumulativeOp } from "../../src/ops/primitive.ts";
import { sizeOf } from "../../src/shape.ts";
import { Tensor, tensorOver } from "../../src/tensor.ts";
import { TensorType } from "../../src/tensor_type.ts";
import { addsExactly, type Bounded, checkRange, compute, smallest, Undecided, unit } from "./bounds.ts";

/** What a reduction makes of its operand. */
export function boundReduction(node: TableOperation, x: Bounded): Bounded {
  const { name } = node;
  const type = node.type!; // every type is known in a specialised graph
  if (!isFloating(x.type.dtype) || givesIndex(node)) return compute(node, [x]);
  if (name === "any" || name === "all") {
    if (x.values.some((value, index) => x.errors[index]! > 0 && Math.abs(value) <= x.errors[index]!)) {
      throw new Undecided("whether a number is 0");
    }
    return compute(node, [{ ...x, errors: new Float64Array(x.errors.length) }]);
  }
  const values = new Float64Array(type.size);
  const errors = new Float64Array(type.size);
  const places = new Tensor(Float64Array.from(x.values, (_, index) => index), new TensorType("float64", x.type.shape));
  forEachGroup(name, places, node.attributes as ReduceAttributes, (index, group) => { // those a reduction is applied with
    const terms = group.map((place) => x.values[place]!);
    const bounds = group.map((place) => x.errors[place]!);
    const result = name === "sum"
      ? boundSum(terms, bounds, type.dtype)
      : name === "prod"
      ? boundProduct(terms, bounds, type.dtype)
      : boundPick(name, terms, bounds);
    values[index] = result.value;
    errors[index] = result.error;
  });
  return { type, values, errors };
}

interface Ball {
  readonly value: number;
  readonly error: number;
}

/** What adding `count` numbers may round, relative to the sum of their magnitudes. */
function sumRounding(count: number, dtype: DType): number {
  return dtype === "float32" ? 8 * unit(dtype) : count * unit(dtype);
}

/** A sum, from its terms and their bounds. */
function boundSum(terms: readonly number[], bounds: readonly number[], dtype: DType): Ball {
  const value = terms.reduce((sum, term) => sum + term, 0);
  if (!Number.isFinite(value)) {
    if (terms.every(Number.isFinite)) throw new Undecided("a sum that may overflow");
    return { value, error: 0 }; // an infinite term, or one that is NaN, outweighs all bounds
  }
  const magnitudes = terms.map(Math.abs);
  const total = magnitudes.reduce((sum, term) => sum + term, 0);
  let error = bounds.reduce((sum, bound) => sum + bound, 0);
  checkRange(total, error, dtype); // on the way to the sum
  if (error > 0 || !addsExactly(magnitudes, dtype)) error += sumRounding(terms.length, dtype) * total + smallest(dtype);
  return { value, error };
}

function boundProduct(terms: readonly number[], bounds: readonly number[], dtype: DType): Ball {
  const value = terms.reduce((product, term) => product * term, 1);
  if (!terms.every(Number.isFinite)) {
    if (bounds.some((bound) => bound > 0)) throw new Undecided("a product with infinity");
    return { value, error: checkRange(value, 0, dtype) };
  }
  const highest = terms.reduce((product, term, index) => product * Math.max(1, Math.abs(term) + bounds[index]!), 1);
  checkRange(highest, 0, dtype); // on the way to the product, in any order
  const magnitude = terms.reduce(
    (product, term, index) => product * (Math.abs(term) + bounds[index]!) * (1 + 2 * unit(dtype)),
    1,
  );
  const exact = bounds.every((bound) => bound === 0) &&
    terms.every((term) => Number.isInteger(term * 16) && term !== 0) &&
    terms.reduce((product, term) => product * Math.max(1, Math.abs(term)) * 16, 1) < 2 ** 24;
  return {
    value,
    error: exact || value === 0 && magnitude === 0
      ? 0
      : magnitude - Math.abs(value) + 4 * unit(dtype) * magnitude + smallest(dtype) * highest,
  };
}

function boundPick(name: string, terms: readonly number[], bounds: readonly number[]): Ball {
  const value = terms.reduce(
    (best, term) => name === "max" ? Math.max(best, term) : Math.min(best, term),
    name === "max" ? -Infinity : Infinity,
  );
  return { value, error: Number.isFinite(value) ? Math.max(...bounds) : 0 };
}

/** Running sums and products: every result is made of the elements up to its own. */
export function boundCumulative(node: TableOperation, x: Bounded): Bounded {
  const type = node.type!; // every type is known in a specialised graph
  if (!isFloating(x.type.dtype)) return compute(node, [x]);
  const { axis, includeInitial, reverse } = node.attributes as Required<CumulativeAttributes>; // they are canonical
  const { combines } = node.op as CumulativeOp; // its lowering says so
  const values = new Float64Array(type.size);
  const errors = new Float64Array(type.size);
  const lines: (readonly number[])[] = [];
  forEachLine(x.type.shape, axis, (places) => lines.push(reverse ? places.toReversed() : places));
  let line = 0;
  forEachLine(type.shape, axis, (places) => {
    const elements = lines[line++]!;
    (reverse ? places.toReversed() : places).forEach((place, index) => {
      const taken = elements.slice(0, includeInitial ? index : index + 1);
      const [terms, bounds] = [taken.map((each) => x.values[each]!), taken.map((each) => x.errors[each]!)];
      const bound = combines === "sum" ? boundSum : boundProduct;
      const { value, error } = bound(terms, bounds, type.dtype);
      values[place] = value;
      errors[place] = error;
    });
  });
  return { type, values, errors };
}

/** A contraction: every element is a sum of products. */
export function boundContraction(node: TableOperation, [x, y]: readonly Bounded[]): Bounded {
  const type = node.type!; // every type is known in a specialised graph
  const values = new Float64Array(type.size);
  const errors = new Float64Array(type.size);
  const axes = resolveContractAxes(node.attributes as ContractAxes); // what contract is applied with
  const [ofLeft, ofRight] = [x!.type.shape, y!.type.shape];
  const [ownLeft, ownRight] = [ofLeft.length - axes.rows - axes.depth, ofRight.length - axes.depth - axes.columns];
  const rows = sizeOf(ofLeft.slice(ownLeft, ownLeft + axes.rows));
  const inner = sizeOf(ofLeft.slice(ownLeft + axes.rows));
  const columns = sizeOf(ofRight.slice(ownRight + axes.depth));
  const batch = type.shape.slice(0, type.shape.length - axes.rows - axes.columns);
  const left = broadcastOffsets(ofLeft.slice(0, ownLeft), batch);
  const right = broadcastOffsets(ofRight.slice(0, ownRight), batch);
  for (let place = 0; place < values.length; place++) {
    const matrix = Math.floor(place / (rows * columns));
    const [row, column] = [Math.floor(place / columns) % rows, place % columns];
    const terms: number[] = [];
    const bounds: number[] = [];
    let sure = true;
    for (let k = 0; k < inner; k++) {
      const i = (left[matrix]! * rows + row) * inner + k;
      const j = (right[matrix]! * inner + k) * columns + column;
      const [a, b, ea, eb] = [x!.values[i]!, y!.values[j]!, x!.errors[i]!, y!.errors[j]!];
      terms.push(a * b);
      if (Number.isFinite(a * b)) bounds.push(Math.abs(a) * eb + Math.abs(b) * ea + ea * eb);
      else {
        sure &&= ea === 0 && eb === 0;
        bounds.push(0);
      }
    }
    if (!sure) throw new Undecided("a product with infinity");
    const sum = boundSum(terms, bounds, type.dtype);
    values[place] = sum.value;
    errors[place] = sum.error;
  }
  return { type, values, errors };
}

/** Sums at places: what falls on one place is a sum. */
export function boundScatter(node: TableOperation, [indices, updates]: readonly Bounded[]): Bounded {
  const type = node.type!; // every type is known in a specialised graph
  const run = (numbers: Float64Array): Float64Array => {
    const tensors = [
      tensorOver(indices!.values, indices!.type),
      new Tensor(numbers, new TensorType("float64", updates!.type.shape)),
    ];
    const wide = new TensorType("float64", type.shape);
    return computeReference(node.op, tensors, node.attributes, wide).data as Float64Array; // that of float64
  };
  const values = run(updates!.values);
  const totals = run(updates!.values.map(Math.abs));
  const exact = addsExactly(Array.from(updates!.values, Math.abs), type.dtype);
  const errors = run(updates!.errors).map((error, place) => {
    if (!Number.isFinite(totals[place]!)) return 0;
    return exact && error === 0
      ? 0
      : error + sumRounding(updates!.values.length, type.dtype) * totals[place]! + smallest(type.dtype);
  });
  return { type, values, errors };
}
