/**
 * Signatures: what a public function takes, as data. Calls are checked by them, and errors say what they say.
 * @module
 */
import { describeForeign } from "../describe.ts";
import { usersOwn } from "./caller.ts";

/** A kind of argument, such as an axis. */
export interface Kind {
  /** What a value of this kind is, for errors: "a whole number". */
  readonly words: string;
  /** Whether a value is of this kind; without it, whoever uses the value sees. */
  readonly is?: (value: unknown) => boolean;
  /** Of a value that is of this kind: whether its size will do. */
  readonly fits?: (value: never) => boolean;
  /** Of a list of objects: the members of each. */
  readonly members?: Kinds;
  /** Of an argument: whether it may be left out. */
  readonly isOptional?: boolean;
  /** Of an option: whether it has to be there. */
  readonly isRequired?: boolean;
}

/** Arguments or options, by name. */
export type Kinds = Readonly<Record<string, Kind>>;

/** The kinds of all options of an interface. */
export type OptionKinds<T> = { readonly [Name in keyof T]-?: Kind };

/** What a public function takes. */
export interface Signature {
  /** What it is called: `sum`, `random.normal`, `new Variable`. */
  readonly name: string;
  /** What errors say could not be done; its name unless given. */
  readonly action?: string;
  /** The arguments before the options, in order. */
  readonly positional: Kinds;
  /** The members of the object that comes last, if it takes one. */
  readonly options?: Kinds;
  /** Whether it is a method, too, of its first argument: `deno task generate` writes it into the methods of Value. */
  readonly method?: true;
}

/** The kind of an argument that may be left out. */
export function optional(kind: Kind): Kind {
  return { ...kind, isOptional: true };
}

/** The kind of an option that has to be there. */
export function required(kind: Kind): Kind {
  return { ...kind, isRequired: true };
}

/** What an argument or an option is checked by. All are of one shape, which is what makes looking at them quick. */
interface Check {
  readonly name: string;
  readonly kind: Kind;
  /** Whether a value will do. */
  readonly accepts: (value: unknown) => boolean;
  /** Whether it may be left out. */
  readonly isOptional: boolean;
}

/** A signature, made ready for checking calls. */
export interface Plan {
  readonly signature: Signature;
  /** How many arguments there are at least. */
  readonly least: number;
  /** How many there are at most. */
  readonly most: number;
  /** Whether anything but the number of arguments is checked. */
  readonly isChecked: boolean;
  /** One for each argument before the options, made when the function is first called: most never are. */
  checks: readonly (Check | undefined)[] | undefined;
  /** The options by name, if it takes any. */
  readonly options: Members | undefined;
}

/** The members of an object, made ready for checking when it is first wanted: most functions are never called. */
class Members {
  readonly #kinds: Kinds;
  #checks: ReadonlyMap<string, Check> | undefined;
  #required: readonly string[] | undefined;

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
  }

  get checks(): ReadonlyMap<string, Check> {
    return this.#checks ??= new Map(Object.entries(this.#kinds).map(([name, kind]) => [name, checkOf(name, kind)]));
  }

  /** Those that have to be there. */
  get required(): readonly string[] {
    return this.#required ??= Object.entries(this.#kinds).flatMap(([name, { isRequired }]) => isRequired ? [name] : []);
  }
}

function checkOf(name: string, kind: Kind): Check {
  const { is = () => true, fits, members, isOptional = false } = kind;
  const each = members && new Members(members);
  const accepts = (value: unknown): boolean =>
    is(value) && (fits === undefined || fits(value as never)) && // `is` has seen that it takes it
    (each === undefined || (value as readonly unknown[]).every((object) => acceptsMembers(each, object))); // it is a list
  return { name, kind, accepts: fits === undefined && each === undefined ? is : accepts, isOptional };
}

/** Makes a signature ready for checking calls. */
export function planOf(signature: Signature): Plan {
  const { positional } = signature;
  let [count, least, isChecked] = [0, 0, signature.options !== undefined];
  for (const name in positional) {
    const { isOptional, is } = positional[name]!;
    count++;
    if (!isOptional) least = count;
    if (is !== undefined) isChecked = true;
  }
  const most = signature.options === undefined ? count : count + 1;
  const options = signature.options && new Members(signature.options);
  const isNeeded = options !== undefined && options.required.length > 0;
  return { signature, least: isNeeded ? most : least, most, isChecked, checks: undefined, options };
}

/** How a function is called: `sum(x, axis?, { keepDims? })`. */
export function describeSignature({ name, positional, options }: Signature): string {
  const names = Object.entries(positional).map(([name, { isOptional }]) => isOptional ? `${name}?` : name);
  if (options !== undefined) names.push(describeMembers(options));
  return `${name}(${names.join(", ")})`;
}

function describeMembers(kinds: Kinds): string {
  const names = Object.entries(kinds).map(([name, { isRequired }]) => isRequired ? name : `${name}?`);
  return `{ ${names.join(", ")} }`;
}

function cannot({ name, action = name }: Signature): string {
  return `Cannot ${action}`;
}

/** The error of a call with so many arguments, which are too few or too many. */
export function wrongCount({ signature, least, most }: Plan, count: number): TypeError {
  const given = count < least ? `, of which ${count === 0 ? "none" : `only ${count}`} came` : `, and ${count} came`;
  // Array's own map passes an index and the array, too.
  const hint = most === 1 && count === 3 ? `; for map(), write (x) => ${signature.name}(x)` : "";
  return new TypeError(`${cannot(signature)}: the arguments are ${describeSignature(signature)}${given}${hint}`);
}

