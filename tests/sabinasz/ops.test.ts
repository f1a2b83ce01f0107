import { it } from "node:test";
import { assertEquals } from "@std/assert";
import {
  add,
  compile,
  grad,
  gradients,
  Graph,
  log,
  matmul,
  multiply,
  negative,
  placeholder,
  reduceSum,
  Session,
  sigmoid,
  softmax,
  type Tensor,
  tensor,
  type Value,
} from "../../mod.ts";
import { describeUnderEmitters } from "./emitters.ts";
import { assertClose, golden } from "./problems.ts";

const operations: Record<keyof typeof golden.ops, (...inputs: Value[]) => Value> = {
  add: (x, y) => add(x!, y!),
  add_broadcast: (x, y) => add(x!, y!),
  matmul: (x, y) => matmul(x!, y!),
  sigmoid: (x) => sigmoid(x!),
  softmax: (x) => softmax(x!),
  log: (x) => log(x!),
  multiply: (x, y) => multiply(x!, y!),
  reduce_sum_none: (x) => reduceSum(x!),
  reduce_sum_axis0: (x) => reduceSum(x!, 0),
  reduce_sum_axis1: (x) => reduceSum(x!, 1),
  negative: (x) => negative(x!),
};

interface Case {
  readonly inputs: Tensor[];
  readonly upstream: Tensor;
  readonly output: unknown;
  readonly gradients: readonly unknown[];
}

function caseOf(name: keyof typeof golden.ops, dtype: "float32" | "float64"): Case {
  const { inputs, output, upstream, input_grads } = golden.ops[name];
  return {
    inputs: inputs.map((input) => tensor(input, { dtype })),
    upstream: tensor(upstream, { dtype }),
    output,
    gradients: input_grads,
  };
}

/** What an operation gives and its gradients, computed in one of four ways. */
type Way = (operation: (...inputs: Value[]) => Value, given: Case) => { output: Value; gradients: readonly Value[] };

const inSession = (mode: "compiled" | "reference"): Way => (operation, { inputs, upstream }) =>
  new Graph().asDefault(() => {
    const nodes = inputs.map(() => placeholder());
    const output = operation(...nodes);
    const nodesOfGradients = gradients(output.mul(upstream), nodes);
    const feeds = nodes.map((node, index) => [node, inputs[index]!] as const);
    return new Session({ mode }).run({ output, gradients: nodesOfGradients }, feeds);
  });

const gradientsOf = (operation: (...inputs: Value[]) => Value, upstream: Tensor) =>
  grad((inputs: readonly Value[]) => operation(...inputs).mul(upstream).sum());

const ways: Record<string, Way> = {
  "eagerly": (operation, { inputs, upstream }) => ({
    output: operation(...inputs),
    gradients: gradientsOf(operation, upstream)(inputs),
  }),
  "in a session, by the reference": inSession("reference"),
  "in a session, compiled": inSession("compiled"),
  "compiled": (operation, { inputs, upstream }) => ({
    output: compile(operation)(...inputs),
    gradients: compile((inputs: readonly Value[]) => gradientsOf(operation, upstream)(inputs))(inputs),
  }),
};

describeUnderEmitters("the text's operations and their gradients", () => {
  for (const [way, compute] of Object.entries(ways)) {
    for (const [dtype, tolerance] of [["float64", 1e-14], ["float32", 1e-6]] as const) {
      for (const name of Object.keys(operations) as (keyof typeof golden.ops)[]) { // the keys of a Record
        it(`${name} ${way}, ${dtype}`, () => {
          const given = caseOf(name, dtype);
          const { output, gradients } = compute(operations[name], given);
          assertEquals(output.dtype, dtype);
          assertClose(output, given.output, tolerance);
          gradients.forEach((gradient, index) => {
            assertEquals(gradient.shape, given.inputs[index]!.shape);
            assertEquals(gradient.dtype, dtype);
            assertClose(gradient, given.gradients[index], tolerance);
          });
          assertEquals(gradients.length, given.inputs.length);
        });
      }
    }
  }
});
