/**
 * Definitions: what an operation that is made of others is made of, recorded once for each kind of operands. The types of
 * its results are those of its definition's.
 * @module
 */
import { LruCache } from "../lru_cache.ts";
import { type Attributes, isComposite, type Op, operandError, reasonOf, signatureKey } from "../ops/op.ts";
import type { TensorType } from "../tensor_type.ts";
import type { Value } from "../value.ts";
import { Graph } from "./graph.ts";
import type { GraphFunction } from "./function.ts";
import type { Composed, MultiOp } from "./operation.ts";
import { Placeholder } from "./placeholder.ts";
import { Rewriting, withTrace } from "./trace.ts";
import { postorder } from "./traverse.ts";

/** What an operation is made of, on operands of certain types. */
export interface Definition {
  /** Its attributes, each in the one way in which a node keeps them. */
  readonly attributes: Attributes;
  /** The operands. */
  readonly inputs: readonly Placeholder[];
  /** All nodes that the results are computed from, inputs before consumers. */
  readonly nodes: readonly Value[];
  /** The results, in simpler operations. */
  readonly outputs: readonly Value[];
  /** The types of the results. */
  readonly types: readonly TensorType[];
}

const cachedSignatures = 512;

/** For an op, its definitions by attributes and operand types. */
const definitions = new WeakMap<Composed, LruCache<string, Definition>>();

/**
 * The definition of an operation on operands of these types, and with the functions that it owns. Throws, in its name, what
 * any of the operations that it is made of throws.
 */
export function definitionOf(
  op: Composed,
  types: readonly TensorType[],
  attributes: Attributes,
  bodies: readonly GraphFunction[] = [],
): Definition {
  if (bodies.length > 0) return define(op, types, attributes, bodies); // each operation has bodies of its own
  let known = definitions.get(op);
  if (known === undefined) definitions.set(op, known = new LruCache(cachedSignatures));
  const key = signatureKey(types, attributes);
  let definition = known.get(key);
  if (definition === undefined) {
    definition = define(op, types, attributes, bodies);
    const canonicalKey = signatureKey(types, definition.attributes);
    if (canonicalKey !== key) {
      const same = known.get(canonicalKey);
      if (same === undefined) known.set(canonicalKey, definition);
      else definition = same;
    }
    known.set(key, definition);
  }
  return definition;
}

function define(
  op: Composed,
  types: readonly TensorType[],
  attributes: Attributes,
  bodies: readonly GraphFunction[],
): Definition {
  const graph = new Graph();
  const trace = new Rewriting(graph, op.name);
  const inputs = types.map((type, index) => new Placeholder(graph, { name: `x${index}` }, type));
  const outputs = withTrace(trace, () => {
    try {
      const results = isSeveral(op) ? op.decompose(inputs, attributes, bodies) : [op.decompose(inputs, attributes)];
      return results.map((each) => trace.nodeOf(each));
    } catch (error) {
      throw ownError(op, types, attributes, error);
    }
  });
  return {
    attributes: op.canonical === undefined ? attributes : op.canonical(attributes, types),
    inputs,
    nodes: postorder(outputs),
    outputs,
    types: outputs.map(({ type }) => type!), // those of all operands are known
  };
}

/** An error in a definition as one of the operation that is defined: its name, its operands, and the reason. */
function ownError(op: Composed, types: readonly TensorType[], attributes: Attributes, error: unknown): unknown {
  const reason = error instanceof Error ? reasonOf(error) : undefined;
  if (reason === undefined) return error;
  const Kind = error instanceof RangeError ? RangeError : TypeError;
  const own = operandError(Kind, op.title?.(attributes) ?? op.name, types, reason);
  own.cause = error;
  return own;
}

function isSeveral(op: Composed): op is MultiOp {
  return "count" in op;
}

/** The types of the results of an operation that has several. */
export function inferTypes(
  op: MultiOp,
  types: readonly TensorType[],
  attributes: Attributes,
  bodies: readonly GraphFunction[],
): readonly TensorType[] {
  return op.infer?.(types, attributes, bodies) ?? definitionOf(op, types, attributes, bodies).types;
}

/** The type of an operation's result; throws, naming the operation and the types, when the operands do not fit. */
export function inferType(op: Op, types: readonly TensorType[], attributes: Attributes): TensorType {
  return isComposite(op) ? definitionOf(op, types, attributes).types[0]! : op.infer(types, attributes); // it has one result
}
