/**
 * Gradients of functions.
 * @module
 */
import { describeForeign } from "../describe.ts";
import { isFloating } from "../dtype.ts";
import { backpropagate, onesSeed } from "../graph/gradients.ts";
import { Placeholder } from "../graph/placeholder.ts";
import { nodeIn } from "../graph/recording.ts";
import { activeTrace, type Trace } from "../graph/trace.ts";
import { zerosLike } from "../ops/creation.ts";
import { toValue } from "../graph/apply.ts";
import { callUser } from "../public/caller.ts";
import { count, fn as fnKind } from "../public/kinds.ts";
import { checkCall, signed, variadic } from "../public/public_function.ts";
import { type OptionKinds, planOf } from "../public/signature.ts";
import { flatten, unflatten } from "../tree.ts";
import { Value } from "../value.ts";
import type { Tensor } from "../tensor.ts";
import { checkSynchronous, functionName, traceWithValues } from "./trace.ts";

/** A tree with a gradient for every leaf: a Tensor where it was a number or something that holds numbers. */
export type Gradients<T> = T extends Value | number ? Tensor
  : T extends readonly unknown[] ? { -readonly [K in keyof T]: Gradients<T[K]> }
  : T extends object ? { [K in keyof T]: Gradients<T[K]> }
  : T;

/** The arguments a differentiated function is called with: for the one at `Position`, where it takes a Value, a number will do. */
export type GradientArguments<A extends readonly unknown[], Position extends number = 0> = {
  [K in keyof A]:
    | A[K]
    | (A[K] extends Value ? (K extends `${Position}` ? number | Value : Value) : never);
};

/** Options of {@linkcode grad} and {@linkcode valueAndGrad}. */
export interface GradOptions<Position extends number = number> {
  /** Which argument to differentiate with respect to; the first by default. */
  readonly argument?: Position;
}

const gradOptions: OptionKinds<GradOptions> = { argument: count };
const valueAndGradPlan = planOf({
  name: "valueAndGrad",
  action: "differentiate",
  positional: { fn: fnKind },
  options: gradOptions,
});
const gradPlan = planOf({ name: "grad", action: "differentiate", positional: { fn: fnKind }, options: gradOptions });
signed(valueAndGrad, valueAndGradPlan);
signed(grad, gradPlan);

/**
 * A function that returns both the value of `fn`, which must be a floating scalar, and its gradient with respect to
 * the first argument: a tree of the same structure. Outside `compile` it runs as it is differentiated, so `fn` may
 * branch on numbers; inside, it is recorded like everything else. Gradients can be differentiated again.
 *
 * @example
 * ```ts
 * import { tensor, type Value, valueAndGrad } from "@tensorloom/tensorloom";
 *
 * const [value, gradient] = valueAndGrad((p: { w: Value }) => p.w.mul(p.w).sum())({ w: tensor([1, 2]) });
 * console.log(value.item(), gradient.w.toArray()); // 5 [2, 4]
 * ```
 */
export function valueAndGrad<A extends readonly unknown[] = Value[], Position extends number = 0>(
  fn: (...args: A) => Value,
  options: GradOptions<Position> = {},
): (...args: GradientArguments<A, Position>) => [value: Tensor, gradients: Gradients<A[Position]>] {
  checkCall(valueAndGradPlan, valueAndGrad, arguments.length, fn, options);
  const argument: number = options.argument ?? 0;
  const name = functionName(fn, "the function");
  const differentiated = (...args: GradientArguments<A, Position>): [Value, unknown] => {
    const { leaves, paths, structure } = flatten(args[argument]);
    const values = leaves.map((leaf, index) => differentiableLeaf(leaf, `argument ${argument}${paths[index]}`, name));
    const outer = activeTrace();
    const record = (trace: Trace): [Value, Value[]] => {
      const copies = values.map((value, index) => freshLeaf(trace, value, `argument${argument}${paths[index]}`));
      const rest = args.map((arg, index) =>
        index === argument ? unflatten(structure, copies) : arg
      ) as readonly unknown[];
      const result = callUser(() => fn(...rest as A)); // the same arguments, with Values in place of the leaves of one
      checkSynchronous(result, name);
      const y = checkScalar(result, name);
      const node = nodeIn(trace.graph, y);
      const results = backpropagate([node], [onesSeed(trace.graph, node)], copies);
      return [node, results.map((gradient, index) => gradient ?? zerosLike(copies[index]!))];
    };
    if (outer !== undefined) {
      const [y, gradients] = record(outer);
      return [y, unflatten(structure, gradients)];
    }
    return traceWithValues(name, (trace) => {
      const [y, gradients] = record(trace);
      return [y.concrete("return"), unflatten(structure, gradients.map((gradient) => gradient.concrete("return")))];
    });
  };
  // Inside another trace the results are nodes; there their static type is wider than it says, as fn's own are.
  return variadic(differentiated) as (...args: GradientArguments<A, Position>) => [Tensor, Gradients<A[Position]>];
}

/**
 * A function that returns the gradient of `fn` with respect to its first argument; see {@linkcode valueAndGrad}.
 *
 * @example
 * ```ts
 * import { grad, tensor, type Value } from "@tensorloom/tensorloom";
 *
 * console.log(grad((x: Value) => x.mul(x).sum())(tensor([1, 2, 3])).toArray()); // [2, 4, 6]
 * ```
 */
export function grad<A extends readonly unknown[] = Value[], Position extends number = 0>(
  fn: (...args: A) => Value,
  options: GradOptions<Position> = {},
): (...args: GradientArguments<A, Position>) => Gradients<A[Position]> {
  checkCall(gradPlan, grad, arguments.length, fn, options);
  const both = valueAndGrad(fn, options);
  return variadic((...args) => both(...args)[1]);
}

function differentiableLeaf(leaf: unknown, where: string, name: string): Value {
  const value = leaf instanceof Value ? leaf : typeof leaf === "number" ? toValue(leaf).mul(1) : undefined;
  if (value === undefined) {
    throw new TypeError(`Cannot differentiate ${name}: ${where} is ${describeForeign(leaf)}, not a tensor or a number`);
  }
  if (!isFloating(value.dtype)) {
    throw new TypeError(
      `Cannot differentiate ${name}: ${where} is ${value.type}, and only floating tensors have gradients`,
    );
  }
  return value;
}

/** A node of its own for an argument, so that its other uses, outside `fn`, are told apart. */
function freshLeaf(trace: Trace, value: Value, name: string): Value {
  if (trace.graph.values === undefined || "graph" in value && value.graph === trace.graph) {
    return nodeIn(trace.graph, value).reshape(value.shape);
  }
  const tensor = value.concrete("differentiate");
  const leaf = new Placeholder(trace.graph, { name }, tensor.type);
  trace.graph.values.set(leaf, tensor);
  return leaf;
}

/** What is differentiated is one floating number. */
export function checkScalar(result: unknown, name: string): Value {
  if (!(result instanceof Value)) {
    throw new TypeError(`Cannot differentiate ${name}: it returned ${describeForeign(result)}, not a tensor`);
  }
  if (result.size !== 1 || !isFloating(result.dtype)) {
    throw new TypeError(
      `Cannot differentiate ${name}: it returned ${result.type}, not a floating scalar; reduce it with sum() or mean()`,
    );
  }
  return result;
}
