/**
 * Programs: a table of kernels with their arguments, and the arrays they work on.
 *
 * No generated code holds an array. A run fills a *binding table* (feeds, Variables, constants, results, scratch), and
 * every row of the program names its arrays by their place in it.
 * @module
 */
import { allocate, type TypedArray } from "../src/dtype.ts";
import { computeNode } from "../src/graph/interpret.ts";
import { type Operation, Read, TableOperation } from "../src/graph/operation.ts";
import { Placeholder } from "../src/graph/placeholder.ts";
import type { Variable } from "../src/graph/variable.ts";
import type { Executable, ExecutorOptions, GraphFunction } from "../src/ops/op.ts";
import { equalShapes } from "../src/shape.ts";
import { Tensor } from "../src/tensor.ts";
import { TensorType } from "../src/tensor_type.ts";
import type { Value } from "../src/value.ts";
import { assemble } from "./assemble.ts";
import { decompose } from "./decompose.ts";
import { emitJs } from "./emit/js.ts";
import { explainProgram } from "./explain.ts";
import { type Cluster, fuse, type Fused } from "./fuse.ts";
import { type JsKernel, loadKernel } from "./kernel_cache.ts";
import type { Kernel } from "./kernel.ts";
import type { LoweringContext } from "./kernel_builder.ts";
import { lower } from "./lower.ts";
import { materialize, type Materialized } from "./materialize.ts";
import { simplify } from "./simplify.ts";
import { wholeView } from "./view.ts";

/** Where an array of a program comes from. */
export type Buffer =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "variable"; readonly index: number }
  | { readonly kind: "constant"; readonly tensor: Tensor }
  | { readonly kind: "result" | "scratch"; readonly type: TensorType };

/** A generated kernel and what it is called with. */
export interface KernelRow {
  readonly kind: "kernel";
  readonly name: string;
  readonly kernel: Kernel;
  readonly code: JsKernel;
  readonly args: Int32Array;
  readonly extent: number;
  readonly cluster: Cluster;
}

/** A call of an operation's own `compute`. */
export interface HostRow {
  readonly kind: "host";
  readonly name: string;
  readonly node: Operation;
  readonly inputs: readonly { readonly buffer: number; readonly type: TensorType }[];
  readonly output: number;
}

/** One row of a program. */
export type Row = KernelRow | HostRow;

/** A compiled graph function. */
export class Program implements Executable {
  /** What was compiled. */
  readonly original: GraphFunction;
  readonly graphFunction: Materialized;
  readonly fused: Fused;
  readonly buffers: readonly Buffer[];
  readonly rows: readonly Row[];
  readonly #outputs: readonly { readonly buffer: number; readonly type: TensorType }[];
  readonly #assigns: readonly { readonly buffer: number; readonly variable: number }[];
  readonly #results: readonly { readonly buffer: number; readonly type: TensorType }[];
  readonly #variableBuffers: readonly (number | undefined)[];
  readonly #inputBuffers: readonly (number | undefined)[];
  readonly #bindings: TypedArray[];
  #busy = false;

