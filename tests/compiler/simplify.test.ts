// Every rule of simplification does what it says, and changes no number: the graph before and the graph after are run by
// the reference implementations on all pairs of special values, and compared bit by bit.
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { concat, type DType, maximum, minimum, type Tensor, tensor, type Value, where } from "../../mod.ts";
import { simplify, simplifyRules } from "../../compiler/passes/simplify.ts";
import { verify } from "../../compiler/passes/verify.ts";
import { Graph } from "../../src/graph/graph.ts";
import { referenceExecutor } from "../../src/graph/interpret.ts";
import { TableOperation } from "../../src/graph/operation.ts";
import { Placeholder } from "../../src/graph/placeholder.ts";
import { activeTrace, Recording, withTrace } from "../../src/graph/trace.ts";
import { postorder } from "../../src/graph/traverse.ts";
import type { GraphFunction } from "../../src/graph/function.ts";

type Build = (x: Value, y: Value) => Value;

const floats: readonly DType[] = ["float32", "float64"];
const signed: readonly DType[] = ["int32", "int8"];
const unsigned: readonly DType[] = ["uint32", "uint8"];
const all = [...floats, ...signed, ...unsigned];

/** Zeros, halves, ends of ranges, what rounds, and what is not a number. */
const specials: Readonly<Record<DType, readonly number[]>> = {
  float32: [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, 1e-45, -1e-40, 3.4e38, -3.4e38, Infinity, -Infinity, NaN, 0.1],
  float64: [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, 3, 5e-324, -1e-310, 1.7e308, -1.7e308, Infinity, -Infinity, NaN, 0.1],
  int32: [0, 1, -1, 2, -7, 46341, 2 ** 31 - 1, -(2 ** 31)],
  uint32: [0, 1, 2, 7, 65537, 2 ** 31, 2 ** 32 - 1],
  int8: [0, 1, -1, 2, -7, 16, 127, -128],
  uint8: [0, 1, 2, 7, 16, 128, 255],
  bool: [0, 1],
};

/** Two tensors of all pairs of special values, of the shape that `shapeOf` makes of their number. */
function operands(dtype: DType, shapeOf: (count: number) => readonly number[]): [Tensor, Tensor] {
  const values = specials[dtype];
  const pairs = values.flatMap((x) => values.map((y) => [x, y] as const));
  const make = (which: 0 | 1): Tensor =>
    tensor(Float64Array.from(pairs, (pair) => pair[which]), {
      dtype: "float64",
      shape: [pairs.length],
    }).astype(dtype).reshape(shapeOf(pairs.length));
  return [make(0), make(1)];
}

function graphFunctionOf(build: Build, [x, y]: readonly [Tensor, Tensor]): GraphFunction {
  const graph = new Graph();
  const inputs = [new Placeholder(graph, { name: "x" }, x.type), new Placeholder(graph, { name: "y" }, y.type)];
  const trace = new Recording(graph, "a test");
  const output = withTrace(trace, () => build(inputs[0]!, inputs[1]!));
  return {
    name: "a test",
    graph,
    inputs,
    outputs: [output],
    assigns: [],
    variables: [],
    captures: [],
    assumptions: [],
  };
}

/** A constant as a node: operations on a tensor itself are computed before there is a graph. */
function captured(constant: Tensor): Value {
  return activeTrace()!.graph.capture(constant);
}

function namesOf({ outputs }: GraphFunction): string[] {
  return postorder(outputs).flatMap((node) => node instanceof TableOperation ? [node.name] : []);
}

/** Asserts that these operations are left, and that they give the very same numbers. */
function assertSimplified(
  build: Build,
  dtype: DType,
  names: readonly string[],
  shapeOf: (count: number) => readonly number[] = (count) => [count],
): void {
  const given = operands(dtype, shapeOf);
  const source = graphFunctionOf(build, given);
  const simple = simplify(source);
  verify(simple, "simplify");
  assertEquals(namesOf(simple), names, dtype);
  const [before, after] = [source, simple].map((each) => referenceExecutor.compile(each, {}).run(given, [])[0]!);
  assertEquals(after!.type.key, before!.type.key);
  before!.data.forEach((value, index) => {
    if (!Object.is(value, after!.data[index])) {
      assertEquals(String(after!.data[index]), String(value), `${dtype}, ${given.map((each) => each.data[index])}`);
    }
  });
}

interface Case {
  readonly dtypes: readonly DType[];
  readonly build: Build;
  /** The names of the operations that are left. */
  readonly left: readonly string[];
  readonly shapeOf?: (count: number) => readonly number[];
}

const line = (count: number): readonly number[] => [count, 1];
const condition = (x: Value): Value => x.equal(x);

