/**
 * The optimizers: gradient descent, with momentum, and Adam.
 * @module
 */
import type { Variable } from "../graph/variable.ts";
import { fromCaller } from "../public/caller.ts";
import { boolean, fraction, notNegative, numberBetween } from "../public/kinds.ts";
import { checkCall, publicMembers, signed } from "../public/public_function.ts";
import { type OptionKinds, planOf, required, type Signature } from "../public/signature.ts";
import type { Value } from "../value.ts";
import { Optimizer } from "./optimizer.ts";

/** Options of {@linkcode SGD}. */
export interface SGDOptions {
  /** How far a step goes. */
  readonly learningRate: number;
  /** How much of the last step is added to the next; 0 by default. */
  readonly momentum?: number;
  /** Whether the gradient is taken as if the momentum's step had been made (Nesterov's method); false by default. */
  readonly nesterov?: boolean;
}

/** What a learning rate is, and other numbers that are not negative. */
const rate = notNegative;

const sgdOptions: OptionKinds<SGDOptions> = {
  learningRate: required(rate),
  momentum: numberBetween(0, 1),
  nesterov: boolean,
};
const sgdPlan = planOf({
  name: "new train.SGD",
  action: "make the optimizer SGD",
  positional: {},
  options: sgdOptions,
});

/**
 * Stochastic gradient descent, optionally with momentum (Polyak, 1964; Sutskever et al., "On the importance of
 * initialization and momentum in deep learning", 2013, in PyTorch's form): `v ← momentum·v + g`, `w ← w − learningRate·v`.
 *
 * @example
 * ```ts
 * import { train, Variable } from "@tensorloom/tensorloom";
 *
 * const w = new Variable(1);
 * const optimizer = new train.SGD({ learningRate: 0.25 });
 * for (let i = 0; i < 3; i++) optimizer.minimize(() => w.mul(w));
 * console.log(w.value.item()); // 0.125
 * ```
 */
export class SGD extends Optimizer {
  readonly #learningRate: Variable;
  readonly #momentum: Variable;
  readonly #useMomentum: boolean;
  readonly #nesterov: boolean;

  constructor(options: SGDOptions) {
    super();
    checkCall(sgdPlan, SGD, arguments.length, options);
    const { learningRate, momentum = 0, nesterov = false } = options;
    if (nesterov && momentum === 0) {
      throw fromCaller(
        new RangeError("Cannot make the optimizer SGD: Nesterov's method needs a momentum above 0"),
        SGD,
      );
    }
    this.#learningRate = this.hyperParameter("learningRate", learningRate);
    this.#momentum = this.hyperParameter("momentum", momentum);
    this.#useMomentum = momentum !== 0;
    this.#nesterov = nesterov;
  }

  /** How far a step goes. Setting it never compiles anew. */
  get learningRate(): number {
    return this.#learningRate.snapshot().item();
  }

  set learningRate(value: number) {
    this.#learningRate.assign(value);
  }

