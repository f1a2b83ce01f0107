/**
 * Recording one call of a compiled function: what its arguments are in the graph, and what its results are made of.
 * @module
 */
import { isFloating } from "../dtype.ts";
import { inferType } from "../graph/definition.ts";
import { type GraphFunction, type Parameter, traceFunction } from "../graph/function.ts";
import type { Graph } from "../graph/graph.ts";
import { isNode, MultiOperation, type Operation, TableOperation } from "../graph/operation.ts";
import { nodeIn } from "../graph/recording.ts";
import type { Trace } from "../graph/trace.ts";
import { type AbstractVariable, Variable } from "../graph/variable.ts";
import { callUser } from "../public/caller.ts";
import { Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";
import { flatten, type Structure, unflatten } from "../tree.ts";
import { Value } from "../value.ts";
import { type Arguments, type CallSignature, checkArgument, firstPlaces, isFraction } from "./signature.ts";
import { checkSynchronous } from "./trace.ts";

/** The type of a number that is fed: a whole one, as far as is known. */
export const scalarType = new TensorType("float64", [], "scalar");
const fractionType = new TensorType("float64", [], "fraction");

/** A leaf of a result: the number of an output, or a value that recording found to be constant. */
export type ResultLeaf = { readonly output: number } | { readonly constant: unknown };

/** A call, recorded. */
export interface TracedCall {
  readonly graphFunction: GraphFunction;
  /** Which leaves of the arguments are fed, in the order of the function's inputs. */
  readonly inputs: readonly number[];
  /** What the result looks like without its leaves. */
  readonly structure: Structure;
  /** Its leaves, from left to right. */
  readonly results: readonly ResultLeaf[];
  /** For each Variable of the function: which argument leaf tells it, and how, or the Variable itself. */
  readonly variables: readonly (Variable | { readonly leaf: number; readonly resolve: AbstractVariable["resolve"] })[];
  /** The leaves that are numbers and were used with a tensor of integers or bool, which they can only join when they are whole. */
  readonly wantsWhole: readonly number[];
}

/** Records `fn` for arguments of a signature. */
export function traceCall(
  fn: (...args: readonly unknown[]) => unknown,
  name: string,
  { leaves, paths, structure, isStatic, own, fractions }: CallSignature,
): TracedCall {
  const parameters: Parameter[] = [];
  const inputs: number[] = [];
  const placeOf = firstPlaces(leaves);
  const fractional = new Set(fractions);
  /** For each leaf that is fed, its number among the parameters: a tensor that is there twice is fed once. */
  const places: (number | undefined)[] = [];
  leaves.forEach((leaf, index) => {
    const first = leaf instanceof Tensor ? placeOf(leaf) : index;
    const type = leaf instanceof Tensor
      ? leaf.type
      : typeof leaf === "number" && !isStatic(index)
      ? fractional.has(index) ? fractionType : scalarType
      : undefined;
    if (type === undefined || first < index) {
      places.push(type && places[first]);
      return;
    }
    inputs.push(index);
    places.push(parameters.push({ name: argumentName(paths[index]!), type }) - 1);
  });
  const abstractVariables = new Map<Variable, Variable>();
  const abstractVariableFor = (variable: Variable): Variable => {
    let abstract = abstractVariables.get(variable);
    if (abstract === undefined) {
      const kept: AbstractVariable = { argument: variable, original: variable, resolve: (actual) => actual };
      abstractVariables.set(variable, abstract = new Variable(variable, {}, kept));
    }
    return abstract;
  };
  let returned: unknown;
  const results: ResultLeaf[] = [];
  const graphFunction = traceFunction(name, parameters, (nodes, { graph }) => {
    const given = leaves.map((leaf, index) => {
      const place = places[index];
      if (place !== undefined) return nodes[place];
      return leaf instanceof Variable && own.length === 0 ? abstractVariableFor(leaf) : leaf;
    });
    returned = callUser(() => fn(...unflatten(structure, given) as readonly unknown[])); // the arguments are an array
    checkSynchronous(returned, name);
    const outputs: Value[] = [];
    for (const leaf of flatten(returned).leaves) {
      results.push(
        leaf instanceof Value ? { output: outputs.push(resultIn(graph, leaf, name)) - 1 } : { constant: leaf },
      );
    }
    return outputs;
  }, { description: `the compiled function ${name}` });
  const fed = graphFunction.inputs as readonly Value[];
  const meetingIntegers = new Set(graphFunction.graph.operations.flatMap(numbersThatCount));
  return {
    graphFunction,
    inputs,
    structure: flatten(returned).structure,
    results,
    // The others came with a call of another compiled function.
    wantsWhole: fed.flatMap((input, place) => meetingIntegers.has(input) ? [inputs[place]!] : []),
    variables: graphFunction.variables.map((variable) => {
      const { abstract } = variable;
      return abstract === undefined ? variable : { leaf: placeOf(abstract.argument), resolve: abstract.resolve };
    }),
  };
}

/**
 * A compiled function inside another trace is a part of that: one program holds everything. It is given what it would be
 * given alone, and gives what it would give.
 */
export function callInside(
  { graph }: Trace,
  fn: (...args: readonly unknown[]) => unknown,
  name: string,
  { leaves, paths, structure, isStatic }: Arguments,
): unknown {
  const given = leaves.map((leaf, index) => {
    checkArgument(leaf, paths[index]!, name);
    if (typeof leaf !== "number" || isStatic(index)) return leaf;
    return graph.capture(numberTensor(leaf, isFraction(leaf) ? fractionType : scalarType));
  });
  const result = callUser(() => fn(...unflatten(structure, given) as readonly unknown[])); // the arguments are an array
  checkSynchronous(result, name);
  const flat = flatten(result);
  // A tensor that was closed over, or computed of such, keeps its numbers.
  const returned = (leaf: unknown): unknown =>
    leaf instanceof Value && !(leaf instanceof Tensor) ? resultIn(graph, leaf, name) : leaf;
  return unflatten(flat.structure, flat.leaves.map(returned));
}

/** The node that a compiled function returns for a value: what that reads as now, and a number as float32. */
function resultIn(graph: Graph, value: Value, name: string): Value {
  if (isNode(value) && value.graph !== graph) {
    throw new TypeError(`Cannot return ${value.describe()} from ${name}: it belongs to another graph`);
  }
  const node = nodeIn(graph, value);
  return node.type?.weak ? node.astype("float32") : node;
}

/** A number as it is fed. */
export function numberTensor(value: number, type: TensorType): Tensor {
  return tensorOver(new Float64Array([value]), type);
}

/** The numbers that are fed and of which an operation makes something else when they are not whole. */
function numbersThatCount(node: Operation): readonly Value[] {
  const numbers = node.inputNodes.filter(({ type }) => type?.weak === "scalar");
  if (numbers.length === 0) return [];
  if (node instanceof MultiOperation && node.bodies.length > 0) {
    return node.bodies.flatMap(({ graph, inputs }) => {
      const counting = new Set<Value>(graph.operations.flatMap(numbersThatCount));
      return node.inputNodes.filter((_, index) => counting.has(inputs[index]!)); // a body takes all of them
    });
  }
  return countsFractions(node) ? numbers : [];
}

function countsFractions(node: Operation): boolean {
  const types = node.inputNodes.map(({ type }) => type!); // every type of a trace is known
  // What a user's operation does with a number is not known.
  if (!(node instanceof TableOperation)) return types.some(({ weak, dtype }) => !weak && !isFloating(dtype));
  const fractions = types.map((type) => type.weak === "scalar" ? fractionType : type);
  const { op, attributes } = node;
  const dtypesFor = (types: readonly TensorType[]): readonly unknown[] => [
    inferType(op, types, attributes).dtype,
    op.lowering === "elementwise" && op.operandDType(types, types.length - 1),
  ];
  return dtypesFor(types).join() !== dtypesFor(fractions).join();
}

function argumentName(path: string): string {
  return `argument${path.slice(1).replace("]", "")}`;
}
