/**
 * Programs in words: where and why it runs, what was fused, what was not and why, and where its arrays lie.
 * @module
 */
import { printGraph } from "../../src/graph/print.ts";
import { readable } from "../../src/readable.ts";
import type { Step } from "../program/block.ts";
import { describeExecutionPolicy } from "../program/execution_policy.ts";
import type { Compilation, CompiledProgram } from "../program/program.ts";
import type { Instruction } from "../runtime/threads/protocol.ts";
import type { Buffer, KernelCall } from "../program/program_builder.ts";

/** A program's policy, graph, kernels, refusals and memory. */
export function explainProgram(compilation: Compilation): string {
  const { program, fused, schedule } = compilation;
  const { source, instructions, policy, target } = program;
  const refusals = fused.refusals.map(({ producer, consumer, rule, reason }) =>
    `${producer} with ${consumer}: ${reason} (${rule})`
  );
  return [
    `${source.name}: ${count(instructions.length, "kernel")}, ${target.language} emitter, ${
      describeExecutionPolicy(policy)
    }`,
    ...section("graph", printGraph(source.graph).split("\n")),
    ...section("kernels", instructions.map((each, index) => describeStep(each, schedule.block[index]!, compilation))),
    ...section("not fused", refusals.length === 0 ? ["nothing"] : [...new Set(refusals)]),
    ...section("memory", describeMemory(program)),
  ].join("\n");
}

function section(title: string, lines: readonly string[]): string[] {
  return ["", title, ...lines.map((line) => `  ${line}`)];
}

function count(number: number, name: string): string {
  return `${number} ${name}${number === 1 ? "" : "s"}`;
}

function bytes(number: number): string {
  return `${number.toLocaleString("en")} bytes`;
}

function describeStep(instruction: Instruction, step: Step, compilation: Compilation): string {
  if (instruction.kind === "host" || step.kind === "host") return `${instruction.name}: computed by its own compute`;
  const { calls } = step;
  const { cluster } = calls[0]!; // there is one at least
  const operations = [...cluster.ops.values()].map(({ node }) => `${node.name} ${node.type}`);
  const facts = [`${cluster.space.kind} over [${cluster.space.shape.join(",")}]`];
  if (calls.length > 1) facts.push(`and ${count(calls.length - 1, "other")} by the same code`);
  if (instruction.count > 1) facts.push(count(instruction.count, "chunk"));
  const written = variablesWritten(calls, compilation);
  if (written.length > 0) facts.push(`writes ${written.join(", ")} in place`);
  return `${instruction.name}: ${facts.join(", ")}: ${operations.join(", ")}`;
}

/** The Variables that calls write where they lie. */
function variablesWritten(calls: readonly KernelCall[], { schedule: { inPlace }, program }: Compilation): string[] {
  const { buffers, source } = program;
  return calls.flatMap(({ writes }) =>
    [...writes].flatMap((buffer) => {
      const target = inPlace.get(buffer);
      const found = target === undefined ? undefined : buffers[target];
      return found?.kind === "variable" ? [readable(source.variables[found.index]!.name)] : [];
    })
  );
}

function describeMemory({ buffers, memory, written, copied }: CompiledProgram): string[] {
  const of = (kind: Buffer["kind"]): number => buffers.filter((buffer) => buffer.kind === kind).length;
  const assigned = [
    ...(written.length > 0 ? [`${written.length} written in place`] : []),
    ...(copied.length > 0 ? [`${copied.length} copied at the end`] : []),
  ];
  const variables = `${count(of("variable"), "Variable")}${assigned.length > 0 ? ` (${assigned.join(", ")})` : ""}`;
  const lines = [
    `${count(of("input"), "argument")}, ${variables}, ${count(of("constant"), "constant")}, ${
      count(of("result"), "result")
    }`,
  ];
  const arrays = memory.allocations.reduce((sum, { buffers }) => sum + buffers.length, 0);
  if (arrays === 0) return [...lines, "no scratch"];
  const saved = Math.round(100 * (1 - memory.bytes / Math.max(1, memory.separateBytes)));
  lines.push(
    `${count(arrays, "scratch array")} in ${bytes(memory.bytes)}, ${saved} % less than apart (${
      bytes(memory.separateBytes)
    })`,
  );
  for (const allocation of [...memory.allocations].sort((a, b) => a.offset - b.offset || a.first - b.first)) {
    const last = allocation.last === allocation.first ? "" : `…${allocation.last}`;
    const chain = allocation.buffers.length > 1 ? `, ${allocation.buffers.length} arrays in one place` : "";
    lines.push(`  at ${allocation.offset}: ${bytes(allocation.bytes)}, kernels ${allocation.first}${last}${chain}`);
  }
  return lines;
}