/** For each rule, where it applies. */
const cases: Readonly<Record<string, readonly Case[]>> = {
  "times one": [
    { dtypes: all, build: (x) => x.mul(1), left: [] },
    { dtypes: floats, build: (x) => x.mul(captured(tensor(1)).broadcastTo(x.shape)), left: [] },
  ],
  "over one, to the power of one": [
    { dtypes: floats, build: (x) => x.div(1), left: [] },
    { dtypes: all, build: (x) => x.pow(1), left: [] },
  ],
  "plus nothing": [
    { dtypes: floats, build: (x) => x.add(-0), left: [] },
    { dtypes: [...signed, ...unsigned], build: (x) => x.add(0), left: [] },
  ],
  "minus nothing": [{ dtypes: all, build: (x) => x.sub(0), left: [] }],
  "square for a power of two": [{ dtypes: all, build: (x) => x.pow(2), left: ["square"] }],
  "minus one as a factor": [{ dtypes: all, build: (x) => x.mul(-1), left: ["neg"] }],
  "product for a quotient by a power of two": [
    { dtypes: floats, build: (x) => x.div(8), left: ["mul"] },
    { dtypes: floats, build: (x) => x.div(-0.25), left: ["mul"] },
  ],
  "negation of a negation": [{ dtypes: all, build: (x) => x.neg().neg(), left: [] }],
  "sum for a difference with a negation": [{ dtypes: all, build: (x, y) => x.sub(y.neg()), left: ["add"] }],
  "difference for a sum with a negation": [
    { dtypes: all, build: (x, y) => x.add(y.neg()), left: ["sub"] },
    { dtypes: all, build: (x, y) => x.neg().add(y), left: ["sub"] },
  ],
  "twice the same": [
    { dtypes: all, build: (x) => x.abs().abs(), left: ["abs"] },
    { dtypes: all, build: (x) => x.relu().relu(), left: ["relu"] },
    { dtypes: all, build: (x) => x.sign().sign(), left: ["sign"] },
  ],
  "rounding of a whole number": [
    { dtypes: [...signed, ...unsigned], build: (x) => x.floor().ceil().round(), left: [] },
    { dtypes: floats, build: (x) => x.round().floor(), left: ["round"] },
    { dtypes: floats, build: (x) => x.floor().ceil().round(), left: ["floor"] },
  ],
  "magnitude of a negation": [{ dtypes: [...floats, ...signed], build: (x) => x.neg().abs(), left: ["abs"] }],
  "square without a sign": [
    { dtypes: all, build: (x) => x.neg().square(), left: ["square"] },
    { dtypes: all, build: (x) => x.abs().square(), left: ["square"] },
  ],
  "the larger or smaller of one": [
    { dtypes: all, build: (x) => maximum(x, x), left: [] },
    { dtypes: all, build: (x) => minimum(x, x), left: [] },
  ],
  "a bound at infinity": [
    { dtypes: floats, build: (x) => x.maximum(-Infinity), left: [] },
    { dtypes: floats, build: (x) => x.minimum(Infinity), left: [] },
  ],
  "the opposite of equality": [
    { dtypes: all, build: (x, y) => x.equal(y).logicalNot(), left: ["notEqual"] },
    { dtypes: all, build: (x, y) => x.notEqual(y).logicalNot(), left: ["equal"] },
  ],
  "the opposite of an opposite": [
    { dtypes: all, build: (x, y) => x.less(y).logicalNot().logicalNot(), left: ["less"] },
  ],
  "a known choice": [
    { dtypes: all, build: (x, y) => where(tensor(true), x, y), left: [] },
    { dtypes: all, build: (x, y) => where(tensor([false]), x, y), left: [] },
    { dtypes: all, build: (x, y) => where(x.less(y), y, y), left: [] },
    { dtypes: floats, build: (x) => where(tensor(false), x, 0.5), left: ["broadcastTo"] },
  ],
  "conversion to the same type": [{ dtypes: [...all, "bool"], build: (x) => x.astype(x.dtype), left: [] }],
  "conversion of an exact conversion": [
    { dtypes: ["float32"], build: (x) => x.astype("float64").astype("float32"), left: [] },
    { dtypes: ["bool"], build: (x) => x.astype("int8").astype("bool"), left: [] },
    { dtypes: ["bool"], build: (x) => x.astype("float32").astype("bool"), left: [] },
    { dtypes: ["int8", "uint8"], build: (x) => x.astype("float32").astype("int32"), left: ["cast"] },
    { dtypes: ["uint8"], build: (x) => x.astype("uint32").astype("int8"), left: ["cast"] },
    { dtypes: ["int32", "uint32"], build: (x) => x.astype("float64").astype("uint8"), left: ["cast"] },
  ],
  "movement to where it is": [
    { dtypes: all, build: (x) => x.reshape(x.shape), left: [] },
    { dtypes: all, build: (x) => x.broadcastTo(x.shape), left: [] },
  ],
  "reshapes in one": [
    { dtypes: all, build: (x) => x.reshape([1, -1]).reshape([-1, 1]), left: ["reshape"] },
    { dtypes: all, build: (x) => x.reshape([1, -1]).reshape([-1]), left: [] },
  ],
  "broadcasts in one": [
    {
      dtypes: all,
      build: (x) => x.broadcastTo([1, ...x.shape]).broadcastTo([3, ...x.shape]),
      left: ["broadcastTo"],
    },
  ],
  "permutations in one": [
    { dtypes: ["float32"], build: (x) => x.permuteDims([1, 0]).permuteDims([1, 0]), left: [], shapeOf: line },
    { dtypes: ["float32"], build: (x) => x.permuteDims([0, -1]), left: [], shapeOf: line },
    {
      dtypes: ["float32"],
      build: (x) => x.permuteDims([1, 2, 0]).permuteDims([-2, -1, 0]).permuteDims([0, 2, 1]),
      left: ["permuteDims"],
      shapeOf: () => [9, 18, 2],
    },
  ],
  "slice of everything": [
    { dtypes: ["float32"], build: (x) => x.slice([0, null], [null, 1]), left: [], shapeOf: line },
    { dtypes: ["float32"], build: (x) => x.slice([null, null], [], [1, -1]), left: [], shapeOf: line },
  ],
  "padding by nothing, pieces of which there is one": [
    { dtypes: all, build: (x) => x.pad([[0, 0]], { value: 1 }), left: [] },
    { dtypes: all, build: (x) => concat([x]), left: [] },
  ],
  "reduction of single elements": [
    { dtypes: all, build: (x) => x.max(1), left: ["reshape"], shapeOf: line },
    { dtypes: all, build: (x) => x.min(-1), left: ["reshape"], shapeOf: line },
    { dtypes: floats, build: (x) => x.prod(1), left: ["reshape"], shapeOf: line },
    { dtypes: ["int8", "uint8"], build: (x) => x.prod(1), left: ["cast", "reshape"], shapeOf: line },
    { dtypes: floats, build: (x) => x.sum(1), left: ["add", "reshape"], shapeOf: line },
    { dtypes: ["int8", "uint8", "bool"], build: (x) => x.sum(1), left: ["cast", "reshape"], shapeOf: line },
    { dtypes: all, build: (x) => x.any(1), left: ["cast", "reshape"], shapeOf: line },
    { dtypes: all, build: (x) => x.all(1), left: ["cast", "reshape"], shapeOf: line },
    { dtypes: floats, build: (x) => x.sum([]), left: ["add"] },
  ],
  "one number, and then its broadcast": [
    {
      dtypes: floats,
      build: (x) => x.slice([0], [1]).broadcastTo(x.shape).neg().mul(2),
      left: ["slice", "neg", "mul", "broadcastTo"],
    },
    {
      dtypes: floats,
      build: (x) => x.mul(captured(tensor(4)).broadcastTo(x.shape).sqrt()),
      left: ["broadcastTo", "mul"],
    },
  ],
};

