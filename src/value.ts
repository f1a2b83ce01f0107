/**
 * Value: what every operation accepts, and what it returns.
 * @module
 */
import type { DType, TypedArray } from "./dtype.ts";
import type { Graph } from "./graph/graph.ts";
import type { Operation } from "./graph/operation.ts";
import type { Methods } from "./ops/methods.ts";
import { publicMembers, variadic } from "./public/public_function.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";
import type { TensorType } from "./tensor_type.ts";

/** Numbers (or booleans) in nested arrays, as `tensor` takes them and `toArray` returns them. */
export type NestedArray = number | boolean | readonly NestedArray[];

/**
 * What a tensor consists of, as plain data: what `structuredClone` and `postMessage` make of a {@linkcode Tensor} or a
 * {@linkcode Variable}. The tensors of another copy of the library have these fields, too.
 */
export interface TensorData {
  /** Length of each axis. */
  readonly shape: Shape;
  /** Element type. */
  readonly dtype: DType;
  /** The elements in row-major order. */
  readonly data: TypedArray;
}

/** Anything an operation takes for a tensor: a {@linkcode Value}, a number, or numbers in nested arrays. */
export type Operand = Value | NestedArray;

/**
 * What an operation returns for operands of type `X`: a `Tensor` when all of them hold their numbers, an `Operation`
 * when one is a node of a graph, and the common base `Value` when that is only known at run time.
 */
export type Result<X> = [X] extends [LikeTensor | NestedArray] ? Tensor
  : [Extract<X, LikeNode>] extends [never] ? Value
  : Operation;

// Result tells the classes apart by members that only they have: by the whole class it could not be decided, since
// the classes' own methods return a Result again.
/** What tells a Tensor from the other Values, for {@linkcode Result}. */
export interface LikeTensor {
  /** Dtype and shape, always known. */
  readonly type: TensorType;
  /** A tensor belongs to no graph. */
  readonly graph?: never;
}
/** What tells a node of a graph from the other Values, for {@linkcode Result}. */
export interface LikeNode {
  /** The graph it is a node of. */
  readonly graph: Graph;
}

/**
 * A tensor, a Variable, or a node of a graph: what every operation accepts. The operations are methods too, so that
 * code reads from left to right: `x.matmul(w).add(b).relu()`.
 *
 * Its numbers can be read (`item`, `toArray`, `data`) where it has them: a {@linkcode Tensor}, a {@linkcode Variable},
 * or a value recorded by `grad` outside `compile`. Elsewhere reading is an error that names the operation.
 */
export abstract class Value {
  /** Dtype and shape, or undefined while a hand-built graph does not know them yet. */
  abstract get type(): TensorType | undefined;

  /** The tensor that holds this value's numbers now; throws, naming `action`, when there is none. */
  abstract concrete(action: string): Tensor;

  /** How errors call this value. */
  abstract describe(): string;

  /** The value as text: a tensor's numbers, a node and what it computes from. */
  abstract toString(): string;

  /** Shown by `console.log` in Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** Shown by `console.log` in Node and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Length of each axis. Throws when a hand-built graph does not know it before it is run. */
  abstract readonly shape: Shape;

  /** Element type. Throws when a hand-built graph does not know it before it is run. */
  abstract readonly dtype: DType;

  /** The elements in row-major order. Read only: a tensor's numbers never change. */
  abstract readonly data: TypedArray;

  /** Number of axes. */
  get rank(): number {
    return known(this, "rank").shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return known(this, "size").size;
  }

  /** The single element of a tensor of size 1, as a number (a bool is 0 or 1). */
  item(): number {
    return this.concrete("read .item() of").item();
  }

  /** The elements as nested arrays, booleans for dtype bool; a plain number or boolean for a tensor of rank 0. */
  toArray(): NestedArray {
    return this.concrete("read .toArray() of").toArray();
  }

  /**
   * What `JSON.stringify` writes: the nested arrays, without shape and dtype; of a node of a graph, which has no numbers,
   * what errors call it.
   */
  toJSON(): NestedArray | string {
    return this.toArray();
  }

  /**
   * What JavaScript's own operators see: the number of a tensor of one element. In a traced function, and for larger
   * tensors, that is an error rather than the text that JavaScript would take instead.
   */
  [Symbol.toPrimitive](hint: "string" | "number" | "default"): string | number {
    if (hint === "string") return this.toString();
    const tensor = this.concrete("use JavaScript's operators on");
    if (tensor.size === 1) return tensor.item();
    throw new TypeError(
      `Cannot use JavaScript's operators on ${this.describe()}: use its methods, such as add(); for text, String(x)`,
    );
  }
}

/** A value's type, or an error that says what could not be read for want of it. */
export function known(value: Value, what: string): TensorType {
  const { type } = value;
  if (type === undefined) {
    throw new TypeError(`Cannot read the ${what} of ${value.describe()}: it is not known before the graph is run`);
  }
  return type;
}

/** The fluent methods: declared in ops/methods.ts, which also puts them on the prototype. */
export interface Value extends Methods {}

publicMembers(
  Value.prototype,
  ...["rank", "size", "item", "toArray"].map((name) => ({ name, positional: {} })),
);
Object.defineProperty(Value.prototype, Symbol.toPrimitive, {
  value: variadic(Value.prototype[Symbol.toPrimitive]),
  writable: true,
  configurable: true,
});
