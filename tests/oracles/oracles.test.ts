import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import "../../mod.ts"; // values have its methods
import type { DType, Shape, Tensor } from "../../mod.ts";
import { allocate, isFloating } from "../../src/dtype.ts";
import { apply } from "../../src/graph/apply.ts";
import { definitionOf, inferType } from "../../src/graph/definition.ts";
import { computeComposed, computeReference } from "../../src/graph/reference.ts";
import { type Attributes, isComposite, reasonOf } from "../../src/ops/op.ts";
import { applyMulti } from "../../src/ops/apply_multi.ts";
import { type CompositeName, multiOpTable, opNames, opTable } from "../../src/ops/table.ts";
import { sizeOf } from "../../src/shape.ts";
import { tensorOver } from "../../src/tensor.ts";
import { TensorType } from "../../src/tensor_type.ts";
import type { Generator, Source } from "../fuzz/generator_kinds.ts";
import { generators } from "../fuzz/generators.ts";
import { oracles, oraclesOfSeveral } from "./table.ts";

const dtypes: readonly DType[] = ["float32", "float64", "int32", "uint32", "int8", "uint8", "bool"];
const shapes: readonly Shape[] = [[2, 3], [3], [], [1, 4], [3, 2], [2, 1, 3], [2, 2, 3, 2], [0, 2], [1, 2, 2, 2, 3], [
  5,
]];

/** Whole numbers that follow each other at random, as it seems. */
function numbers(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = Math.imul(state, 1103515245) + 12345 & 0x7fffffff;
    return (state >> 8) % count;
  };
}

function drawn(type: TensorType, next: (count: number) => number): Tensor {
  const data = allocate(type.dtype, type.size);
  const number = (): number => {
    if (isFloating(type.dtype)) return (next(33) - 16) / 8;
    if (type.dtype === "bool") return next(2);
    return type.dtype.startsWith("u") ? next(9) : next(17) - 8;
  };
  for (let place = 0; place < data.length; place++) data[place] = number();
  return tensorOver(data, type);
}

/** Operands and attributes that an operation is drawn with; undefined where none fit. */
function applicationOf(name: CompositeName, seed: number): { inputs: Tensor[]; attributes: Attributes } | undefined {
  const next = numbers(seed);
  const values = shapes.flatMap((shape) =>
    [0, 1, 2].map(() => drawn(new TensorType(dtypes[next(dtypes.length)]!, shape), next))
  );
  const source: Source = {
    next,
    pick(fits = () => true) {
      const fitting = values.flatMap(({ type }, place) => fits(type) ? [place] : []);
      return fitting.length === 0 ? undefined : fitting[next(fitting.length)];
    },
    typeOf: (place) => values[place]!.type,
    leaf(dtype, shape, number) {
      const type = new TensorType(dtype, shape);
      const data = allocate(dtype, sizeOf(shape));
      if (number !== undefined) { for (let place = 0; place < data.length; place++) data[place] = number(); }
      return values.push(number === undefined ? drawn(type, next) : tensorOver(data, type)) - 1;
    },
    number: (value) =>
      values.push(tensorOver(
        Float64Array.of(value),
        new TensorType("float64", [], Number.isInteger(value) ? "integer" : "float"),
      )) - 1,
  };
  const application = (generators[name] as Generator)(source); // every composite has one
  if (application === undefined) return undefined;
  const inputs = application.inputs.map((input) => values[input]!);
  return { inputs, attributes: application.attributes ?? {} };
}

/** Asserts that two are the same, but for so many units in the last place of a float64 or of their own dtype. */
function assertSame(actual: Tensor, expected: Tensor, tolerance: number, what: string): void {
  assertEquals(actual.type.key, expected.type.key, what);
  const unit = actual.dtype === "float32" ? 2 ** -23 : isFloating(actual.dtype) ? tolerance : 0;
  actual.data.forEach((value, place) => {
    const wanted = expected.data[place]!;
    const isSame = Object.is(value, wanted) || value === wanted ||
      Math.abs(value - wanted) <= unit * Math.abs(wanted) + (unit && tolerance);
    assert(isSame, `element ${place} of ${what} is ${value}, not ${wanted}`);
  });
}

/** Asserts that a test of the operation's says where its expected values are from. */
function checkExpectedValues(name: string): void {
  const folder = new URL("../ops/", import.meta.url);
  const texts = readdirSync(folder).filter((file) => file.endsWith(".test.ts")).map((file) =>
    readFileSync(new URL(file, folder), "utf8")
  );
  const own = texts.find((text) => text.includes(`describe("${name}"`));
  assert(own?.startsWith("// Expected values: "), `${name} has neither an oracle nor a test with expected values`);
}

describe("the oracle", () => {
  for (const name of opNames) {
    const op = opTable[name];
    if (!isComposite(op)) continue;
    const oracle = oracles[name as CompositeName]; // a composite's
    if (oracle === undefined) {
      it(`${name} has none, but expected values in its own test`, () => checkExpectedValues(name));
      continue;
    }
    it(`${name} is what it comes to by its decomposition, and eagerly`, { timeout: 60_000 }, () => {
      let count = 0;
      for (let seed = 1; count < 40 && seed < 400; seed++) {
        const application = applicationOf(name as CompositeName, seed * 7919); // a composite's
        if (application === undefined) continue;
        const { inputs, attributes } = application;
        let type: TensorType;
        try {
          type = inferType(op, inputs.map((input) => input.type), attributes);
        } catch (error) {
          if (error instanceof Error && reasonOf(error) !== undefined) continue; // they do not fit
          throw error;
        }
        const output = new Float64Array(type.size);
        oracle(output, inputs, attributes, type);
        const data = allocate(type.dtype, type.size);
        data.set(output);
        const expected = tensorOver(data, type);
        const what = `${name} of ${inputs.map((input) => input.type)} ${JSON.stringify(attributes)}`;
        assertSame(computeReference(op, inputs, attributes, type), expected, 1e-13, what);
        const isWide = inputs.every(({ dtype }) => dtype !== "float32") && type.dtype !== "float32";
        if (isWide) {
          const eager = apply<Attributes, Tensor>(op, inputs, attributes) as unknown as Tensor; // of tensors it is one
          assertSame(eager, expected, 1e-13, `eager ${what}`);
        }
        count++;
      }
      assert(count >= 20, `only ${count} applications were drawn`);
    });
  }
});

describe("the oracle of several results", () => {
  for (const [name, op] of Object.entries(multiOpTable)) {
    if (op.infer !== undefined) continue; // it is what a function that it owns computes
    it(`${name} is what they come to by its decomposition, and eagerly`, () => {
      if (oraclesOfSeveral[name] === undefined) return checkExpectedValues(name);
      const { oracle, attributes: list } = oraclesOfSeveral[name];
      const next = numbers(17);
      for (const shape of [[2, 3], [5], [3, 2, 4], [2, 0]]) {
        for (const dtype of dtypes) {
          const x = drawn(new TensorType(dtype, shape), next);
          for (const attributes of list(shape)) {
            const { types } = definitionOf(op, [x.type], attributes);
            const outputs = types.map((type) => allocate(type.dtype, type.size));
            oracle(outputs, [x], attributes);
            const what = `${name} of ${x.type} ${JSON.stringify(attributes)}`;
            const ways = [computeComposed(op, [x], attributes), applyMulti(op, [x], attributes) as readonly Tensor[]];
            for (const results of ways) {
              results.forEach((result, place) =>
                assertSame(result, tensorOver(outputs[place]!, types[place]!), 0, `output ${place} of ${what}`)
              );
            }
          }
        }
      }
    });
  }
});
