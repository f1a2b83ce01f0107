import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { checkpoint, compile, Operation, type Tensor, tensor, topK, train, type Value, Variable } from "../../mod.ts";
import { compareWithReference, drawn, held, TensorType } from "../../compiler/inspect/repro_kit.ts";
import { Graph } from "../../src/graph/graph.ts";
import { referenceExecutor } from "../../src/graph/interpret.ts";
import { Placeholder } from "../../src/graph/placeholder.ts";
import { Recording, withTrace } from "../../src/graph/trace.ts";
import { literal } from "../../src/literal.ts";
import type { GraphFunction } from "../../src/graph/function.ts";
import type { ExecutorOptions } from "../../src/executor.ts";
import { apply } from "../../src/graph/apply.ts";
import type { ElementwiseOp } from "../../src/ops/primitive.ts";
import { opTable } from "../../src/ops/table.ts";

const inDeno = process.versions["bun"] === undefined;
const root = mkdtempSync(join(tmpdir(), "tensorloom-dump-"));
after(() => rmSync(root, { recursive: true, force: true }));

const read = (folder: string, file: string): string => readFileSync(join(folder, file), "utf8");

/**
 * Runs a program with the runtime that runs this, without any permission. By way of a shell and its environment: a Deno
 * that Deno sees starting is given all permissions.
 */
function run(path: string, ...flags: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", `R="$RUNTIME"; "$R" run ${flags.join(" ")} "$PROGRAM"`], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, RUNTIME: process.execPath, PROGRAM: path, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  return { status, stdout, stderr };
}

/** The graph function that a printed program rebuilds, and the numbers it has for it. */
async function rebuild(folder: string): Promise<{ graphFunction: GraphFunction; inputs: Tensor[] }> {
  const text = read(folder, "repro.ts").replace(/^compareWithReference.*$/m, "export { graphFunction, inputs };");
  const path = join(folder, "rebuild.ts");
  writeFileSync(path, text);
  return await import(`file://${path}`) as { graphFunction: GraphFunction; inputs: Tensor[] }; // what was exported just now
}

