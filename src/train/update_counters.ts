/**
 * How often an optimizer has updated each Variable.
 *
 * Variables that have always been updated together have one counter: all parameters of a model, as a rule, and what is
 * worked out of it is worked out once. It is taken apart when some of them are updated without the others. A program
 * that counts for all of them with the one counter is then out of date, so it is recorded under the assumption that
 * nothing was taken apart.
 * @module
 */
import { outsideGraphs } from "../graph/recording.ts";
import type { Assumption } from "../graph/trace.ts";
import { Variable } from "../graph/variable.ts";

/** A number of updates, and how many Variables it is that of. */
interface Counter {
  readonly steps: Variable;
  shared: number;
}

/** That some counters count for as many Variables as when this was made. It is asked before every run. */
class NothingTakenApart implements Assumption {
  readonly reason = "Variables that an optimizer had only updated together were updated apart";
  readonly #counters: readonly Counter[];
  readonly #shared: readonly number[];

  constructor(counters: readonly Counter[]) {
    this.#counters = counters;
    this.#shared = counters.map((counter) => counter.shared);
  }

  holds(): boolean {
    for (let index = 0; index < this.#counters.length; index++) {
      if (this.#counters[index]!.shared !== this.#shared[index]) return false;
    }
    return true;
  }
}

/** The counters of an optimizer. */
export class UpdateCounters {
  readonly #counters = new WeakMap<Variable, Counter>();
  readonly #changed: (variable: Variable, steps: Variable) => void;

  /** `changed` is told which counter a Variable has from now on. */
  constructor(changed: (variable: Variable, steps: Variable) => void) {
    this.#changed = changed;
  }

  /** Prepares for an update of these Variables and no others; what is recorded of it holds as long as the result does. */
  prepare(variables: Iterable<Variable>): Assumption {
    const members = new Map<Counter | undefined, Variable[]>();
    for (const variable of new Set(variables)) {
      const counter = this.#counters.get(variable);
      const known = members.get(counter);
      if (known === undefined) members.set(counter, [variable]);
      else known.push(variable);
    }
    const counters = [...members].map(([counter, together]) => {
      if (counter?.shared === together.length) return counter;
      const next = { steps: this.#copyOf(counter), shared: together.length };
      if (counter !== undefined) counter.shared -= together.length;
      for (const variable of together) {
        this.#counters.set(variable, next);
        this.#changed(variable, next.steps);
      }
      return next;
    });
    return new NothingTakenApart(counters);
  }

  /** The number of updates of a Variable, once they were prepared for. */
  of(variable: Variable): Variable {
    return this.#counters.get(variable)!.steps;
  }

  #copyOf(counter: Counter | undefined): Variable {
    const initial = counter?.steps.snapshot() ?? 0;
    return outsideGraphs(() => new Variable(initial, { name: "step", dtype: "float64", trainable: false }));
  }
}