describe("a rule of simplification", () => {
  it("has a test each", () => {
    assertEquals(Object.keys(cases).sort(), simplifyRules.map(({ name }) => name).sort());
  });

  for (const [name, each] of Object.entries(cases)) {
    it(name, () => {
      for (const { dtypes, build, left, shapeOf } of each) {
        for (const dtype of dtypes) assertSimplified(build, dtype, left, shapeOf);
      }
    });
  }
});

describe("what is nearly a rule stays", () => {
  const kept: Readonly<Record<string, readonly Case[]>> = {
    "because of −0": [
      { dtypes: floats, build: (x) => x.add(0), left: ["add"] },
      { dtypes: floats, build: (x) => x.sub(-0), left: ["sub"] },
      { dtypes: floats, build: (x, y) => x.sub(y).neg(), left: ["sub", "neg"] },
      { dtypes: floats, build: (x) => x.maximum(0).neg().relu(), left: ["maximum", "neg", "relu"] },
      { dtypes: floats, build: (x) => x.pow(0.5), left: ["pow"] },
    ],
    "because of NaN and infinities": [
      { dtypes: floats, build: (x) => x.mul(0), left: ["mul"] },
      { dtypes: floats, build: (x) => x.sub(x), left: ["sub"] },
      { dtypes: floats, build: (x) => x.div(x), left: ["div"] },
      { dtypes: floats, build: (x, y) => x.less(y).logicalNot(), left: ["less", "logicalNot"] },
      { dtypes: floats, build: (x) => where(condition(x), x, 0), left: ["equal", "where"] },
    ],
    "because of rounding": [
      { dtypes: floats, build: (x) => x.div(3), left: ["div"] },
      { dtypes: floats, build: (x, y) => x.add(y).sub(y), left: ["add", "sub"] },
      { dtypes: floats, build: (x) => x.exp().log(), left: ["exp", "log"] },
      { dtypes: ["float64"], build: (x) => x.astype("float32").astype("float64"), left: ["cast", "cast"] },
      { dtypes: ["int32"], build: (x) => x.astype("float32").astype("int32"), left: ["cast", "cast"] },
      { dtypes: ["float32"], build: (x) => x.astype("int32").astype("float32"), left: ["cast", "cast"] },
    ],
    "because of what integers do": [
      { dtypes: unsigned, build: (x) => x.neg().abs(), left: ["neg", "abs"] },
      { dtypes: ["int32"], build: (x) => x.astype("int8").astype("int32"), left: ["cast", "cast"] },
      { dtypes: ["int32"], build: (x) => x.astype("bool").astype("int32"), left: ["cast", "cast"] },
      { dtypes: ["uint8"], build: (x, y) => x.astype("int32").sub(y.neg()), left: ["cast", "neg", "sub"] },
      { dtypes: signed, build: (x) => x.maximum(-1), left: ["maximum"] },
      { dtypes: signed, build: (x) => x.div(2), left: ["div"] },
    ],
    "because the shape or the dtype is another": [
      { dtypes: ["float32"], build: (x) => x.mul(tensor([[1], [1]])), left: ["mul"] },
      { dtypes: ["float32"], build: (x) => x.mul(tensor(1, { dtype: "float64" })), left: ["mul"] },
      { dtypes: ["int32"], build: (x) => x.div(1), left: ["div"] },
      { dtypes: ["float32"], build: (x) => x.permuteDims([1, 0]), left: ["permuteDims"], shapeOf: line },
      { dtypes: ["float32"], build: (x) => x.sum(0), left: ["sum"], shapeOf: line },
      { dtypes: ["float32"], build: (x) => x.slice(null, null, -1), left: ["slice"] },
      { dtypes: ["float32"], build: (x) => x.pad([[0, 1]]), left: ["pad"] },
    ],
    "because a costly operation on one number would be a kernel of its own": [
      {
        dtypes: floats,
        build: (x) => x.slice([0], [1]).broadcastTo(x.shape).exp(),
        left: ["slice", "broadcastTo", "exp"],
      },
    ],
  };
  for (const [name, each] of Object.entries(kept)) {
    it(name, () => {
      for (const { dtypes, build, left, shapeOf } of each) {
        for (const dtype of dtypes) assertSimplified(build, dtype, left, shapeOf);
      }
    });
  }
});

