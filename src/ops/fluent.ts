/**
 * Puts the operations on the prototype of Value, as methods.
 * @module
 */
import { isNode } from "../graph/operation.ts";
import { methodOf, variadic } from "../public/public_function.ts";
import { Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { Value } from "../value.ts";
import { methodFunctions } from "./method_functions.ts";

/** Adds a method that does not show up when a value's properties are listed. */
function defineMethods(name: string | symbol, method: (this: Value, ...rest: never[]) => unknown): void {
  Object.defineProperty(Value.prototype, name, { value: method, writable: true, configurable: true });
}

for (const [name, operation] of Object.entries(methodFunctions)) defineMethods(name, methodOf(operation));

/** Methods of version 0.1.0 that are functions only, so that a bundler leaves out those that a program does not import. */
const removed = [
  "windows",
  ...[1, 2, 3].flatMap((axes) => [`conv${axes}d`, `convTranspose${axes}d`, `maxPool${axes}d`, `averagePool${axes}d`]),
];
for (const name of removed) {
  defineMethods(
    name,
    variadic(() => {
      throw new TypeError(`Cannot call ${name} as a method: it is a function, ${name}(x, …)`);
    }),
  );
}

/** The parts of nodes that were iterated over. */
const partsOf = new WeakMap<Value, Value[]>();

/** The parts along the first axis. Those of a node are the same nodes each time: frameworks find it equal to itself by them. */
function* parts(this: Value): Generator<Value> {
  const { shape } = this;
  const rest = shape.slice(1);
  if (this instanceof Tensor) {
    const type = new TensorType(this.dtype, rest);
    for (let index = 0; index < shape[0]!; index++) {
      yield tensorOver(this.data.slice(index * type.size, (index + 1) * type.size), type);
    }
    return;
  }
  const known = isNode(this) ? partsOf.get(this) ?? [] : [];
  if (isNode(this)) partsOf.set(this, known);
  for (let index = 0; index < shape[0]!; index++) {
    yield known[index] ??= this.slice([index], [index + 1]).reshape(rest);
  }
}

// A single number has no iterator: what asks for one, as test frameworks do to compare, then compares its fields.
Object.defineProperty(Value.prototype, Symbol.iterator, {
  get(this: Value) {
    return this.type?.shape.length === 0 ? undefined : parts;
  },
  configurable: true,
});
