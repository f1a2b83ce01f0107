/**
 * What the program that compares and the processes that compute say to each other: a line of JSON each, question and
 * answer by turns. `serve.ts` and `peer.py` answer.
 */
import type { PackedResults } from "./numbers.ts";
import type { Work } from "./works.ts";

/** What a process is asked. */
export type Request = /** Get ready to do a work; do it once; then do it for some time, to be warm. */
  | {
    readonly ask: "open";
    readonly work: Work;
    readonly reference: boolean;
    readonly warmUp: number;
  }
  /** Do it again and again for about so many milliseconds. */
  | { readonly ask: "time"; readonly milliseconds: number }
  /** Forget it. */
  | { readonly ask: "close" };

/** What a work has come to. */
export interface Opened {
  /** After it was done once; an entry for each way of doing it, and the name of the fastest if there are several. */
  readonly results: readonly PackedResults[];
  readonly fastest?: string;
  /** Milliseconds of a call. */
  readonly estimate: number;
}

/** The answer to each question; `missing` says why a work is not done here, `failed` that something broke. */
export type Answer =
  | { readonly opened: Opened }
  | { readonly milliseconds: number }
  | { readonly closed: true }
  | { readonly missing: string }
  | { readonly failed: string };

/** The first line of a process: what it is, or why it cannot be. */
export type Greeting =
  | { readonly version: string; readonly threads: number }
  | { readonly missing: string };
