/**
 * What the source of the operations says: the modules of `src/ops/`, the functions that they make public, and the text of
 * their types and comments.
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { signatureOf } from "../src/public/public_function.ts";
import type { Signature } from "../src/public/signature.ts";

const folder = fileURLToPath(new URL("../src/ops/", import.meta.url));

/** The files that follow from the others, and those that list what the others have. */
const listing: ReadonlySet<string> = new Set([
  "aliases.ts",
  "families.ts",
  "fluent.ts",
  "method_functions.ts",
  "methods.ts",
  "mod.ts",
  "table.ts",
]);

/** A public function. */
export interface PublicFunction {
  readonly name: string;
  readonly signature: Signature;
  /** The text of its type. */
  readonly type: string;
  /** The text of its comment, without examples. */
  readonly comment: string;
  /** What it is called in NumPy (or SciPy), in PyTorch and in TensorFlow.js; a dash where there is none. */
  readonly names: readonly [string, string, string];
}

/** A module of the operations. */
export interface Family {
  /** Its file, below `src/ops/`. */
  readonly file: string;
  readonly source: string;
  /** What its comment says first. */
  readonly subject: string;
  /** The names of its tables of entries. */
  readonly tables: readonly string[];
  readonly functions: readonly PublicFunction[];
}

/** Whether an export is a table: each member is an entry, under its own name. */
function isTable(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const members = Object.entries(value as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>);
  return members.length > 0 &&
    members.every(([name, entry]) =>
      entry?.["name"] === name && (entry["decompose"] ?? entry["compute"]) !== undefined
    );
}

/** The text of a comment without its stars. */
function plain(comment: string): string {
  return comment.replace(/^\/\*\*|\*\/$/g, "").replace(/^\s*\* ?/gm, "").replace(/^@[\s\S]*/m, "").trim();
}

/** The declaration of a function: its comment, the names there, and the type that it is said to have. */
function declaration(source: string, name: string, file: string): Pick<PublicFunction, "type" | "comment" | "names"> {
  const at = new RegExp(`(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/)\nexport const ${name}: ([\\s\\S]*?) =\\s+\\w+\\(`).exec(
    source,
  );
  if (at === null) throw new Error(`Cannot read src/ops/${file}: ${name} is not declared with a comment and a type`);
  const comment = plain(at[1]!);
  const names = /NumPy (`[^`]+`|–),\s+PyTorch (`[^`]+`|–),\s+TensorFlow\.js (`[^`]+`|–)\./.exec(comment);
  if (names === null) {
    const line = "NumPy `…`, PyTorch `…`, TensorFlow.js `…`.";
    throw new Error(
      `Cannot read src/ops/${file}: the comment of ${name} has no line "${line}", with – where there is none`,
    );
  }
  return { comment, names: [names[1]!, names[2]!, names[3]!], type: at[2]!.replace(/\s+/g, " ") };
}

async function familyOf(file: string): Promise<Family> {
  const source = readFileSync(join(folder, file), "utf8");
  const exported = Object.entries(await import(`../src/ops/${file}`) as Readonly<Record<string, unknown>>);
  const place = (name: string): number => source.indexOf(`export const ${name}`);
  exported.sort(([a], [b]) => place(a) - place(b));
  const functions = exported.flatMap(([name, value]): PublicFunction[] => {
    const signature = typeof value === "function" ? signatureOf(value as () => unknown) : undefined;
    return signature === undefined ? [] : [{ name, signature, ...declaration(source, name, file) }];
  });
  const tables = exported.flatMap(([name, value]) => isTable(value) ? [name] : []);
  const [subject = ""] = plain(/^\/\*\*[\s\S]*?\*\//.exec(source)?.[0] ?? "").split("\n\n");
  return { file, source, subject: subject.replace(/\s+/g, " "), tables, functions };
}

/** All modules of operations, in the order of their names. */
export async function readFamilies(): Promise<readonly Family[]> {
  const files = (readdirSync(folder, { recursive: true }) as string[]) // without encoding they are strings
    .map((file) => file.replaceAll("\\", "/")).filter((file) => file.endsWith(".ts") && !listing.has(file)).sort();
  const families: Family[] = [];
  for (const file of files) families.push(await familyOf(file));
  return families.filter(({ tables, functions }) => tables.length + functions.length > 0);
}
