/**
 * Optimizers: ordinary library code on Variables, recorded with the rest of a training step.
 * @module
 */
import { isFloating } from "../dtype.ts";
import { backpropagate, graphOf, onesSeed } from "../graph/gradients.ts";
import type { Graph } from "../graph/graph.ts";
import type { Operation } from "../graph/operation.ts";
import { referenceExecutor } from "../graph/interpret.ts";
import { Placeholder } from "../graph/placeholder.ts";
import { nodeIn, outsideGraphs } from "../graph/recording.ts";
import { DeferredNode, specialize } from "../graph/specialize.ts";
import { activeTrace, Recording, type Trace, withTrace } from "../graph/trace.ts";
import { postorder } from "../graph/traverse.ts";
import { type AbstractVariable, Variable } from "../graph/variable.ts";
import { zeros } from "../ops/creation.ts";
import { callUser, ofOverride } from "../public/caller.ts";
import { functionOrValue, listOf } from "../public/kinds.ts";
import { publicMembers } from "../public/public_function.ts";
import { type Kind, optional } from "../public/signature.ts";
import type { Tensor } from "../tensor.ts";
import { checkScalar } from "../transforms/grad.ts";
import { checkSynchronous, traceWithValues } from "../transforms/trace.ts";
import type { Value } from "../value.ts";
import { UpdateCounters } from "./update_counters.ts";

/**
 * What all optimizers share: `minimize` differentiates a loss with respect to Variables and updates them. A subclass
 * says how in {@linkcode Optimizer.update}.
 */
export abstract class Optimizer {
  readonly #slots = new WeakMap<Variable, Map<string, Variable>>();
  readonly #hyperParameters = new Map<string, Variable>();
  readonly #counters = new UpdateCounters((variable, counter) => this.#slotsFor(variable).set("step", counter));

  /** Changes `variable` by `assign`, given the loss's gradient with respect to it, of the same shape and dtype. */
  protected abstract update(variable: Variable, gradient: Value): void;

  /** Called once per step, before the updates of these Variables. */
  protected beginStep(_variables: readonly Variable[]): void {}

  /** Called once per step, after the updates: what was kept for them is let go. */
  protected endStep(): void {}

  /**
   * Given a function: computes the loss it returns (a floating scalar), updates the Variables, and returns the loss.
   * Given a node of a hand-built graph: returns the operation that does the same for a session's feeds, without a
   * result of its own. The Variables are the trainable ones that the loss was computed from, or those given; a
   * TypeError names one that is not floating.
   */
  minimize(loss: () => Value, variables?: readonly Variable[]): Tensor;
  minimize(loss: Value, variables?: readonly Variable[]): Minimize;
  minimize(loss: Value | (() => Value), variables?: readonly Variable[]): Tensor | Minimize {
    if (typeof loss !== "function") return new Minimize(graphOf(loss), loss, this, variables);
    const record = (trace: Trace): Value => {
      const before = new Map(trace.reads);
      const result = callUser(loss);
      checkSynchronous(result, "the loss");
      const node = nodeIn(trace.graph, checkScalar(result, "the loss"));
      this.#step(trace, node, (variable) => before.get(variable) ?? trace.firstRead(variable), variables);
      return node;
    };
    const outer = activeTrace();
    // Inside a trace the loss is a node; its static type is wider there, as everywhere in traced code.
    if (outer !== undefined) return record(outer) as Tensor;
    return traceWithValues("minimize", (trace) => record(trace).concrete("return"));
  }

