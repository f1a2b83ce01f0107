/**
 * What a drawing writes and paints for a node, whichever format it is drawn in.
 * @module
 */
import { readable } from "../../readable.ts";
import type { NodeKind, ShownNode } from "../print.ts";

/** How the kinds of nodes are painted. */
export const palette: Readonly<Record<NodeKind, { readonly fill: string; readonly line: string }>> = {
  placeholder: { fill: "#dbeafe", line: "#2563eb" },
  variable: { fill: "#dcfce7", line: "#15803d" },
  constant: { fill: "#f1f5f9", line: "#94a3b8" },
  operation: { fill: "#ffffff", line: "#475569" },
  assignment: { fill: "#ffffff", line: "#15803d" },
};

/** The lines of a node's label; all are readable on one line, and none is escaped for a format yet. */
export interface NodeLabel {
  /** The large line. */
  readonly title: string;
  /** Dtype and shape, where they are known. */
  readonly type: string | undefined;
  /** The small lines: the kind of a leaf, the attributes of an operation. */
  readonly details: readonly string[];
  /** All there is to say, with nothing cut. */
  readonly whole: string;
}

const longestTitle = 32;
const longestDetail = 34;
const mostDetails = 3;

/** The label of a node: long names and attributes are cut, and numbers rounded, except in `whole`. */
export function labelOf({ word, name, kind, type, attributes }: ShownNode): NodeLabel {
  const isLeaf = kind === "placeholder" || kind === "variable" || kind === "constant";
  const called = name === undefined ? word : `${word} ${name}`;
  const own = name === undefined || !isLeaf ? called : kind === "constant" ? roundedNumber(name) : name;
  const title = readable(own.trim() === "" ? JSON.stringify(own) : own);
  const small = isLeaf && name !== undefined ? [word] : attributes.map(readable);
  return {
    title: shortened(title, longestTitle),
    type: type === undefined ? undefined : shortened(`${type}`, longestTitle),
    details: fill(small),
    whole: readable([type === undefined ? called : `${called}: ${type}`, ...attributes].join(" ")),
  };
}

/** A number with the digits that float32 has; whole ones stay. */
function roundedNumber(text: string): string {
  const number = Number(text);
  return Number.isInteger(number) ? text : `${Number(number.toPrecision(7))}`;
}

/** How many columns of a monospaced font a text takes; at least, for what such fonts draw twice as wide or not at all. */
export function columns(text: string): number {
  let count = 0;
  for (const character of text) count += character.codePointAt(0)! < 0x1100 ? 1 : 2; // Hangul, CJK and emoji are wide
  return count;
}

/** Escapes what has a meaning in XML's text and attributes, and in Graphviz's labels, which are written in the same way. */
export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A text of at most that many columns: of a longer one, its two ends. */
function shortened(text: string, limit: number): string {
  if (columns(text) <= limit) return text;
  const characters = [...text];
  let [start, end, width] = [0, characters.length, 1];
  for (let front = true; start < end; front = !front) {
    width += columns(characters[front ? start : end - 1]!);
    if (width > limit) break;
    if (front) start++;
    else end--;
  }
  return `${characters.slice(0, start).join("")}…${characters.slice(end).join("")}`;
}

/** Texts in lines of at most {@linkcode longestDetail} columns; what does not fit into a few of them is left out. */
function fill(texts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const text of texts) {
    const short = shortened(text, longestDetail);
    const last = lines.at(-1);
    if (last !== undefined && columns(last) + 1 + columns(short) <= longestDetail) {
      lines[lines.length - 1] = `${last} ${short}`;
    } else if (lines.length < mostDetails) {
      lines.push(short);
    } else {
      lines.push("…");
      break;
    }
  }
  return lines;
}
