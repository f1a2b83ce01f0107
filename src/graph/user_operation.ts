/**
 * Operations of the user's own: how a node of a class is made whose constructor only the class knows, and what its `compute`
 * gives.
 * @module
 */
import { describeForeign } from "../describe.ts";
import { allocate } from "../dtype.ts";
import { fromNested } from "../ops/nested.ts";
import { callUser, ofOverride } from "../public/caller.ts";
import { type Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { type NestedArray, type Operand, Value } from "../value.ts";
import type { Operation } from "./operation.ts";
import { outsideGraphs } from "./recording.ts";

/** What a user's `compute` may return. */
export type Computed = Tensor | NestedArray;

/** A list of inputs that a class's constructor was called with. */
interface Offer {
  readonly type: unknown;
  readonly inputs: readonly Operand[];
  /** Whether it passed on what could be inputs. */
  accepted: boolean;
}

/** What is being offered by `apply`. */
let offer: Offer | undefined;
/** Thrown by {@linkcode Operation}'s constructor when the list arrives as if it were one of the inputs. */
class WantsEach extends TypeError {
  constructor() {
    super("Cannot make a node: the constructor takes its inputs one by one");
  }
}
/** Classes whose constructors take their inputs one by one, as far as they were found. */
const takeEach = new WeakSet<object>();

/** Called with what an {@linkcode Operation} of this class is made with: whether that is what is being offered. */
export function checkOffer(type: unknown, inputs: readonly unknown[]): void {
  if (offer === undefined || offer.type !== type) return;
  if (inputs.includes(offer.inputs)) throw new WantsEach();
  offer.accepted = true;
}

/** A node of a class whose constructor takes the list of its inputs, or its inputs one by one: the list is tried first. */
export function construct(type: new (...inputs: never[]) => Operation, inputs: readonly Operand[]): Operation {
  const attempt = (args: readonly unknown[]): { node: Operation } | { error: unknown; accepted: boolean } => {
    const outer = offer;
    const own = offer = { type, inputs, accepted: false };
    try {
      return { node: new type(...args as never[]) }; // what it takes, only the class knows
    } catch (error) {
      return { error: ofOverride(error), accepted: own.accepted };
    } finally {
      offer = outer;
    }
  };
  const first = takeEach.has(type) ? undefined : attempt([inputs]);
  if (first !== undefined && "node" in first) return first.node;
  if (first?.accepted) throw first.error;
  const second = attempt(inputs);
  if ("node" in second) {
    takeEach.add(type);
    return second.node;
  }
  throw first === undefined || first.error instanceof WantsEach || second.accepted ? second.error : first.error;
}

/** Runs an operation's `compute` and makes a tensor of what it returns. */
export function runCompute(operation: Operation, inputs: readonly Tensor[]): Tensor {
  // It computes with numbers: a Variable it closes over is read, not recorded, whichever graph is the default one.
  const result: unknown = callUser(() => outsideGraphs(() => operation.compute(...inputs)));
  if (result instanceof Value) return result.concrete(operation.name);
  if (typeof result !== "number" && typeof result !== "boolean" && !Array.isArray(result)) {
    throw new TypeError(
      `Cannot compute ${operation.name}: its compute returned ${describeForeign(result)}, not a Tensor or numbers`,
    );
  }
  const dtype = inputs.find((input) => input.type.dtype === "float64" && !input.type.weak) ? "float64" : undefined;
  return fromNested(result as NestedArray, dtype, `take the result of ${operation.name}`); // checked element by element there
}

/** The output types of users' operations, as far as they were found. */
export const zeroRunTypes = new WeakMap<Operation, TensorType>();

/** A user operation's output type, once the types of its inputs are known. */
export function zeroRunType(operation: Operation): TensorType | undefined {
  const known = zeroRunTypes.get(operation);
  if (known !== undefined) return known;
  if (operation.graph.values !== undefined && operation.graph.ended === undefined) {
    return operation.concrete("compute").type; // it is computed as it is recorded: no zeros are needed
  }
  const zeros: Tensor[] = [];
  for (const { type } of operation.inputNodes) {
    if (type === undefined) return undefined;
    const strong = type.weak ? new TensorType("float32", type.shape) : type;
    zeros.push(tensorOver(allocate(strong.dtype, strong.size), strong));
  }
  const { type } = runCompute(operation, zeros);
  zeroRunTypes.set(operation, type);
  return type;
}
