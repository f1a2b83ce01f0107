/** Each kind of work as one writes it with this library: functions of Values, which know nothing of being measured. */
import * as tensorloom from "../../mod.ts";
import { crossEntropy, gelu, split, type Value, valueAndGrad } from "../../mod.ts";
import { Missing } from "./runtime.ts";
import type { Job, Step } from "./works.ts";

/** Values by name. */
export type Values = Readonly<Record<string, Value>>;

/** The loss of a training step. */
export function lossOf(job: Step, values: Values): Value {
  switch (job.kind) {
    case "mlp":
      return crossEntropy(multilayerPerceptron(values, job.layers, job.activation), values["labels"]!);
    case "cnn":
      return crossEntropy(convolutionalNetwork(values), values["labels"]!);
    case "transformer":
      return transformerBlock(values, job.heads).square().mean();
    default:
      return job satisfies never;
  }
}

/** The results of a work that is no step, by name. */
export function resultsOf(job: Exclude<Job, Step>, values: Values): Values {
  const { a, b, x, y, g, gamma, beta, labels } = values as
    & Readonly<Record<string, Value>>
    & KnownOperands;
  switch (job.kind) {
    case "matmul":
      return { c: (job.transposed === "a" ? a.transpose() : a).matmul(job.transposed === "b" ? b.transpose() : b) };
    case "exp":
      return { y: x.exp() };
    case "tanh":
      return { y: x.tanh() };
    case "gelu":
      return { y: gelu(x) };
    case "chain":
      return { z: x.mul(y).add(x).tanh().mul(y).add(1) };
    case "sum":
      return { y: x.sum() };
    case "softmax": {
      const result = x.softmax();
      if (!job.backward) return { y: result };
      const [, dx] = valueAndGrad((of: Value) => of.softmax().mul(g).sum())(x);
      return { y: result, dx };
    }
    case "layerNorm": {
      const result = layerNorm(x, gamma, beta);
      if (!job.backward) return { y: result };
      const weighted = (of: readonly [Value, Value, Value]): Value => layerNorm(...of).mul(g).sum();
      const [, [dx, dgamma, dbeta]] = valueAndGrad(weighted)([x, gamma, beta]);
      return { y: result, dx, dgamma, dbeta };
    }
    case "crossEntropy": {
      const [loss, dx] = valueAndGrad((of: Value) => crossEntropy(of, labels))(x);
      return { loss, dx };
    }
    default:
      return job satisfies never;
  }
}

/** The operands that kinds of work have; each has some of them. */
type KnownOperands = Readonly<
  Record<"a" | "b" | "x" | "y" | "g" | "gamma" | "beta" | "labels", Value>
>;

/** Along the last axis. */
function layerNorm(x: Value, gamma: Value, beta: Value): Value {
  const centred = x.sub(x.mean(-1, { keepDims: true }));
  return centred.mul(centred.square().mean(-1, { keepDims: true }).add(1e-5).rsqrt()).mul(gamma).add(beta);
}

function multilayerPerceptron(values: Values, layers: number, activation: "relu" | "tanh"): Value {
  let x = values["x"]!;
  for (let layer = 1; layer <= layers; layer++) {
    x = x.matmul(values[`w${layer}`]!).add(values[`b${layer}`]!);
    if (layer < layers) x = activation === "relu" ? x.relu() : x.tanh();
  }
  return x;
}

/** The operations that versions of the library without convolution lack. */
interface Convolution {
  conv2d(x: Value, w: Value, options: { readonly padding: "same" }): Value;
  maxPool2d(x: Value, options: { readonly size: number; readonly stride: number }): Value;
}

function convolutionalNetwork(values: Values): Value {
  for (const name of ["conv2d", "maxPool2d"]) {
    if (!(name in tensorloom)) throw new Missing(`it has no ${name}`);
  }
  const { conv2d, maxPool2d } = tensorloom as unknown as Convolution; // it has them, as was just looked up
  let x = values["x"]!;
  for (const layer of [1, 2]) {
    x = conv2d(x, values[`w${layer}`]!, { padding: "same" }).add(values[`b${layer}`]!.reshape([-1, 1, 1])).relu();
    x = maxPool2d(x, { size: 2, stride: 2 });
  }
  return x.reshape([x.shape[0]!, -1]).matmul(values["w3"]!).add(values["b3"]!);
}

/** Attention and a multilayer perceptron, each on what is normalized first, and added to what came in. */
function transformerBlock(values: Values, heads: number): Value {
  const of = (name: string): Value => values[name]!;
  const x = of("x");
  const [batch, length, width] = x.shape as readonly [number, number, number]; // as works.ts says
  const toHeads = (each: Value): Value => each.reshape([batch, length, heads, width / heads]).permuteDims([0, 2, 1, 3]);
  const normalized = layerNorm(x, of("gamma1"), of("beta1"));
  const all = split(normalized.matmul(of("wqkv")).add(of("bqkv")), 3, -1);
  const [q, k, v] = all.map(toHeads) as [Value, Value, Value]; // three parts
  const attention = q.matmul(k.permuteDims([0, 1, 3, 2])).mul(1 / Math.sqrt(width / heads)).softmax();
  const together = attention.matmul(v).permuteDims([0, 2, 1, 3]).reshape([batch, length, width]);
  const attended = x.add(together.matmul(of("wo")).add(of("bo")));
  const again = layerNorm(attended, of("gamma2"), of("beta2"));
  const hidden = gelu(again.matmul(of("w1")).add(of("b1")));
  return attended.add(hidden.matmul(of("w2")).add(of("b2")));
}
