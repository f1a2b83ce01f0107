/**
 * From the numbers that fast-check draws to a plan. Every sequence of numbers gives a valid plan, and leaving some out
 * gives a smaller one, which is what makes failures shrink.
 * @module
 */
import fc from "fast-check";
import type { DType } from "../../mod.ts";
import { isFloating } from "../../src/dtype.ts";
import { inferType, inferTypes } from "../../src/graph/definition.ts";
import { type MultiOpName, multiOpNames, multiOpTable, type OpName, opNames, opTable } from "../../src/ops/table.ts";
import { sizeOf } from "../../src/shape.ts";
import { TensorType } from "../../src/tensor_type.ts";
import { type Bounded, boundOperation, convertBounded, exactly, Undecided } from "./bounds.ts";
import { frequent, generators } from "./generators.ts";
import { type Generator, maximumSize, type Source } from "./generator_kinds.ts";
import { isMultiOp, type Numbers, type Plan, type Step, tensorOf } from "./plan.ts";

/** What one step is made from. */
export interface Choice {
  readonly op: number;
  readonly numbers: readonly number[];
}

/** What a whole plan is made from. */
export interface Choices {
  readonly lengths: readonly number[];
  readonly leaves: readonly Choice[];
  readonly steps: readonly Choice[];
  readonly outputs: readonly number[];
}

const natural = fc.nat({ max: 0xffff });
const choice = fc.record({ op: natural, numbers: fc.array(natural, { minLength: 14, maxLength: 14 }) });

/** Draws what a plan of up to `maximumSteps` operations is made from. */
export function choices(maximumSteps: number): fc.Arbitrary<Choices> {
  return fc.record({
    lengths: fc.array(natural, { minLength: 3, maxLength: 3 }),
    leaves: fc.array(choice, { minLength: 1, maxLength: 4 }),
    steps: fc.array(choice, { minLength: 1, maxLength: maximumSteps, size: "max" }),
    outputs: fc.array(natural, { minLength: 1, maxLength: 5 }),
  });
}

/** A plan, with what it computes. */
export interface Built {
  readonly plan: Plan;
  /** For each output, and then for each Variable: the numbers, and how far off a result may be. */
  readonly expected: readonly Bounded[];
}

/** Which operations a plan is made of. */
export interface Vocabulary {
  readonly names: readonly (OpName | MultiOpName)[];
  readonly dtypes: readonly DType[];
  readonly lengths: readonly number[];
  /** Whether NaN, the infinities and −0 are among the numbers, Variables are assigned, and so on. */
  readonly wild: boolean;
}

/** Everything. */
export const anything: Vocabulary = {
  names: [...[...opNames, ...multiOpNames].filter((name) => typeof generators[name] !== "string"), ...frequent],
  dtypes: ["float32", "float32", "float32", "float64", "int32", "uint32", "int8", "uint8", "bool"],
  lengths: [2, 3, 1, 5, 0, 7, 4, 17, 11],
  wild: true,
};

const smooth: readonly OpName[] = [
  "add",
  "sub",
  "mul",
  "div",
  "pow",
  "neg",
  "square",
  "reciprocal",
  "sqrt",
  "rsqrt",
  "exp",
  "expm1",
  "log",
  "log1p",
  "sin",
  "cos",
  "tan",
  "atan",
  "atan2",
  "asin",
  "sinh",
  "cosh",
  "tanh",
  "sigmoid",
  "softplus",
  "erf",
  "sum",
  "mean",
  "variance",
  "std",
  "logSumExp",
  "prod",
  "cumulativeSum",
  "cumulativeProd",
  "contract",
  "matmul",
  "dot",
  "outer",
  "reshape",
  "permuteDims",
  "broadcastTo",
  "slice",
  "pad",
  "concat",
  "windows",
  "convolution",
  "convolution",
  "convolution",
  "transposedConvolution",
  "transposedConvolution",
  "transposedConvolution",
  "maxPool",
  "maxPool",
  "averagePool",
  "averagePool",
  "transpose",
  "expandDims",
  "squeeze",
  "stack",
  "split",
  "flip",
  "tile",
  "repeat",
  "tril",
  "triu",
  "take",
  "scatterAdd",
  "softmax",
  "logSoftmax",
  "crossEntropy",
  "meanSquaredError",
  "gelu",
  "cast",
  "where",
  "relu",
  "maximum",
  "minimum",
  "max",
  "min",
  "clip",
  "abs",
  "meshgrid",
  "sort",
];