describe("the same expression", () => {
  it("is computed once, also with its operands in the other order where that is the same", () => {
    assertSimplified((x, y) => x.add(y).mul(y.add(x)), "float32", ["add", "mul"]);
    assertSimplified((x, y) => maximum(x, y).sub(maximum(y, x)), "float64", ["maximum", "sub"]);
    assertSimplified((x, y) => x.sub(y).mul(y.sub(x)), "float32", ["sub", "sub", "mul"]);
  });

  it("is told apart by the sign of a zero", () => {
    assertSimplified((x) => x.mul(0).div(x.mul(-0)), "float32", ["mul", "mul", "div"]);
  });
});

describe("constants", () => {
  it("are computed with once, up to 1024 elements", () => {
    const ones = (length: number): Tensor => tensor(new Float32Array(length).fill(1));
    const given = [tensor([1]), tensor([1])] as const;
    const left = (length: number): string[] =>
      namesOf(simplify(graphFunctionOf((x) => captured(ones(length)).add(1).sqrt().mul(x), given)));
    assertEquals(left(1024), ["mul"]);
    assertEquals(left(1025), ["add", "sqrt", "mul"]);
  });

  it("are made once of the same constants", () => {
    assertSimplified(
      (x) => {
        const [low, high] = [captured(tensor([1, 2])), captured(tensor([3, 4]))];
        const sum = (): Value => x.reshape([-1, 1]).add(low.mul(high));
        return sum().exp().mul(sum().exp().add(1));
      },
      "float32",
      ["reshape", "add", "exp", "add", "mul"],
    );
  });

  it("are left to the emitter where it may round otherwise than the reference", () => {
    assertSimplified((x) => captured(tensor([1.5])).rsqrt().add(captured(tensor([2])).exp()).mul(x), "float32", [
      "rsqrt",
      "exp",
      "add",
      "mul",
    ]);
  });
});
