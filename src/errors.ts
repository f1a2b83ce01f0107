/**
 * Where in the user's program an operation was written.
 * @module
 */

/** The place an operation was recorded at. The stack is kept as it is: formatting one costs far more than capturing it. */
export type Site = Error;

const ownPath = "src/errors.ts";
/** Where the folder of the library is, or undefined in a bundle, which is one file. */
const libraryRoot = import.meta.url.endsWith(`/${ownPath}`) ? import.meta.url.slice(0, -ownPath.length) : undefined;
/** Files, and files under folders, that are passed over when the user's line is looked for: the library's own. */
const ownFiles = libraryRoot === undefined
  ? [import.meta.url]
  : ["src/", "compiler/", "mod.ts"].map((path) => libraryRoot + path);
const ownPaths = ownFiles.map((url) => url.startsWith("file://") ? decodeURIComponent(url.slice(7)) : url);

/** Remembers the caller's stack; see {@linkcode siteOf} for reading it. */
export function captureSite(): Site {
  return new Error("recorded here");
}

/** The user's `file:line:column` that a site stands for, or undefined when the engine's stack does not tell. */
function siteOf(site: Site | undefined): string | undefined {
  for (const line of site?.stack?.split("\n").slice(1) ?? []) {
    const place = /\(?((?:[a-z]+:\/\/|\/|[A-Z]:\\)[^()]*:\d+:\d+)\)?$/.exec(line.trim())?.[1];
    if (place === undefined) continue;
    if (ownFiles.some((url) => place.startsWith(url)) || ownPaths.some((path) => place.startsWith(path))) continue;
    return place;
  }
  return undefined;
}

/** Errors whose message ends with a place; the first that was found is the closest. */
const placed = new WeakSet<Error>();

/** `error`, its message followed by the user's line when that is known. What already has its place, or is no Error, is left as it is. */
export function addSite<T>(error: T, site: Site | undefined): T {
  if (!(error instanceof Error) || placed.has(error)) return error;
  const place = siteOf(site);
  if (place === undefined) return error;
  placed.add(error);
  const { message, stack } = error;
  error.message = `${message}\n    recorded at ${place}`;
  // The stack was made with the message as it was, and is what an uncaught error shows.
  if (stack !== undefined && message !== "") error.stack = stack.replace(message, () => error.message);
  return error;
}