describe("dump", () => {
  it("writes all that can be printed", () => {
    const f = compile(function scale(x: Value) {
      return x.div(x.square().sum().sqrt());
    });
    const folder = join(root, "all", "of", "it");
    const names = ["graph.txt", "graph.dot", "graph.svg", "plan.txt", "kernels.js", "repro.ts"];
    const paths = f.dump(folder, tensor([3, 4]));
    assertEquals(paths.map((path) => basename(path)), names);
    assert(paths.every((path) => existsSync(path)));
    assertEquals(read(folder, "graph.txt"), `${f.graph}\n`);
    assertEquals(read(folder, "graph.dot"), f.graph!.toDot());
    assertEquals(read(folder, "graph.svg"), f.graph!.toSvg());
    assertEquals(read(folder, "plan.txt"), `${f.explain()}\n`);
    assertEquals(read(folder, "kernels.js"), `${f.source()}\n`);
    assertEquals(f.stats.calls, 0); // it is compiled, and not run
    assertEquals(f.dump(`${folder}/`), paths);
  });

  it("writes a program that repeats a training step of mixed dtypes", () => {
    const w = new Variable([[0.5, -0.25, 0], [1, 0.125, -1]], { name: "w" });
    const scale = new Variable([1, 2, 3], { name: "scale", dtype: "float64" });
    const wide = new Variable(Array.from({ length: 1500 }, (_, index) => index / 1500), { name: "wide" });
    const optimizer = new train.Adam({ learningRate: 0.1 });
    const bytes = tensor([200, 3, 255], { dtype: "uint8" });
    const step = compile(function step(x: Value, classes: Value, rate: Value, mask: Value) {
      return optimizer.minimize(() => {
        const logits = x.matmul(w).mul(scale).add(bytes.mul(mask)).mul(rate);
        return logits.logSoftmax().take(classes, -1).mean().neg().add(wide.square().mean());
      });
    });
    const x = tensor([[1, 2], [-0, 1e-3]]);
    const classes = tensor([0, 2], { dtype: "int32" });
    const mask = tensor([true, false, true]);
    for (let index = 0; index < 3; index++) step(x, classes, 0.5, mask);
    const before = [w, scale, wide].map((variable) => variable.data.slice());
    const given = join(root, "given");
    step.dump(given, x, classes, 0.5, mask);
    step.dump(join(root, "drawn"));
    assertEquals([w, scale, wide].map((variable) => variable.data), before);
    for (const folder of [given, join(root, "drawn")]) {
      const { status, stdout, stderr } = run(join(folder, "repro.ts"));
      assertEquals(status, 0, stdout + stderr);
      const lines = stdout.trim().split("\n");
      assertMatch(lines[0]!, /^output 0 \(float64\[\]\): largest relative difference \S+$/);
      // The step counter, and three Variables with two slots each.
      assertEquals(lines.slice(1).map((line) => /^Variable \d+, (\S+) /.exec(line)![1]).sort(), [
        ...["scale", "scale.mean", "scale.square", "step", "w", "w.mean", "w.square"],
        ...["wide", "wide.mean", "wide.square"],
      ]);
    }
    assertMatch(read(given, "repro.ts"), /^\/\/ {3}the Variable wide \(float32\[1500\]\), which has more than 1024/m);
    assertMatch(
      read(join(root, "drawn"), "repro.ts"),
      /^\/\/ {3}the argument argument0 \(float32\[2,2\]\), which was not/m,
    );
  });

  it("rebuilds the very graph, and the very numbers", async () => {
    const v = new Variable([NaN, -0, Infinity], { name: "v", dtype: "float64" });
    const constant = tensor([[-0, -Infinity, NaN], [1e-45, 0.1, 16777217]]);
    const state = new Variable([true, false], { name: 'state "of"\nall */' });
    const f = compile(function odd(x: Value, bytes: Value, truth: Value, count: Value, held: Variable) {
      held.assign(held.add(x.pad([[0, 0], [1, 0]], { value: -Infinity }).max(0)));
      state.assign(truth);
      return [constant.add(v).sum([0], { keepDims: true }), bytes.mul(count), truth.logicalNot(), x.flip(0)];
    });
    const inputs = [
      tensor([[1, 2], [-0, NaN]]),
      tensor([0, 255], { dtype: "uint8" }),
      tensor([false, true]),
      -0,
      new Variable([1, 2, 3]),
    ] as const;
    const folder = join(root, "odd");
    f.dump(folder, ...inputs);
    const { graphFunction, inputs: again } = await rebuild(folder);
    assertEquals(String(graphFunction.graph), String(f.graph));
    assertEquals(graphFunction.name, "odd");
    assertEquals(graphFunction.outputs.map(({ type }) => String(type)), [
      "float64[1,3]",
      "uint8[2]",
      "bool[2]",
      "float32[2,2]",
    ]);
    assertEquals(again.map(({ type }) => type.key), ["float32[2,2]", "uint8[2]", "bool[2]", "scalar[]"]);
    assert(Object.is(again[3]!.data[0], -0) && Object.is(again[0]!.data[2], -0) && Number.isNaN(again[0]!.data[3]));
    assertEquals(again[1]!.data, inputs[1].data);
    const variables = new Map(graphFunction.variables.map((variable) => [variable.name, variable]));
    assertEquals(variables.get("v")!.data, Float64Array.of(NaN, -0, Infinity));
    assert(Object.is(variables.get("v")!.data[1], -0));
    assertEquals([...variables.get('state "of"\nall */')!.data], [1, 0]);
    const outputs = referenceExecutor.compile(graphFunction, {}).run(again, graphFunction.variables);
    assertEquals(outputs.map((each) => each.toArray()), f(...inputs).map((each) => each.toArray()));
    assertEquals(variables.get(inputs[4].name)!.toArray(), inputs[4].toArray());
  });

  it("rebuilds an operation with several results", () => {
    const f = compile(function largest(x: Value) {
      const [values, indices] = topK(x, 2);
      return values.mul(indices);
    });
    const folder = join(root, "several");
    f.dump(folder, tensor([3, 1, 4]));
    assertMatch(
      read(folder, "repro.ts"),
      /^const n1 = recordMulti\(graph, multiOpTable\.topK!, \[n0\], \{"k":2,.*\}\);$/m,
    );
    assertMatch(read(folder, "repro.ts"), /opTable\.mul, \[n1\[0\]!, n1\[1\]!\]/);
    const { status, stdout, stderr } = run(join(folder, "repro.ts"));
    assertEquals(status, 0, stdout + stderr);
  });

  it("rebuilds the functions that operations own", () => {
    const [scale, count] = [new Variable([1, 2], { name: "scale" }), new Variable(0, { name: "count" })];
    const layer = checkpoint((x: Value) => {
      count.assign(count.add(1));
      return checkpoint((y: Value) => y.mul(scale).add(2).exp())(x);
    });
    const f = compile(function twice(x: Value) {
      return [topK(layer(layer(x)), 1)[0], count.mul(1)];
    });
    const folder = join(root, "owned");
    f.dump(folder, tensor([3, 1]));
    const text = read(folder, "repro.ts");
    assertMatch(text, /^const n\d+body0 = \(\(\): GraphFunction => \{\n {2}const graph = new Graph\(\);$/m);
    assertMatch(
      text,
      /^const n\d+ = recordMulti\(graph, multiOpTable\.checkpoint!, \[n0, .*\], \{\}, \[n\d+body0\]\);$/m,
    );
    const { status, stdout, stderr } = run(join(folder, "repro.ts"));
    assertEquals(status, 0, stdout + stderr);
    assertMatch(stdout, /Variable \d, count/);
  });

  it("says which operations it cannot rebuild", () => {
    class Cube extends Operation {
      override compute(x: Tensor): Tensor {
        return x.mul(x).mul(x);
      }
    }
    const f = compile(function withCube(x: Value) {
      return Cube.apply(x.add(1)).mul(2);
    });
    const folder = join(root, "own");
    assertEquals(f.dump(folder, tensor([1])).length, 6);
    assertStringIncludes(read(folder, "plan.txt"), "host_Cube");
    assertMatch(read(folder, "repro.ts"), /^const n\d+ = new Cube\(\[n\d+\]\);\nconst n\d+ = recordOperation/m);
    const { status, stderr } = run(join(folder, "repro.ts"));
    assertEquals(status, 1);
    assertStringIncludes(
      stderr,
      "Cannot rebuild withCube: these operations are not the library's own: Cube (n3)",
    );
  });

  it("needs a program, a folder and a file system", () => {
    const f = compile(function twice(x: Value) {
      return x.mul(2);
    });
    assertThrows(() => f.dump(root), TypeError, "Cannot dump twice: it has not been called");
    f(tensor([1]));
    assertThrows(() => f.dump(""), TypeError, "Cannot dump twice: the folder is a path, not empty");
    assertThrows(
      () => f.dump(tensor(1) as unknown as string),
      TypeError,
      "Cannot dump twice: the folder is a path, not an object of class Tensor",
    );
    const host = process as { getBuiltinModule?: unknown }; // a page has none
    const find = host.getBuiltinModule;
    host.getBuiltinModule = undefined;
    try {
      assertThrows(
        () => f.dump(join(root, "page")),
        TypeError,
        "Cannot dump twice: this environment has no file system",
      );
    } finally {
      host.getBuiltinModule = find;
    }
    assert(!existsSync(join(root, "page")));
    writeFileSync(join(root, "file"), "");
    assertThrows(() => f.dump(join(root, "file")), Error, "EEXIST"); // the file system's own error
  });

  const name = "needs Deno's permission to write, and no other";
  it(inDeno ? name : `${name} (skipped: only Deno has permissions)`, { skip: !inDeno }, () => {
    const program = join(root, "program.ts");
    const library = new URL("../../mod.ts", import.meta.url).href;
    writeFileSync(
      program,
      `import { compile, tensor } from ${literal(library)};\n` +
        `console.log(compile((x) => x.add(1)).dump("permitted", tensor([1])).length);\n`,
    );
    const refused = run(program);
    assertEquals(refused.status, 1);
    assertMatch(refused.stderr, /NotCapable: Requires write access to "/);
    const permitted = run(program, "--allow-write=permitted");
    assertEquals([permitted.status, permitted.stdout.trim()], [0, "6"], permitted.stderr);
  });
});

describe("what a printed program consists of", () => {
  it("spells data as a program has it", () => {
    const data = { "a b": [[1, -0], [NaN, -Infinity]], c: '"\n', d: [true, null, undefined], e: {} };
    const text = literal(data);
    assertEquals(text, '{"a b":[[1,-0],[NaN,-Infinity]],"c":"\\"\\n","d":[true,null,undefined],"e":{}}');
    assertEquals(literal(Uint8Array.of(1, 255)), "[1,255]");
    assertThrows(() => literal({ a: () => 1 }), TypeError, "Cannot print a function in a program");
    assertThrows(() => literal([new Map()]), TypeError, "Cannot print an object of class Map in a program");
  });

  it("draws the same numbers every time, within their range", () => {
    const type = new TensorType("int8", [4096]);
    const whole = drawn(type, 3, -2, 2).data;
    assertEquals(whole, drawn(type, 3, -2, 2).data);
    assertEquals([...new Set(whole)].sort((a, b) => a - b), [-2, -1, 0, 1, 2]);
    const real = drawn(new TensorType("float64", [4096]), 1, -Number.MAX_VALUE, Number.MAX_VALUE).data;
    assert(real.every(Number.isFinite));
    const unit = [...drawn(new TensorType("float64", [4096]), 1, 0, 1).data];
    // The mean of 4,096 even numbers has a standard deviation of 1/√(12 · 4096) = 0.0045.
    assert(Math.abs(unit.reduce((sum, value) => sum + value) / 4096 - 0.5) < 0.02);
  });

  it("finds what is wrong", () => {
    const graph = new Graph();
    const type = new TensorType("float32", [2]);
    const x = new Placeholder(graph, { name: "x" }, type);
    // What it computes is not what its name stands for, which is what is compiled.
    const wrong: ElementwiseOp = {
      ...opTable.square as ElementwiseOp, // which it is
      compute: (output, [x]) => output.set(x!.data.map((each) => each * each / 1.001)),
    };
    const options: ExecutorOptions = {};
    const node = withTrace(new Recording(graph, "a test"), () => apply(wrong, [x]));
    const graphFunction: GraphFunction = {
      name: "f",
      graph,
      inputs: [x],
      outputs: [node],
      assigns: [],
      variables: [],
      captures: [],
      assumptions: [],
    };
    const inputs = [held(type, [1, 3])];
    const print = console.log;
    const printed: string[] = [];
    console.log = (text: string) => printed.push(text);
    try {
      assertThrows(
        () => compareWithReference(graphFunction, inputs, options, 1e-4),
        Error,
        "Cannot confirm f: compiled and reference differ beyond rounding\noutput 0 (float32[2])",
      );
      compareWithReference(graphFunction, inputs, options, 1e-2);
    } finally {
      console.log = print;
    }
    // 9.009 for 9; of 1.001 for 1 the mean, 5, is what counts.
    assertMatch(printed[0]!, /^output 0 \(float32\[2\]\): largest relative difference 0\.00(1000|0999)/);
  });
});
