/**
 * Variable: state that a program keeps and changes; a parameter of a model.
 * @module
 */
import { allocate, type DType, dtypeInfo, isFloating, type TypedArray } from "../dtype.ts";
import { fromNested } from "../ops/nested.ts";
import { fromCaller } from "../public/caller.ts";
import { boolean, dtype as dtypeKind, operand, string } from "../public/kinds.ts";
import { checkCall, publicMembers, signed, variadic } from "../public/public_function.ts";
import { optional, type OptionKinds, planOf } from "../public/signature.ts";
import { readable } from "../readable.ts";
import { equalShapes, type Shape } from "../shape.ts";
import { elementsOf, type Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { type Operand, type TensorData, Value } from "../value.ts";
import { Graph } from "./graph.ts";
import { Assign, type Operation } from "./operation.ts";
import { graphFor, nodeIn } from "./recording.ts";
import { Storage } from "./storage.ts";
import { activeTrace } from "./trace.ts";

/** Options of a new {@linkcode Variable}. */
export interface VariableOptions {
  /** What errors and printed graphs call it. */
  readonly name?: string;
  /** Element type; the initial value's by default. */
  readonly dtype?: DType;
  /**
   * Whether optimizers change it when they are not told which Variables to change. Default true. Only floating numbers
   * have gradients: for another dtype `true` is an error, and so is a loss to be minimized that is computed from such a
   * Variable, unless it was made with `false`.
   */
  readonly trainable?: boolean;
}

/**
 * What makes a Variable abstract: it stands for an argument of a function being traced. A program is recorded once for all
 * Variables of a type; each run gives it those it was called with.
 */
export interface AbstractVariable {
  /** The argument of the call that was traced, which it belongs to. */
  readonly argument: Variable;
  /** The Variable it stood for in that call. */
  readonly original: Variable;
  /** The Variable that is meant, when the argument is `actual`: that itself, or state that belongs to it. */
  resolve(actual: Variable): Variable;
}

let made = 0;

/** `value` in another dtype; itself when it has that already, or when its own is not known yet. */
function convert<V extends Value>(value: V, dtype: DType): V {
  // Converting keeps the kind of a value: a Tensor stays one, a node becomes a node.
  return value.type === undefined || value.type.dtype === dtype && !value.type.weak
    ? value
    : value.astype(dtype) as Value as V;
}

const dataProperty: PropertyDescriptor & ThisType<Variable> = {
  get: variadic(function (this: Variable): TypedArray {
    return this.concrete("read .data of").data;
  }),
  enumerable: true,
};

/** Gives a Variable its own properties. Its numbers change and move, so that they are read anew each time. */
function defineFields(variable: Variable, { shape, dtype }: TensorType): void {
  Object.defineProperties(variable, {
    shape: { value: shape, enumerable: true },
    dtype: { value: dtype, enumerable: true },
    data: dataProperty,
  });
}

/** The numbers that a new Variable copies. */
function initialTensor(value: Operand | TensorData, dtype: DType | undefined): Tensor {
  try {
    const trace = activeTrace();
    if (trace !== undefined && trace.graph.values === undefined) {
      throw new TypeError(
        `Cannot make a Variable inside ${trace.name}: it would be made anew by every trace; make it outside and close over it`,
      );
    }
    if (value === undefined || value === null) {
      throw new TypeError(
        "Cannot make a Variable: there is no initial value; say what it begins as, such as new Variable(zeros([2, 3]))",
      );
    }
    const given = value instanceof Value ? value : fromNested(value, dtype, "make a Variable");
    return given.concrete("make a Variable of");
  } catch (error) {
    throw fromCaller(error, Variable);
  }
}

const options: OptionKinds<VariableOptions> = { name: string, dtype: dtypeKind, trainable: boolean };
const plan = planOf({
  name: "new Variable",
  action: "make a Variable",
  positional: { initialValue: optional(operand) },
  options,
});

/** Throws when a value of this type does not fit into a Variable. */
export function checkAssignable(variable: Variable, type: TensorType): void {
  if (!equalShapes(variable.type.shape, type.shape)) {
    throw new RangeError(`Cannot assign ${type} to ${variable.describe()}: the shapes differ`);
  }
}

/**
 * A tensor that can be changed by {@linkcode Variable.assign}, and by optimizers. It copies its initial value. Made
 * while a graph is the default one, it is also a node of that graph. Deep equality compares shape, dtype and value;
 * that of `@std/assert`, which reads everything that can be read, compares names, too.
 *
 * @example
 * ```ts
 * import { Variable } from "@tensorloom/tensorloom";
 *
 * const w = new Variable([1, 2]);
 * w.assign(w.add(1));
 * console.log(w.value.toArray()); // [2, 3]
 * ```
 */
export class Variable extends Value {
  // These three are a Variable's own and enumerable: deep equality compares them, and structuredClone copies them. What
  // else there is to a Variable is not.
  /** Length of each axis. */
  declare readonly shape: Shape;
  /** Element type. */
  declare readonly dtype: DType;
  /** The elements that it holds now, in row-major order; later assignments do not change them. */
  declare readonly data: TypedArray;
  readonly #name: string;
  readonly #trainable: boolean;
  readonly #graph: Graph | undefined;
  readonly #consumers: Operation[] = [];
  readonly #abstract: AbstractVariable | undefined;
  readonly #type: TensorType;
  readonly #storage: Storage;
  #snapshot: Tensor | undefined;
  #holds = 0;
  #settle: (() => void) | undefined;

  /** Copies the initial value: a Value, a number, nested arrays, or a clone of a tensor. Throws without one, and inside `compile`, where it would be made anew by every trace. (`abstract` is for `compile`.) */
  constructor(initialValue: Operand | TensorData, options?: VariableOptions, abstract?: AbstractVariable) {
    super();
    this.#abstract = abstract;
    if (abstract?.original !== undefined) {
      // Only recorded, never run: it needs no storage of its own.
      const { original } = abstract;
      this.#name = original.#name;
      this.#trainable = original.#trainable;
      this.#type = original.#type;
      this.#storage = original.#storage;
      this.#graph = undefined;
      defineFields(this, this.#type);
      return;
    }
    checkCall(plan, Variable, arguments.length, initialValue, options);
    const declared = options?.dtype;
    const initial = initialTensor(initialValue, declared);
    this.#name = options?.name ?? `variable${made++}`;
    this.#trainable = options?.trainable ?? true;
    const dtype = declared ?? (initial.type.weak ? "float32" : initial.type.dtype);
    this.#type = new TensorType(dtype, initial.type.shape);
    if (options?.trainable && !isFloating(dtype)) {
      throw fromCaller(
        new TypeError(
          `Cannot make ${this.describe()} trainable: only floating numbers have gradients; ask for { dtype: "float32" }`,
        ),
        Variable,
      );
    }
    this.#storage = new Storage(allocate(dtype, this.#type.size));
    this.#storage.array.set(elementsOf(convert(initial, dtype)));
    this.#graph = Graph.default;
    defineFields(this, this.#type);
    this.#graph?.variables.push(this);
  }

  /** What errors and printed graphs call it. */
  get name(): string {
    return this.#name;
  }

  /** Whether optimizers change it unless told otherwise. */
  get trainable(): boolean {
    return this.#trainable;
  }

  /** The graph that was default when it was made, if any. */
  get graph(): Graph | undefined {
    return this.#graph;
  }

  /** The operations of that graph that use it, an entry per use. */
  get consumers(): Operation[] {
    return this.#consumers;
  }

  /** Set on the Variables that a traced function is given for those it was called with. */
  get abstract(): AbstractVariable | undefined {
    return this.#abstract;
  }

  /** Dtype and shape; they never change. */
  override get type(): TensorType {
    return this.#type;
  }

  /**
   * What it holds now: a Tensor that later assignments do not change. Inside a traced function, the node that reads
   * it, after the assignments the function has made so far.
   */
  get value(): Value {
    const trace = activeTrace();
    return trace === undefined ? this.concrete("read") : nodeIn(trace.graph, this);
  }

  /**
   * Replaces the value; shape must agree, and the dtype is converted. Inside a traced function, and given a node of a
   * graph, the assignment is recorded, lands when the program has run, and the operation is returned.
   */
  assign(value: Operand | TensorData): Value {
    const trace = activeTrace();
    // Numbers are taken in the Variable's own dtype: by way of float32, float64 would lose digits.
    const action = `assign to ${readable(this.#name)}`;
    const given = value instanceof Value ? value : fromNested(value, this.#type.dtype, action);
    if (given.type !== undefined) checkAssignable(this, given.type);
    const graph = graphFor([given], action) ?? trace?.graph;
    if (graph === undefined) {
      const tensor = given.concrete(action);
      this.write(elementsOf(convert(tensor, this.#type.dtype)));
      return this;
    }
    const node = new Assign(graph, this, nodeIn(graph, convert(given, this.#type.dtype)));
    if (trace !== undefined) {
      trace.reads.set(this, node);
      if (graph.values !== undefined) this.write(node.concrete("assign").data);
    }
    return node;
  }

  /** What it holds; inside a trace, what it reads as there. */
  override concrete(action: string): Tensor {
    const trace = activeTrace();
    return trace === undefined ? this.snapshot() : nodeIn(trace.graph, this).concrete(action);
  }

  /** A tensor of the present state; later changes do not touch it. */
  snapshot(): Tensor {
    this.settle();
    return this.#snapshot ??= tensorOver(dtypeInfo(this.#type.dtype).copy(this.#storage.array), this.#type);
  }

  /**
   * Where the state lies, for executors, which bind its array for the length of a run, and may move it.
   * @internal
   */
  get storage(): Storage {
    return this.#storage;
  }

  /** Writes a new state; for executors and `assign`. The array must have the Variable's dtype and size. */
  write(data: TypedArray): void {
    this.settle();
    this.#storage.array.set(data);
    this.#snapshot = undefined;
  }

  /** Forgets what was known of the state, because a run has written it where it lies; for executors. */
  changed(): void {
    this.#snapshot = undefined;
  }

  /** Holds the Variable for a run that goes on elsewhere; until {@linkcode release}, whoever reads or writes it has `settle` called before. */
  hold(settle: () => void): void {
    this.#holds++;
    this.#settle = settle;
  }

  /** Ends what {@linkcode hold} began. */
  release(): void {
    if (--this.#holds === 0) this.#settle = undefined;
  }

  /** Waits until no run holds the Variable. */
  settle(): void {
    this.#settle?.();
  }

  /** How errors call it: name and type. */
  override describe(): string {
    return `${readable(this.#name)} (${this.#type})`;
  }

  /** Its name and value. */
  override toString(): string {
    return `${readable(this.#name)} = ${activeTrace() === undefined ? this.snapshot() : this.#type}`;
  }
}

signed(Variable, plan);
publicMembers(
  Variable.prototype,
  { name: "variable.assign", positional: { value: operand } },
  { name: "variable.value", positional: {} },
);
