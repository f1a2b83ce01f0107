/**
 * What every question shares: measuring named pieces of work, and printing what came out.
 *
 * A result is used up by `do_not_optimize`, so that no engine leaves the work out. The median is reported, which a busy
 * machine disturbs least.
 */
import { bench, do_not_optimize, run } from "mitata";

/** Work under the name that is printed for it. */
export type Cases = Readonly<Record<string, () => unknown>>;

/** Measures each of the cases with mitata, prints its table, and returns the medians, in nanoseconds. */
export async function measure<C extends Cases>(cases: C): Promise<{ readonly [Name in keyof C]: number }> {
  for (const [name, work] of Object.entries(cases)) bench(name, () => do_not_optimize(work())).gc("once");
  const { benchmarks } = await run();
  const medians = benchmarks.map(({ alias, runs }) => {
    const [only] = runs;
    if (only?.stats === undefined) throw new Error(`Cannot measure ${alias}: it failed`, { cause: only?.error });
    return [alias, only.stats.p50] as const;
  });
  return Object.fromEntries(medians) as { [Name in keyof C]: number }; // mitata returns the benchmarks it was given
}

/** Prints lines of a name and a figure, below mitata's table. */
export function report(figures: Readonly<Record<string, string>>): void {
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  console.log();
  for (const [name, figure] of Object.entries(figures)) console.log(`${name.padEnd(width)}  ${figure}`);
}

/** A time in nanoseconds, in a unit that suits it. */
export function duration(nanoseconds: number): string {
  if (nanoseconds < 1e3) return `${nanoseconds.toFixed(0)} ns`;
  if (nanoseconds < 1e6) return `${(nanoseconds / 1e3).toFixed(2)} µs`;
  return `${(nanoseconds / 1e6).toFixed(2)} ms`;
}
