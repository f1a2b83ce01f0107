// Elements by index in generated kernels. Expected values are those of the reference implementation, or are written out.
import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  compile,
  crossEntropy,
  type DType,
  grad,
  Graph,
  placeholder,
  Session,
  sort,
  take,
  type Tensor,
  tensor,
  train,
  type Value,
  Variable,
  zeros,
} from "../../mod.ts";
import { IndexFault } from "../../compiler/emit/index_fault.ts";
import { compileProgram } from "../../compiler/program/program.ts";
import { errorIn } from "../../compiler/runtime/run_error.ts";
import { referenceExecutor } from "../../src/graph/interpret.ts";
import { specialize } from "../../src/graph/specialize.ts";
import { opTable } from "../../src/ops/table.ts";

const numbers = (shape: readonly number[], dtype: DType = "float32"): Tensor => {
  const size = shape.reduce((product, length) => product * length, 1);
  const each = (index: number): number =>
    dtype === "bool" ? index % 3 % 2 : dtype.startsWith("float") ? Math.sin(index + 1) : index * 7 % 120;
  return tensor(Float64Array.from({ length: size }, (_, index) => each(index)), { shape, dtype });
};

const int = (values: number[], shape = [values.length], dtype: DType = "int32"): Tensor =>
  tensor(values, { shape, dtype });

const seen = ({ dtype, shape, data }: Tensor): unknown => [dtype, shape, [...data]];
const reference = (x: Tensor, indices: Tensor, axis: number): Tensor =>
  referenceExecutor.eager(opTable.take, [x, indices], { axis });

/** What `run` throws, class and text. */
function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return String(error);
  }
  throw new Error("nothing was thrown");
}

