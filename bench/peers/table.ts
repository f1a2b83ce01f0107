/** What is printed: the limits, a line for each work, how times were spread, and why there is a dash. */
import type { Outcome } from "./compare.ts";
import type { Limits } from "./limits.ts";
import type { Work } from "./works.ts";

/** What a runtime is called, and what it is compared as. */
export interface Column {
  readonly title: string;
  /** Whether what it works on stays where it computes, from call to call. */
  readonly resident: boolean;
  /** What the lines of ratios compare with: other libraries in JavaScript are looked at together. */
  readonly family: "ours" | "native" | "javascript";
}

/** The columns, by the name of the runtime. */
export const columns: Readonly<Record<string, Column>> = {
  "ours": { title: "ours", resident: true, family: "ours" },
  "ours-fresh": { title: "ours, fresh", resident: false, family: "ours" },
  "pytorch": { title: "PyTorch", resident: true, family: "native" },
  "numpy": { title: "NumPy", resident: true, family: "native" },
  "jax-js": { title: "jax-js", resident: true, family: "javascript" },
  "tfjs-wasm": { title: "tfjs wasm", resident: true, family: "javascript" },
  "tfjs-cpu": { title: "tfjs cpu", resident: true, family: "javascript" },
  "onnx": { title: "onnx", resident: false, family: "javascript" },
};

/** A work on so many threads, and what came of it for each runtime. */
export interface Line {
  readonly work: Work;
  readonly threads: number;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** A row of `--json`: a runtime's part in a work. */
export interface Row {
  readonly work: string;
  readonly runtime: string;
  readonly threads: number;
  readonly milliseconds: number;
  readonly spread: readonly [number, number];
  /** The time of `ours` by this one's: below 1 where ours is faster. */
  readonly ratio: number | null;
  readonly resident: boolean;
}

function timeOf({ outcomes }: Line, runtime: string): number | undefined {
  const outcome = outcomes.get(runtime);
  return outcome !== undefined && "milliseconds" in outcome ? outcome.milliseconds : undefined;
}

/** A line as rows; what is missing has none. */
export function rowsOf(line: Line): Row[] {
  const ours = timeOf(line, "ours");
  return [...line.outcomes].flatMap(([runtime, outcome]) => {
    if (!("milliseconds" in outcome)) return [];
    const { milliseconds, spread, threads } = outcome;
    const ratio = ours === undefined ? null : ours / milliseconds;
    const { resident } = columns[runtime]!; // main.ts knows no others
    return [{ work: line.work.name, runtime, threads, milliseconds, spread, ratio, resident }];
  });
}

/** Three digits that count. */
function figure(number: number): string {
  return number >= 100 ? number.toFixed(0) : number.toPrecision(3);
}

function milliseconds(number: number): string {
  return number < 0.1 ? number.toFixed(4) : figure(number);
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)).join("  ")
  ).join("\n");
}

/** The time of ours by that of others, which is above 1 where they are faster. */
function ratioTo(line: Line, runtimes: readonly string[]): string {
  const ours = timeOf(line, "ours");
  const others = runtimes.map((runtime) => timeOf(line, runtime)).filter((time) => time !== undefined);
  return ours === undefined || others.length === 0 ? "" : (ours / Math.min(...others)).toFixed(2);
}

function nameOf({ work: { name }, threads }: Line): string {
  return `${name}, ${threads === 1 ? "1 thread" : `${threads} threads`}`;
}

/** The lines as a table of milliseconds, with one of quartiles and the reasons for dashes below it. */
export function tableOf(lines: readonly Line[], runtimes: readonly string[], limits: Limits): string {
  const titles = runtimes.map((runtime) => columns[runtime]!.title);
  const others = runtimes.filter((runtime) => columns[runtime]!.family === "javascript");
  const medians = lines.map((line) => {
    const cells = runtimes.map((runtime) => {
      const time = timeOf(line, runtime);
      return time === undefined ? "–" : milliseconds(time);
    });
    const ours = timeOf(line, "ours");
    const rate = line.work.operations === undefined || ours === undefined
      ? undefined
      : line.work.operations / ours / 1e6;
    const limit = limits.registers.get(line.threads);
    const share = rate === undefined || limit === undefined ? "" : `${(100 * rate / limit).toFixed(0)} %`;
    const ratios = [ratioTo(line, ["pytorch"]), ratioTo(line, others)];
    return [nameOf(line), ...cells, ...ratios, rate === undefined ? "" : figure(rate), share];
  });
  const spreads = lines.map((line) => {
    const cells = runtimes.map((runtime) => {
      const outcome = line.outcomes.get(runtime);
      return outcome !== undefined && "spread" in outcome ? outcome.spread.map(milliseconds).join("–") : "–";
    });
    return [nameOf(line), ...cells];
  });
  return [
    aligned([["milliseconds", ...titles, "to PyTorch", "to best JS", "GFLOP/s", "of limit"], ...medians]),
    "",
    aligned([["p25–p75", ...titles], ...spreads]),
    ...notesOf(lines),
  ].join("\n");
}

/** What there is to say of an outcome, below the table. */
function remarksOn(outcome: Outcome, threads: number): string[] {
  if ("missing" in outcome) return [outcome.missing];
  return [
    ...outcome.disagreement === undefined ? [] : [`DISAGREES: ${outcome.disagreement}`],
    ...outcome.fastest === undefined ? [] : [`${outcome.fastest} is faster`],
    ...outcome.threads === threads ? [] : [`it runs on ${outcome.threads === 1 ? "one thread" : outcome.threads} only`],
  ];
}

/** The versions of the libraries, and a line for each remark, with the works it is about unless these are all. */
function notesOf(lines: readonly Line[]): string[] {
  const notes = new Map<string, string[]>();
  for (const line of lines) {
    for (const [runtime, outcome] of line.outcomes) {
      for (const remark of remarksOn(outcome, line.threads)) {
        const note = `${columns[runtime]!.title}: ${remark}`;
        notes.set(note, [...notes.get(note) ?? [], nameOf(line)]);
      }
    }
  }
  const versions = new Map(
    lines.flatMap(({ outcomes }) =>
      [...outcomes].flatMap(([runtime, outcome]) => "version" in outcome ? [[runtime, outcome.version] as const] : [])
    ),
  );
  versions.delete("ours-fresh"); // is the same as ours
  const named = [...versions].map(([runtime, version]) => `${columns[runtime]!.title} ${version}`);
  const listed = [...notes].map(([note, names]) =>
    names.length === lines.length || note.endsWith(" only") ? note : `${note} (${names.join("; ")})`
  );
  return ["", ...named.length === 0 ? [] : [named.join(", ")], ...listed];
}

/** The limits in words. */
export function describeLimits({ registers, fused, copy, openBlas }: Limits): string {
  const rates = (each: ReadonlyMap<number, number>): string =>
    [...each].map(([threads, rate]) => `${figure(rate)} GFLOP/s on ${threads}`).join(", ");
  const [one = 0] = registers.values();
  const isBusy = [...registers].some(([threads, rate]) => rate < 0.8 * threads * one);
  return [
    `out of registers (${fused ? "multiply-add" : "mul, then add"}): ${rates(registers)} (threads)`,
    `copying 64 MB: ${figure(copy)} GB/s`,
    `OpenBLAS, 1024³: ${typeof openBlas === "string" ? openBlas : `${rates(openBlas)} (threads)`}`,
    ...isBusy ? ["The machine is busy, or has fewer cores: figures on several threads mean little."] : [],
  ].join("\n");
}