/** What has gradients. */
export const differentiable: Vocabulary = {
  names: [...smooth, ...frequent],
  dtypes: ["float32", "float64", "float32", "float64", "float64"],
  lengths: [2, 3, 1, 5, 4, 17, 11],
  wild: false,
};

/** Bounds beyond this, relative to the numbers, say nothing any more. */
const looseness = 1e-3;

class Builder {
  readonly steps: Step[] = [];
  readonly bounded: Bounded[] = [];
  /** Places that no later step may read: what a Variable held before it was assigned to. */
  readonly stale = new Set<number>();
  readonly #vocabulary: Vocabulary;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  push(step: Step, bounded: Bounded): number {
    this.bounded.push(bounded);
    return this.steps.push(step) - 1;
  }

  /** The generators' view of this plan, drawing from the numbers given. Leaves it makes are kept for as long as the step is. */
  source(numbers: readonly number[]): Source {
    let used = 0;
    let seed = 0;
    const next = (count: number): number => {
      const drawn = numbers[used % numbers.length]! + (used >= numbers.length ? used * 7919 : 0);
      used++;
      return drawn % count;
    };
    const small = (dtype: DType): () => number => () => {
      seed = seed * 1103515245 + numbers[seed % numbers.length]! + 12345 & 0x7fffffff;
      return smallNumber(seed >> 8, dtype);
    };
    return {
      next,
      pick: (fits = () => true) => {
        const recent = next(2) === 1;
        const fitting = this.bounded.flatMap(({ type }, place) =>
          !this.stale.has(place) && this.steps[place]!.kind !== "number" && fits(type) ? [place] : []
        );
        if (fitting.length === 0) return undefined;
        const from = recent ? fitting.slice(-3) : fitting;
        return from[next(from.length)]!;
      },
      typeOf: (place) => this.bounded[place]!.type,
      leaf: (dtype, shape, number = small(dtype)) => {
        const kind = (["constant", "argument", "variable"] as const)[next(3)]!;
        const made = { dtype, shape: [...shape], data: Array.from({ length: sizeOf(shape) }, number) };
        return this.push({ kind, numbers: made }, exactly(tensorOf(made)));
      },
      number: (value) => {
        const type = new TensorType("float64", [], Number.isInteger(value) ? "integer" : "float");
        return this.push({ kind: "number", number: value }, {
          type,
          values: Float64Array.of(value),
          errors: new Float64Array(1),
        });
      },
    };
  }

  addLeaf({ op, numbers }: Choice, lengths: readonly number[]): void {
    const { dtypes, wild } = this.#vocabulary;
    const dtype = dtypes[op % dtypes.length]!;
    const [drop = 0, ones = 0, kind = 0] = numbers;
    const shape = lengths.slice(drop % 4).map((length, axis) => (ones >> axis & 3) === 3 ? 1 : length);
    while (sizeOf(shape) > maximumSize) shape.shift();
    const twin = this.steps.findLast((step): step is Step & { readonly numbers: Numbers } => step.kind === "argument");
    if (twin !== undefined && numbers[5]! % 8 === 7) {
      this.push(twin, exactly(tensorOf(twin.numbers))); // the same tensor is passed twice
      return;
    }
    let seed = numbers[3]!;
    const special = wild && isFloating(dtype) && numbers[4]! % 8 === 7;
    const data = Array.from({ length: sizeOf(shape) }, () => {
      seed = (Math.imul(seed, 1103515245) + 12345 >>> 0) & 0x7fffffff;
      if (special && (seed >> 8) % 5 === 0) return [NaN, Infinity, -Infinity, -0][(seed >> 12) % 4]!;
      return smallNumber(seed >> 8, dtype);
    });
    const made: Numbers = { dtype, shape, data };
    this.push(
      { kind: (["argument", "argument", "constant", "variable"] as const)[kind % 4]!, numbers: made },
      exactly(tensorOf(made)),
    );
  }

  /** Adds a step, if its numbers lead to one. */
  addStep({ op, numbers }: Choice): void {
    const { names, wild } = this.#vocabulary;
    if (wild && op % 37 === 36) return this.#addAssign(numbers);
    const name = names[op % names.length]!;
    const length = this.steps.length;
    try {
      const application = (generators[name] as Generator)(this.source(numbers)); // names of the vocabulary have one
      if (application === undefined) return this.#rewind(length);
      const { inputs, attributes = {} } = application;
      const operands = inputs.map((input) => this.bounded[input]!);
      const results = resultsOf(name, operands, attributes);
      if (results === undefined) return this.#rewind(length);
      const result = isMultiOp(name) ? numbers.at(-1)! % results : undefined;
      const bounded = boundOperation(
        isMultiOp(name) ? multiOpTable[name] : opTable[name],
        operands,
        attributes,
        result,
      );
      if (bounded.type.size > maximumSize || !isTight(bounded)) return this.#rewind(length);
      this.push({ kind: "operation", op: name, ...(result !== undefined && { result }), inputs, attributes }, bounded);
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
      this.#rewind(length);
    }
  }

  #addAssign(numbers: readonly number[]): void {
    const source = this.source(numbers);
    const variable = this.steps.findLastIndex((step, place) =>
      (step.kind === "variable" || step.kind === "assign") && !this.stale.has(place)
    );
    if (variable < 0) return;
    const { type } = this.bounded[variable]!;
    const value = source.pick((other) =>
      other.key !== type.key ? other.shape.join() === type.shape.join() && !other.weak && isFloating(type.dtype) : true
    );
    if (value === undefined || this.bounded[value]!.type.shape.join() !== type.shape.join()) return;
    try {
      const converted = convertBounded(this.bounded[value]!, type.dtype);
      this.stale.add(variable);
      this.push({ kind: "assign", variable, value }, { ...converted, type });
    } catch (error) {
      if (!(error instanceof Undecided)) throw error;
    }
  }

  #rewind(length: number): void {
    this.steps.length = length;
    this.bounded.length = length;
  }

  /** The plan, returning the values that the numbers given choose, the last one among them. */
  finish(outputs: readonly number[]): Built {
    const open = this.steps.flatMap((step, place) => step.kind === "number" || this.stale.has(place) ? [] : [place]);
    const used = new Set(this.steps.flatMap((step) => step.kind === "operation" ? step.inputs : []));
    const ends = open.filter((place) => !used.has(place) && this.steps[place]!.kind === "operation");
    const chosen = [
      open.at(-1)!,
      ...outputs.slice(1).map((output, index) => {
        const among = index % 2 === 0 && ends.length > 0 ? ends : open; // mostly what nothing else reads, so that little is left out
        return among.at(-1 - output % among.length)!;
      }),
    ];
    const plan = prune({ steps: this.steps, outputs: chosen });
    const held = new Map<number, Bounded>();
    this.steps.forEach((step, place) => {
      if (step.kind === "variable") held.set(place, this.bounded[place]!);
      if (step.kind === "assign") held.set(homeOf(this.steps, place), this.bounded[place]!);
    });
    const kept = keptPlaces({ steps: this.steps, outputs: chosen });
    const variables = [...held].filter(([place]) => kept.has(place)).map(([, bounded]) => bounded);
    return { plan, expected: [...chosen.map((output) => this.bounded[output]!), ...variables] };
  }
}

