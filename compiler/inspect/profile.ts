/**
 * Profiles: what each instruction of a program took, and what a run took beside them.
 * @module
 */
import type { Profile, RowProfile } from "../../src/executor.ts";
import { programCallsOf } from "../program/block.ts";
import { kindOf } from "../kernel/kernel_kinds.ts";
import { bytesOf } from "../program/memory_plan.ts";
import type { Compilation } from "../program/program.ts";
import type { ProgramCall } from "../program/program_builder.ts";

/** Milliseconds that each thread has spent on each instruction: `times[rank][instruction]`. */
export type Times = readonly (readonly number[])[];

/** The profile of a run of so many milliseconds, whose threads have noted their times. */
export function profileOf({ program, schedule }: Compilation, times: Times, elapsed: number): Profile {
  const rows = program.instructions.map((instruction, index): RowProfile => {
    const ofThreads = times.map((each) => each[index] ?? 0);
    const busiest = Math.max(...ofThreads);
    const chunks = instruction.kind === "launch" ? instruction.count : 1;
    const taking = Math.min(chunks, times.length);
    const mean = ofThreads.reduce((sum, time) => sum + time, 0) / Math.max(1, taking);
    const cost = costOf(programCallsOf(schedule.block[index]!), (buffer) => bytesOf(program.buffers[buffer]!));
    return {
      name: instruction.name,
      milliseconds: busiest,
      ...cost,
      chunks,
      imbalance: mean > 0 ? Math.max(1, busiest / mean) : 1,
    };
  });
  const threads = times.length;
  // Instructions run one after the other, so together they take no longer than the run, but for what clocks differ by.
  const milliseconds = Math.max(elapsed, totalMilliseconds(rows));
  const { name } = program.source;
  return { milliseconds, rows, threads, toString: () => printProfile(name, rows, threads, milliseconds) };
}

/** What the calls of an instruction compute, as far as that is known, and how many bytes of arrays they read and write, each once. */
function costOf(
  calls: readonly ProgramCall[],
  bytesOf: (buffer: number) => number,
): Pick<RowProfile, "operations" | "bytes"> {
  let [operations, bytes] = [0, 0];
  for (const call of calls) {
    if (call.kind === "kernel") operations += kindOf(call.kernel).operations(call.kernel);
    for (const buffer of [...call.reads, ...call.writes]) bytes += bytesOf(buffer);
  }
  return { operations, bytes };
}

/** The milliseconds of rows. */
function totalMilliseconds(rows: readonly RowProfile[]): number {
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
  const rest = total - totalMilliseconds(rows);
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