  /** Differentiates with respect to what the Variables read as when the loss was begun, and updates them. */
  #step(trace: Trace, loss: Value, readOf: (variable: Variable) => Value, given?: readonly Variable[]): void {
    const variables = given ?? trainableVariables(trace, loss, readOf);
    if (given === undefined && variables.length === 0) {
      throw new TypeError("Cannot minimize the loss: it was not computed from any trainable Variable");
    }
    for (const variable of variables) {
      if (!isFloating(variable.type.dtype)) {
        throw new TypeError(
          `Cannot minimize with respect to ${variable.describe()}: only floating Variables have gradients`,
        );
      }
    }
    const gradients = backpropagate([loss], [onesSeed(trace.graph, loss)], variables.map(readOf));
    try {
      this.beginStep(variables.filter((_, index) => gradients[index] !== undefined));
      variables.forEach((variable, index) => {
        const gradient = gradients[index];
        if (gradient !== undefined) this.update(variable, gradient);
      });
      this.endStep();
    } catch (error) {
      throw ofOverride(error);
    }
  }

  /** For {@linkcode Minimize}: a step in a specialised graph, where every read sees the values at the start of the run. */
  stepInGraph(graph: Graph, loss: Value, variables?: readonly Variable[]): void {
    const trace = new Recording(graph, "a session", activeTrace()?.assumptions); // of the specialisation that this is a part of
    checkScalar(loss, "the loss");
    withTrace(trace, () => this.#step(trace, loss, (variable) => graph.read(variable), variables));
  }

  /** A scalar that can be changed at any time without compiling anew: a float64 Variable behind a property. */
  protected hyperParameter(name: string, value: number): Variable {
    const variable = outsideGraphs(() => new Variable(value, { name, dtype: "float64", trainable: false }));
    this.#hyperParameters.set(name, variable);
    return variable;
  }

  /** State of the optimizer's own that belongs to a Variable, of its shape and dtype, zeros at first. */
  protected slot(variable: Variable, name: string): Variable {
    const slots = this.#slotsFor(variable);
    let slot = slots.get(name);
    if (slot === undefined) slots.set(name, slot = this.#newSlot(variable, name));
    return slot;
  }

  #slotsFor(variable: Variable): Map<string, Variable> {
    let slots = this.#slots.get(variable);
    if (slots === undefined) this.#slots.set(variable, slots = new Map());
    return slots;
  }

  #newSlot(variable: Variable, name: string): Variable {
    const { abstract } = variable;
    if (abstract !== undefined) {
      // Which state is meant is known in each run, from the Variable it is called with.
      const original = this.slot(abstract.original, name);
      const resolve = (actual: Variable): Variable => this.slot(abstract.resolve(actual), name);
      return new Variable(original, {}, { argument: abstract.argument, original, resolve });
    }
    const { dtype, shape } = variable.type;
    return outsideGraphs(() =>
      new Variable(zeros(shape, { dtype }), { name: `${variable.name}.${name}`, trainable: false })
    );
  }

  /**
   * For each of the Variables that a step updates, the number of its updates so far, to be assigned one more: the slot
   * `step`. Variables that have always been updated together have the same.
   */
  protected countersOf(variables: readonly Variable[]): Variable[] {
    const assumption = this.#counters.prepare(variables.filter((variable) => variable.abstract === undefined));
    activeTrace()?.assumptions?.push(assumption);
    return variables.map((variable) =>
      variable.abstract === undefined ? this.#counters.of(variable) : this.#standInCounter(variable, variable.abstract)
    );
  }

  /** What an argument stands for is known in each run, and may have been updated with others in another one. */
  #standInCounter(variable: Variable, { argument, original, resolve }: AbstractVariable): Variable {
    const slots = this.#slotsFor(variable);
    let counter = slots.get("step");
    if (counter === undefined) {
      const counterOf = (actual: Variable): Variable => {
        this.#counters.prepare([actual]);
        return this.#counters.of(actual);
      };
      slots.set(
        "step",
        counter = new Variable(counterOf(original), {}, {
          argument,
          original: counterOf(original),
          resolve: (actual) => counterOf(resolve(actual)),
        }),
      );
    }
    return counter;
  }

  /**
   * The state kept for a Variable, by name, for listing and saving; empty before its first update. Variables that have
   * always been updated together share `step`, the number of their updates, where the optimizer counts them.
   */
  slotsOf(variable: Variable): ReadonlyMap<string, Variable> {
    return this.#slots.get(variable) ?? new Map();
  }

  /** The settings that can be changed, by name, for listing and saving. */
  get hyperParameters(): ReadonlyMap<string, Variable> {
    return this.#hyperParameters;
  }
}

/** The trainable Variables among what `loss` was computed from, in the order they were first read. */
function trainableVariables(trace: Trace, loss: Value, readOf: (variable: Variable) => Value): Variable[] {
  const used = new Set(postorder([loss]));
  const known = new Set([...trace.graph.variables, ...trace.reads.keys()]); // one may have been assigned, and never read
  const trainable = [...known].filter((variable) => variable.trainable && used.has(readOf(variable)));
  for (const variable of trainable) {
    if (isFloating(variable.type.dtype)) continue;
    throw new TypeError(
      `Cannot minimize the loss: it was computed from ${variable.describe()}, and only floating Variables have gradients; make that with { dtype: "float32" } to train it, or with { trainable: false } not to`,
    );
  }
  return trainable;
}

/**
 * What `minimize` makes in a hand-built graph: running it updates the Variables for the feeds of that run. Its inputs are the
 * loss and the placeholders that the loss is computed from.
 */
export class Minimize extends DeferredNode {
  readonly #optimizer: Optimizer;
  readonly #variables: readonly Variable[] | undefined;

  constructor(graph: Graph, loss: Value, optimizer: Optimizer, variables?: readonly Variable[]) {
    super([loss, ...postorder([loss]).filter((node) => node instanceof Placeholder)], graph);
    this.#optimizer = optimizer;
    this.#variables = variables;
  }

  override expand([loss]: readonly Value[]): void {
    this.#optimizer.stepInGraph((loss as Operation).graph, loss!, this.#variables); // a copy of a node is a node
  }

  /** Makes one step, by the reference implementations, for the loss's own placeholders as they are given after the loss. */
  override compute(_loss?: Tensor, ...feeds: Tensor[]): undefined {
    const [, ...placeholders] = this.inputNodes as readonly [Value, ...Placeholder[]]; // so it was made
    if (feeds.length !== placeholders.length) {
      throw new TypeError(
        `Cannot compute minimize: it takes the loss and what is fed for ${placeholders.length} placeholders, not for ${feeds.length}`,
      );
    }
    const types = new Map(placeholders.map((placeholder, index) => [placeholder, feeds[index]!.type]));
    const step = specialize([this], types);
    referenceExecutor.compile(step, {}).run(feeds, step.variables);
  }

  override get name(): "minimize" {
    return "minimize";
  }

  /** It has no value. */
  override get type(): undefined {
    return undefined;
  }
}

/** What can be minimized with respect to. */
const variable: Kind = { words: "a Variable", is: (given) => given instanceof Variable };

publicMembers(
  Optimizer.prototype,
  {
    name: "optimizer.minimize",
    action: "minimize the loss",
    positional: { loss: functionOrValue, variables: optional(listOf(variable)) },
  },
  { name: "optimizer.slotsOf", action: "list what is kept", positional: { variable } },
);
