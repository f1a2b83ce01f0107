/** Each kind of work as one writes it with TensorFlow.js. */
import type { Tensor, TensorFlow } from "./tfjs_library.ts";
import type { Job, Step } from "./works.ts";

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** The loss of a training step; labels are one-hot. */
export function lossOf(tf: TensorFlow, job: Step, tensors: Tensors): Tensor {
  switch (job.kind) {
    case "mlp":
      return tf.losses.softmaxCrossEntropy(tensors["labels"]!, multilayerPerceptron(tf, tensors, job));
    case "cnn":
      return tf.losses.softmaxCrossEntropy(tensors["labels"]!, convolutionalNetwork(tf, tensors));
    case "transformer":
      return tf.mean(tf.square(transformerBlock(tf, tensors, job.heads)));
    default:
      return job satisfies never;
  }
}

/** The results of a work that is no step, by name. */
export function resultsOf(tf: TensorFlow, job: Exclude<Job, Step>, tensors: Tensors): Tensors {
  // Each kind has some of them.
  const { a, b, x, y, g, gamma, beta, labels } = tensors as Readonly<Record<string, Tensor>> & Operands;
  switch (job.kind) {
    case "matmul":
      return { c: tf.matMul(a, b, job.transposed === "a", job.transposed === "b") };
    case "exp":
      return { y: tf.exp(x) };
    case "tanh":
      return { y: tf.tanh(x) };
    case "gelu":
      return { y: gelu(tf, x) };
    case "chain":
      return { z: tf.add(tf.mul(tf.tanh(tf.add(tf.mul(x, y), x)), y), 1) };
    case "sum":
      return { y: tf.sum(x) };
    case "softmax": {
      if (!job.backward) return { y: tf.softmax(x) };
      const { value, grads: [dx] } = tf.valueAndGrads((of) => tf.softmax(of!))([x], g);
      return { y: value, dx: dx! };
    }
    case "layerNorm": {
      if (!job.backward) return { y: layerNorm(tf, x, gamma, beta) };
      const { value, grads } = tf.valueAndGrads((...of) => layerNorm(tf, of[0]!, of[1]!, of[2]!))([x, gamma, beta], g);
      const [dx, dgamma, dbeta] = grads as [Tensor, Tensor, Tensor]; // one for each of three
      return { y: value, dx, dgamma, dbeta };
    }
    case "crossEntropy": {
      const { value, grads: [dx] } = tf.valueAndGrads((of) => tf.losses.softmaxCrossEntropy(labels, of!))([x]);
      return { loss: value, dx: dx! };
    }
    default:
      return job satisfies never;
  }
}

type Operands = Readonly<Record<"a" | "b" | "x" | "y" | "g" | "gamma" | "beta" | "labels", Tensor>>;

function gelu(tf: TensorFlow, x: Tensor): Tensor {
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
}

function layerNorm(tf: TensorFlow, x: Tensor, gamma: Tensor, beta: Tensor): Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5));
  return tf.add(tf.mul(tf.mul(centred, scale), gamma), beta);
}

function multilayerPerceptron(
  tf: TensorFlow,
  tensors: Tensors,
  { layers, activation }: { readonly layers: number; readonly activation: "relu" | "tanh" },
): Tensor {
  let x = tensors["x"]!;
  for (let layer = 1; layer <= layers; layer++) {
    x = tf.add(tf.matMul(x, tensors[`w${layer}`]!), tensors[`b${layer}`]!);
    if (layer < layers) x = tf[activation](x);
  }
  return x;
}

function convolutionalNetwork(tf: TensorFlow, tensors: Tensors): Tensor {
  let x = tensors["x"]!;
  for (const layer of [1, 2]) {
    x = tf.relu(tf.add(tf.conv2d(x, tensors[`w${layer}`]!, 1, "same"), tensors[`b${layer}`]!));
    x = tf.maxPool(x, 2, 2, "same");
  }
  return tf.add(tf.matMul(tf.reshape(x, [x.shape[0]!, -1]), tensors["w3"]!), tensors["b3"]!);
}

function transformerBlock(tf: TensorFlow, tensors: Tensors, heads: number): Tensor {
  const of = (name: string): Tensor => tensors[name]!;
  const x = of("x");
  const [batch, length, width] = x.shape as [number, number, number]; // as works.ts says
  const linear = (each: Tensor, weight: string, bias: string): Tensor => tf.add(tf.matMul(each, of(weight)), of(bias));
  const toHeads = (each: Tensor): Tensor =>
    tf.transpose(tf.reshape(each, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
  const rows = tf.reshape(x, [batch * length, width]);
  const qkv = linear(layerNorm(tf, rows, of("gamma1"), of("beta1")), "wqkv", "bqkv");
  const [q, k, v] = tf.split(qkv, 3, 1).map(toHeads) as [Tensor, Tensor, Tensor]; // three parts
  const attention = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads)));
  const together = tf.reshape(tf.transpose(tf.matMul(attention, v), [0, 2, 1, 3]), [batch * length, width]);
  const attended = tf.add(rows, linear(together, "wo", "bo"));
  const again = layerNorm(tf, attended, of("gamma2"), of("beta2"));
  return tf.add(attended, linear(gelu(tf, linear(again, "w1", "b1")), "w2", "b2"));
}
