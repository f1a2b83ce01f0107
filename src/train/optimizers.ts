/**
 * The optimizers: gradient descent, with momentum, and Adam.
 * @module
 */
import type { Variable } from "../graph/variable.ts";
import type { Value } from "../value.ts";
import { Optimizer } from "./optimizer.ts";

function checkNumber(name: string, value: number, low: number, high: number): number {
  if (typeof value !== "number" || !(value >= low && value <= high)) {
    throw new RangeError(`Cannot use ${name} ${String(value)}: it is a number between ${low} and ${high}`);
  }
  return value;
}

/** How much of the past is kept: a number from 0 up to, but not, 1, where nothing new would ever count. */
function checkFraction(name: string, value: number): number {
  if (typeof value !== "number" || !(value >= 0 && value < 1)) {
    throw new RangeError(`Cannot use ${name} ${String(value)}: it is a number from 0 up to, but not, 1`);
  }
  return value;
}

/** Options, and not the bare number that other libraries take. */
function checkOptions<T extends object>(name: string, options: T): T {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot make the optimizer ${name} of ${String(options)}: it takes options, as { learningRate: 0.1 }`,
    );
  }
  return options;
}

/** Options of {@linkcode SGD}. */
export interface SGDOptions {
  /** How far a step goes. */
  readonly learningRate: number;
  /** How much of the last step is added to the next; 0 by default. */
  readonly momentum?: number;
  /** Whether the gradient is taken as if the momentum's step had been made (Nesterov's method); false by default. */
  readonly nesterov?: boolean;
}

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
    const { learningRate, momentum = 0, nesterov = false } = checkOptions("SGD", options);
    if (nesterov && momentum === 0) throw new RangeError("Cannot use Nesterov's method: it needs a momentum above 0");
    this.#learningRate = this.hyperParameter(
      "learningRate",
      checkNumber("the learning rate", learningRate, 0, Infinity),
    );
    this.#momentum = this.hyperParameter("momentum", checkNumber("the momentum", momentum, 0, 1));
    this.#useMomentum = momentum !== 0;
    this.#nesterov = nesterov;
  }

  /** How far a step goes. Setting it never compiles anew. */
  get learningRate(): number {
    return this.#learningRate.snapshot().item();
  }

  set learningRate(value: number) {
    this.#learningRate.assign(checkNumber("the learning rate", value, 0, Infinity));
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

/** Plain gradient descent under TensorFlow 1's name: `new GradientDescentOptimizer(0.01)`. */
export class GradientDescentOptimizer extends SGD {
  constructor(learningRate: number) {
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
    const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = checkOptions("Adam", options);
    this.#learningRate = this.hyperParameter(
      "learningRate",
      checkNumber("the learning rate", learningRate, 0, Infinity),
    );
    this.#beta1 = checkFraction("beta1", beta1);
    this.#beta2 = checkFraction("beta2", beta2);
    this.#epsilon = checkNumber("epsilon", epsilon, 0, Infinity);
  }

  /** How far a step goes. Setting it never compiles anew. */
  get learningRate(): number {
    return this.#learningRate.snapshot().item();
  }

  set learningRate(value: number) {
    this.#learningRate.assign(checkNumber("the learning rate", value, 0, Infinity));
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
