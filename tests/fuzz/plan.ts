/**
 * Plans: programs as plain data, which can be run in every way there is.
 * @module
 */
import {
  compile,
  type CompileOptions,
  type DType,
  grad,
  gradients,
  Graph,
  type Operand,
  type Placeholder,
  placeholder,
  Session,
  type Shape,
  Tensor,
  type Value,
  Variable,
} from "../../mod.ts";
import { allocate } from "../../src/dtype.ts";
import type { GraphFunction } from "../../src/graph/function.ts";
import { apply } from "../../src/graph/apply.ts";
import type { Attributes } from "../../src/ops/op.ts";
import { applyMulti } from "../../src/ops/apply_multi.ts";
import { type MultiOpName, multiOpTable, type OpName, opTable } from "../../src/ops/table.ts";
import { specialize } from "../../src/graph/specialize.ts";
import { TensorType } from "../../src/tensor_type.ts";

/** A tensor as data. */
export interface Numbers {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: readonly number[];
}

/** One value of a plan; operands are places in the list of all values before it. */
export type Step =
  | { readonly kind: "argument" | "constant" | "variable"; readonly numbers: Numbers }
  /** A number written in the program. */
  | { readonly kind: "number"; readonly number: number }
  | {
    readonly kind: "operation";
    readonly op: OpName | MultiOpName;
    /** Of an operation with several results: which of them. */
    readonly result?: number;
    readonly inputs: readonly number[];
    readonly attributes: Attributes;
  }
  /** `variable.assign(value)`; as a value, what the Variable reads as afterwards. */
  | { readonly kind: "assign"; readonly variable: number; readonly value: number };

/** A program: values in order, and which of them it returns. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly outputs: readonly number[];
}

/** What a run of a plan gave: its outputs, then its Variables. */
export type Outcome = readonly Tensor[];

/** The tensor that `numbers` describe. */
export function tensorOf({ dtype, shape, data }: Numbers): Tensor {
  const array = allocate(dtype, data.length);
  array.set(data);
  return new Tensor(array, new TensorType(dtype, shape));
}

/** The result of an operation. */
function applied(
  { op, result, attributes }: Step & { readonly kind: "operation" },
  operands: readonly Operand[],
): Value {
  if (isMultiOp(op)) return applyMulti(multiOpTable[op], operands, attributes)[result!]!; // it says which
  return apply(opTable[op], operands, attributes);
}

/** Whether an operation has several results. */
export function isMultiOp(name: OpName | MultiOpName): name is MultiOpName {
  return Object.hasOwn(multiOpTable, name);
}

/** What is made of a plan before it runs: new Variables and constants. */
class Setting {
  readonly variables = new Map<number, Variable>();
  readonly constants = new Map<number, Tensor>();
  readonly arguments: Tensor[] = [];
  readonly plan: Plan;

  constructor(plan: Plan) {
    this.plan = plan;
    plan.steps.forEach((step, index) => {
      if (step.kind === "variable") this.variables.set(index, new Variable(tensorOf(step.numbers)));
      if (step.kind === "constant") this.constants.set(index, tensorOf(step.numbers));
      if (step.kind === "argument") {
        const twin = plan.steps.filter(({ kind }) => kind === "argument").indexOf(step);
        this.arguments.push(this.arguments[twin] ?? tensorOf(step.numbers));
      }
    });
  }

  /** Runs the steps on these arguments. `inGraph` is for graphs made by hand, in which an assignment is a node. */
  values(given: readonly Value[], inGraph = false): Operand[] {
    const values: Operand[] = [];
    let next = 0;
    this.plan.steps.forEach((step, index) => {
      switch (step.kind) {
        case "argument":
          return values.push(given[next++]!);
        case "constant":
          return values.push(this.constants.get(index)!);
        case "variable":
          return values.push(this.variables.get(index)!);
        case "number":
          return values.push(step.number);
        case "operation":
          return values.push(applied(step, step.inputs.map((input) => values[input]!)));
        case "assign": {
          const variable = this.variables.get(this.homeOf(step.variable))!;
          const value = values[step.value]!;
          // A tensor is assigned at once, unless the graph holds it.
          const node = variable.assign(inGraph && value instanceof Tensor ? Graph.default!.capture(value) : value);
          return values.push(inGraph ? node : variable.value);
        }
        default:
          return step satisfies never;
      }
    });
    return values;
  }

  /** The place of the Variable that a value of the plan reads. */
  homeOf(place: number): number {
    const step = this.plan.steps[place]!;
    return step.kind === "assign" ? this.homeOf(step.variable) : place;
  }

  /** The outputs of the plan. A Variable, or its value, is returned as what it holds then. */
  outputs(given: readonly Value[], inGraph = false): Value[] {
    const values = this.values(given, inGraph);
    return this.plan.outputs.map((output) => values[output] as Value); // outputs are no numbers
  }

  outcome(outputs: readonly Value[]): Outcome {
    const results = outputs.map((output) => output.concrete("compare"));
    return [...results, ...[...this.variables.values()].map((variable) => variable.value.concrete("compare"))];
  }
}

