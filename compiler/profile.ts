/**
 * Profiles: what each row of a program took, and what a run took beside them.
 * @module
 */
import type { Profile, RowProfile } from "../src/executor.ts";
import { costOf } from "./cost.ts";
import { bytesOf } from "./plan.ts";
import type { Program } from "./program.ts";
import type { Times } from "./runtime/shared_program.ts";

/** The profile of a run of so many milliseconds, whose threads have noted their times. */
export function profileOf(program: Program, times: Times, elapsed: number): Profile {
  const rows = program.rows.map((row, index): RowProfile => {
    const ofThreads = times.map((each) => each[index] ?? 0);
    const busiest = Math.max(...ofThreads);
    const taking = row.kind === "kernel" ? Math.min(row.count, times.length) : 1;
    const mean = ofThreads.reduce((sum, time) => sum + time, 0) / Math.max(1, taking);
    const cost = row.kind === "kernel" ? costOf(row, (buffer) => bytesOf(program.buffers[buffer]!)) : {
      operations: 0,
      bytes: [...row.draft.reads, row.draft.output].reduce((sum, each) => sum + bytesOf(program.buffers[each]!), 0),
    };
    return {
      name: row.name,
      milliseconds: busiest,
      ...cost,
      chunks: row.kind === "kernel" ? row.count : 1,
      imbalance: mean > 0 ? Math.max(1, busiest / mean) : 1,
    };
  });
  const threads = times.length;
  // Rows run one after the other, so together they take no longer than the run, but for what clocks differ by.
  const milliseconds = Math.max(elapsed, sumOf(rows));
  const name = program.original.name;
  return { milliseconds, rows, threads, toString: () => printProfile(name, rows, threads, milliseconds) };
}

/** The milliseconds of rows. */
function sumOf(rows: readonly RowProfile[]): number {
  return rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
}

/** A table of rows, and of what the run took beside them. */
function printProfile(name: string, rows: readonly RowProfile[], threads: number, total: number): string {
  const header = ["kernel", "ms", "%", "GFLOP/s", "GB/s", "chunks", "imbalance"];
  const share = (milliseconds: number): string => (100 * milliseconds / Math.max(total, Number.MIN_VALUE)).toFixed(1);
  const lines = rows.map(({ name, milliseconds, operations, bytes, chunks, imbalance }) => {
    const perSecond = (amount: number): string =>
      amount > 0 && milliseconds > 0 ? (amount / milliseconds / 1e6).toFixed(2) : "";
    return [
      name,
      milliseconds.toFixed(3),
      share(milliseconds),
      perSecond(operations),
      perSecond(bytes),
      String(chunks),
      imbalance.toFixed(2),
    ];
  });
  const rest = total - sumOf(rows);
  const table = [header, ...lines, ["in no kernel", rest.toFixed(3), share(rest), "", "", "", ""]];
  const widths = header.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  const text = table.map((line) =>
    line.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))
      .join("  ").trimEnd()
  );
  return [`${name}: ${total.toFixed(3)} ms, ${threads === 1 ? "one thread" : `${threads} threads`}`, ...text].join(
    "\n",
  );
}
