/**
 * Installs the compiler as the executor of eager operations, sessions and compiled functions.
 * @module
 */
import { inferType } from "../src/graph/definition.ts";
import { Graph } from "../src/graph/graph.ts";
import { referenceExecutor } from "../src/graph/interpret.ts";
import { Placeholder } from "../src/graph/placeholder.ts";
import { recordOperation } from "../src/graph/recording.ts";
import { Rewriting, withTrace } from "../src/graph/trace.ts";
import { LruCache } from "../src/lru_cache.ts";
import { type Executor, installExecutor } from "../src/executor.ts";
import { type Attributes, attributesKey, none, type Op } from "../src/ops/op.ts";
import { type Tensor, tensorOver } from "../src/tensor.ts";
import type { TensorType } from "../src/tensor_type.ts";
import { type Tuning, tuning } from "./limits.ts";
import { ProgramExecutor } from "./runtime/executor.ts";
import { canCompile } from "./emit/targets.ts";

const cachedSignatures = 512;

/** For an op, its programs of one operation each, by attributes and operand types. */
type ProgramsOf = Map<Op, LruCache<string | number, ProgramExecutor>>;

/** Those of all ops; tests compile under other values, and their programs are others. */
const programsUnder = new WeakMap<Tuning, ProgramsOf>();
let eagerPrograms: ProgramsOf = new Map();
let compiledUnder = tuning;
programsUnder.set(tuning, eagerPrograms);

/** Has the programs be those of the values in use. */
function followTuning(): void {
  compiledUnder = tuning;
  const known = programsUnder.get(tuning);
  if (known === undefined) programsUnder.set(tuning, eagerPrograms = new Map());
  else eagerPrograms = known;
}

/** Two type numbers in one number, where both are small enough; a string of them is made otherwise. */
const pairBase = 2 ** 26;

function eagerKey(inputs: readonly Tensor[], attributes: Attributes): string | number {
  if (attributes === none && inputs.length <= 2) {
    const first = inputs[0]!.type.id;
    if (inputs.length === 1) return first;
    const second = inputs[1]!.type.id;
    if (first < pairBase && second < pairBase) return first * pairBase + second;
  }
  // As `signatureKey` has it, but without a list of the types.
  let key = attributes === none ? "" : attributesKey(attributes);
  for (let index = 0; index < inputs.length; index++) key += ` ${inputs[index]!.type.id}`;
  return key;
}

function eagerProgram(op: Op, inputs: readonly Tensor[], attributes: Attributes): ProgramExecutor {
  if (tuning !== compiledUnder) followTuning();
  let programs = eagerPrograms.get(op);
  if (programs === undefined) eagerPrograms.set(op, programs = new LruCache(cachedSignatures));
  const key = eagerKey(inputs, attributes);
  let program = programs.get(key);
  if (program === undefined) {
    programs.set(key, program = compileEager(op, inputs.map((input) => input.type), attributes));
  }
  return program;
}

/** A program of one operation. It is exact, so that a decomposed one gives the numbers of an exact compiled program. */
function compileEager(op: Op, types: readonly TensorType[], attributes: Attributes): ProgramExecutor {
  const graph = new Graph();
  return withTrace(new Rewriting(graph, op.name), () => {
    const placeholders = types.map((type, index) => new Placeholder(graph, { name: `x${index}` }, type));
    const node = recordOperation(graph, op, placeholders, attributes);
    return new ProgramExecutor({
      name: op.name,
      graph,
      inputs: placeholders,
      outputs: [node],
      assigns: [],
      variables: [],
      captures: [],
      assumptions: [],
    }, {
      exact: true,
    });
  });
}

const compilingExecutor: Executor = {
  eager(op, inputs, attributes) {
    if (op.name === "reshape") {
      const [x] = inputs as [Tensor]; // a reshape has one input
      const type = inferType(op, [x.type], attributes);
      if (type.dtype === x.type.dtype) return tensorOver(x.data, type); // a tensor never changes, so its numbers can be shared
    }
    return eagerProgram(op, inputs, attributes).run(inputs, [])[0]!;
  },
  compile: (graphFunction, options) => new ProgramExecutor(graphFunction, options),
};

installExecutor(canCompile() ? compilingExecutor : referenceExecutor);