describe("take, generated", () => {
  const compiled = (axis: number): (x: Tensor, indices: Tensor) => Tensor =>
    compile((x: Value, indices: Value) => take(x, indices, axis));

  it("is the reference's for every axis and every shape of indices", () => {
    for (const shape of [[4], [3, 4], [2, 3, 4], [1, 3, 1], [2, 1, 3, 2]]) {
      for (let axis = -shape.length; axis < shape.length; axis++) {
        const length = shape.at(axis)!;
        for (const indexShape of [[], [1], [5], [2, 3], [2, 1, 2], [0], [2, 0]]) {
          const size = indexShape.reduce((product, each) => product * each, 1);
          const indices = int(
            Array.from({ length: size }, (_, index) => index * 5 % (2 * length) - length),
            indexShape,
          );
          const expected = seen(reference(numbers(shape), indices, axis));
          assertEquals(seen(take(numbers(shape), indices, axis)), expected);
          assertEquals(seen(compiled(axis)(numbers(shape), indices)), expected);
        }
      }
    }
  });

  it("is the reference's for every dtype of elements and of indices", () => {
    for (const dtype of ["float32", "float64", "int32", "uint32", "int8", "uint8", "bool"] as const) {
      for (const indexDType of ["int32", "uint32", "int8", "uint8"] as const) {
        const x = numbers([3, 2], dtype);
        const indices = int([2, 0, 1, 2], [4], indexDType);
        const expected = seen(reference(x, indices, 0));
        assertEquals(seen(take(x, indices)), expected);
        assertEquals(seen(compiled(0)(x, indices)), expected);
      }
    }
    assertEquals(take(tensor([-0, NaN, -Infinity]), [1, 0, 2]).toArray(), [NaN, -0, -Infinity]);
  });

  it("takes nothing from what is empty", () => {
    for (const [shape, axis] of [[[0], 0], [[0, 3], 0], [[3, 0], 1], [[0, 0], 0]] as const) {
      const expected = seen(reference(zeros(shape), int([]), axis));
      assertEquals(seen(take(zeros(shape), int([]), axis)), expected);
      assertEquals(seen(compiled(axis)(zeros(shape), int([]))), expected);
    }
    assertEquals(take(zeros([3, 0]), int([1, 2])).shape, [2, 0]);
  });

  it("reads views of elements and of indices where they are, without a copy", () => {
    const views: readonly ((x: Value) => Value)[] = [
      (x) => x.transpose(),
      (x) => x.flip(),
      (x) => x.slice([1, null], [null, null], [1, -2]),
      (x) => x.reshape([2, 2, 3]),
      (x) => x.slice([0, 1], [1, 2]).broadcastTo([3, 4]),
      (x) => x.expandDims(1),
    ];
    const ofIndices: readonly ((indices: Value) => Value)[] = [
      (indices) => indices.flip(),
      (indices) => indices.reshape([2, 2]).transpose(),
      (indices) => indices.slice([1], [null], [2]),
      (indices) => indices.broadcastTo([2, 4]),
    ];
    const x = numbers([4, 3]);
    const indices = int([1, 0, -1, 1]);
    for (const view of views) {
      for (const ofIndex of ofIndices) {
        for (let axis = 0; axis < view(x).rank; axis++) {
          if (view(x).shape[axis] === 1) continue; // of which 1 is out of range
          const f = compile((x: Value, indices: Value) => take(view(x), ofIndex(indices), axis));
          const expected = reference(view(x).concrete(""), ofIndex(indices).concrete(""), axis);
          assertEquals(seen(f(x, indices)), seen(expected));
          assertEquals(f.kernels().length, 1, f.explain());
        }
      }
    }
  });

  it("is one kernel with what is made of its indices and of its result", () => {
    const kernels = (fn: (x: Value, indices: Value) => Value, count: number, shape = [4, 3]): void => {
      const f = compile(fn, { exact: true });
      const args = [numbers(shape), int([0, 2, -1, 1])] as const;
      assertEquals(seen(f(...args)), seen(fn(...args).concrete("")));
      assertEquals(f.kernels().length, count, f.explain());
    };
    kernels((x, indices) => take(x, indices).mul(2).sum(1), 1);
    kernels((x, indices) => take(x, indices, 1).mul(2).sum(0), 1);
    kernels((x, indices) => take(x, indices).mul(2).max(), 1);
    kernels((x, indices) => take(x, indices).softmax(), 1);
    kernels((x, indices) => take(x, indices.mul(2).sub(1).clip(-2, 1)).exp().sum(1), 1);
    kernels((x, indices) => take(x, indices.mul(2).sub(1).clip(-2, 1)).exp(), 1, [4]);
    kernels((x, indices) => take(x, indices.mul(2).sub(1).clip(-2, 1)).exp(), 2); // an index for many elements
    kernels((x, indices) => take(x, take(indices, indices)).add(take(x, indices)), 1, [4]);
    kernels((x, indices) => take(indices, indices).add(x.sum(1)), 1, [4, 3]);
    // A row's own index, and an element of another array for each row.
    kernels((x, indices) => x.sub(take(indices, indices).expandDims(1)).sum(1), 1);
    kernels((x) => take(x, x.argmax(0)), 2);
    kernels((x) => sort(x, 0), 2);
    kernels((x, indices) => take(x.exp(), indices), 2);
    kernels((x, indices) => x.transpose().matmul(x).add(take(x, indices.slice([0], [3]))), 2);
    kernels((x, indices) => take(x.sum().reshape([1]), indices.mul(0)), 2);
    kernels((x, indices) => take(x.slice([0, 0], [1, 1]).mul(2).reshape([1]), indices.mul(0)), 2);
  });

  it("says what keeps it from sharing a kernel", () => {
    const own = compile((x: Value, indices: Value) => take(x.exp(), indices));
    assert(own.explain(numbers([2]), int([1, 0])).includes("a gather reads other elements than the one just computed"));
    const tiles = compile((x: Value, indices: Value) => x.matmul(x).add(take(x, indices)));
    assert(
      tiles.explain(numbers([2, 2]), int([1, 0])).includes("a gather reads here and there, and a contraction makes"),
    );
  });

  it("has the text of other sizes and other words, and no number of theirs", () => {
    const text = (shape: readonly number[], name: string): string => {
      const f = compile(Object.defineProperty((x: Value, i: Value) => take(x, i, 1).mul(2), "name", { value: name }));
      f(numbers(shape), int([1, 2]));
      return f.source();
    };
    assertEquals(text([17, 13], "a"), text([19, 1019], "b"));
    assert(!/1019|float32\[/.test(text([19, 1019], "b")));
  });

  it("has a gradient in compiled programs", () => {
    const loss = (x: Value, indices: Value): Value => take(x, indices).mul(tensor([[1, 2], [3, 4], [5, 6]])).sum();
    const f = compile((x: Value, indices: Value) => grad((x: Value) => loss(x, indices))(x));
    // Each row is the sum of the factors of its uses.
    assertEquals(f(zeros([4, 2]), int([3, 0, -1])).toArray(), [[3, 4], [0, 0], [0, 0], [6, 8]]);
    const second = compile((x: Value, i: Value) => grad((x: Value) => take(x, i).square().sum())(x));
    assertEquals(second(tensor([1, 2, 3]), int([2, 2, 0])).toArray(), [2, 0, 12]);
  });
});

describe("an index that is out of range", () => {
  const firstLine = (text: string): string => text.split("\n")[0]!;
  const text = (message: string, run: () => unknown): void =>
    assertEquals(firstLine(errorOf(run)), `RangeError: ${message}`);

  /** Asserts the same error, eagerly, by reference, and compiled in a session and as a function. */
  function everywhere(fn: (...args: Value[]) => Value, args: readonly Tensor[], message: string): void {
    text(message, () => fn(...args));
    text(message, () => compile(fn)(...args));
    text(message, () => compile(fn, { exact: true })(...args));
    const graph = new Graph();
    const inputs = graph.asDefault(() => args.map(({ shape, dtype }) => placeholder({ shape, dtype })));
    const node = graph.asDefault(() => fn(...inputs));
    const feeds = inputs.map((input, index) => [input, args[index]!] as const);
    const [compiled, reference] = [new Session(), new Session({ mode: "reference" })].map((session) =>
      errorOf(() => session.run(node, feeds))
    );
    assertEquals(compiled, reference);
    assertEquals(firstLine(compiled!), `RangeError: ${message}`);
  }

  it("is the same error of take, however it is run", () => {
    const x = numbers([3, 2]);
    const from = (axis: number, index: number, length: number, type = "float32[3,2]"): string =>
      `Cannot take from axis ${axis} of ${type}: index ${index} is out of range for length ${length}`;
    everywhere((x, i) => take(x!, i!), [x, int([0, 3])], from(0, 3, 3));
    everywhere((x, i) => take(x!, i!), [x, int([-4, 7])], from(0, -4, 3));
    everywhere((x, i) => take(x!, i!, -1), [x, int([0, 1, -3, 5], [2, 2])], from(1, -3, 2));
    everywhere((x, i) => take(x!, i!, 1), [x, int([2], [])], from(1, 2, 2));
    everywhere((x, i) => take(x!, i!), [x, int([0, 4294967295], [2], "uint32")], from(0, 4294967295, 3));
    everywhere((x, i) => take(x!, i!), [x, int([-128], [1], "int8")], from(0, -128, 3));
    everywhere((x, i) => take(x!, i!), [x, int([255], [1], "uint8")], from(0, 255, 3));
    everywhere((x, i) => take(x!, i!), [zeros([0]), int([0])], from(0, 0, 0, "float32[0]"));
    everywhere((x, i) => take(x!, i!), [zeros([3, 0]), int([3])], from(0, 3, 3, "float32[3,0]"));
    everywhere((x, i) => take(x!.transpose(), i!, 1).mul(2).sum(1), [x, int([0, 9])], from(1, 9, 3, "float32[2,3]"));
    everywhere((x, i) => take(x!, i!.add(1)).sum(), [x, int([0, 2])], from(0, 3, 3));
  });

  it("is the same error of cross-entropy, however it is run", () => {
    const none = (index: number, classes: number, types: string): string =>
      `Cannot crossEntropy ${types}: the class ${index} is not between 0 and ${classes - 1}`;
    const loss = (x?: Value, y?: Value): Value => crossEntropy(x!, y!);
    everywhere(loss, [zeros([4, 3]), int([0, 2, 3, 9])], none(3, 3, "float32[4,3] and int32[4]"));
    everywhere(loss, [zeros([4, 3]), int([0, 2, -1, 0])], none(-1, 3, "float32[4,3] and int32[4]"));
    everywhere(loss, [zeros([3]), int([3], [], "uint8")], none(3, 3, "float32[3] and uint8[]"));
    everywhere(
      loss,
      [zeros([1, 3]), int([4294967295], [1], "uint32")],
      none(4294967295, 3, "float32[1,3] and uint32[1]"),
    );
    everywhere(loss, [zeros([2, 1]), int([0, 1])], none(1, 1, "float32[2,1] and int32[2]"));
    everywhere(loss, [zeros([2, 2, 2]), int([0, 1, 0, 2], [2, 2])], none(2, 2, "float32[2,2,2] and int32[2,2]"));
    // The gradient alone does not compute the loss.
    const gradient = (x: Value, y: Value): Value => grad((x: Value) => crossEntropy(x, y))(x);
    for (const fn of [gradient, compile(gradient)]) {
      text(none(3, 3, "float32[2,3] and int32[2]"), () => fn(zeros([2, 3]), int([0, 3])));
    }
    text(
      "Cannot crossEntropy float32[2] and number: the class 1.5 is not between 0 and 1",
      () => crossEntropy([1, 2], 1.5),
    );
  });

  it("names the line that asked for the element", () => {
    const f = compile((x: Value, i: Value) => {
      const y = x.mul(2);
      return take(y, i).add(1);
    });
    assert(/\n {4}recorded at .*gather\.test\.ts:\d+:\d+$/.test(errorOf(() => f(numbers([3]), int([3])))));
    assertThrows(() => take(numbers([3]), [3]), RangeError, "Cannot take from axis 0");
  });

  it("of a constant is an error when it is run, and not before", () => {
    const graph = new Graph();
    const x = graph.asDefault(() => placeholder());
    const loss = graph.asDefault(() => crossEntropy(x, tensor([5], { dtype: "int32" })));
    assert(errorOf(() => new Session().run(loss, [[x, zeros([1, 3])]])).includes("recorded at"));
  });

  it("leaves every Variable as it was, and the program usable", () => {
    const w = new Variable([[1, 0, -1], [0, 1, -1]]);
    const steps = new Variable(0);
    const optimizer = new train.Adam({ learningRate: 0.1 });
    const step = compile((x: Value, y: Value) => {
      steps.assign(steps.add(1));
      return optimizer.minimize(() => crossEntropy(x.matmul(w), y));
    });
    const x = numbers([4, 2]);
    const good = int([0, 1, 2, 2]);
    const first = step(x, good).item();
    const before = [w.toArray(), steps.item()];
    text(
      "Cannot crossEntropy float32[4,3] and int32[4]: the class 3 is not between 0 and 2",
      () => step(x, int([0, 1, 3, 2])),
    );
    assertEquals([w.toArray(), steps.item()], before);
    assert(step(x, good).item() < first);
    assertEquals(steps.item(), 2);
  });

  it("leaves them in a session that only minimizes", () => {
    const errors = (["compiled", "reference"] as const).map((mode) => {
      const graph = new Graph();
      const labels = graph.asDefault(() => placeholder());
      const w = graph.asDefault(() => new Variable([[1, 0, -1], [0, 1, -1]]));
      const minimize = graph.asDefault(() => new train.GradientDescentOptimizer(1).minimize(crossEntropy(w, labels)));
      const error = errorOf(() => new Session({ mode }).run(minimize, [[labels, int([1, 7])]]));
      assertEquals(w.toArray(), [[1, 0, -1], [0, 1, -1]]);
      return firstLine(error);
    });
    const message = "Cannot crossEntropy float32[2,3] and int32[2]: the class 7 is not between 0 and 2";
    assertEquals(errors, [`RangeError: ${message}`, `RangeError: ${message}`]);
  });

  it("costs no kernel where it is looked for", () => {
    for (const [shape, dtype] of [[[4, 3], "int32"], [[4, 3], "uint8"], [[3], "int32"], [[4, 1], "int8"]] as const) {
      const f = compile((x: Value, y: Value) => crossEntropy(x, y));
      const y = zeros(shape.slice(0, -1), { dtype });
      assertEquals(seen(f(numbers(shape), y)), seen(crossEntropy(numbers(shape), y)));
      assertEquals(f.kernels().length, 1, f.explain());
    }
  });

  it("is a fault of two numbers, which the kernel knows how to say", () => {
    const graph = new Graph();
    const [x, i] = [graph.asDefault(() => placeholder()), graph.asDefault(() => placeholder())];
    const node = graph.asDefault(() => take(take(x, i), i, 1).add(1));
    const types = new Map([[x, numbers([3, 2]).type], [i, int([0]).type]]);
    const { program } = compileProgram(specialize([node], types), {});
    assertEquals(program.origins.map(({ checks }) => checks.length), [1, 1]);
    const { message } = errorIn(program, 1, new IndexFault(0, 5), []) as Error; // it is one
    assert(
      message.startsWith("Cannot take from axis 1 of float32[1,2]: index 5 is out of range for length 2"),
      message,
    );
    assert(message.includes("recorded at"));
    const without = compileProgram(specialize([graph.asDefault(() => x.add(1))], types), {});
    assertEquals(without.program.origins.map(({ checks }) => checks), [[]]);
  });
});
