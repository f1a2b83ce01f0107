/**
 * The program before it is planned: a call for each cluster, and the buffers that calls pass on.
 * @module
 */
import { Constant, VariableRead } from "../../src/graph/leaf.ts";
import type { Operation } from "../../src/graph/operation.ts";
import { Placeholder } from "../../src/graph/placeholder.ts";
import type { ExecutorOptions } from "../../src/executor.ts";
import type { Tensor } from "../../src/tensor.ts";
import { TensorType } from "../../src/tensor_type.ts";
import type { Value } from "../../src/value.ts";
import { type Chunks, chunksOf } from "./chunks.ts";
import type { EmittedKernel } from "../emit/emitted.ts";
import type { Cluster, Fused } from "../fusion/fuse.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { kindOf, lowerings } from "../kernel/kernel_kinds.ts";
import type { LoweringContext } from "../kernel/kernel_builder.ts";
import { checkLengths } from "../kernel/loop_lengths.ts";
import type { HostCall } from "../runtime/host_call.ts";
import { chooseTarget, type TargetChoice } from "../emit/targets.ts";
import type { Materialized } from "../passes/materialize.ts";
import type { MemoryEffect } from "../kernel/memory_effects.ts";
import type { View } from "../passes/view.ts";

/** Where an array of a program comes from. */
export type Buffer =
  | { readonly kind: "input"; readonly index: number; readonly type: TensorType }
  | { readonly kind: "variable"; readonly index: number; readonly type: TensorType }
  | { readonly kind: "constant"; readonly tensor: Tensor; readonly type: TensorType }
  | { readonly kind: "result" | "scratch"; readonly type: TensorType };

/** A generated kernel and the buffers that its arrays are. */
export interface KernelCall {
  readonly kind: "kernel";
  readonly name: string;
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly emitted: EmittedKernel;
  readonly chunks: Chunks;
  readonly buffers: readonly number[];
  readonly memoryEffects: readonly MemoryEffect[];
  /** The buffer of its partial results, if it stores any. */
  readonly partials: number | undefined;
  readonly reads: ReadonlySet<number>;
  readonly writes: ReadonlySet<number>;
  /** What it is not to run before, beside what writes the arrays that it reads. */
  readonly waits: ReadonlySet<number>;
}

/** A call of an operation's own `compute`. */
export interface HostOperationCall extends HostCall {
  readonly kind: "host";
  readonly name: string;
  readonly reads: ReadonlySet<number>;
  readonly writes: ReadonlySet<number>;
  /** What it is not to run before, beside what writes the arrays that it reads. */
  readonly waits: ReadonlySet<number>;
}

/** A call before it has its place. */
export type ProgramCall = KernelCall | HostOperationCall;

/** A kernel before it is code. */
type LoweredCall = Pick<KernelCall, "kind" | "kernel" | "buffers" | "cluster">;

/** A value that a program returns. */
export interface Output {
  readonly buffer: number;
  readonly type: TensorType;
}

/** A value that a Variable is given. */
export interface Assignment {
  readonly buffer: number;
  /** Which of the program's Variables. */
  readonly variable: number;
}

/** Calls in an order in which they could run, and the buffers they name. */
export interface BuiltProgram {
  readonly calls: readonly ProgramCall[];
  readonly buffers: readonly Buffer[];
  readonly outputs: readonly Output[];
  readonly assignments: readonly Assignment[];
  /** The buffer of each of the graph's inputs and Variables, where a call names it. */
  readonly inputs: readonly (number | undefined)[];
  readonly variables: readonly (number | undefined)[];
  /** What its kernels are written in, and why. */
  readonly choice: TargetChoice;
}

/** Builds the program of a graph whose operations have been grouped. */
export function buildProgram(graph: Materialized, fused: Fused, options: ExecutorOptions): BuiltProgram {
  const builder = new ProgramBuilder(graph, fused, options);
  const { calls, buffers, outputs, assignments, variables, choice } = builder;
  const inputs = graph.inputs.map((input) => builder.knownBuffer(input));
  return { calls, buffers, outputs, assignments, inputs, variables, choice };
}

class ProgramBuilder implements LoweringContext {
  readonly calls: readonly ProgramCall[];
  readonly choice: TargetChoice;
  readonly #lowered: (LoweredCall | HostOperationCall)[] = [];
  readonly buffers: Buffer[] = [];
  readonly outputs: Output[] = [];
  readonly assignments: Assignment[] = [];
  /** The buffer of each Variable, once it has one. */
  readonly variables: (number | undefined)[];
  readonly #numbers: ReadonlyMap<Value, number>;
  readonly #inputNumbers: ReadonlyMap<Value, number>;
  readonly #graph: Materialized;
  readonly #buffers = new Map<Value, number>();
  readonly #needed = new Set<Value>();
  readonly #results = new Set<Value>();
  readonly #rematerialized: ReadonlySet<Value>;

