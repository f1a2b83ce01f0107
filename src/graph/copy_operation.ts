/**
 * Copies of users' operations. A graph that is specialised or compiled is a copy, and so are the user's operations in
 * it. Gradient rules must find the user's fields on a copy, so it inherits from the original; private fields are on the
 * original alone, so `compute` runs on that; so do the user's other methods, and see the copy's place in the graph.
 * @module
 */
import type { Tensor } from "../tensor.ts";
import type { Value } from "../value.ts";
import type { Graph } from "./graph.ts";
import { newIdentity } from "./node.ts";
import { attach, Operation } from "./operation.ts";
import { zeroRunTypes } from "./user_operation.ts";

/** What a copy of a user's operation is, in the end, a copy of. */
const originals = new WeakMap<Operation, Operation>();

/**
 * A node like `source`, a user's operation, in another graph. It is an object of the same class, so that gradient
 * rules find their fields on it. Private fields are the original's alone: its class's methods run on that.
 */
export function copyOperation(source: Operation, graph: Graph, inputNodes: readonly Value[]): Operation {
  const original = originals.get(source) ?? source;
  const copy: Operation = Object.create(original, {
    identity: { value: newIdentity(), enumerable: true },
    graph: { value: graph },
    inputNodes: { value: inputNodes },
    consumers: { value: [] },
    ...forwarded(original, () => copy),
    compute: { value: (...inputs: Tensor[]) => original.compute(...inputs) },
  }) as Operation; // its prototype is one
  originals.set(copy, original);
  const type = zeroRunTypes.get(source);
  const sameTypes = inputNodes.every((input, index) => input.type?.key === source.inputNodes[index]!.type?.key);
  if (type !== undefined && sameTypes) zeroRunTypes.set(copy, type);
  attach(copy);
  return copy;
}

/** The methods and accessors that a user's classes define, to be called on `copy` and run on `original`. */
function forwarded(original: Operation, copy: () => Operation): PropertyDescriptorMap {
  const properties: PropertyDescriptorMap = {};
  let level: unknown = Object.getPrototypeOf(original);
  for (; level instanceof Operation; level = Object.getPrototypeOf(level)) {
    for (const [name, { value, get, set }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (name === "constructor" || Object.hasOwn(properties, name)) continue; // the nearest class's is the one
      if (get !== undefined || set !== undefined) {
        properties[name] = {
          ...(get && { get: () => inPlaceOf(copy(), original, () => get.call(original)) }),
          ...(set && { set: (next: unknown) => inPlaceOf(copy(), original, () => set.call(original, next)) }),
        };
      } else if (typeof value === "function") {
        properties[name] = {
          value: (...args: unknown[]) => inPlaceOf(copy(), original, () => value.apply(original, args)),
        };
      }
    }
  }
  return properties;
}

/** Runs `body` while `original` has the place in the graph that its copy has. */
function inPlaceOf<T>(copy: Operation, original: Operation, body: () => T): T {
  const { graph, inputNodes, consumers } = copy;
  const place = Object.entries({ graph, inputNodes, consumers, output: copy });
  const before = place.map(([name]) => Object.getOwnPropertyDescriptor(original, name));
  for (const [name, value] of place) Object.defineProperty(original, name, { value, configurable: true });
  try {
    return body();
  } finally {
    place.forEach(([name], index) => {
      if (before[index] === undefined) Reflect.deleteProperty(original, name);
      else Object.defineProperty(original, name, before[index]);
    });
  }
}
