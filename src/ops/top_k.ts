/**
 * topK: the largest or smallest elements of every line along an axis, and where they are.
 * @module
 */
import type { MultiOp } from "../graph/operation.ts";
import { axis as axisKind, boolean, count, operand } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { normalizeAxis } from "../shape.ts";
import type { Operand, Result } from "../value.ts";
import { applyMulti } from "./apply_multi.ts";
import { argsort, reorder } from "./indexing.ts";
import { refusal } from "./op.ts";

type TopKAttributes = { readonly k: number; readonly axis: number; readonly largest: boolean };

const topKOp: MultiOp<TopKAttributes> = {
  name: "topK",
  count: () => 2,
  decompose([x], { k, axis, largest }) {
    const along = normalizeAxis(axis, x!.rank, "topK");
    if (k > x!.shape[along]!) throw refusal(RangeError, `axis ${along} has ${x!.shape[along]} elements, not ${k}`);
    const first = x!.shape.map((length, each) => each === along ? k : length);
    const indices = argsort(x!, along, { descending: largest }).slice(first.map(() => 0), first);
    return [reorder(x!, indices, along), indices];
  },
};

/** The table's entries of this family. */
export const topKOps = { topK: topKOp } satisfies Record<string, MultiOp>;

/** Options of {@linkcode topK}. */
export interface TopKOptions {
  /** Along which axis; the last unless given. */
  readonly axis?: number;
  /** False for the smallest elements. */
  readonly largest?: boolean;
}

/**
 * The `k` largest elements of every line of `x` along an axis, the largest first, and their indices: two tensors of the
 * shape of `x` but for `k` elements along that axis, of its dtype and of int32. Of equal elements the one with the lower
 * index comes first; NaN comes last. A RangeError for more elements than a line has, and for an axis out of range.
 *
 * NumPy `np.argpartition`, PyTorch `torch.topk`, TensorFlow.js `tf.topk`.
 *
 * @example
 * ```ts
 * import { topK } from "@tensorloom/tensorloom";
 *
 * const [values, indices] = topK([3, 1, 4, 1, 5], 2);
 * console.log(values.toArray(), indices.toArray()); // [5, 4] [4, 2]
 * ```
 */
export const topK: <X extends Operand>(
  x: X,
  k: number,
  options?: TopKOptions,
) => [values: Result<X>, indices: Result<X>] = publicFunction(
  { name: "topK", positional: { x: operand, k: count }, options: { axis: axisKind, largest: boolean } },
  <X extends Operand>(x: X, k: number, { axis = -1, largest = true }: TopKOptions = {}) =>
    applyMulti(topKOp, [x], { k, axis, largest }) as [Result<X>, Result<X>], // it has two results, of what x is
);
