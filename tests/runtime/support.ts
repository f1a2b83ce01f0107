/**
 * What tests of the runtime share.
 * @module
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Tuning, withTuning } from "../../compiler/limits.ts";
import { runs } from "../../compiler/runtime/runs.ts";
import { type Tensor, workers } from "../../mod.ts";

/** Cuts even small programs into many chunks and has them run in the arena. */
export const finely: Partial<Tuning> = { chunkWork: 4, longRow: 16, sharedWork: 0 };

/** Runs `body`, in which programs are compiled, for so many threads, whose workers are ready. */
export async function onThreads<T>(threads: number, body: () => T): Promise<T> {
  const ready = await workers.start(threads);
  if (ready < threads) throw new Error(`there are ${ready} threads where ${threads} were asked for`);
  return withTuning({ ...finely, threads }, body);
}

/** How many runs in the arena `body` makes. */
export function sharedRuns(body: () => void): number {
  const before = runs.begun;
  body();
  return runs.begun - before;
}

/** The bits of tensors, as text that is equal only for equal bits. */
export function bitsOf(tensors: readonly Tensor[]): string {
  return tensors.map(({ data }) =>
    Array.from(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      (byte) => byte.toString(16).padStart(2, "0"),
    )
      .join("")
  ).join(" ");
}

/** Runs a program of this folder in a process of its own; what it printed, and how it ended. */
export function runProgram(
  file: string,
  args: readonly string[] = [],
): { output: string; errors: string; status: number | null; milliseconds: number } {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const flags = process.versions["bun"] === undefined
    ? [
      "run",
      "--allow-all",
      "--no-check",
      `--import-map=${fileURLToPath(new URL("../std_assert/offline.json", import.meta.url))}`,
    ]
    : [];
  const start = performance.now();
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, path, ...args], {
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { output: stdout, errors: stderr, status, milliseconds: performance.now() - start };
}
