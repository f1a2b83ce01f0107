// The update of every parameter is the same code, whatever made its gradient.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { compile, crossEntropy, tensor, train, type Value, Variable } from "../../mod.ts";
import { compileProgram } from "../../compiler/program/program.ts";
import type { KernelCall } from "../../compiler/program/program_builder.ts";
import { assertClose } from "../sabinasz/problems.ts";
import { graphFunctionOf } from "./graph_function.ts";

const sines = (shape: readonly number[]) => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(Float32Array.from({ length: size }, (_, index) => Math.sin(index + 1)), { shape });
};

/** A perceptron with layers of these widths: its Variables, and the loss for points and their classes. */
function perceptron(widths: readonly number[]): { variables: Variable[]; loss: (x: Value, y: Value) => Value } {
  const layers = widths.slice(1).map((width, index) => ({
    w: new Variable(sines([widths[index]!, width])),
    b: new Variable(sines([width])),
  }));
  const loss = (x: Value, y: Value): Value =>
    crossEntropy(
      layers.reduce((h, { w, b }, index) => {
        const z = h.matmul(w).add(b);
        return index < layers.length - 1 ? z.tanh() : z;
      }, x),
      y,
    );
  return { variables: layers.flatMap(({ w, b }) => [w, b]), loss };
}

const points = sines([5, 4]);
const classes = tensor([0, 1, 2, 2, 1], { dtype: "int32" });

/** The rows that update parameters: maps that read no argument and compute something per element. */
function updateRows(optimizer: train.Optimizer, widths: readonly number[]): KernelCall[][] {
  const { loss } = perceptron(widths);
  const { schedule } = compileProgram(
    graphFunctionOf((x, y) => [optimizer.minimize(() => loss(x!, y!))], [points, classes]),
    {},
  );
  const kernels = schedule.block.map((step) => step.kind === "launch" ? [...step.calls] : []);
  return kernels.filter(([first]) => {
    if (first === undefined) return false;
    const { kind, shape } = first.cluster.space;
    return kind === "map" && shape.reduce((size, length) => size * length, 1) > 1;
  });
}

const several: Readonly<Record<string, () => train.Optimizer>> = {
  "Adam": () => new train.Adam(),
  "gradient descent with momentum": () => new train.SGD({ learningRate: 0.1, momentum: 0.9 }),
  "Nesterov's method": () => new train.SGD({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
};

describe("an update of several Variables", () => {
  for (const [name, make] of Object.entries(several)) {
    it(`is one row for all parameters, of the same code: ${name}`, () => {
      const rows = updateRows(make(), [4, 16, 16, 3]);
      assertEquals(rows.length, 1, "all updates are one row");
      assertEquals(rows[0]!.length, 6); // three layers of weights and biases
      assertEquals(
        new Set(rows[0]!.map(({ emitted }) => emitted.text))
          .size,
        1,
      );
    });

    it(`does what it does eagerly: ${name}`, () => {
      const [compiled, eager] = [perceptron([4, 16, 3]), perceptron([4, 16, 3])];
      const [optimizer, other] = [make(), make()];
      const step = compile((x: Value, y: Value) => optimizer.minimize(() => compiled.loss(x, y)));
      for (let index = 0; index < 3; index++) {
        step(points, classes);
        other.minimize(() => eager.loss(points, classes));
      }
      compiled.variables.forEach((variable, index) => assertClose(variable, eager.variables[index]!.toArray(), 1e-4));
    });
  }

  it("leaves what all of them share to a kernel of its own", () => {
    const { loss } = perceptron([4, 3]);
    const optimizer = new train.Adam();
    const step = compile((x: Value, y: Value) => optimizer.minimize(() => loss(x, y)));
    // Product, loss with gradient, bias corrections, the gradients of weights and biases, and one update of both.
    assertEquals(step.kernels(points, classes).length, 2 + 1 + 2 + 1, step.explain(points, classes));
  });

  it("is not tied to others by a number that all updates read", () => {
    const scale = new Variable(2); // a parameter of rank 0, whose update is single numbers throughout
    const { loss } = perceptron([4, 16, 3]);
    const optimizer = new train.Adam();
    const source = graphFunctionOf((x, y) => [optimizer.minimize(() => loss(x!.mul(scale), y!))], [points, classes]);
    const kernels = compileProgram(source, {}).built.calls.filter((call) => call.kind === "kernel");
    const updates = kernels.filter(({ name }) => /^mul_(mul_)?add/.test(name));
    assertEquals(updates.map(({ cluster: { space } }) => space.shape.length).sort(), [0, 1, 1, 2, 2]);
  });

  it("covers the gradient's own element-wise work, and averages of what was updated", () => {
    const [w, average] = [new Variable(sines([4, 3])), new Variable(sines([4, 3]))];
    const source = graphFunctionOf((x, y) => {
      const next = w.sub(x!.transpose().matmul(y!).add(w.mul(0.01)).mul(0.1));
      average.assign(average.mul(0.9).add(next.mul(0.1)));
      w.assign(next);
      return [];
    }, [sines([5, 4]), sines([5, 3])]);
    assertEquals(compileProgram(source, {}).program.instructions.length, 2);
  });
});

describe("an update of one Variable", () => {
  it("is computed with its gradient", () => {
    const rows = updateRows(new train.SGD({ learningRate: 0.1 }), [4, 16, 16, 3]);
    assertEquals(rows.length, 0);
    const w = new Variable(sines([4, 3]));
    const source = graphFunctionOf((x, y) => [w.assign(w.sub(x!.transpose().matmul(y!).mul(0.1)))].slice(1), [
      sines([5, 4]),
      sines([5, 3]),
    ]);
    const { built: { calls: [call, ...rest] } } = compileProgram(source, {});
    assert(call?.kind === "kernel" && call.cluster.space.kind === "contract" && rest.length === 0);
  });
});
