// The encoder of WebAssembly: code that is built runs, and what would leave the stack in disorder cannot be built.
import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  access,
  call,
  type Callable,
  type Code,
  f64,
  get,
  i32,
  onLane,
  op,
  select,
  shuffle32,
  shuffleBytes,
  splat32,
} from "../../compiler/emit/wasm/asm/code.ts";
import { encodeModule } from "../../compiler/emit/wasm/asm/encode.ts";
import { modules } from "../../compiler/emit/wasm/asm/features.ts";
import { FunctionBuilder, type WasmFunction } from "../../compiler/emit/wasm/asm/function_builder.ts";
import { instructions } from "../../compiler/emit/wasm/asm/instructions.ts";
import { printFunction } from "../../compiler/emit/wasm/asm/print.ts";

const limits = { shared: false, minimumPages: 1, maximumPages: 1 };

/** The exports of a module of these functions, and the memory that they work on. */
function load(functions: readonly WasmFunction[], given: Readonly<Record<string, (x: number) => number>> = {}): {
  readonly memory: WebAssembly.Memory;
  readonly run: Readonly<Record<string, (...args: number[]) => number>>;
} {
  const imports = Object.keys(given).map((name): Callable => ({ name, params: ["f64"], result: "f64" }));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const module = new WebAssembly.Module(encodeModule({ imports, functions, memory: limits }));
  const { exports } = new WebAssembly.Instance(module, { env: { memory, ...given } });
  return { memory, run: exports as Record<string, (...args: number[]) => number> }; // functions of numbers
}

/** A function of one number, `$x`. */
function unary(name: string, result: (x: Code<"i32">, f: FunctionBuilder) => Code<"i32">): WasmFunction {
  const f = new FunctionBuilder(name);
  const x = f.parameter("x", "i32");
  return f.end({ exported: true }, result(get(x), f));
}

describe("a module", () => {
  it("has constants of every size", () => {
    const values = [0, 1, -1, 63, 64, -64, -65, 8191, -8192, 2 ** 31 - 1, -(2 ** 31)];
    const functions = values.map((value, index) => unary(`f${index}`, (x) => op("i32.add", x, i32(value))));
    const { run } = load(functions);
    values.forEach((value, index) => assertEquals(run[`f${index}`]!(0), value));
  });

  it("loops, branches and chooses", () => {
    const f = new FunctionBuilder("triangle");
    const n = f.parameter("n", "i32");
    const sum = f.local("sum", "i32");
    f.while(() => op("i32.gt_s", get(n), i32(0)), () => {
      f.set(sum, op("i32.add", get(sum), get(n)));
      f.set(n, op("i32.sub", get(n), i32(1)));
    });
    f.block((end) => {
      f.branchIf(op("i32.lt_s", get(sum), i32(100)), end);
      f.set(sum, i32(100));
    });
    const { run } = load([
      f.end({ exported: true }, get(sum)),
      unary("sign", (x) => select(op("i32.lt_s", x, i32(0)), i32(-1), op("i32.ne", x, i32(0)))),
    ]);
    assertEquals([0, 1, 4, 100].map((value) => run["triangle"]!(value)), [0, 1, 10, 100]);
    assertEquals([-5, 0, 7].map((value) => run["sign"]!(value)), [-1, 0, 1]);
  });

  it("computes on vectors in memory, and calls what it imports and what it has", () => {
    const half = new FunctionBuilder("half");
    const x = half.parameter("x", "f64");
    const inner = half.end(
      { exported: false },
      op("f64.mul", call({ name: "twice", params: ["f64"], result: "f64" }, get(x)), f64(0.25)),
    );
    // What is imported is known by its own object.
    assertThrows(
      () => load([inner], { twice: (value) => 2 * value }),
      Error,
      "Cannot encode half: its module has no function twice",
    );

    const f = new FunctionBuilder("reverse");
    const at = get(f.parameter("at", "i32"));
    const vector = f.let("vector", access("v128.load", {}, at));
    f.do(access("v128.store", { offset: 16 }, at, shuffle32([3, 2, 1, 0], vector, vector)));
    f.do(
      access(
        "v128.store32_lane",
        { offset: 32, lane: 2 },
        at,
        op("f32x4.mul", vector, f.constant(splat32("f32x4", 10))),
      ),
    );
    const { memory, run } = load([f.end({ exported: true })]);
    const numbers = new Float32Array(memory.buffer, 64, 9);
    numbers.set([1, 2, 3, 4]);
    run["reverse"]!(64);
    assertEquals([...numbers], [1, 2, 3, 4, 4, 3, 2, 1, 30]);
  });

  it("may be of as many instructions as there are", () => {
    // Each on operands of its types, whatever they are; an engine refuses a wrong code, or one of other types.
    const zero = {
      i32: i32(0),
      f64: f64(0),
      v128: splat32("i32x4", 0),
      f32: onLane("f32x4.extract_lane", 0, splat32("f32x4", 0)),
    };
    type Known = keyof typeof zero;
    const f = new FunctionBuilder("all");
    const entries = Object.entries(instructions) as [keyof typeof instructions, (typeof instructions)["i32.add"]][]; // read as one of them
    for (const [name, { params, width, lanes, result }] of entries) {
      const args = (params as readonly Known[]).map((param) => zero[param]) as never; // its types are checked when it is made
      const code: Code = width !== undefined
        ? access(name, lanes === undefined ? {} : { lane: 0 }, ...(args as []))
        : lanes !== undefined
        ? onLane(name, 0, ...(args as []))
        : op(name, ...(args as []));
      f.block((end) => {
        f.branch(end);
        if (result === undefined) f.do(code as Code<undefined>);
        else f.set(f.local("unused", (code as Code<Known>).type), code as Code<Known>);
      });
    }
    assert(WebAssembly.validate(encodeModule({ imports: [], functions: [f.end({ exported: true })], memory: limits })));
  });
});

