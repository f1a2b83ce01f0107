/**
 * The activation of transformers: element by element, but with a choice of two forms, and made of simpler operations.
 * @module
 */
import { isFloating } from "../dtype.ts";
import { choice, operand } from "../public/kinds.ts";
import { publicFunction } from "../public/public_function.ts";
import type { Operand, Result, Value } from "../value.ts";
import { elementwiseGradient } from "./elementwise.ts";
import { apply } from "../graph/apply.ts";
import type { Composite } from "./op.ts";

/** What {@linkcode gelu} takes for the distribution function: itself, or an approximation by tanh. */
type GeluForm = "none" | "tanh";

/** The argument of the tanh that stands for the distribution function is `scale · (x + cubic · x³)`. */
const approximation = { scale: Math.sqrt(2 / Math.PI), cubic: 0.044715 } as const;

/** The distribution function of the normal distribution, or what stands for it, times two. */
const twiceDistribution: Readonly<Record<GeluForm, (x: Value) => Value>> = {
  none: (x) => x.mul(Math.SQRT1_2).erf().add(1),
  tanh: (x) => {
    const { scale, cubic } = approximation;
    return x.square().mul(cubic).add(1).mul(x).mul(scale).tanh().add(1);
  },
};

/** The gradient of each form. */
const gradients: Readonly<Record<GeluForm, ReturnType<typeof elementwiseGradient>>> = {
  none: elementwiseGradient(({ gradient, x }) => {
    const density = x.square().mul(-0.5).exp().mul(1 / Math.sqrt(2 * Math.PI));
    return gradient.mul(twiceDistribution.none(x).mul(0.5).add(x.mul(density)));
  }),
  tanh: elementwiseGradient(({ gradient, x }) => {
    const { scale, cubic } = approximation;
    const twice = twiceDistribution.tanh(x);
    // From 1 + tanh, its derivative; times x three times, one after the other, since x³ alone may overflow where it is 0.
    const bend = x.mul(twice.mul(twice.neg().add(2)));
    const slope = bend.add(bend.mul(x).mul(x).mul(3 * cubic)).mul(scale);
    return gradient.mul(twice.add(slope).mul(0.5));
  }),
};

/** The table's entry. Its gradients are those of an element-wise op; but kernels have it from simpler ones. */
export const geluOp: Composite<{ readonly approximate: GeluForm }> = {
  name: "gelu",
  decompose([operand], { approximate }) {
    const { dtype } = operand!;
    const x = dtype !== undefined && isFloating(dtype) ? operand! : operand!.astype("float32");
    return x.mul(0.5).mul(twiceDistribution[approximate](x));
  },
  gradient: (context) => gradients[context.attributes.approximate](context),
};

/** Options of {@linkcode gelu}. */
export interface GeluOptions {
  /**
   * `"tanh"` puts `½ (1 + tanh(√(2/π) (x + 0.044715 x³)))` in the place of the distribution function, which is off by
   * less than 0.0003 and is what some models were trained with. `"none"`, the default, approximates nothing.
   */
  readonly approximate?: "none" | "tanh";
}

/**
 * `x · Φ(x)` for each element, where Φ is the distribution function of the normal distribution, `½ (1 + erf(x/√2))`:
 * the Gaussian error linear unit, a relu without its corner. Integers and bools give float32.
 *
 * Results are within 2 units in the last place of `x`, so that far below 0, where the function vanishes, what is left of
 * it is rounded to 0. As in PyTorch, `Infinity` stays, and of `-Infinity`, as of NaN, it is NaN. Throws a TypeError for
 * another approximation.
 *
 * D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units (GELUs)", 2016, https://arxiv.org/abs/1606.08415.
 *
 * NumPy –, PyTorch `torch.nn.functional.gelu`, TensorFlow.js –.
 *
 * @example
 * ```ts
 * import { gelu, tensor } from "@tensorloom/tensorloom";
 *
 * const x = tensor([-1, 0, 1], { dtype: "float64" });
 * console.log(Array.from(gelu(x).data, (y) => y.toFixed(4))); // ["-0.1587", "0.0000", "0.8413"]
 * console.log(gelu(1, { approximate: "tanh" }).item().toFixed(4)); // 0.8412
 * ```
 */
export const gelu: <X extends Operand>(x: X, options?: GeluOptions) => Result<X> = publicFunction(
  { name: "gelu", positional: { x: operand }, options: { approximate: choice("none", "tanh") }, method: true },
  (x, options = {}) => {
    const { approximate = "none" } = options;
    return apply(geluOp, [x], { approximate });
  },
);