/** Checks the arguments of a call, of which there are neither too few nor too many. */
export function checkArguments(
  plan: Plan,
  first: unknown,
  second: unknown,
  third: unknown,
  fourth: unknown,
): void {
  const { options } = plan;
  const checks = plan.checks ??= Object.entries(plan.signature.positional).map(([name, kind]) =>
    kind.is === undefined ? undefined : checkOf(name, kind)
  );
  const count = checks.length;
  for (let position = 0; position < count; position++) {
    const check = checks[position];
    if (check === undefined) continue;
    const value = position === 0 ? first : position === 1 ? second : position === 2 ? third : fourth;
    const isAccepted = value === undefined && check.isOptional || check.accepts(value);
    if (!isAccepted) throw problemOf(plan.signature, check.name, check.kind, value)!; // it was not accepted for something
  }
  if (options === undefined) return;
  const given = count === 0 ? first : count === 1 ? second : count === 2 ? third : fourth;
  if (given !== undefined || options.required.length > 0) checkOptions(plan.signature, options, given);
}

/** What is wrong with an argument or an option, if anything is. */
function problemOf(signature: Signature, name: string, kind: Kind, value: unknown): Error | undefined {
  const { is, fits, words, members } = kind;
  const isKind = is === undefined || is(value);
  if (!isKind || fits !== undefined && !fits(value as never)) { // `is` has seen that `fits` takes it
    const Class = isKind ? RangeError : TypeError;
    return new Class(`${cannot(signature)}: ${name} is ${describeArgument(value)}, not ${words}`);
  }
  if (members === undefined) return undefined;
  for (const [index, each] of (value as readonly unknown[]).entries()) { // it has members because it is a list of objects
    const problem = problemOfMembers(signature, new Members(members), each, `${name}[${index}] is`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** What was given: a short list as it is written, anything else as elsewhere. */
function describeArgument(value: unknown): string {
  const text = Array.isArray(value) ? spellList(value, 2) : undefined;
  return text === undefined || text.length > shownLength ? describeForeign(value) : text;
}

/** Lists are shown up to this length. */
const shownLength = 40;

/** A list of numbers, strings, null and such lists, or undefined if there is anything else in it. */
function spellList(list: readonly unknown[], depth: number): string | undefined {
  if (list.length > shownLength || depth === 0) return undefined;
  const elements = Array.from(list, (each) => {
    if (typeof each === "number" || each === null || each === undefined) return String(each);
    if (typeof each === "string") return JSON.stringify(each);
    return Array.isArray(each) ? spellList(each, depth - 1) : undefined;
  });
  return elements.includes(undefined) ? undefined : `[${elements.join(",")}]`;
}

/** Whether a value is an object that was written in braces: of no class, whatever realm it comes from. */
function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "hasOwnProperty");
}

/** Checks the object of options. */
function checkOptions(signature: Signature, options: Members, given: unknown): void {
  let problem: Error | undefined;
  try {
    if (acceptsMembers(options, given)) return;
    problem = problemOfMembers(signature, options, given === undefined ? {} : given, "the options are");
  } catch (error) {
    throw usersOwn(error); // a getter or a proxy is code of the user's
  }
  if (problem !== undefined) throw problem;
}

/** Whether an object has no members but those that it may have, and all that it has to have. */
function acceptsMembers({ checks, required }: Members, given: unknown): boolean {
  if (!isPlainObject(given)) return false;
  for (const name in given) {
    const check = checks.get(name);
    if (check === undefined) return false;
    const value = given[name];
    if (value !== undefined && !check.accepts(value)) return false;
  }
  for (const name of required) if (given[name] === undefined) return false;
  return true;
}

/** What is wrong with an object that is not accepted. */
function problemOfMembers(
  signature: Signature,
  { checks, required }: Members,
  given: unknown,
  what: string,
): Error | undefined {
  const fail = (reason: string): Error => new TypeError(`${cannot(signature)}: ${reason}`);
  const kinds = Object.fromEntries([...checks].map(([name, { kind }]) => [name, kind]));
  if (!isPlainObject(given)) return fail(`${what} ${describeForeign(given)}, not an object ${describeMembers(kinds)}`);
  for (const name in given) {
    const kind = checks.get(name)?.kind;
    if (kind === undefined) return fail(unknownOption([...checks.keys()], name));
    const value = given[name];
    const problem = value === undefined ? undefined : problemOf(signature, `the option ${name}`, kind, value);
    if (problem !== undefined) return problem;
  }
  for (const name of required) {
    if (given[name] === undefined) return fail(`the option ${name} is missing; it takes ${describeMembers(kinds)}`);
  }
  return undefined;
}

function unknownOption(known: readonly string[], name: string): string {
  const meant = nearest(name, known);
  const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
  const list = known.length === 1 ? `the option is ${known[0]}` : `the options are ${known.join(", ")}`;
  return `there is no option ${JSON.stringify(name).slice(1, -1)}${hint}; ${list}`;
}

/** The name that was probably meant: written with other capitals, by its initials, cut short, or with a letter or two wrong. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.replaceAll("_", "").toLowerCase();
  const initials = (text: string): string => text[0]! + text.replace(/[^A-Z0-9]/g, "").toLowerCase();
  const given = plain(name);
  return known.find((each) => plain(each) === given) ?? known.find((each) => initials(each) === given) ??
    known.find((each) => given.length > 2 && (plain(each).startsWith(given) || given.startsWith(plain(each)))) ??
    known.find((each) => distance(plain(each), given) <= Math.min(2, each.length / 3));
}

/** How many letters have to be put in, taken out or changed to make one word of another (Levenshtein, 1965). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