function homeOf(steps: readonly Step[], place: number): number {
  const step = steps[place]!;
  return step.kind === "assign" ? homeOf(steps, step.variable) : place;
}

/** Small dyadic numbers, which add and multiply exactly. */
function smallNumber(seed: number, dtype: DType): number {
  switch (dtype) {
    case "float32":
    case "float64":
      return (seed % 33 - 16) / 8;
    case "bool":
      return seed % 2;
    case "uint32":
    case "uint8":
      return seed % 8;
    default:
      return seed % 15 - 7;
  }
}

/** How many results the operation has of these operands, or undefined if it refuses them, which is for other tests. */
function resultsOf(
  name: OpName | MultiOpName,
  operands: readonly Bounded[],
  attributes: Record<string, unknown>,
): number | undefined {
  const types = operands.map(({ type }) => type);
  try {
    if (isMultiOp(name)) return inferTypes(multiOpTable[name], types, attributes, []).length;
    inferType(opTable[name], types, attributes);
    return 1;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function isTight({ values, errors }: Bounded): boolean {
  return errors.every((error, index) => error <= looseness * Math.max(1e-6, Math.abs(values[index]!)) || error < 1e-6);
}

/** The places that a plan's outputs and assignments need. */
function keptPlaces({ steps, outputs }: Plan): Set<number> {
  const kept = new Set(outputs);
  for (let place = steps.length - 1; place >= 0; place--) {
    const step = steps[place]!;
    if (step.kind === "assign") kept.add(place);
    if (!kept.has(place)) continue;
    if (step.kind === "operation") step.inputs.forEach((input) => kept.add(input));
    if (step.kind === "assign") [step.variable, step.value].forEach((each) => kept.add(each));
  }
  return kept;
}

/** The plan without what nothing needs. */
function prune(plan: Plan): Plan {
  const kept = keptPlaces(plan);
  const places = new Map([...kept].sort((a, b) => a - b).map((place, index) => [place, index]));
  const at = (place: number): number => places.get(place)!;
  const steps = plan.steps.filter((_, place) => kept.has(place)).map((step): Step => {
    if (step.kind === "operation") return { ...step, inputs: step.inputs.map(at) };
    return step.kind === "assign" ? { ...step, variable: at(step.variable), value: at(step.value) } : step;
  });
  return { steps, outputs: plan.outputs.map(at) };
}

/** The plan that choices stand for. */
export function buildPlan({ lengths, leaves, steps, outputs }: Choices, vocabulary: Vocabulary): Built {
  const builder = new Builder(vocabulary);
  const axes = lengths.map((length) => vocabulary.lengths[length % vocabulary.lengths.length]!);
  for (const leaf of leaves) builder.addLeaf(leaf, axes);
  for (const step of steps) builder.addStep(step);
  return builder.finish(outputs);
}

/** A plan whose only output is a floating scalar: the sum, by some weights, of the floating values that it ends in. */
export function buildLoss(given: Choices): Built {
  const builder = new Builder(differentiable);
  const axes = given.lengths.map((length) => differentiable.lengths[length % differentiable.lengths.length]!);
  for (const [index, leaf] of given.leaves.entries()) {
    builder.addLeaf(index === 0 ? { ...leaf, numbers: leaf.numbers.with(2, 0) } : leaf, axes);
  }
  for (const step of given.steps) builder.addStep(step);
  const last = builder.bounded.findLastIndex(({ type }, place) =>
    isFloating(type.dtype) && builder.steps[place]!.kind !== "number"
  );
  const source = builder.source(given.outputs);
  const weights = source.leaf(builder.bounded[last]!.type.dtype, builder.bounded[last]!.type.shape);
  const append = (op: OpName, inputs: readonly number[], attributes: Record<string, unknown>): number => {
    const bounded = boundOperation(opTable[op], inputs.map((input) => builder.bounded[input]!), attributes);
    return builder.push({ kind: "operation", op, inputs, attributes }, bounded);
  };
  append("sum", [append("mul", [last, weights], {})], { keepDims: false });
  return builder.finish([0]);
}
