/**
 * Installs the compiler as the executor of eager operations, sessions and compiled functions.
 * @module
 */
import { Graph } from "../src/graph/graph.ts";
import { referenceExecutor } from "../src/graph/interpret.ts";
import { Placeholder } from "../src/graph/placeholder.ts";
import { recordOperation, withTrace } from "../src/graph/recording.ts";
import { LruCache } from "../src/lru_cache.ts";
import { type Attributes, attributesKey, type Executor, installExecutor, type Op } from "../src/ops/op.ts";
import { Tensor } from "../src/tensor.ts";
import type { TensorType } from "../src/tensor_type.ts";
import { canGenerateCode } from "./kernel_cache.ts";
import { Program } from "./program.ts";

const cachedSignatures = 512;

/** For every op, its programs of one operation each, by attributes and operand types. */
const eagerPrograms = new WeakMap<Op, LruCache<string, Program>>();

function eagerProgram(op: Op, inputs: readonly Tensor[], attributes: Attributes): Program {
  let key = "";
  for (let index = 0; index < inputs.length; index++) key += inputs[index]!.type.key;
  for (const _ in attributes) {
    key += attributesKey(attributes);
    break;
  }
  let programs = eagerPrograms.get(op);
  if (programs === undefined) eagerPrograms.set(op, programs = new LruCache(cachedSignatures));
  let program = programs.get(key);
  if (program === undefined) {
    programs.set(
      key,
      program = compileEager(op, inputs.map((input) => input.type), attributes),
    );
  }
  return program;
}

/** A program of one operation. */
function compileEager(op: Op, types: readonly TensorType[], attributes: Attributes): Program {
  const graph = new Graph();
  return withTrace({ graph, name: op.name, reads: new Map() }, () => {
    const placeholders = types.map((type, index) => new Placeholder(graph, { name: `x${index}` }, type));
    const node = recordOperation(graph, op, placeholders, attributes, undefined);
    return new Program({ name: op.name, graph, inputs: placeholders, outputs: [node], assigns: [], variables: [] }, {});
  });
}

const compilingExecutor: Executor = {
  eager(op, inputs, attributes) {
    if (op.name === "reshape") {
      const [x] = inputs as [Tensor]; // a reshape has one input
      const type = op.infer([x.type], attributes);
      if (type.dtype === x.type.dtype) return new Tensor(x.data, type); // a tensor never changes, so its numbers can be shared
    }
    return eagerProgram(op, inputs, attributes).run(inputs, [])[0]!;
  },
  compile: (graphFunction, options) => new Program(graphFunction, options),
};

installExecutor(canGenerateCode() ? compilingExecutor : referenceExecutor);
