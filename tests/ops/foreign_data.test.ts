// What holds no numbers, or holds them in another way than this library's own: each is taken, or is an error that says what it is.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { assertEquals, assertThrows } from "@std/assert";
import { bundle } from "../../.ci/bundle.ts";
import { ones, tensor, type TensorData, Variable, zeros } from "../../mod.ts";
import { reasonToSkipPackage } from "../node/install.ts";

/** What a program without types may pass. */
const foreign = (value: unknown): number[] => value as number[];

function transferred(): Float32Array {
  const array = new Float32Array([1, 2, 3, 4]);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** An array that contains itself at [0,0]. */
function cyclic(): unknown[] {
  const array: unknown[] = [[]];
  (array[0] as unknown[])[0] = array;
  return array;
}

function nested(depth: number): unknown {
  let array: unknown = 1;
  for (let level = 0; level < depth; level++) array = [array];
  return array;
}

type Row = readonly [data: unknown, kind: typeof TypeError | typeof RangeError, message: string];

const wrong: Record<string, Row> = {
  "an array that contains itself": [cyclic(), TypeError, "Cannot make a tensor: an array contains itself"],
  "an array that contains itself among numbers": [
    (() => {
      const array: unknown[] = [1];
      array[1] = array;
      return array;
    })(),
    RangeError,
    "the element at [1] has 2 elements where its neighbours have a number",
  ],
  "arrays without end": [nested(100_000), RangeError, "Cannot make a tensor: arrays are nested more than 1000 deep"],
  "a symbol": [Symbol("s"), TypeError, "the value is a symbol, not a number"],
  "a symbol in an array": [[1, Symbol("s")], TypeError, "the element at [1] is a symbol, not a number"],
  "a bigint": [[1n], TypeError, "the element at [0] is the bigint 1, not a number"],
  "a transferred array": [
    transferred(),
    TypeError,
    "Cannot make a tensor of an object of class Float32Array: its buffer was transferred or cut",
  ],
  "a BigInt64Array": [
    new BigInt64Array(2),
    TypeError,
    "an object of class BigInt64Array, in which no dtype is stored; convert it, as with Float64Array.from(…, Number)",
  ],
  "an Int16Array": [
    new Int16Array(2),
    TypeError,
    "an object of class Int16Array, in which no dtype is stored; convert it, as with Float32Array.from(…)",
  ],
  "a DataView": [
    new DataView(new ArrayBuffer(8)),
    TypeError,
    "an object of class DataView, of which no dtype is known; make a typed array of it",
  ],
  "a buffer": [new ArrayBuffer(8), TypeError, "of which no dtype is known; make a typed array of it"],
  "a shared buffer": [new SharedArrayBuffer(8), TypeError, "of which no dtype is known; make a typed array of it"],
  "an object whose class cannot be read": [
    Object.create({
      get constructor() {
        throw new Error("no class");
      },
    }),
    TypeError,
    "the value is an object that cannot be looked at",
  ],
  "a tensor's data with another dtype": [
    { shape: [2], dtype: "int32", data: new Float32Array(2) },
    TypeError,
    "Cannot make a tensor of int32 data: they are an object of class Float32Array, not a Int32Array",
  ],
  "a tensor's data with another shape": [
    { shape: [3], dtype: "float32", data: new Float32Array(2) },
    RangeError,
    "Cannot make a tensor of shape [3]: there are 2 numbers",
  ],
  "a tensor's data with a shape that is none": [
    { shape: [-2], dtype: "float32", data: new Float32Array(2) },
    RangeError,
    "the shape [-2] has a length that is not a whole number ≥ 0",
  ],
  "a tensor's data in a transferred array": [
    { shape: [4], dtype: "float32", data: transferred() },
    TypeError,
    "its buffer was transferred or cut",
  ],
};

describe("tensor: refuses", () => {
  for (const [what, [data, kind, message]] of Object.entries(wrong)) {
    it(what, () => {
      assertThrows(() => tensor(foreign(data)), kind, message);
      const error = assertThrows(() => new Variable(foreign(data)), kind);
      assertEquals(error.message.startsWith("Cannot make a Variable"), true, error.message);
    });
  }

  it("sizes that there is no room for", () => {
    for (const make of [zeros, ones]) {
      assertThrows(
        () => make([2 ** 40]),
        RangeError,
        "Cannot allocate 1099511627776 elements of float32: there is no room for 4398046511104 bytes",
      );
    }
  });
});

describe("tensor: takes", () => {
  it("a Proxy of arrays, as reactive state has it", () => {
    const reactive = (target: object): object =>
      new Proxy(target, {
        get(from, key, receiver) {
          const value: unknown = Reflect.get(from, key, receiver);
          return typeof value === "object" && value !== null ? reactive(value) : value;
        },
      });
    const rows = foreign(reactive([[1, 2], [3, 4]]));
    assertEquals(tensor(rows).toArray(), [[1, 2], [3, 4]]);
    assertEquals(new Variable(rows).toArray(), [[1, 2], [3, 4]]);
    assertEquals(tensor([1, 1]).add(rows).toArray(), [[2, 3], [4, 5]]);
  });

  it("arrays of another realm", () => {
    assertEquals(tensor(runInNewContext("[[1, 2], [3, 4]]") as number[][]).toArray(), [[1, 2], [3, 4]]);
    const ints = tensor(runInNewContext("new Int32Array([1, 2])") as Int32Array);
    assertEquals([ints.dtype, ints.toArray(), ints.data instanceof Int32Array], ["int32", [1, 2], true]);
    assertThrows(() => tensor(foreign(runInNewContext("new ArrayBuffer(8)"))), TypeError, "no dtype is known");
  });

  it("arrays in shared and in resizable memory, which it copies", () => {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const resizable = new Int32Array(new ArrayBuffer(8, { maxByteLength: 16 }), 0, 2);
    const tensors = [tensor(shared), tensor(resizable)];
    shared[0] = 7;
    (resizable.buffer as ArrayBuffer).resize(4);
    assertEquals(tensors.map((x) => x.toArray()), [[0, 0], [0, 0]]);
    assertThrows(() => tensor(resizable), TypeError, "its buffer was transferred or cut");
  });

  it("what a tensor consists of, in another dtype and shape too", () => {
    const data: TensorData = { shape: [2, 2], dtype: "uint8", data: new Uint8Array([1, 2, 3, 4]) };
    const x = tensor(data);
    data.data[0] = 9;
    assertEquals([`${x.type}`, x.toArray()], ["uint8[2,2]", [[1, 2], [3, 4]]]);
    assertEquals(`${tensor(data, { dtype: "float64", shape: [4] }).type}`, "float64[4]");
    assertEquals(tensor({ ...data, dtype: "bool", data: new Uint8Array([0, 1, 2, 0]) }).toArray(), [
      [false, true],
      [true, false],
    ]);
    const w = new Variable(data, { dtype: "float64" });
    w.assign({ ...data, data: new Uint8Array([5, 6, 7, 8]) });
    assertEquals([w.dtype, w.toArray()], ["float64", [[5, 6], [7, 8]]]);
  });

  const reason = reasonToSkipPackage();
  it(`tensors and Variables of another copy of the library${reason ? ` (skipped: ${reason})` : ""}`, {
    skip: reason !== undefined,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tensorloom-copy-"));
    try {
      writeFileSync(join(folder, "copy.mjs"), bundle("mod.ts", { minify: false }));
      const copy = await import(pathToFileURL(join(folder, "copy.mjs")).href) as typeof import("../../mod.ts");
      const [x, w] = [copy.tensor([[1, 2]]), new copy.Variable([3, 4])];
      assertEquals([tensor(x).toArray(), tensor(w).toArray()], [[[1, 2]], [3, 4]]);
      assertEquals(new Variable(w).toArray(), [3, 4]);
      assertEquals(tensor([1, 1]).add(x).toArray(), [[2, 3]]);
      const node = new copy.Graph().asDefault(() => copy.placeholder());
      assertThrows(() => tensor([1]).add(node), TypeError, "Cannot add: the value is an object of class Placeholder");
      copy.workers.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
