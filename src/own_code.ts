/**
 * Own code: which lines of a stack trace are the library's.
 *
 * A stack taken here tells where that is. `import.meta.url` would tell it, too, but is empty in bundles for classic scripts
 * and for CommonJS, and bundlers take a file named beside it for one that they have to ship.
 *
 * A bundle is one file, in which the library's lines lie together: a bundler keeps the order of evaluation. So `mod.ts`
 * evaluates this module before all others, and marks the end itself.
 * @module
 */

/** A line of a program: the address of its file, and where in it. */
export interface CodeLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * A stack from where the library's lines begin. It is taken when it is first needed: for one that is taken while a bundle
 * loads, V8 parses the whole bundle again.
 */
const start = (): Error => new Error("the library begins here");
let end: (() => Error) | undefined;

/** Marks the end of the library's lines in a bundle, by a function that is written there and takes a stack. */
export function endOwnCode(here: () => Error): void {
  end = here;
}

/** The calls of a stack, the innermost first, as far as the engine tells their lines. */
export function placesOf({ stack = "" }: Error): CodeLocation[] {
  const places: CodeLocation[] = [];
  for (const text of stack.split("\n")) {
    // `at f (file:///a.ts:1:2)`, `at /a.ts:1:2`, `f@http://host/a.js:1:2`
    const parts = /((?:[a-z][a-z+.-]*:\/\/|\/|[A-Z]:\\)[^()]*):(\d+):(\d+)\)?$/.exec(text.trim());
    if (parts !== null) places.push({ file: parts[1]!, line: Number(parts[2]), column: Number(parts[3]) });
  }
  return places;
}

/** The library's lines: those of some files of its folder, or some of one file. */
type OwnCode =
  | { readonly root: string; readonly files: RegExp }
  | { readonly start: CodeLocation; readonly end: CodeLocation | undefined };

/** What this file is called, and which files are the library's then: its sources, or modules made of them. */
const layouts: readonly (readonly [name: RegExp, files: RegExp])[] = [
  [/src\/own_code\.ts$/, /^(?:src\/|compiler\/|mod\.ts$)/],
  [/dist\/modules\/own_code\.js\??$/, /^dist\/modules\//], // webpack ends some names with a question mark
];
/** The folder is that of `dist/`, when the address ends with this. */
const bundle = "dist/tensorloom.js";

let known: OwnCode | undefined;

function ownCode(): OwnCode | undefined {
  if (known !== undefined) return known;
  const [first] = placesOf(start());
  if (first === undefined) return undefined; // an engine without stacks
  const path = pathOf(first.file);
  for (const [name, files] of layouts) if (name.test(path)) return known = { root: path.replace(name, ""), files };
  const last = end === undefined ? undefined : placesOf(end())[0];
  return known = { start: first, end: last?.file === first.file ? last : undefined };
}

/** Whether a line is the library's own. */
export function isOwnCode(place: CodeLocation): boolean {
  const own = ownCode();
  if (own === undefined) return false;
  if ("root" in own) {
    const path = pathOf(place.file);
    return path.startsWith(own.root) && own.files.test(path.slice(own.root.length));
  }
  if (place.file !== own.start.file) return false;
  return own.end === undefined || !isBefore(place, own.start) && !isBefore(own.end, place);
}

function isBefore(a: CodeLocation, b: CodeLocation): boolean {
  return a.line < b.line || a.line === b.line && a.column < b.column;
}

/** The address of a file of the package, or undefined where the library is a part of someone's bundle. */
export function addressInPackage(path: string): string | undefined {
  const own = ownCode();
  if (own === undefined) return undefined;
  if ("root" in own) return own.root.startsWith("webpack") ? undefined : addressOf(own.root + path); // it has no files
  const file = pathOf(own.start.file);
  return file.endsWith(`/${bundle}`) ? addressOf(file.slice(0, -bundle.length) + path) : undefined;
}

/** The path of an address of a file: engines write one or the other, encoded or not. Any other address is left as it is. */
function pathOf(file: string): string {
  const path = /^file:\/\/(.*)$/.exec(file)?.[1];
  if (path === undefined) return file.replaceAll("\\", "/");
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a per cent sign that encodes nothing
  }
}

/** The address of a path. */
function addressOf(path: string): string {
  if (/^[a-z][a-z+.-]*:\/\//.test(path)) return path;
  return `file://${path.startsWith("/") ? "" : "/"}${encodeURI(path).replace(/[#?]/g, encodeURIComponent)}`;
}
