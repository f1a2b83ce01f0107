// Memory: how little scratch a program takes, and where it lies.
import { describe, it } from "node:test";
import { assert, assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import { compile, concat, crossEntropy, matmul, tensor, train, type Value, Variable } from "../../mod.ts";
import { decompose } from "../../src/graph/decompose.ts";
import { kernelKind } from "../../compiler/fusion/kinds.ts";
import { explainProgram } from "../../compiler/inspect/explain.ts";
import { bytesOf } from "../../compiler/program/memory_plan.ts";
import { roundUp } from "../../compiler/runtime/threads/protocol.ts";
import { type Compilation, compileProgram } from "../../compiler/program/program.ts";
import { dtypeInfo } from "../../src/dtype.ts";
import { TableOperation } from "../../src/graph/operation.ts";
import { postorder } from "../../src/graph/traverse.ts";
import { assertClose } from "../sabinasz/problems.ts";
import { graphFunctionOf } from "./graph_function.ts";

const sines = (shape: readonly number[], scale = 1) => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(Float32Array.from({ length: size }, (_, index) => scale * Math.sin(index + 1)), { shape });
};

const optimizers: Readonly<Record<string, () => train.Optimizer>> = {
  "SGD": () => new train.SGD({ learningRate: 0.01 }),
  "Adam": () => new train.Adam({ learningRate: 0.001 }),
};

/** A training step of a perceptron with six layers, for 64 points. */
function trainingStep(optimizer: train.Optimizer): Compilation {
  const widths = [64, 128, 128, 128, 128, 128, 10];
  const layers = widths.slice(1).map((width, index) => ({
    w: new Variable(sines([widths[index]!, width], 0.1)),
    b: new Variable(sines([width], 0.1)),
  }));
  const points = sines([64, 64]);
  const classes = tensor(Array.from({ length: 64 }, (_, index) => index % 10), { dtype: "int32" });
  return compileProgram(
    graphFunctionOf((x, y) => {
      const logits = layers.reduce((h, { w, b }, index) => {
        const z = h.matmul(w).add(b);
        return index < layers.length - 1 ? z.relu() : z;
      }, x!);
      return [optimizer.minimize(() => crossEntropy(logits, y!))];
    }, [points, classes]),
    {},
  );
}

/** The bytes of the results of all operations that compute something; movements are views, and take nothing. */
function bytesBeforeFusion({ program }: Compilation): number {
  const { outputs, assigns } = decompose(program.source);
  return postorder([...outputs, ...assigns]).reduce((sum, node) => {
    if (!(node instanceof TableOperation) || kernelKind(node) === "view") return sum;
    return sum + dtypeInfo(node.type!.dtype).bytes * node.type!.size;
  }, 0);
}

describe("the scratch of a training step", () => {
  for (const [name, make] of Object.entries(optimizers)) {
    it(`is at most half of what its operations would take apart: ${name}`, () => {
      const compilation = trainingStep(make());
      const [scratch, apart] = [compilation.program.memory.bytes, bytesBeforeFusion(compilation)];
      const ratio = scratch / apart;
      assertLessOrEqual(ratio, 0.5, `${name}: ${scratch} of ${apart} bytes, ${(100 * ratio).toFixed(1)} %`);
      // The activations that the backward pass reads cannot be left out: five hidden layers of 64 by 128.
      assert(scratch >= 5 * 64 * 128 * 4, `${scratch} bytes`);
    });

    it(`lies where nothing that is needed at the same time lies: ${name}`, () => {
      const { memory, buffers, instructions } = trainingStep(make()).program;
      for (const [index, allocation] of memory.allocations.entries()) {
        assertEquals(allocation.offset % 64, 0);
        assert(allocation.first <= allocation.last && allocation.last <= instructions.length);
        for (const buffer of allocation.buffers) assert(bytesOf(buffers[buffer]!) <= allocation.bytes);
        for (const other of memory.allocations.slice(index + 1)) {
          const together = allocation.first <= other.last && other.first <= allocation.last;
          const apart = allocation.offset + allocation.bytes <= other.offset ||
            other.offset + other.bytes <= allocation.offset;
          assert(!together || apart, `${allocation.buffers} and ${other.buffers}`);
        }
      }
      const end = Math.max(...memory.allocations.map(({ offset, bytes }) => offset + roundUp(bytes)));
      assertEquals(memory.bytes, end);
    });

    it(`holds no parameter: all are written in place: ${name}`, () => {
      const compilation = trainingStep(make());
      const { program, schedule } = compilation;
      assertEquals(program.copied, []);
      const parameters = 6 * 2;
      // Adam has two averages of each parameter, and counts its steps.
      assertEquals(program.written.length, name === "SGD" ? parameters : 3 * parameters + 1);
      assertEquals(schedule.inPlace.size, program.written.length);
      assertMatch(explainProgram(compilation), new RegExp(`\\(${program.written.length} written in place\\)`));
    });
  }
});

describe("an array that two kernels of one row read", () => {
  const doubles = (scale = 1) => sines([4, 4], scale).astype("float64"); // so that a rounding is far from what would be wrong
  for (const emitter of ["js", "wasm"] as const) {
    it(`is replaced by neither: ${emitter}`, () => {
      const x = doubles();
      const make = () => [new Variable(doubles(2)), new Variable(doubles(3))] as const;
      // Two updates by the same code. Both read `shared`, which nothing needs after them, and write an array of its size.
      const step = ([a, b]: ReturnType<typeof make>) => (x: Value, p: Value, q: Value) => {
        const shared = concat([x.slice([2]), x.slice([0], [2])]);
        return ([[a, shared, p], [b, shared.flip(0), q]] as const).map(([variable, read, other]) => {
          const next = variable.mul(0.5).add(read).add(other.flip(0));
          variable.assign(next);
          return matmul(next.exp(), doubles());
        });
      };
      const compiled = compile(step(make()), { emitter });
      const results = compiled(x, doubles(0.5), doubles(0.25));
      assert(compiled.kernels().some((name) => name.endsWith("_x2")), compiled.explain());
      const expected = step(make())(x, doubles(0.5), doubles(0.25));
      results.forEach((result, index) => assertClose(result, expected[index]!.concrete("compare").toArray(), 1e-12, 1));
    });
  }
});

describe("a row of updates", () => {
  it("has none in it that needs another's result", () => {
    const [a, b] = [new Variable([1, 2, 3, 4]), new Variable([10, 20, 30, 40])];
    const step = compile((x: Value) => {
      const next = a.mul(2).add(x.flip());
      a.assign(next);
      b.assign(b.mul(2).add(next.flip())); // by the same code
    });
    step(tensor([5, 6, 7, 8]));
    assertEquals([a.toArray(), b.toArray()], [[10, 11, 12, 13], [33, 52, 71, 90]]);
    assertEquals(step.kernels().length, 2, step.explain());
  });
});
