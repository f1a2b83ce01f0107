/**
 * Where in the user's program an operation was written.
 * @module
 */
import { isOwnCode, placesOf } from "./own_code.ts";

/** The place an operation was recorded at. The stack is kept as it is: formatting one costs far more than capturing it. */
export type SourceLocation = Error;

/** How many calls of a stack are kept: an engine keeps ten, and the user's line may lie below more of the library's. */
const keptCalls = 32;

/** Where an engine has its number of calls; not part of the language. */
const engine: { readonly prototype: Error; stackTraceLimit?: number } = Error;

/** Remembers the caller's stack; see {@linkcode locationOf} for reading it. */
export function captureLocation(): SourceLocation {
  const { stackTraceLimit: usual } = engine;
  if (usual === undefined || usual >= keptCalls) return new Error("recorded here");
  engine.stackTraceLimit = keptCalls;
  const site = new Error("recorded here");
  engine.stackTraceLimit = usual;
  return site;
}

/** The user's `file:line:column` that a site stands for, or undefined when the engine's stack does not tell. */
function locationOf(site: SourceLocation | undefined): string | undefined {
  if (site === undefined) return undefined;
  const place = placesOf(site).find((each) => !isOwnCode(each));
  return place && `${place.file}:${place.line}:${place.column}`;
}

/** Errors whose message ends with a place; the first that was found is the closest. */
const placed = new WeakSet<Error>();

/** `error`, its message followed by the user's line when that is known. What already has its place, or is no Error, is left as it is. */
export function addLocation<T>(error: T, site: SourceLocation | undefined): T {
  if (!(error instanceof Error) || placed.has(error)) return error;
  const place = locationOf(site);
  if (place === undefined) return error;
  placed.add(error);
  const { message, stack } = error;
  error.message = `${message}\n    recorded at ${place}`;
  // The stack was made with the message as it was, and is what an uncaught error shows.
  if (stack !== undefined && message !== "") error.stack = stack.replace(message, () => error.message);
  return error;
}