/** Operation by operation. */
export function runEagerly(plan: Plan): Outcome {
  const setting = new Setting(plan);
  return setting.outcome(setting.outputs(setting.arguments));
}

/** What the steps of a plan are made into, before that is compiled or differentiated. */
type Wrap = (steps: (given: readonly Value[]) => Value[]) => (given: readonly Value[]) => Value[];

/** As a compiled function. */
export function runCompiled(plan: Plan, options: CompileOptions = {}, wrap: Wrap = (steps) => steps): Outcome {
  const setting = new Setting(plan);
  const steps = wrap((given) => setting.outputs(given));
  const compiled = compile((...given: Tensor[]) => steps(given), options);
  return setting.outcome(compiled(...setting.arguments));
}

/** As a graph made by hand, which a session runs. Without `known`, the graph learns all shapes from its feeds. */
export function runInSession(plan: Plan, mode: "compiled" | "reference", known = true): Outcome {
  return new Graph().asDefault(() => {
    const setting = new Setting(plan);
    const { fetches, feeds } = build(setting, known);
    const outputs = new Session({ mode }).run(fetches, feeds);
    return Graph.clearDefault(), setting.outcome(outputs.slice(0, plan.outputs.length));
  });
}

/** The plan as a graph made by hand: what is to be fetched, and what is fed. */
function build(setting: Setting, known: boolean): { fetches: Value[]; feeds: Map<Placeholder, Tensor> } {
  const feeds = new Map(
    setting.arguments.map((each) => [placeholder(known ? { dtype: each.dtype, shape: each.shape } : {}), each]),
  );
  const values = setting.values([...feeds.keys()], true);
  const graph = Graph.default!; // the callers set it
  const outputs = setting.plan.outputs.map((output) => values[output] as Value); // outputs are no numbers
  const nodes = outputs.map((value) => value instanceof Tensor ? graph.capture(value) : value);
  const assigned = setting.plan.steps.flatMap((step, index) => step.kind === "assign" ? [values[index] as Value] : []); // nodes
  return { fetches: [...nodes, ...assigned], feeds };
}

/** The plan as the function of a specialised graph, with the tensors it takes. */
export function graphFunctionOf(plan: Plan): { graphFunction: GraphFunction; inputs: readonly Tensor[] } {
  return new Graph().asDefault(() => {
    const { fetches, feeds } = build(new Setting(plan), true);
    const graphFunction = specialize(fetches, new Map([...feeds].map(([node, value]) => [node, value.type])));
    return { graphFunction, inputs: graphFunction.inputs.map((_, index) => [...feeds.values()][index]!) };
  });
}

/** The arguments that a plan's first output is differentiated with respect to: the floating ones. */
function splitArguments(setting: Setting): { chosen: Tensor[]; all: (chosen: readonly Value[]) => Value[] } {
  const floats = setting.arguments.map((each) => each.dtype === "float32" || each.dtype === "float64");
  return {
    chosen: setting.arguments.filter((_, index) => floats[index]),
    all(chosen) {
      let next = 0;
      return setting.arguments.map((each, index) => floats[index] ? chosen[next++]! : each);
    },
  };
}

/** The gradients, computed as they are recorded. */
export function differentiateEagerly(plan: Plan): Outcome {
  const setting = new Setting(plan);
  const { chosen, all } = splitArguments(setting);
  return grad((xs: readonly Value[]) => setting.outputs(all(xs))[0]!)(chosen);
}

/** The gradients, as a compiled function. */
export function differentiateCompiled(
  plan: Plan,
  options: CompileOptions = {},
  wrap: Wrap = (steps) => steps,
): Outcome {
  const setting = new Setting(plan);
  const { chosen, all } = splitArguments(setting);
  const steps = wrap((given) => setting.outputs(given));
  return compile((xs: readonly Value[]) => grad((ys: readonly Value[]) => steps(all(ys))[0]!)(xs), options)(chosen);
}

/** The gradients, as nodes of a graph made by hand. */
export function differentiateInSession(plan: Plan, mode: "compiled" | "reference"): Outcome {
  return new Graph().asDefault(() => {
    const setting = new Setting(plan);
    const { fetches, feeds } = buildGradients(setting);
    return new Session({ mode }).run(fetches, feeds);
  });
}

function buildGradients(setting: Setting): { fetches: Value[]; feeds: Map<Placeholder, Tensor> } {
  const { fetches, feeds } = build(setting, true);
  const floats = [...feeds].filter(([, value]) => value.dtype === "float32" || value.dtype === "float64");
  return { fetches: gradients(fetches[0]!, floats.map(([node]) => node)), feeds };
}

/** The gradients as the function of a specialised graph, with the tensors it takes. */
export function gradientFunctionOf(plan: Plan): { graphFunction: GraphFunction; inputs: readonly Tensor[] } {
  return new Graph().asDefault(() => {
    const { fetches, feeds } = buildGradients(new Setting(plan));
    const graphFunction = specialize(fetches, new Map([...feeds].map(([node, value]) => [node, value.type])));
    const order = [...feeds];
    return {
      graphFunction,
      inputs: graphFunction.inputs.map((input) => order.find(([node]) => node.name === input.name)![1]),
    };
  });
}