  constructor(graph: Materialized, { clusters, rematerialized }: Fused, options: ExecutorOptions) {
    this.#graph = graph;
    this.variables = graph.variables.map(() => undefined);
    this.#numbers = numbered(graph.variables);
    this.#inputNumbers = numbered<Value>(graph.inputs);
    this.#rematerialized = rematerialized;
    for (const { ops } of clusters) {
      for (const node of ops.keys()) {
        for (const input of (node as Operation).inputNodes) { // what is computed is an operation
          const { source, after = [] } = this.viewOf(input);
          for (const node of [source, ...after]) if (!ops.has(node)) this.#needed.add(node);
        }
      }
    }
    for (const output of graph.outputs) {
      this.#needed.add(this.viewOf(output).source);
      this.#results.add(this.viewOf(output).source);
    }
    const assigned = graph.assigns.map((assign) => this.viewOf(assign.inputNodes[0]!).source);
    for (const value of assigned) this.#needed.add(value);
    for (const cluster of clusters) this.#addCluster(cluster);
    for (const output of graph.outputs) {
      this.outputs.push({ buffer: this.bufferOf(this.viewOf(output).source), type: output.type! });
    }
    graph.assigns.forEach(({ variable }, index) => {
      const buffer = this.bufferOf(assigned[index]!);
      const target = this.#numbers.get(variable)!; // it is among the graph's
      this.#variableBuffer(target); // what is assigned may be written straight into it
      this.assignments.push({ buffer, variable: target });
    });
    const kernels = this.#lowered.filter((each) => each.kind === "kernel");
    this.choice = chooseTarget(kernels.map(({ kernel }) => kernel), options);
    const emitted = this.choice.target.emit(kernels.map(({ kernel }) => kernel), { exact: options.exact ?? false });
    let next = 0;
    this.calls = this.#lowered.map((each) => each.kind === "host" ? each : this.#call(each, emitted[next++]!));
  }

  viewOf(node: Value): View {
    return this.#graph.viewOf(node);
  }

  isRematerialized(node: Value): boolean {
    return this.#rematerialized.has(node);
  }

  isNeeded(node: Value): boolean {
    return this.#needed.has(node);
  }

  bufferOf(node: Value): number {
    if (node instanceof VariableRead) return this.#variableBuffer(this.#numbers.get(node.variable)!); // it is among the graph's
    let index = this.#buffers.get(node);
    if (index === undefined) this.#buffers.set(node, index = this.addBuffer(this.#newBuffer(node)));
    return index;
  }

  #newBuffer(node: Value): Buffer {
    const type = node.type!; // every type of a program is known
    if (node instanceof Placeholder) return { kind: "input", index: this.#inputNumbers.get(node)!, type }; // it is one of them
    if (node instanceof Constant) return { kind: "constant", tensor: node.tensor, type };
    return { kind: this.#results.has(node) ? "result" : "scratch", type };
  }

  #variableBuffer(index: number): number {
    const type = this.#graph.variables[index]!.type;
    return this.variables[index] ??= this.addBuffer({ kind: "variable", index, type });
  }

  /** The buffer of a node, if a call has named it. */
  knownBuffer(node: Value): number | undefined {
    return this.#buffers.get(node);
  }

  addBuffer(buffer: Buffer): number {
    return this.buffers.push(buffer) - 1;
  }

  #addCluster(cluster: Cluster): void {
    const [node] = cluster.ops.keys();
    if (node === undefined) return;
    const { kind } = cluster.space;
    if (kind === "host") {
      this.#addHost(node as Operation); // what is computed is an operation
      return;
    }
    for (const { kernel, buffers } of lowerings[kind].lower(cluster, this)) this.#addKernel(kernel, buffers, cluster);
  }

  #addKernel(kernel: Kernel, buffers: readonly number[], cluster: Cluster): void {
    checkLengths(kernel, cluster);
    this.#lowered.push({ kind: "kernel", kernel, buffers, cluster });
  }

  #addHost(node: Operation): void {
    const inputs = node.inputNodes.map((input) => ({
      buffer: this.bufferOf(this.viewOf(input).source),
      type: input.type!,
    }));
    const output = this.bufferOf(node);
    this.#lowered.push({
      kind: "host",
      name: `host_${node.name}`,
      node,
      inputs,
      output,
      reads: new Set(inputs.map(({ buffer }) => buffer)),
      writes: new Set([output]),
      waits: this.#waitsOf([node]),
    });
  }

  /** The arrays that operations wait for, where those are computed before. */
  #waitsOf(nodes: Iterable<Value>): Set<number> {
    const waits = new Set<number>();
    for (const node of nodes) {
      for (const input of (node as Operation).inputNodes) { // what is computed is an operation
        for (const other of this.viewOf(input).after ?? []) {
          const buffer = this.knownBuffer(other);
          if (buffer !== undefined) waits.add(buffer);
        }
      }
    }
    return waits;
  }

  #call({ kernel, buffers, cluster }: LoweredCall, emitted: EmittedKernel): KernelCall {
    const chunks = chunksOf(emitted.partition);
    const memoryEffects = kindOf(kernel).memoryEffects(kernel);
    const reads = new Set<number>();
    const writes = new Set<number>();
    for (const { access, writes: isStore } of memoryEffects) (isStore ? writes : reads).add(buffers[access.array]!);
    let partials: number | undefined;
    if (emitted.partition.slots > 0) {
      const type = new TensorType("float64", [Math.max(1, chunks.count) * emitted.partition.slots]);
      partials = this.addBuffer({ kind: "scratch", type });
      writes.add(partials);
    }
    return {
      kind: "kernel",
      name: kernel.name,
      kernel,
      cluster,
      emitted,
      chunks,
      buffers,
      memoryEffects,
      partials,
      reads,
      writes,
      waits: this.#waitsOf(cluster.ops.keys()),
    };
  }
}

/** Where each of some values is among them. */
function numbered<V extends Value>(values: readonly V[]): ReadonlyMap<V, number> {
  return new Map(values.map((value, index) => [value, index]));
}
