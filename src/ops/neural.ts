/**
 * Softmax and the losses: operations that decompose into simpler ones which the compiler fuses row by row. They are
 * stable by construction: the row's maximum is subtracted before anything is exponentiated.
 * @module
 */
import { isFloating } from "../dtype.ts";
import { LruCache } from "../lru_cache.ts";
import { axis as axisKind, operand } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import { optional } from "../public/signature.ts";
import { countedFromFront, equalShapes, formatShape, normalizeAxis, type Shape, sizeOf } from "../shape.ts";
import { type Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { type NestedArray, type Operand, type Result, Value } from "../value.ts";
import { where } from "./arithmetic.ts";
import { broadcastAll, floatingDType, inDType, typesOf, unbroadcast } from "./elementwise.ts";
import { geluOp } from "./gelu.ts";
import { checkIndex, type IndexRule } from "./indexing.ts";
import { fromNested } from "./nested.ts";
import { binary } from "./function.ts";
import { apply } from "../graph/apply.ts";
import { type Composite, type Op, refusal } from "./op.ts";

const keepDims = { keepDims: true } as const;

/** An op that turns every line along an axis into another of the same length. */
function axisWiseOp(
  name: string,
  decompose: (x: Value, axis: number) => Value,
  gradient: (output: Value, gradient: Value, axis: number) => Value,
): Composite<{ axis: number }> {
  return {
    name,
    canonical: (attributes, [x]) => countedFromFront(attributes, x!.shape.length),
    decompose([operand], { axis }) {
      normalizeAxis(axis, operand!.rank, name);
      const x = inDType(operand!, floatingDType(name, [operand!]));
      return x.size === 0 ? x : decompose(x, axis); // an empty axis has no maximum
    },
    gradient({ inputs: [x], output, gradient: g, attributes: { axis } }) {
      return [isFloating(x!.dtype) ? gradient(output, g, axis) : undefined];
    },
  };
}

const softmaxOp = axisWiseOp(
  "softmax",
  (x, axis) => {
    const e = x.sub(x.max(axis, keepDims)).exp();
    return e.div(e.sum(axis, keepDims));
  },
  (p, g, axis) => g.sub(g.mul(p).sum(axis, keepDims)).mul(p),
);

const logSoftmaxOp = axisWiseOp(
  "logSoftmax",
  (x, axis) => {
    const shifted = x.sub(x.max(axis, keepDims));
    return shifted.sub(shifted.exp().sum(axis, keepDims).log());
  },
  (output, g, axis) => g.sub(output.exp().mul(g.sum(axis, keepDims))),
);

/** Whether labels are one class index per row, and not a row of probabilities for each. */
function areClasses(logits: TensorType, labels: TensorType): boolean {
  return labels.shape.length < logits.shape.length;
}

/** The number of rows that a loss averages over. */
function rowsOf(shape: Shape): number {
  return sizeOf(shape.slice(0, -1));
}

const knownIndices = new LruCache<number, Tensor>(64);

/** The class indices 0, 1, …; tensors of them are kept, so that a graph captures one and not one per use. */
function classIndices(classes: number): Tensor {
  let indices = knownIndices.get(classes);
  if (indices === undefined) {
    const numbers = Int32Array.from({ length: classes }, (_, index) => index);
    knownIndices.set(classes, indices = tensorOver(numbers, new TensorType("int32", [classes])));
  }
  return indices;
}

/** What class indices have to be. */
function classRule(logits: TensorType, labels: TensorType): IndexRule {
  return { length: logits.shape.at(-1)!, noun: "class", action: `crossEntropy ${logits} and ${labels}` };
}

/** Where each row has its class, as bool rows. */
function matchesOf(logits: Value, labels: Value): Value {
  const rule = classRule(logits.type!, labels.type!); // types are known when decomposing and differentiating
  return checkIndex(labels, rule).astype("int32").expandDims(-1).equal(classIndices(rule.length));
}

/** Throws unless labels are classes of the logits' rows, or rows themselves. */
function checkLabels(logits: TensorType, labels: TensorType): void {
  if (logits.shape.length === 0) throw refusal(RangeError, "the logits need a last axis, of one element per class");
  if (logits.shape.at(-1) === 0) throw refusal(RangeError, "the logits' last axis is empty: there are no classes");
  if (equalShapes(labels.shape, logits.shape)) return;
  const rows = logits.shape.slice(0, -1);
  if (!equalShapes(labels.shape, rows)) {
    throw refusal(
      RangeError,
      `labels must have shape ${formatShape(rows)} (class indices) or ${formatShape(logits.shape)} (one row each)`,
    );
  }
  if (!labels.weak && isFloating(labels.dtype)) {
    throw refusal(TypeError, `class indices must be integers; convert them with astype("int32")`);
  }
}

const crossEntropyOp: Composite = {
  name: "crossEntropy",
  // −Σ label·(shifted − log Σexp) per row, rearranged so that one pass over the row, after its maximum, has all sums.
  decompose([logits, labels]) {
    const types = typesOf([logits!, labels!]) as [TensorType, TensorType];
    checkLabels(...types);
    const classes = areClasses(...types);
    const dtype = floatingDType("crossEntropy", classes ? [logits!] : [logits!, labels!]);
    const x = inDType(logits!, dtype);
    const shifted = x.sub(x.max(-1, keepDims));
    const logSum = shifted.exp().sum(-1).log();
    if (classes) {
      const matched = where(matchesOf(logits!, labels!), shifted, -Infinity).max(-1);
      return logSum.sub(matched).sum().mul(1 / rowsOf(x.shape));
    }
    const y = inDType(labels!, dtype);
    const matched = where(y.equal(0), 0, y.mul(shifted)).sum(-1);
    return y.sum(-1).mul(logSum).sub(matched).sum().mul(1 / rowsOf(x.shape));
  },
  gradient({ inputs: [logits, labels], output: { dtype }, gradient, needed }) {
    const x = inDType(logits!, dtype);
    const scale = gradient.mul(1 / rowsOf(x.shape));
    const toLogits = (p: Value, target: Value): Value => inDType(p.sub(target).mul(scale), logits!.dtype);
    const logitsNeeded = needed[0] && isFloating(logits!.dtype);
    if (areClasses(logits!.type!, labels!.type!)) {
      return [
        logitsNeeded ? toLogits(softmax(x), matchesOf(logits!, labels!).astype(dtype)) : undefined,
        undefined,
      ];
    }
    const y = inDType(labels!, dtype);
    return [
      logitsNeeded ? toLogits(softmax(x).mul(y.sum(-1, keepDims)), y) : undefined,
      needed[1] && isFloating(labels!.dtype) ? inDType(logSoftmax(x).mul(scale).neg(), labels!.dtype) : undefined,
    ];
  },
};

const meanSquaredErrorOp: Composite = {
  name: "meanSquaredError",
  decompose(inputs) {
    const shape = broadcastAll("meanSquaredError", typesOf(inputs));
    // Predictions of [n, 1] and targets of [n] would be compared each with each.
    if (!inputs.some((input) => equalShapes(input.shape, shape))) {
      throw refusal(
        RangeError,
        `they would broadcast to ${formatShape(shape)}, the shape of neither; reshape one to the other's`,
      );
    }
    const dtype = floatingDType("meanSquaredError", inputs);
    const difference = inDType(inputs[0]!, dtype).sub(inDType(inputs[1]!, dtype));
    return difference.mul(difference).sum().mul(1 / difference.size);
  },
  gradient({ inputs: [x, y], output: { dtype }, gradient, needed }) {
    const difference = inDType(x!, dtype).sub(inDType(y!, dtype));
    const dx = difference.mul(gradient.mul(2 / difference.size));
    return [
      needed[0] && isFloating(x!.dtype) ? inDType(unbroadcast(dx, x!), x!.dtype) : undefined,
      needed[1] && isFloating(y!.dtype) ? inDType(unbroadcast(dx.neg(), y!), y!.dtype) : undefined,
    ];
  },
};

/** The table's entries of this family. */
export const neuralOps = {
  softmax: softmaxOp,
  logSoftmax: logSoftmaxOp,
  crossEntropy: crossEntropyOp,
  meanSquaredError: meanSquaredErrorOp,
  gelu: geluOp,
} satisfies Record<string, Op>;

/**
 * `exp(x) / sum(exp(x))` along an axis: positive numbers that sum to 1, of the shape of `x`; integers give float32.
 * The maximum is subtracted first, so large numbers do not overflow; a line with `Infinity` or `NaN`, or of nothing
 * but `-Infinity`, gives `NaN`. Throws a RangeError when there is no such axis.
 *
 * NumPy `scipy.special.softmax`, PyTorch `torch.softmax`, TensorFlow.js `tf.softmax`.
 *
 * @example
 * ```ts
 * import { softmax } from "@tensorloom/tensorloom";
 *
 * console.log(softmax([1000, 0]).toArray()); // [1, 0]
 * ```
 */
export const softmax: <X extends Operand>(x: X, axis?: number) => Result<X> = publicFunction(
  { name: "softmax", positional: { x: operand, axis: optional(axisKind) }, method: true },
  (x, axis = -1) => apply(softmaxOp, [x], { axis }),
);

/**
 * The logarithm of {@linkcode softmax}, of the shape of `x`, exact where the probabilities themselves would be 0.
 * Throws a RangeError when there is no such axis.
 *
 * NumPy `scipy.special.log_softmax`, PyTorch `torch.log_softmax`, TensorFlow.js `tf.logSoftmax`.
 *
 * @example
 * ```ts
 * import { logSoftmax } from "@tensorloom/tensorloom";
 *
 * console.log(logSoftmax([1000, 0]).toArray()); // [0, -1000]
 * ```
 */
export const logSoftmax: <X extends Operand>(x: X, axis?: number) => Result<X> = publicFunction(
  { name: "logSoftmax", positional: { x: operand, axis: optional(axisKind) }, method: true },
  (x, axis = -1) => apply(logSoftmaxOp, [x], { axis }),
);

/**
 * The mean over all rows of `-log(softmax(logits)[label])`: what a classifier is trained to make small. A scalar.
 *
 * `logits` has the classes along its last axis. `labels` are class indices (integers, of the shape of `logits`
 * without its last axis), or rows of the shape of `logits`: one-hot, or any probabilities.
 * Throws a RangeError when the shapes do not fit together or when an index is not a class, and a TypeError
 * for class indices that are not integers.
 *
 * NumPy –, PyTorch `torch.nn.functional.cross_entropy`, TensorFlow.js `tf.losses.softmaxCrossEntropy`.
 *
 * @example
 * ```ts
 * import { crossEntropy, tensor } from "@tensorloom/tensorloom";
 *
 * const logits = tensor([[2, 0], [0, 0]], { dtype: "float64" });
 * console.log(crossEntropy(logits, [0, 1]).item().toFixed(6)); // 0.410038
 * console.log(crossEntropy(logits, [[1, 0], [0, 1]]).item().toFixed(6)); // 0.410038
 * ```
 */
export const crossEntropy: <X extends Operand, Y extends Operand>(logits: X, labels: Y) => Result<X | Y> =
  publicFunction(
    { name: "crossEntropy", positional: { logits: operand, labels: operand } },
    (logits, labels) => apply(crossEntropyOp, [logits, literalLabels(logits, labels)]),
  );

/** Class indices written as nested arrays are integers, though numbers in arrays make float32 elsewhere. */
function literalLabels<Y extends Operand>(logits: Operand, labels: Y): Y {
  if (labels instanceof Value) return labels;
  const nested: NestedArray = labels as Exclude<Operand, Value>; // narrowing does not reach a type parameter
  const depth = depthOf(nested);
  const rank = logits instanceof Value ? logits.type?.shape.length : depthOf(logits);
  if (depth === 0 || depth + 1 !== rank) return labels;
  const tensor = fromNested(nested, "float64", "crossEntropy");
  const classes: Operand = tensor.data.every(Number.isInteger) ? tensor.astype("int32") : tensor;
  return classes as Y; // a Tensor in the place of a nested array: Result is the same for both
}

function depthOf(nested: NestedArray): number {
  return Array.isArray(nested) ? 1 + depthOf((nested as readonly NestedArray[])[0] ?? 0) : 0;
}

/**
 * The mean over all elements of `(x - y)²`, with one operand broadcast to the shape of the other; integers give
 * float32. A scalar. Throws a RangeError when the shapes do not broadcast, or to that of neither, as [n, 1] and [n] do.
 *
 * NumPy `np.mean((x - y) ** 2)`, PyTorch `torch.nn.functional.mse_loss`, TensorFlow.js `tf.losses.meanSquaredError`.
 *
 * @example
 * ```ts
 * import { meanSquaredError } from "@tensorloom/tensorloom";
 *
 * console.log(meanSquaredError([1, 2, 3], [1, 2, 5]).item()); // 1.3333333730697632
 * ```
 */
export const meanSquaredError: <X extends Operand, Y extends Operand>(x: X, y: Y) => Result<X | Y> = binary(
  meanSquaredErrorOp,
  "x",
  "y",
  false,
);
