/**
 * Where the stack of an error begins: at the user's line, and not ten calls deep in the library.
 *
 * An engine keeps the ten innermost calls of a stack, so the user's line may not be among them. Every public function
 * therefore catches what leaves it and has the stack taken anew, from its own call outwards. Public functions call each
 * other; the outermost is the last to do so, and it is the one that the user called.
 * @module
 */

/** Any function, as a mark in a stack. */
export type Entry = (...args: never[]) => unknown;

/** Errors whose stack stays as it is: the user's own, and those that began at a line of a callback of the user's. */
const settled = new WeakSet<Error>();

/** Of errors that the library did not word, which are its own mistakes or the engine's limits: the calls that led there. */
const origins = new WeakMap<Error, string>();

/** Whether the library worded it: `Cannot add float32[2] and float32[3]: …`. */
function isWorded(error: Error): boolean {
  return /^Cannot [^]+?: /.test(error.message);
}

/**
 * `error`, whose stack now begins where `entry` was called, if it is an error of the library. Where the engine and not the
 * library worded it, the calls inside the library follow.
 */
export function fromCaller<T>(error: T, entry: Entry): T {
  if (!(error instanceof Error) || settled.has(error)) return error;
  const worded = isWorded(error);
  if (!worded && error.constructor !== TypeError && error.constructor !== RangeError) return error;
  if (!worded && !origins.has(error)) origins.set(error, callsOf(error.stack ?? ""));
  beginAt(error, (target) => Error.captureStackTrace?.(target, entry as () => void)); // any function will do
  const origin = worded ? undefined : origins.get(error);
  if (origin !== undefined) error.stack += origin;
  return error;
}

/** Takes the stack of an error anew; one that is frozen keeps what it has. */
function beginAt(error: Error, capture: (error: Error) => void): void {
  try {
    capture(error);
    // JavaScriptCore shows the constructor that a class has without writing one as a call at no place.
    const unplaced = /\n\s+at new [^\n]*\(unknown:[^\n]*/;
    if (error.stack !== undefined && unplaced.test(error.stack)) error.stack = error.stack.replace(unplaced, "");
  } catch {
    // The stack cannot be written.
  }
}

/** The lines of a stack that are calls. */
function callsOf(stack: string): string {
  const first = stack.search(/\n\s+at /);
  return first < 0 ? "" : stack.slice(first);
}

/** `error`, which code of the user's threw, or a public function that it called: it stays as it is. */
export function usersOwn<T>(error: T): T {
  if (error instanceof Error) settled.add(error);
  return error;
}

/** Runs code of the user's. What it throws passes through the library as it is. */
export function callUser<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw usersOwn(error);
  }
}

/** The place of a call, for errors that come when it is over. */
export interface Call {
  readonly stack?: string;
}

/** Remembers where `entry` is called, while it runs. */
export function captureCall(entry: Entry): Call {
  const call: Call = {};
  Error.captureStackTrace?.(call, entry as () => void); // any function will do
  return call;
}

/** `error`, which came when a call was over: its stack begins where that was made. */
export function fromCall<T>(error: T, { stack }: Call): T {
  if (!(error instanceof Error) || settled.has(error) || stack === undefined) return error;
  const { name, message } = error;
  beginAt(
    error,
    (target) =>
      target.stack = `${name}: ${message}${callsOf(stack)}${isWorded(error) ? "" : callsOf(error.stack ?? "")}`,
  );
  settled.add(error);
  return error;
}