  constructor(source: GraphFunction, options: ExecutorOptions) {
    this.original = source;
    const graph = materialize(simplify(decompose(source)));
    this.graphFunction = graph;
    this.fused = fuse(graph, options);
    const builder = new ProgramBuilder(graph, this.fused, options);
    this.rows = builder.rows;
    this.buffers = builder.buffers;
    this.#outputs = builder.outputs;
    this.#assigns = builder.assigns;
    this.#results = this.buffers.flatMap((buffer, index) =>
      buffer.kind === "result" ? [{ buffer: index, type: buffer.type }] : []
    );
    this.#variableBuffers = source.variables.map((_, variable) => indexOf(this.buffers, "variable", variable));
    this.#inputBuffers = source.inputs.map((_, input) => indexOf(this.buffers, "input", input));
    this.#bindings = this.#bindFixed();
  }

  /** A binding table with everything in it that is the same for every run. */
  #bindFixed(): TypedArray[] {
    return this.buffers.map((buffer) =>
      buffer.kind === "constant"
        ? buffer.tensor.data
        : buffer.kind === "scratch"
        ? allocate(buffer.type.dtype, buffer.type.size)
        : unbound
    );
  }

  run(inputs: readonly Tensor[], variables: readonly Variable[]): Tensor[] {
    // A host step may run this very program again; that run works on scratch of its own.
    const nested = this.#busy;
    const bindings = nested ? this.#bindFixed() : this.#bindings;
    this.#busy = true;
    try {
      const { rows } = this;
      for (let index = 0; index < inputs.length; index++) {
        const buffer = this.#inputBuffers[index];
        if (buffer !== undefined) bindings[buffer] = inputs[index]!.data;
      }
      for (let index = 0; index < variables.length; index++) {
        const buffer = this.#variableBuffers[index];
        if (buffer !== undefined) bindings[buffer] = variables[index]!.storage;
      }
      for (let index = 0; index < this.#results.length; index++) {
        const { buffer, type } = this.#results[index]!;
        bindings[buffer] = allocate(type.dtype, type.size);
      }
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index]!;
        if (row.kind === "kernel") row.code(bindings, row.args, 0, row.extent);
        else runHost(row, bindings);
      }
      const outputs = new Array<Tensor>(this.#outputs.length);
      for (let index = 0; index < outputs.length; index++) {
        const { buffer, type } = this.#outputs[index]!;
        outputs[index] = new Tensor(bindings[buffer]!, type);
      }
      for (const { buffer, variable } of this.#assigns) variables[variable]!.write(bindings[buffer]!);
      return outputs;
    } finally {
      if (!nested) this.#busy = false;
      // Feeds and results are not held until the next run.
      for (let index = 0; index < this.#inputBuffers.length; index++) {
        const buffer = this.#inputBuffers[index];
        if (buffer !== undefined) bindings[buffer] = unbound;
      }
      for (let index = 0; index < this.#results.length; index++) bindings[this.#results[index]!.buffer] = unbound;
    }
  }

  /** The kernels that one run launches, in order. */
  get kernels(): readonly string[] {
    return this.rows.map((row) => row.name);
  }

  explain(): string {
    return explainProgram(this);
  }

  /** The text of every kernel, each once. */
  source(): string {
    const texts = this.rows.flatMap((row) => row.kind === "kernel" ? [row.code.text] : []);
    return [...new Set(texts)].join("\n\n");
  }
}

const unbound = new Float32Array(0);

function indexOf(buffers: readonly Buffer[], kind: "input" | "variable", index: number): number | undefined {
  const found = buffers.findIndex((buffer) => buffer.kind === kind && buffer.index === index);
  return found < 0 ? undefined : found;
}

/** One host step. A user's operation gets copies, which it may keep; the library's own read what is there. */
function runHost(row: HostRow, bindings: readonly TypedArray[]): void {
  const own = row.node instanceof TableOperation;
  const inputs = row.inputs.map(({ buffer, type }) =>
    new Tensor(own ? bindings[buffer]! : bindings[buffer]!.slice(), type)
  );
  const result = computeNode(row.node, inputs);
  const expected = row.node.type!; // every type of a program is known
  if (!equalShapes(result.type.shape, expected.shape)) {
    throw new RangeError(
      `Cannot run ${row.node.name}: its compute returned ${result.type} where ${expected} was expected`,
    );
  }
  bindings[row.output]!.set(result.data);
}

/** Builds a program's tables from its clusters. */
class ProgramBuilder implements LoweringContext {
  readonly rows: Row[] = [];
  readonly buffers: Buffer[] = [];
  readonly outputs: { buffer: number; type: TensorType }[] = [];
  readonly assigns: { buffer: number; variable: number }[] = [];
  readonly #graph: Materialized;
  readonly #buffers = new Map<Value, number>();
  readonly #needed = new Set<Value>();
  readonly #results = new Set<Value>();
  readonly #options: ExecutorOptions;
  readonly #recomputed: ReadonlySet<Value>;