describe("the modules that ask what the engine has", () => {
  it("hold the function that the encoder makes of the instruction asked for", () => {
    const bodyOf = (bytes: Uint8Array): string => {
      const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      return /0a .. 01 .. 00 (?:20 00 )+.*? 21 00 0b/.exec(text)![0]; // the section of code
    };
    for (const name of ["vectors", "relaxed"] as const) {
      const f = new FunctionBuilder("question");
      const local = f.parameter("x", "v128");
      const x = get(local);
      f.set(local, name === "vectors" ? op("f32x4.add", x, x) : op("f32x4.relaxed_madd", x, x, x));
      const encoded = encodeModule({ imports: [], functions: [f.end({ exported: true })], memory: limits });
      assertEquals(bodyOf(modules[name]), bodyOf(encoded));
      assert(WebAssembly.validate(modules[name]) || name === "relaxed");
    }
  });
});

describe("code", () => {
  it("is refused when it is built, where the stack would be in disorder", () => {
    const x = splat32("f32x4", 1) as unknown as Code<"i32">; // as code that is put together while it runs may have it
    assertThrows(
      () => op("i32.add", i32(1), x),
      TypeError,
      "Cannot encode i32.add: operand 2 is v128, where it takes i32",
    );
    const few = op as (name: "i32.add", x: Code<"i32">) => unknown; // the same
    assertThrows(() => few("i32.add", i32(1)), TypeError, "Cannot encode i32.add: it takes 2 operands and was given 1");
    assertThrows(() => access("v128.load", { lane: 1 }, i32(0)), RangeError, "it has no lanes, and was given lane 1");
    assertThrows(() => access("v128.load", { offset: -1 }, i32(0)), RangeError, "its offset is -1");
    assertThrows(
      () => onLane("i32x4.extract_lane", 4, splat32("i32x4", 0)),
      RangeError,
      "it has 4 lanes, and was given lane 4",
    );
    assertThrows(() => shuffleBytes([1, 2], splat32("i32x4", 0), splat32("i32x4", 0)), RangeError, "its lanes are 1 2");
  });

  it("is refused when it is encoded, where it names what its function has not", () => {
    const other = new FunctionBuilder("other").local("y", "i32");
    const lost = unary("lost", () => get(other));
    assertThrows(() => load([lost]), Error, "Cannot encode lost: it has no local y");
  });

  it("prints in the text format", () => {
    const text = printFunction(unary("next", (x, f) => op("i32.mul", f.let("y", op("i32.add", x, i32(1))), i32(-2))));
    assertEquals(
      text,
      [
        "(func $next (param $x i32) (result i32)",
        "  (local $y i32)",
        "  (local.set $y (i32.add (local.get $x) (i32.const 1)))",
        "  (i32.mul (local.get $y) (i32.const -2)))",
      ].join("\n"),
    );
  });
});
