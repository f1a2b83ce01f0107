/**
 * What tests of the runtime share.
 * @module
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Tuning, withTuning } from "../../compiler/limits.ts";
import { runs, settings } from "../../compiler/runtime/threads/runs.ts";
import { type Tensor, workers } from "../../mod.ts";
import { timeLimit } from "../time_limit.ts";

// However busy the machine is, workers are waited for, and none is given up that is only slow.
settings.startLimit = timeLimit;
settings.lostTime = timeLimit;

/** Cuts even small programs into many chunks and has them run in the arena. */
export const finely: Partial<Tuning> = { chunkWork: 4, longRow: 16, sharedWork: 0 };

/** Starts the workers for so many threads; throws where they cannot be had. */
export async function startWorkers(threads: number): Promise<void> {
  const ready = await workers.start(threads);
  if (ready < threads) throw new Error(`there are ${ready} threads where ${threads} were asked for`);
}

/** Runs `body`, in which programs are compiled, for so many threads, whose workers are ready. */
export async function onThreads<T>(threads: number, body: () => T): Promise<T> {
  await startWorkers(threads);
  return withTuning({ ...finely, threads }, body);
}

/** How many runs in the arena `body` makes. */
export function sharedRuns(body: () => void): number {
  const before = runs.begun;
  body();
  return runs.begun - before;
}

/** Calls `attempt` until it says that it has succeeded, without letting the event loop run. */
export function untilItHas(attempt: () => boolean): void {
  const end = Date.now() + timeLimit; // nothing else would end a loop that hangs
  while (!attempt()) if (Date.now() > end) throw new Error(`it has not in ${timeLimit} ms`);
}

/** Lets the event loop go round so many times, serving its timers. */
export async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** What comlink sends for a call of a worker's method; an argument that is a plain value is sent in an envelope. */
interface MethodMessage {
  readonly path: readonly string[];
  readonly argumentList: readonly { readonly value: unknown }[];
}

/** A call of a worker's method. */
export interface MethodCall {
  readonly method: string;
  readonly arguments: readonly unknown[];
}

/** The workers that start while `body` runs, and their mail, which can be held back: then they are late for as long. */
export class Starting {
  readonly workers: Worker[] = [];
  /** What the workers have been told, in this order. */
  readonly calls: MethodCall[] = [];
  #held: (() => void)[] | undefined;

  /** Watches what starts until the promise of `body` has settled. */
  async during(body: () => Promise<unknown>): Promise<void> {
    const { workers, calls } = this;
    const deliver = (message: () => void): void => this.#deliver(message);
    const Original = globalThis.Worker;
    globalThis.Worker = class extends Original {
      constructor(address: string | URL, options?: WorkerOptions) {
        super(address, options);
        workers.push(this);
      }

      override postMessage(message: unknown, options?: Transferable[] | StructuredSerializeOptions): void {
        const { path, argumentList } = message as MethodMessage; // comlink sends nothing else to them
        calls.push({ method: path.join("."), arguments: argumentList.map(({ value }) => value) });
        // Its type has an overload for either kind.
        deliver(() => super.postMessage(message, options as StructuredSerializeOptions));
      }
    };
    try {
      await body();
    } finally {
      globalThis.Worker = Original;
    }
  }

  /** Keeps messages from the workers from now on. */
  hold(): void {
    this.#held ??= [];
  }

  /** Delivers what was kept, and what follows. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) message();
  }

  #deliver(message: () => void): void {
    if (this.#held === undefined) message();
    else this.#held.push(message);
  }
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

/** The arguments with which this runtime runs a program of this folder. */
export function programArguments(file: string, args: readonly string[] = []): string[] {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const flags = process.versions["bun"] === undefined
    ? [
      "run",
      "--allow-all",
      "--no-check",
      `--import-map=${fileURLToPath(new URL("../std_assert/offline.json", import.meta.url))}`,
    ]
    : [];
  return [...flags, path, ...args];
}

/** Runs a program of this folder in a process of its own; what it printed, and how it ended. */
export function runProgram(
  file: string,
  args: readonly string[] = [],
): { output: string; errors: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, programArguments(file, args), {
    encoding: "utf8",
    timeout: timeLimit,
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { output: stdout, errors: stderr, status };
}
