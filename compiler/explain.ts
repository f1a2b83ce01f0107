/**
 * Programs in words: what was fused, what was not and why, and which arrays there are.
 * @module
 */
import { printGraph } from "../src/graph/print.ts";
import { type Buffer, type Program, type Row, scratchBytes } from "./program.ts";

/** A program's graph, kernels, refusals and buffers. */
export function explainProgram(program: Program): string {
  const { original, rows, fused, buffers } = program;
  const count = (kind: Buffer["kind"]): number => buffers.filter((buffer) => buffer.kind === kind).length;
  const lines = [
    `${original.name}: ${rows.length} ${rows.length === 1 ? "kernel" : "kernels"}, JavaScript emitter, one thread`,
    "",
    "graph",
    ...indent(printGraph(original.graph).split("\n")),
    "",
    "kernels",
    ...indent(rows.map(describeRow)),
    "",
    "not fused",
    ...indent(
      fused.refusals.length === 0 ? ["nothing"] : [
        ...new Set(fused.refusals.map(({ producer, consumer, reason }) => `${producer} with ${consumer}: ${reason}`)),
      ],
    ),
    "",
    "arrays",
    ...indent([
      `${count("input")} arguments, ${count("variable")} Variables, ${count("constant")} constants, ${
        count("result")
      } results, ${count("scratch")} scratch (${scratchBytes(program)} bytes)`,
    ]),
  ];
  return lines.join("\n");
}

function describeRow(row: Row): string {
  if (row.kind === "host") return `${row.name}: computed by its own compute`;
  const members = [...row.cluster.members.values()].map(({ node }) => `${node.name} ${node.type}`);
  return `${row.name}: ${row.cluster.frame.kind} over [${row.cluster.frame.shape.join(",")}]: ${members.join(", ")}`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
