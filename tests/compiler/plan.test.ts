// Memory that is planned, and Variables that are written where they lie.
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  compile,
  crossEntropy,
  Operation,
  random,
  type Tensor,
  tensor,
  train,
  type Value,
  Variable,
  zeros,
} from "../../mod.ts";
import { decompose } from "../../compiler/decompose.ts";
import { withTuning } from "../../compiler/limits.ts";
import { Program } from "../../compiler/program.ts";
import { dtypeInfo } from "../../src/dtype.ts";
import { Operation as Node, Read } from "../../src/graph/operation.ts";
import { postorder } from "../../src/graph/traverse.ts";
import { graphFunctionOf } from "./graph_function.ts";

const normal = (shape: readonly number[], key: number): Tensor =>
  tensor(random.normal(shape, { key: random.key(key) }));

describe("scratch", () => {
  const widths = [64, 128, 128, 128, 128, 128, 10];
  const optimizers = { SGD: () => new train.SGD({ learningRate: 0.1 }), Adam: () => new train.Adam() };
  for (const [name, make] of Object.entries(optimizers)) {
    it(`of a training step of six layers with ${name} is at most half of all results`, () => {
      const layers = widths.slice(1).map((width, index) => ({
        w: new Variable(normal([widths[index]!, width], index)),
        b: new Variable(zeros([width])),
      }));
      const optimizer = make();
      const model = (x: Value): Value =>
        layers.reduce<Value>((h, { w, b }, index) => {
          const y = h.matmul(w).add(b);
          return index < layers.length - 1 ? y.relu() : y;
        }, x);
      const classes = tensor(Array.from({ length: 64 }, (_, row) => row % 10), { dtype: "int32" });
      const source = graphFunctionOf(
        (x, y) => [optimizer.minimize(() => crossEntropy(model(x!), y!))],
        [normal([64, 64], 9), classes],
      );
      const primitive = decompose(source);
      const all = postorder([...primitive.outputs, ...primitive.assigns])
        .filter((node) => node instanceof Node && !(node instanceof Read))
        .reduce((sum, { type }) => sum + dtypeInfo(type!.dtype).bytes * type!.size, 0);
      const { memory, copied } = new Program(source, {});
      assert(memory.bytes <= all / 2, `${memory.bytes} of ${all} bytes`);
      assertEquals(copied, []);
    });
  }

  it("is shared by arrays that follow one another element by element, and by none that is read elsewhere", () => {
    const blocksOf = (fn: (x: Value) => Value): number[] => {
      const source = graphFunctionOf((x) => [fn(x!)], [normal([16, 16], 1)]);
      return new Program(source, {}).memory.blocks.map(({ buffers }) => buffers.length);
    };
    // Each kernel reads what the one before has made: flipped, so that the two are apart.
    const apart = (x: Value): Value => x.flip(0);
    assertEquals(blocksOf((x) => apart(apart(x.exp()).exp()).exp()), [1, 1]);
    // The exponentials of a softmax take the place of the logits, which nothing needs any more; its result cannot.
    assertEquals(blocksOf((x) => apart(x.matmul(x).softmax()).exp()), [2, 1]);
    // A gather reads any element of what it takes from.
    assertEquals(blocksOf((x) => x.exp().take(Array.from({ length: 16 }, (_, row) => 15 - row)).exp().flip(0).exp()), [
      1,
      1,
    ]);
  });
});

/** Runs a function that assigns `variables` compiled, with poisoned memory, and eagerly, from the same start; asserts the same end. */
function assertSameState(make: () => { variables: readonly Variable[]; step: () => unknown }): Program {
  const [compiled, eager] = [make(), make()];
  const source = graphFunctionOf(() => {
    compiled.step();
    return [];
  }, []);
  const program = withTuning({ poison: true }, () => new Program(source, { exact: true }));
  for (let index = 0; index < 3; index++) {
    program.run([], source.variables);
    eager.step();
  }
  compiled.variables.forEach((variable, index) => assertEquals(variable.toArray(), eager.variables[index]!.toArray()));
  return program;
}

describe("an assignment", () => {
  const two = (): [Variable, Variable] => [new Variable([[1, 2], [3, 4]]), new Variable([[5, 6], [7, 8]])];

  it("is made in place where nothing needs the old value any more", () => {
    const { written, copied } = assertSameState(() => {
      const [a, b] = two();
      return { variables: [a, b], step: () => [a.assign(a.mul(0.5).add(b)), b.assign(b.add(1))] };
    });
    assertEquals([written.length, copied.length], [2, 0]);
  });

  it("from one another's old values is made in place for one at most", () => {
    const { written, copied } = assertSameState(() => {
      const [a, b] = two();
      return {
        variables: [a, b],
        step: () => {
          const [fromA, fromB] = [a.flip(0).mul(0.5), b.flip(0).add(1)];
          a.assign(fromB);
          b.assign(fromA);
        },
      };
    });
    assertEquals([written.length, copied.length], [1, 1]);
  });

  it("of a Variable's own mirror image is copied", () => {
    const { written, copied } = assertSameState(() => {
      const [a] = two();
      return { variables: [a], step: () => a.assign(a.flip(0)) };
    });
    assertEquals([written.length, copied.length], [0, 1]);
  });

  it("of a row by what is made of its sum is made in place only if the row is not read again", () => {
    const { copied } = assertSameState(() => {
      const [a] = two();
      return { variables: [a], step: () => a.assign(a.div(a.sum(1, { keepDims: true }))) };
    });
    assertEquals(copied.length, 0);
  });

  it("that is returned, too, is copied", () => {
    const w = new Variable([1, 2]);
    const f = compile(() => {
      w.assign(w.mul(2));
      return w.add(0);
    });
    assertEquals([f().toArray(), w.toArray(), f().toArray(), w.toArray()], [[2, 4], [2, 4], [4, 8], [4, 8]]);
  });

  it("that a step needs which can fail is copied, and not made when that fails", () => {
    let fails = false;
    class Careful extends Operation {
      override compute(x: Tensor): Tensor {
        if (fails) throw new Error("not this time");
        return x;
      }
    }
    const w = new Variable([1, 2]);
    const f = compile((index: Value) => {
      w.assign(w.mul(2));
      return [Careful.apply(w.exp()).sum(), w.take(index)] as const;
    });
    const first = tensor(0, { dtype: "int32" });
    assertEquals(f(first)[1].toArray(), 2);
    assertEquals(w.toArray(), [2, 4]);
    fails = true;
    assertThrowsMessage(() => f(first), "not this time");
    fails = false;
    assertThrowsMessage(() => f(tensor(2, { dtype: "int32" })), "index 2 is out of range");
    assertEquals(w.toArray(), [2, 4]);
  });

  it("of one value to two Variables is made for both", () => {
    assertSameState(() => {
      const [a, b] = two();
      return {
        variables: [a, b],
        step: () => {
          const next = a.add(b);
          a.assign(next);
          b.assign(next);
        },
      };
    });
  });
});

function assertThrowsMessage(body: () => unknown, part: string): void {
  let message = "";
  try {
    body();
  } catch (error) {
    message = String(error);
  }
  assert(message.includes(part), message);
}
