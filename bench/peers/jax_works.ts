/** Each kind of work as one writes it with jax-js: functions that are traced once, and own what they are given. */
import type { Arr, Arrays, Jax } from "./jax_library.ts";
import type { Job, Step } from "./works.ts";

/** The loss of a training step. */
export function lossOf(jax: Jax, job: Step, parameters: Arrays, data: Arrays): Arr {
  switch (job.kind) {
    case "mlp":
      return crossEntropy(jax, multilayerPerceptron(jax, { ...parameters, ...data }, job), data["labels"]!);
    case "cnn":
      return crossEntropy(jax, convolutionalNetwork(jax, { ...parameters, ...data }), data["labels"]!);
    case "transformer":
      return jax.numpy.mean(jax.numpy.square(transformerBlock(jax, { ...parameters, ...data }, job.heads)));
    default:
      return job satisfies never;
  }
}

/** The results of a work that is no step, by name. */
export function resultsOf(jax: Jax, job: Exclude<Job, Step>, operands: Arrays): Arrays {
  const { numpy, nn } = jax;
  // Each kind has some of them.
  const { a, b, x, y, g, gamma, beta, labels } = operands as Arrays & Operands;
  switch (job.kind) {
    case "matmul":
      return {
        c: numpy.matmul(
          job.transposed === "a" ? a.transpose() : a,
          job.transposed === "b" ? b.transpose() : b,
        ),
      };
    case "exp":
      return { y: numpy.exp(x) };
    case "tanh":
      return { y: numpy.tanh(x) };
    case "gelu":
      return { y: nn.gelu(x, { approximate: false }) };
    case "chain":
      return { z: numpy.tanh(x.ref.mul(y.ref).add(x)).mul(y).add(1) };
    case "sum":
      return { y: x.sum() };
    case "softmax": {
      if (!job.backward) return { y: nn.softmax(x) };
      const result = nn.softmax(x.ref);
      const weighted = (of: Arrays): Arr => nn.softmax(of["x"]!).mul(g).sum();
      const [value, { x: dx }] = jax.valueAndGrad(weighted)({ x }, {});
      value.dispose();
      return { y: result, dx: dx! };
    }
    case "layerNorm": {
      if (!job.backward) return { y: layerNorm(jax, x, gamma, beta) };
      const result = layerNorm(jax, x.ref, gamma.ref, beta.ref);
      const weighted = (of: Arrays): Arr => layerNorm(jax, of["dx"]!, of["dgamma"]!, of["dbeta"]!).mul(g).sum();
      const [value, gradients] = jax.valueAndGrad(weighted)({ dx: x, dgamma: gamma, dbeta: beta }, {});
      value.dispose();
      return { y: result, ...gradients };
    }
    case "crossEntropy": {
      const [loss, { x: dx }] = jax.valueAndGrad((of) => crossEntropy(jax, of["x"]!, labels))({ x }, {});
      return { loss, dx: dx! };
    }
    default:
      return job satisfies never;
  }
}

type Operands = Readonly<Record<"a" | "b" | "x" | "y" | "g" | "gamma" | "beta" | "labels", Arr>>;

function crossEntropy({ nn }: Jax, logits: Arr, labels: Arr): Arr {
  const [rows, classes] = logits.shape as [number, number]; // as works.ts says
  return nn.oneHot(labels, classes).mul(nn.logSoftmax(logits)).sum().mul(-1 / rows);
}

function layerNorm({ numpy }: Jax, x: Arr, gamma: Arr, beta: Arr): Arr {
  const centred = x.ref.sub(numpy.mean(x, -1, { keepdims: true }));
  const variance = numpy.mean(numpy.square(centred.ref), -1, { keepdims: true });
  return centred.mul(numpy.reciprocal(numpy.sqrt(variance.add(1e-5)))).mul(gamma).add(beta);
}

function multilayerPerceptron(
  { numpy, nn }: Jax,
  arrays: Arrays,
  { layers, activation }: { readonly layers: number; readonly activation: "relu" | "tanh" },
): Arr {
  let x = arrays["x"]!;
  for (let layer = 1; layer <= layers; layer++) {
    x = numpy.matmul(x, arrays[`w${layer}`]!).add(arrays[`b${layer}`]!);
    if (layer < layers) x = activation === "relu" ? nn.relu(x) : numpy.tanh(x);
  }
  return x;
}

function convolutionalNetwork({ numpy, nn, lax }: Jax, arrays: Arrays): Arr {
  let x = arrays["x"]!;
  for (const layer of [1, 2]) {
    const convolved = lax.conv(x, arrays[`w${layer}`]!, [1, 1], "SAME");
    x = nn.relu(convolved.add(arrays[`b${layer}`]!.reshape([-1, 1, 1])));
    x = lax.reduceWindow(x, numpy.max, [2, 2], [2, 2]);
  }
  return numpy.matmul(x.reshape([x.shape[0]!, -1]), arrays["w3"]!).add(arrays["b3"]!);
}

function transformerBlock(jax: Jax, arrays: Arrays, heads: number): Arr {
  const { numpy, nn } = jax;
  const of = (name: string): Arr => arrays[name]!;
  const x = of("x");
  const [batch, length, width] = x.shape as [number, number, number]; // as works.ts says
  const linear = (each: Arr, weight: string, bias: string): Arr => numpy.matmul(each, of(weight)).add(of(bias));
  const rows = x.reshape([batch * length, width]);
  const qkv = linear(layerNorm(jax, rows.ref, of("gamma1"), of("beta1")), "wqkv", "bqkv");
  const [q, k, v] = numpy.split(qkv.reshape([batch, length, 3 * heads, width / heads]), 3, 2) as [Arr, Arr, Arr]; // three
  const together = nn.dotProductAttention(q, k, v).reshape([batch * length, width]);
  const attended = rows.add(linear(together, "wo", "bo"));
  const again = layerNorm(jax, attended.ref, of("gamma2"), of("beta2"));
  const hidden = nn.gelu(linear(again, "w1", "b1"), { approximate: false });
  return attended.add(linear(hidden, "w2", "b2"));
}