  constructor(graph: Materialized, { clusters, recomputed }: Fused, options: ExecutorOptions) {
    this.#graph = graph;
    this.#options = options;
    this.#recomputed = recomputed;
    for (const { members } of clusters) {
      for (const node of members.keys()) {
        for (const input of (node as Operation).inputNodes) { // members are operations
          const { source } = this.viewOf(input);
          if (!members.has(source)) this.#needed.add(source);
        }
      }
    }
    for (const output of graph.outputs) {
      this.#needed.add(this.viewOf(output).source);
      this.#results.add(this.viewOf(output).source);
    }
    const assigned = graph.assigns.map((assign) => assign.inputNodes[0]!);
    for (const value of assigned) this.#needed.add(this.viewOf(value).source);
    for (const cluster of clusters) this.#addRow(cluster);
    for (const output of graph.outputs) {
      this.outputs.push({ buffer: this.bufferOf(this.viewOf(output).source), type: output.type! });
    }
    graph.assigns.forEach((assign, index) => {
      this.assigns.push({
        buffer: this.bufferOf(this.viewOf(assigned[index]!).source),
        variable: graph.variables.indexOf(assign.variable),
      });
    });
  }

  viewOf(node: Value): ReturnType<typeof wholeView> {
    return this.#graph.views.get(node) ?? wholeView(node);
  }

  isRecomputed(node: Value): boolean {
    return this.#recomputed.has(node);
  }

  isNeeded(node: Value): boolean {
    return this.#needed.has(node);
  }

  bufferOf(node: Value): number {
    let index = this.#buffers.get(node);
    if (index === undefined) this.#buffers.set(node, index = this.buffers.push(this.#newBuffer(node)) - 1);
    return index;
  }

  #newBuffer(node: Value): Buffer {
    if (node instanceof Placeholder) return { kind: "input", index: this.#graph.inputs.indexOf(node) };
    if (node instanceof Read) {
      return node.source instanceof Tensor
        ? { kind: "constant", tensor: node.source }
        : { kind: "variable", index: this.#graph.variables.indexOf(node.source) };
    }
    return { kind: this.#results.has(node) ? "result" : "scratch", type: node.type! };
  }

  /** A buffer that holds one number. */
  constantBuffer(value: number): number {
    return this.buffers.push({ kind: "constant", tensor: new Tensor(new Float64Array([value]), scalarType) }) - 1;
  }

  #addRow(cluster: Cluster): void {
    const [node] = cluster.members.keys();
    if (node === undefined) return;
    switch (cluster.frame.kind) {
      case "host": {
        const operation = node as Operation; // members are operations
        const inputs = operation.inputNodes.map((input) => ({
          buffer: this.bufferOf(this.viewOf(input).source),
          type: input.type!,
        }));
        this.rows.push({
          kind: "host",
          name: `host_${operation.name}`,
          node: operation,
          inputs,
          output: this.bufferOf(node),
        });
        return;
      }
      case "assemble":
        // Only table entries are assembled.
        for (const { kernel, buffers } of assemble(node as TableOperation, this)) {
          this.#addKernel(kernel, buffers, cluster);
        }
        return;
      default: {
        const { kernel, buffers } = lower(cluster, this);
        this.#addKernel(kernel, buffers, cluster);
      }
    }
  }

  #addKernel(kernel: Kernel, buffers: readonly number[], cluster: Cluster): void {
    const emitted = emitJs(kernel, { exact: this.#options.exact ?? false });
    const args = Int32Array.from(emitted.args, (arg) => typeof arg === "number" ? arg : buffers[arg.array]!);
    const name = `k${this.rows.length}_${kernel.name}`;
    this.rows.push({ kind: "kernel", name, kernel, code: loadKernel(emitted), args, extent: emitted.extent, cluster });
  }
}

const scalarType = new TensorType("float64", []);

/** The bytes of a program's scratch. */
export function scratchBytes(program: Program): number {
  let bytes = 0;
  for (const buffer of program.buffers) {
    if (buffer.kind === "scratch") bytes += allocate(buffer.type.dtype, 0).BYTES_PER_ELEMENT * buffer.type.size;
  }
  return bytes;
}