  protected override update(variable: Variable, gradient: Value): void {
    const { dtype } = variable.type;
    let step = gradient;
    if (this.#useMomentum) {
      const momentum = this.#momentum.astype(dtype);
      const velocity = this.slot(variable, "velocity");
      const next = velocity.mul(momentum).add(gradient);
      velocity.assign(next);
      step = this.#nesterov ? gradient.add(next.mul(momentum)) : next;
    }
    variable.assign(variable.sub(step.mul(this.#learningRate.astype(dtype))));
  }
}

const learningRate: Signature = {
  name: "optimizer.learningRate",
  action: "set the learning rate",
  positional: { value: rate },
};
publicMembers(SGD.prototype, learningRate);
signed(SGD, sgdPlan);

const gradientDescentPlan = planOf({
  name: "new train.GradientDescentOptimizer",
  action: "make a GradientDescentOptimizer",
  positional: { learningRate: rate },
});

/** Plain gradient descent under TensorFlow 1's name: `new GradientDescentOptimizer(0.01)`. */
export class GradientDescentOptimizer extends SGD {
  constructor(learningRate: number) {
    checkCall(gradientDescentPlan, GradientDescentOptimizer, arguments.length, learningRate);
    super({ learningRate });
  }
}

/** Options of {@linkcode Adam}. */
export interface AdamOptions {
  /** How far a step goes; 0.001 by default. */
  readonly learningRate?: number;
  /** How long the mean of the gradients remembers; 0.9 by default. */
  readonly beta1?: number;
  /** How long the mean of their squares remembers; 0.999 by default. */
  readonly beta2?: number;
  /** Keeps the division from going to infinity; 1e-8 by default. */
  readonly epsilon?: number;
}

/** What the means are corrected by: the learning rate with the one, and the root of the other. */
interface Corrections {
  readonly first: Value;
  readonly second: Value;
}

const adamOptions: OptionKinds<AdamOptions> = {
  learningRate: rate,
  beta1: fraction,
  beta2: fraction,
  epsilon: rate,
};
const adamPlan = planOf({
  name: "new train.Adam",
  action: "make the optimizer Adam",
  positional: {},
  options: adamOptions,
});

/**
 * Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015), with the bias corrections of its
 * Algorithm 1. Each Variable's own updates are counted: one that is trained now and then, or by turns with others, is
 * corrected as if it were alone.
 *
 * @example
 * ```ts
 * import { train, Variable } from "@tensorloom/tensorloom";
 *
 * const w = new Variable(1);
 * const optimizer = new train.Adam({ learningRate: 0.5 });
 * optimizer.minimize(() => w.mul(w));
 * console.log(w.value.item()); // 0.5
 * ```
 */
export class Adam extends Optimizer {
  readonly #learningRate: Variable;
  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;
  readonly #corrections = new Map<Variable, Corrections>();

  constructor(options: AdamOptions = {}) {
    super();
    checkCall(adamPlan, Adam, arguments.length, options);
    const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
    this.#learningRate = this.hyperParameter("learningRate", learningRate);
    this.#beta1 = beta1;
    this.#beta2 = beta2;
    this.#epsilon = epsilon;
  }

  /** How far a step goes. Setting it never compiles anew. */
  get learningRate(): number {
    return this.#learningRate.snapshot().item();
  }

  set learningRate(value: number) {
    this.#learningRate.assign(value);
  }

  /** Counts the updates, and works out what corrects the means for having started at zero, once per counter. */
  protected override beginStep(variables: readonly Variable[]): void {
    const corrections = new Map<Variable, Corrections>();
    this.countersOf(variables).forEach((counter, index) => {
      let both = corrections.get(counter);
      if (both === undefined) corrections.set(counter, both = this.#count(counter));
      this.#corrections.set(variables[index]!, both);
    });
  }

  #count(counter: Variable): Corrections {
    const steps = counter.add(1);
    counter.assign(steps);
    return {
      first: this.#learningRate.div(steps.mul(Math.log(this.#beta1)).expm1().neg()),
      second: steps.mul(Math.log(this.#beta2)).expm1().neg().sqrt(),
    };
  }

  protected override endStep(): void {
    this.#corrections.clear();
  }

  protected override update(variable: Variable, gradient: Value): void {
    const { dtype } = variable.type;
    const { first, second } = this.#corrections.get(variable)!; // beginStep was called before the updates
    const mean = this.slot(variable, "mean");
    const square = this.slot(variable, "square");
    const nextMean = mean.mul(this.#beta1).add(gradient.mul(1 - this.#beta1));
    const nextSquare = square.mul(this.#beta2).add(gradient.mul(gradient).mul(1 - this.#beta2));
    mean.assign(nextMean);
    square.assign(nextSquare);
    const root = nextSquare.sqrt().div(second.astype(dtype)).add(this.#epsilon);
    variable.assign(variable.sub(nextMean.mul(first.astype(dtype)).div(root)));
  }
}

signed(GradientDescentOptimizer, gradientDescentPlan);
signed(Adam, adamPlan);
publicMembers(Adam.prototype, learningRate);
