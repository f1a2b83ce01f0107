/**
 * Failures of a run: what the first thread that fails leaves in the control words, for the caller to throw.
 * @module
 */
import { IndexFault } from "../../emit/index_fault.ts";
import { failureKind, messageCapacity, messageOffset, word } from "./protocol.ts";

/** Why a run failed: in which instruction, and on which thread. */
export type Failure =
  & { readonly instruction: number; readonly thread: number }
  & (
    | { readonly kind: "error"; readonly message: string }
    | { readonly kind: "index"; readonly check: number; readonly index: number }
    | { readonly kind: "lost" }
    | { readonly kind: "closed" }
  );

/** What an error that was caught is as a failure. */
export function failureOf(error: unknown, index: number, thread: number): Failure {
  if (error instanceof IndexFault) {
    return { kind: "index", instruction: index, thread, check: error.check, index: error.index };
  }
  return { kind: "error", instruction: index, thread, message: error instanceof Error ? error.message : String(error) };
}

/** Forgets the last run's failure. */
export function clearFailure(control: Int32Array): void {
  Atomics.store(control, word.failure, 0);
}

/** Notes why a run failed. Whether it was the first failure: only that one is noted, and only its thread ends the run. */
export function noteFailure(control: Int32Array, failure: Failure): boolean {
  if (Atomics.compareExchange(control, word.failure, 0, 1) !== 0) return false;
  control[word.failureKind] = failureKind[failure.kind];
  control[word.failureInstruction] = failure.instruction;
  control[word.failureThread] = failure.thread;
  if (failure.kind === "index") {
    control[word.failureCheck] = failure.check;
    failureIndex(control)[0] = failure.index;
  }
  if (failure.kind === "error") {
    const bytes = new TextEncoder().encode(failure.message).subarray(0, messageCapacity); // encodeInto refuses shared memory
    new Uint8Array(control.buffer, messageOffset, bytes.length).set(bytes);
    control[word.failureLength] = bytes.length;
  }
  return true;
}

/** The index that failed a check: any number, so it takes two words. */
function failureIndex(control: Int32Array): Float64Array {
  return new Float64Array(control.buffer, word.failureIndex * Int32Array.BYTES_PER_ELEMENT, 1);
}

/** What was noted. */
export function readFailure(control: Int32Array): Failure {
  const [index, thread] = [control[word.failureInstruction]!, control[word.failureThread]!];
  switch (control[word.failureKind]) {
    case failureKind.index:
      return {
        kind: "index",
        instruction: index,
        thread,
        check: control[word.failureCheck]!,
        index: failureIndex(control)[0]!,
      };
    case failureKind.lost:
      return { kind: "lost", instruction: index, thread };
    case failureKind.closed:
      return { kind: "closed", instruction: index, thread };
    default: {
      // A copy, because a decoder refuses shared memory.
      const bytes = new Uint8Array(control.buffer, messageOffset, control[word.failureLength]!).slice();
      return { kind: "error", instruction: index, thread, message: new TextDecoder().decode(bytes) };
    }
  }
}
