/**
 * Observers that tests install: faults that strike where they are asked for, and scratch that gives away who reads it too
 * early or too late.
 * @module
 */
import { after, before } from "node:test";
import { workers } from "../../mod.ts";
import type { TypedArray } from "../../src/dtype.ts";
import type { MemoryPlan } from "../../compiler/program/memory_plan.ts";
import { observe, type Observer, WorkerExit } from "../../compiler/runtime/threads/observer.ts";

/** What is to happen. */
const faultKind = { none: 0, throw: 1, exit: 2 } as const;

/** What is to happen, once, when a part of `instruction` is computed by `thread`; −1 stands for any row, or any thread. */
interface Fault {
  readonly kind: keyof typeof faultKind;
  readonly row: number;
  readonly thread: number;
}

/** Kind, row and thread of the fault that is asked for, for all threads. */
const words = new Int32Array(
  typeof SharedArrayBuffer === "function" ? new SharedArrayBuffer(12) : new ArrayBuffer(12),
);

/** Asks for a fault. */
export function arm({ kind, row, thread }: Fault): void {
  words[1] = row;
  words[2] = thread;
  Atomics.store(words, 0, faultKind[kind]);
}

/** Asks for none any more. Whether the last one had not happened, because no thread got there. */
export function disarm(): boolean {
  return Atomics.exchange(words, 0, faultKind.none) !== faultKind.none;
}

/** Brings about what is asked for, where it is due. Its text is sent to workers, so it refers to nothing else. */
function striking(words: Int32Array, Exit: typeof WorkerExit): (row: number, thread: number) => void {
  return (row, thread) => {
    const kind = Atomics.load(words, 0);
    if (kind === 0 || words[1]! >= 0 && words[1] !== row || words[2]! >= 0 && words[2] !== thread) return;
    if (kind === 2 && thread === 0) return; // only a worker can end
    switch (Atomics.exchange(words, 0, 0)) {
      case 1:
        throw new Error(`a fault that was asked for, in row ${row} on thread ${thread}`);
      case 2:
        throw new Exit();
    }
  };
}

/** Fills memory that holds nothing before a row with NaN: what reads it all the same is found out. */
function poison(row: number, arrays: readonly TypedArray[], { allocations }: MemoryPlan): void {
  for (const { first, last, buffers } of allocations) {
    if (first !== row && last !== row - 1) continue;
    const { buffer, byteOffset, byteLength } = arrays[buffers[0]!]!; // all of an allocation's lie in one place
    new Uint8Array(buffer, byteOffset, byteLength).fill(0xff);
  }
}

const poisoning: Observer = { instruction: poison };

/** Runs `body` with memory that holds nothing filled with NaN. */
export function withPoison<T>(body: () => T): T {
  observe(poisoning);
  try {
    return body();
  } finally {
    observe(undefined);
  }
}

/** Has all tests of a suite run with memory that holds nothing filled with NaN. */
export function poisonScratch(): void {
  before(() => observe(poisoning));
  after(() => observe(undefined));
}

/** Runs `body` with the same, and with the faults that are asked for, also on the workers that it starts. */
export async function withFaults<T>(body: () => Promise<T>): Promise<T> {
  workers.close(); // those that there are have no observer
  observe({ ...poisoning, piece: striking(words, WorkerExit) }, { source: String(striking), words });
  try {
    return await body();
  } finally {
    observe(undefined);
    disarm();
  }
}
