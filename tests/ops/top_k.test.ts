// topK, and what every operation with several results has to do. Expected values: PyTorch's torch.topk, worked by hand.
import { afterEach, describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import {
  compile,
  grad,
  gradients,
  Graph,
  placeholder,
  random,
  Session,
  type Tensor,
  tensor,
  topK,
  train,
  type Value,
  Variable,
} from "../../mod.ts";
import { verify } from "../../compiler/passes/verify.ts";
import { MultiOperation } from "../../src/graph/operation.ts";
import { OperationOutput } from "../../src/graph/output.ts";
import { fuzzOperation } from "../fuzz/fuzz.ts";

afterEach(() => Graph.clearDefault());

const x = tensor([[3, 1, 4, 1], [5, 9, 2, 6]]);

function numbers(tensors: readonly Tensor[]): unknown[] {
  return tensors.map((each) => each.toArray());
}

describe("topK", () => {
  it("gives the largest elements of every line, the largest first, and where they are", () => {
    const [values, indices] = topK(x, 2);
    assertEquals(numbers([values, indices]), [[[4, 3], [9, 6]], [[2, 0], [1, 3]]]);
    assertEquals([values.dtype, indices.dtype], ["float32", "int32"]);
    assertEquals(numbers(topK(x, 1, { axis: 0 })), [[[5, 9, 4, 6]], [[1, 1, 0, 1]]]);
    assertEquals(numbers(topK(x, 2, { largest: false })), [[[1, 1], [2, 5]], [[1, 3], [2, 0]]]);
    assertEquals(topK(tensor([1, 2], { dtype: "int32" }), 0)[0].shape, [0]);
    assertEquals(numbers(topK([NaN, 1, Infinity], 3)), [[Infinity, 1, NaN], [2, 1, 0]]);
  });

  it("gives the same compiled, by every emitter, and leaves out what is not used", () => {
    const many = random.normal([7, 50], { key: random.key(1) }).concrete("test");
    const expected = numbers(topK(many, 5));
    for (const emitter of ["auto", "js", "wasm"] as const) {
      const f = compile((x: Value) => topK(x, 5), { emitter });
      assertEquals(numbers(f(many) as Tensor[]), expected);
      verify(f.graphFunction(many));
    }
    const indices = compile((x: Value) => topK(x, 2)[1]);
    assertEquals(indices(x).toArray(), [[2, 0], [1, 3]]);
    assertEquals(indices.kernels(x), ["host_argsort", "k1_copy"]);
  });

  it("is differentiated through its values", () => {
    const loss = (x: Value): Value => topK(x, 2)[0].mul(tensor([1, 10])).sum();
    const expected = [[10, 0, 1, 0], [0, 1, 0, 10]];
    assertEquals(grad(loss)(x).toArray(), expected);
    assertEquals(compile(grad(loss))(x).toArray(), expected);
    // Of the sum of the cubes' largest: 3x² where it is; and once more: 6x.
    const cubes = (x: Value): Value => topK(x.pow(3), 1)[0].sum();
    assertEquals(grad((x: Value) => grad(cubes)(x).sum())(tensor([2, 1])).toArray(), [12, 0]);
    const w = new Variable([3, 1, 4]);
    const step = compile(() => new train.SGD({ learningRate: 1 }).minimize(() => topK(w, 1)[0].sum()));
    assertEquals([step().item(), w.toArray()], [4, [3, 1, 3]]);
  });

  it("is a node of a graph built by hand, whose outputs are operands with consumers of their own", () => {
    for (const mode of ["compiled", "reference"] as const) {
      const graph = new Graph();
      graph.asDefault();
      const input = placeholder({ name: "x" });
      const [values, indices] = topK(input, 2) as Value[] as OperationOutput[]; // of a node they are nodes
      assertInstanceOf(values, OperationOutput);
      const sum = values!.sum().add(values!.max());
      const operation = graph.operations[0]!;
      assertInstanceOf(operation, MultiOperation);
      assertStrictEquals(operation.outputs[1], indices);
      assertEquals(values!.consumers.map(({ name }) => name), ["sum", "max"]);
      assertEquals([indices!.consumers.length, operation.consumers.length], [0, 2]);
      assertEquals(input.consumers, [operation]);
      const [dx] = gradients(sum, [input]);
      const session = new Session({ mode });
      const run = session.run({ values: values!, indices: indices!, sum, dx }, [[input, [3, 1, 4]]]);
      assertEquals(numbers([run.values, run.indices, run.sum, run.dx] as Tensor[]), [[4, 3], [2, 0], 11, [1, 0, 2]]);
      assertEquals(
        String(graph).split("\n").slice(0, 3),
        ["%0 = placeholder x", "%1 = topK %0 k=2 axis=-1 largest=true", "%2 = sum %1.0 keepDims=false"],
      );
    }
  });

  it("is printed and drawn as one node", () => {
    const f = compile((x: Value) => {
      const [values, indices] = topK(x, 2);
      return values.mul(indices);
    });
    f(x);
    const lines = String(f.graph).split("\n");
    assertEquals(lines[1], "%1: float32[2,2], int32[2,2] = topK %0 k=2 axis=-1 largest=true");
    assertEquals(lines[2], "%2: float32[2,2] = mul %1.0 %1.1");
    assertEquals(f.graph!.toDot().match(/n\d -> n\d/g), ["n0 -> n1", "n1 -> n2", "n1 -> n2"]);
    assertMatch(f.graph!.toSvg(), />topK<\/text>/);
  });

  it("gives the same in random programs, in every way that they can be run", () => {
    fuzzOperation("topK", { count: 40, seed: 1 });
  });

  it("says what does not fit, in its own name", () => {
    for (const use of [() => topK(x, 5), () => compile((x: Value) => topK(x, 5))(x)]) {
      assertThrows(use, RangeError, "Cannot topK float32[2,4]: axis 1 has 4 elements, not 5");
    }
    assertThrows(() => topK(x, 1, { axis: 2 }), RangeError, "Cannot topK float32[2,4]: axis 2 is out of range");
    assertThrows(() => topK(x, -1), RangeError, "Cannot topK");
    assertThrows(() => topK(x, 1, { largst: true } as never), TypeError, "there is no option largst");
    const f = compile((x: Value) => topK(x, 1)[0].item());
    assertThrows(() => f(x), TypeError, "Cannot read .item() of topK.0 (float32[2,1])");
  });
});
