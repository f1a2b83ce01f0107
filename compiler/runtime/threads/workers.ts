/**
 * The workers that large programs run on, beside the calling thread. They start by themselves when a program first
 * wants them and end when none has for a while; nobody has to call anything here.
 * @module
 */
import { wholeFrom } from "../../../src/public/kinds.ts";
import { publicFunction } from "../../../src/public/public_function.ts";
import { optional } from "../../../src/public/signature.ts";
import { hardwareThreads } from "./pool.ts";
import { runs } from "./runs.ts";

/**
 * Starts the workers for programs of so many threads, the calling one included: as many as the machine runs at once,
 * unless given. Resolves to the threads there are when they are ready, which is 1 where threads cannot share memory.
 * Until they are, programs run on the calling thread; so this is for those who measure. Throws a RangeError unless
 * `threads` is a whole number from 1.
 *
 * @example
 * ```ts
 * import { workers } from "@tensorloom/tensorloom";
 *
 * const threads = await workers.start(2);
 * console.log(threads <= 2); // true
 * workers.close();
 * ```
 */
export const start: (threads?: number) => Promise<number> = publicFunction({
  name: "workers.start",
  action: "start workers",
  positional: { threads: optional(wholeFrom(1)) },
}, (threads = hardwareThreads()) => runs.whenReady(threads));

/**
 * Ends the workers now, so that the process may exit at once. A run that is in the middle of its work fails, and so do
 * asynchronous calls that wait. The next program that wants workers starts new ones.
 */
export const close: () => void = publicFunction({ name: "workers.close", positional: {} }, () => runs.close());
