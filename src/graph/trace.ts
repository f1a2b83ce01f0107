/**
 * Traces: what is being recorded now, and into what. The recording rule of `recording.ts` decides that an operation becomes
 * a node; the trace makes it.
 * @module
 */
import { captureLocation, type SourceLocation } from "../errors.ts";
import type { Attributes, Op } from "../ops/op.ts";
import type { Tensor } from "../tensor.ts";
import type { TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import type { GraphFunction } from "./function.ts";
import type { Graph } from "./graph.ts";
import { isNode, type MultiOp, MultiOperation, TableOperation } from "./operation.ts";
import { Placeholder } from "./placeholder.ts";
import { inputsOf, postorder } from "./traverse.ts";
import { Variable } from "./variable.ts";

/** Something that a recording depends on and that is not among its inputs. When it no longer holds, it is recorded anew. */
export interface Assumption {
  /** What has happened when it does not hold, as a sentence. */
  readonly reason: string;
  /** Whether it does now. */
  holds(): boolean;
}

/** The first of these that no longer holds. */
export function brokenAssumption(assumptions: readonly Assumption[]): Assumption | undefined {
  for (const assumption of assumptions) if (!assumption.holds()) return assumption;
  return undefined;
}

/** A node on whose behalf others are recorded: they take over its place in the user's program. */
export interface Origin {
  readonly site: SourceLocation | undefined;
}

/** A function, or a pass over a graph, being recorded. */
export interface Trace {
  readonly graph: Graph;
  /** What is being recorded, for errors. */
  readonly name: string;
  /** Variables and what they read as now: what they read as at first, or what was last assigned to them. */
  readonly reads: Map<Variable, Value>;
  /** Where what is recorded is kept and run again: what that takes for granted. */
  readonly assumptions: Assumption[] | undefined;
  /** The node that is worked on, where one is. */
  origin: Origin | undefined;
  /** Whether it adds to a graph that is built by hand, where types may be unknown, or records a body of an operation there. */
  readonly isByHand: boolean;
  /** Whether it records a body of the function that is recorded into this graph, or a body within such a body. */
  isWithin(graph: Graph): boolean;
  /**
   * Which of `xs` has a path to one of `ys` that leads around the body which is recorded, since a value that the body closes
   * over was computed from it; −1 where none has.
   */
  findPathAround(xs: readonly Value[], ys: readonly Value[]): number;
  /** What a Variable reads as before anything is assigned to it. */
  firstRead(variable: Variable): Value;
  /** What a value reads as: itself if it is a node of the graph, else the graph's own node for it. */
  nodeOf(value: Value): Value;
  /** Records an operation on nodes of the graph; `type` is that of the result, where it is known. */
  record(op: Op, inputs: readonly Value[], attributes: Attributes, type?: TensorType): Value;
  /** The same for one with several results: those, in order. */
  recordMulti(
    op: MultiOp,
    inputs: readonly Value[],
    attributes: Attributes,
    bodies: readonly GraphFunction[],
  ): readonly Value[];
  /** What a node that is recorded now remembers of its place in the user's program. */
  site(): SourceLocation | undefined;
}

/** Records what the user's program does. */
export class Recording implements Trace {
  readonly graph: Graph;
  readonly name: string;
  readonly reads: Map<Variable, Value> = new Map();
  readonly assumptions: Assumption[] | undefined;
  origin: Origin | undefined;

  /** `assumptions` takes what a recording that is kept takes for granted. */
  constructor(graph: Graph, name: string, assumptions?: Assumption[]) {
    this.graph = graph;
    this.name = name;
    this.assumptions = assumptions;
  }

  get isByHand(): boolean {
    return false;
  }

  isWithin(_graph: Graph): boolean {
    return false;
  }

  findPathAround(_xs: readonly Value[], _ys: readonly Value[]): number {
    return -1;
  }

  firstRead(variable: Variable): Value {
    return readIn(this.graph, variable);
  }

  nodeOf(value: Value): Value {
    if (!(value instanceof Variable)) return isNode(value) ? this.ownNode(value) : this.graph.capture(value as Tensor); // no third kind is left
    let node = this.reads.get(value);
    if (node === undefined) this.reads.set(value, node = this.firstRead(value));
    return node;
  }

  /** The graph's node for a node: the same, since those of other graphs were refused. */
  protected ownNode(node: Value): Value {
    return node;
  }

  record(op: Op, inputs: readonly Value[], attributes: Attributes, type?: TensorType): Value {
    return new TableOperation(this.graph, op, inputs, attributes, this.site(), type);
  }

  recordMulti(
    op: MultiOp,
    inputs: readonly Value[],
    attributes: Attributes,
    bodies: readonly GraphFunction[],
  ): readonly Value[] {
    return new MultiOperation(this.graph, op, inputs, attributes, bodies, this.site()).outputs;
  }

  site(): SourceLocation | undefined {
    return this.origin === undefined ? captureLocation() : this.origin.site;
  }
}

/** Adds to a graph that is built by hand what else an operation there is made of. */
export class AddingByHand extends Recording {
  override get isByHand(): boolean {
    return true;
  }
}

/**
 * Records what the user's program does into a graph that computes every node as it is made, so that the program may look
 * at numbers. An error happens right where the user's code is running: nodes need not remember where that was.
 */
export class RecordingWithValues extends Recording {
  /** The bodies of an operation compute as they are recorded, too. */
  override recordMulti(
    op: MultiOp,
    inputs: readonly Value[],
    attributes: Attributes,
    bodies: readonly GraphFunction[],
  ): readonly Value[] {
    return bodies.length > 0
      ? op.decompose(inputs, attributes, bodies)
      : super.recordMulti(op, inputs, attributes, bodies);
  }

  override site(): SourceLocation | undefined {
    return this.origin?.site;
  }
}

/**
 * Records a body of the function that is recorded around it. What that knows, Variables among it, is a capture: an input of
 * the body.
 */
export class BodyRecording extends Recording {
  /** What the body has captured, and the inputs that stand for it. */
  readonly captures: Map<Value, Placeholder> = new Map();
  readonly #around: Trace;

  constructor(graph: Graph, name: string, around: Trace) {
    super(graph, name, around.assumptions);
    this.#around = around;
  }

  override get isByHand(): boolean {
    return this.#around.isByHand;
  }

  override isWithin(graph: Graph): boolean {
    return this.#around.graph === graph || this.#around.isWithin(graph);
  }

  override findPathAround(xs: readonly Value[], ys: readonly Value[]): number {
    const outerOf = new Map<Value, Value>(Array.from(this.captures, ([outer, input]) => [input, outer]));
    const starts = xs.map((x) => outerOf.get(x) ?? x); // what was not captured has no path there
    const ends = postorder(ys).flatMap((node) => outerOf.get(node) ?? []);
    const between = new Set(postorder(ends.flatMap(inputsOf)));
    const found = starts.findIndex((start) => between.has(start));
    return found >= 0 ? found : this.#around.findPathAround(starts, ends);
  }

  override firstRead(variable: Variable): Value {
    return this.#capture(variable);
  }

  protected override ownNode(node: Value & { readonly graph: Graph }): Value {
    return node.graph === this.graph ? node : this.#capture(node);
  }

  #capture(value: Value): Placeholder {
    const outer = this.#around.nodeOf(value);
    let input = this.captures.get(outer);
    if (input === undefined) {
      const name = value instanceof Variable ? value.name : `capture${this.captures.size}`;
      this.captures.set(outer, input = new Placeholder(this.graph, { name }, outer.type));
    }
    return input;
  }
}

/** Records what a pass makes of a graph. Nodes take over the places in the user's program of those that they come from. */
export class Rewriting extends Recording {
  override site(): SourceLocation | undefined {
    return this.origin?.site;
  }
}

/** What a Variable reads as in a graph: itself in the one it was made in. */
export function readIn(graph: Graph, variable: Variable): Value {
  return variable.graph === graph ? variable : graph.read(variable);
}

let trace: Trace | undefined;

/** The innermost trace, if one is active. */
export function activeTrace(): Trace | undefined {
  return trace;
}

/** Records everything `body` does into `next`; ends the trace however `body` ends. */
export function withTrace<T>(next: Trace | undefined, body: () => T): T {
  const previous = trace;
  trace = next;
  try {
    return body();
  } finally {
    trace = previous;
  }
}

/** Runs `body` while what it records takes over the place in the user's program that `origin` has, if that is known. */
export function onBehalfOf<T>(origin: Origin, body: () => T): T {
  if (trace === undefined || origin.site === undefined) return body();
  const recording = trace;
  const previous = recording.origin;
  recording.origin = origin;
  try {
    return body();
  } finally {
    recording.origin = previous;
  }
}
