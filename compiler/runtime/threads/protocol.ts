/**
 * What the threads of a pool agree on: the words at the start of the arena, and the messages of a worker.
 *
 * A program is run by *participants*: threads that claim chunks of its current instruction and, whoever completes one, go on
 * to the next. All they need to know of the run stands in these words. They are read and written while others do; the
 * comments say who may write when.
 * @module
 */
import type { DType } from "../../../src/dtype.ts";
import type { Chunks } from "../../program/chunks.ts";
import type { KernelText, LaunchArguments } from "../../emit/load_kernel.ts";
import type { ObserverText } from "./observer.ts";

/** Where each word is, counted in 32-bit words. Those that many threads write have a cache line of their own. */
export const word = {
  /** Claims: `closed` − count + claims so far, or `closed` and more when there is nothing to claim. */
  next: 0,
  /** How many chunks of the instruction are complete. */
  done: 16,
  /** Changes whenever a thread that waits should look again; what they sleep on. */
  signal: 32,
  /** How many threads sleep. */
  sleeping: 48,
  /** One of {@linkcode state}. */
  state: 64,

  // What follows is written by the thread that starts a run or an instruction, and holds until its last chunk is done.
  program: 80,
  /** Counts runs: a participant binds its arrays anew when it changes. */
  run: 81,
  instruction: 82,
  /** How many chunks the instruction has. */
  chunks: 83,
  /** 1 when the instruction is complete but for the participant that is to go on from it. */
  handoff: 84,
  /** Where the run's workspace begins, in units of 64 bytes: its binding table, then its scratch. */
  workspace: 85,
  /** Participants of this rank and above stay out. */
  participants: 86,
  /** 1 when participants note the time that they take. */
  measured: 87,

  /** How many programs were sent to the workers: one that has loaded fewer goes back to its event loop. */
  loads: 96,
  /** A chunk plus 1 that its thread could not compute, for another to take. */
  returned: 112,
  /** 1 once a thread has failed; what follows describes the first failure. */
  failure: 144,
  failureKind: 145,
  failureInstruction: 146,
  failureThread: 147,
  /** For a failed check: which of the kernel's, and the index that failed it, in two words. */
  failureCheck: 149,
  failureIndex: 150,
  /** Bytes of the message at {@linkcode messageOffset}. */
  failureLength: 152,
} as const;

/** What a thread's own words are, from {@linkcode threadWord} on. */
export const threadWords = {
  /** One of {@linkcode status}. */
  status: 0,
  /** How many programs it has loaded. */
  loaded: 1,
  /** The chunk it computes, plus 1; −1 while it claims one, or goes on to the next instruction; 0 when it has no part in a run. */
  holding: 2,
  /** Counts the chunks and instructions that it has begun: as long as that changes, it gets on. */
  progress: 3,
  /** Its place in the order in which participants are admitted; the caller's is 0. */
  rank: 4,
  /** The number of the worker whose words these are: one that finds another has been given up, and leaves for good. */
  owner: 5,
  /** The number of the worker that has left last. */
  left: 6,
  /** Where its own memory for packed operands is, in units of {@linkcode alignment}. */
  scratch: 7,
} as const;

/** The most threads of a pool, the caller's included. */
export const maximumThreads = 64;

const firstThread = 256;
const wordsPerThread = 16;

/** Where a word of a thread is. */
export function threadWord(thread: number, which: keyof typeof threadWords): number {
  return firstThread + thread * wordsPerThread + threadWords[which];
}

/** Where the message of a failure is, in bytes, and how long it may be. */
export const messageOffset = 8192;
export const messageCapacity = 4096;

/** Bytes that these words take. What is allocated comes after. */
export const controlBytes = 16384;

/** Arrays begin at multiples of this many bytes: a cache line. */
export const alignment = 64;

/** The next multiple of `step`; of bytes, the next place where an array may begin. */
export function roundUp(value: number, step: number = alignment): number {
  return Math.ceil(value / step) * step;
}

/** A value of the word `next` from which there is nothing to claim. */
export const closed = 2 ** 30;

/** What the word `state` says of the run. */
export const state = { idle: 0, running: 1, host: 2, done: 3, failed: 4 } as const;

/** What a worker is doing. */
export const status = {
  /** It has not started yet, or has ended. */
  absent: 0,
  /** In its event loop: it needs a message. */
  parked: 1,
  /** It has been sent one. */
  called: 2,
  /** Looking for work, or at it. */
  hot: 3,
  /** Asleep: it needs a signal. */
  waiting: 4,
} as const;

/** How a thread failed. */
export const failureKind = { error: 1, index: 2, lost: 3, closed: 4 } as const;

/** One use of a kernel. */
export interface Launch extends LaunchArguments {
  readonly chunks: Chunks;
}

/** Where chunks store partial results: in a buffer of which each fills so many numbers. */
export interface Partials {
  readonly buffer: number;
  readonly slots: number;
}

/** A kernel is launched: once, or once for each of several sets of arrays. */
export interface LaunchInstruction {
  readonly kind: "launch";
  readonly name: string;
  /** Which of the program's kernels. */
  readonly kernel: number;
  readonly launches: readonly Launch[];
  /** How many chunks there are, over all launches. */
  readonly count: number;
  readonly partials: Partials | undefined;
  /** Whether it writes Variables where they lie. */
  readonly commits: boolean;
}

/** The calling thread calls an operation's own `compute`. */
export interface HostInstruction {
  readonly kind: "host";
  readonly name: string;
  /** Which of the program's host calls. */
  readonly call: number;
}

/** One step of a program. */
export type Instruction = LaunchInstruction | HostInstruction;

/** The array of a program, but for where it is. */
export interface BufferLayout {
  readonly dtype: DType;
  readonly length: number;
}

/** A program as it is sent to a worker. */
export interface ProgramMessage {
  readonly id: number;
  readonly buffers: readonly BufferLayout[];
  /** Bytes of the numbers of all launches. */
  readonly argumentBytes: number;
  readonly kernels: readonly KernelText[];
  readonly instructions: readonly Instruction[];
}

/** What a worker is told when it starts. */
export interface ArenaMessage {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  /** The worker's own number. */
  readonly owner: number;
  /** How long it looks for work before it sleeps, in milliseconds. */
  readonly spin: number;
  /** Who is told of what it computes. */
  readonly observer: ObserverText | undefined;
}

/** The methods of a worker, called through comlink. */
export interface WorkerMethods {
  init(arena: ArenaMessage): void;
  /**
   * Takes programs, forgets those that are not needed any more, and walks. `number` is how many programs have been sent
   * with these: one message does it all, because each leaves something behind until the caller's event loop has a turn.
   */
  load(programs: readonly ProgramMessage[], number: number, forgotten: readonly number[]): void;
  /** Walks until there has been nothing to do for a while. */
  run(): void;
}
