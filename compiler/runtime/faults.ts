/**
 * Faults that tests ask for: a kernel that throws on a thread, a worker that dies in the middle of its work.
 *
 * What they ask for stands in the control words, so that any thread finds it; a run that needs no arena looks into
 * words of its own. Nothing here costs more than a comparison while nothing was asked for.
 * @module
 */
import { word } from "./protocol.ts";

/** What is to happen. */
export const faultKind = { none: 0, throw: 1, leave: 2 } as const;

/** What is to happen, once, when a chunk of `row` is computed by `thread`; −1 stands for any row, or any thread. */
export interface Fault {
  readonly kind: keyof typeof faultKind;
  readonly row: number;
  readonly thread: number;
}

/** The words for runs outside of the arena. */
export const ownWords = new Int32Array(word.faultThread + 1);

/** Asks for a fault in `words`. */
export function arm(words: Int32Array, { kind, row, thread }: Fault): void {
  words[word.faultRow] = row;
  words[word.faultThread] = thread;
  Atomics.store(words, word.faultKind, faultKind[kind]);
}

/** What a worker throws that was asked to die: nobody tidies up after it. */
export class Leave extends Error {}

/** Does what was asked for, if it is due here. */
export function strike(words: Int32Array, row: number, thread: number): void {
  const [wantedRow, wantedThread] = [words[word.faultRow]!, words[word.faultThread]!];
  if (wantedRow >= 0 && wantedRow !== row || wantedThread >= 0 && wantedThread !== thread) return;
  if (Atomics.load(words, word.faultKind) === faultKind.leave && thread === 0) return; // only a worker can die
  switch (Atomics.exchange(words, word.faultKind, faultKind.none)) {
    case faultKind.throw:
      throw new Error(`a fault that was asked for, in row ${row} on thread ${thread}`);
    case faultKind.leave:
      throw new Leave();
  }
}
