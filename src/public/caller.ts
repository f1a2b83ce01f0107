/**
 * Where the stack of an error begins: at the user's line, and not ten calls deep in the library.
 *
 * An engine keeps the ten innermost calls of a stack, so the user's line may not be among them. Every public function
 * therefore catches what leaves it and has the stack taken anew, from its own call outwards. Public functions call each
 * other; the outermost is the last to do so, and it is the one that the user called.
 * @module
 */

/** Any function, as a mark in a stack. */
export type EntryPoint = (...args: never[]) => unknown;

/** Any class, as a mark in a stack: its constructor. */
export type Class = abstract new (...args: never[]) => unknown;

/** What has a stack: an error, or the place of a call, for errors that come when that is over. */
export interface Call {
  readonly stack?: string;
}

/** What an engine may have: it takes the stack of `target` anew, from the call of `entry` outwards. */
const engine: { readonly prototype: Error; captureStackTrace?(target: object, entry: unknown): void } = Error;

/** Errors whose stack stays as it is: the user's own, and those that began at a line of a callback of the user's. */
const settled = new WeakSet<Error>();

/** Errors whose stack was taken anew. */
const begun = new WeakSet<Error>();

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
export function fromCaller<T>(error: T, entry: EntryPoint | Class): T {
  if (!(error instanceof Error) || settled.has(error)) return error;
  const worded = isWorded(error);
  if (!worded && error.constructor !== TypeError && error.constructor !== RangeError) return error;
  begun.add(error);
  if (!worded && !origins.has(error)) origins.set(error, callsOf(error));
  change(error, (each) => {
    engine.captureStackTrace?.(each, entry);
    if (!worded) each.stack += origins.get(each)!; // it was set just now
  });
  return error;
}

/**
 * The same for an error of the constructor of `base`, by which a `target` is made. Engines show a constructor that a class
 * has without writing one as a call, at the head of the class or at no place; such calls are left out.
 */
export function fromConstruction<T>(error: T, base: Class, target: Class): T {
  fromCaller(error, base);
  if (!(error instanceof Error) || settled.has(error)) return error;
  const unwritten = new Set<string | undefined>();
  for (let type = target; type !== base; type = Object.getPrototypeOf(type) as Class) { // a target extends its base
    if (!/\bconstructor\s*\(/.test(Function.prototype.toString.call(type))) unwritten.add(type.name);
  }
  change(error, (each) => {
    const calls = callsOf(each);
    const lines = calls.split("\n").slice(1);
    const first = lines.findIndex((line) => !unwritten.has(/^\s+at new (\S+) /.exec(line)?.[1]));
    if (first > 0) each.stack = each.stack!.replace(calls, ["", ...lines.slice(first)].join("\n")); // a part of it
  });
  return error;
}

/** Changes the stack of an error; one that is frozen keeps what it has. */
function change(error: Error, body: (error: Error) => void): void {
  try {
    body(error);
  } catch {
    // The stack cannot be written.
  }
}

/** The lines of a stack that are calls. */
function callsOf({ stack = "" }: Call): string {
  const first = stack.search(/\n\s+at /);
  return first < 0 ? "" : stack.slice(first);
}

/** `error`, which code of the user's threw, or a public function that it called: it stays as it is. */
export function usersOwn<T>(error: T): T {
  if (error instanceof Error) settled.add(error);
  return error;
}

/**
 * `error` of code that may be the user's, but in the library's classes is the library's own: an error that left a public
 * function goes on to begin where the outermost is called, and any other is the user's.
 */
export function ofOverride<T>(error: T): T {
  return error instanceof Error && begun.has(error) ? error : usersOwn(error);
}

/** Runs code of the user's. What it throws passes through the library as it is. */
export function callUser<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw usersOwn(error);
  }
}

/** Remembers where `entry`, which is no async function itself, is called, while it runs. */
export function captureCall(entry: EntryPoint): Call {
  const call: Call = {};
  engine.captureStackTrace?.(call, entry);
  return call;
}

/** `error`, which came when a call was over: if it is the library's, its stack now begins where that was made. */
export function fromCall<T>(error: T, call: Call): T {
  if (error instanceof Error && !settled.has(error) && call.stack !== undefined) {
    const inside = isWorded(error) ? "" : callsOf(error);
    change(error, (each) => each.stack = `${each.name}: ${each.message}${callsOf(call)}${inside}`);
  }
  return usersOwn(error);
}
