/**
 * Rows: what a program calls one after the other, kernels and host steps.
 * @module
 */
import type { TypedArray } from "../src/dtype.ts";
import { computeNode } from "../src/graph/interpret.ts";
import { Operation, TableOperation } from "../src/graph/operation.ts";
import { equalShapes } from "../src/shape.ts";
import { tensorOver } from "../src/tensor.ts";
import type { KernelText } from "./emit/load_kernel.ts";
import { roundUp } from "./runtime/protocol.ts";
import type { Segment, WalkedRow } from "./runtime/protocol.ts";
import type { Draft, HostDraft, KernelDraft } from "./table.ts";

/** A generated kernel and what it is called with: once, or once for each of several sets of arrays. */
export interface KernelRow extends WalkedRow {
  readonly kind: "kernel";
  readonly name: string;
  readonly text: KernelText;
  readonly drafts: readonly KernelDraft[];
  /** Whether it writes Variables where they lie. */
  readonly lands: boolean;
}

/** A call of an operation's own `compute`. */
export interface HostRow {
  readonly kind: "host";
  readonly name: string;
  readonly draft: HostDraft;
}

/** One row of a program. */
export type Row = KernelRow | HostRow;

/** All rows of a program; values that are computed in place of a Variable are given its buffer. */
export function makeRows(
  rows: readonly (readonly Draft[])[],
  inPlace: ReadonlyMap<number, number>,
): { rows: Row[]; argumentBytes: number } {
  let argumentBytes = 0;
  const take = (words: number): number => {
    const place = argumentBytes;
    argumentBytes += roundUp(words * Int32Array.BYTES_PER_ELEMENT);
    return place;
  };
  return { rows: rows.map((drafts, index) => makeRow(drafts, index, inPlace, take)), argumentBytes };
}

/** The row of drafts that run as one. */
function makeRow(
  drafts: readonly Draft[],
  index: number,
  inPlace: ReadonlyMap<number, number>,
  take: (words: number) => number,
): Row {
  const [first] = drafts as readonly [Draft]; // a row has one at least
  if (first.kind === "host") {
    return { kind: "host", name: first.name, draft: first };
  }
  const kernels = drafts as readonly KernelDraft[]; // host steps are rows by themselves
  const segments = kernels.map(({ emitted, buffers, chunks }): Segment => ({
    args: Int32Array.from(emitted.args, (arg) => {
      if (typeof arg === "number") return arg;
      const buffer = buffers[arg.array]!;
      return inPlace.get(buffer) ?? buffer;
    }),
    place: take(emitted.args.length),
    chunks,
  }));
  const { emitted, partials, name } = first;
  return {
    kind: "kernel",
    name: `k${index}_${name}${kernels.length > 1 ? `_x${kernels.length}` : ""}`,
    segments,
    count: segments.reduce((sum, { chunks }) => sum + chunks.count, 0),
    partials: partials ?? -1,
    slots: emitted.extent.slots,
    text: emitted.text,
    drafts: kernels,
    lands: kernels.some(({ writes }) => [...writes].some((buffer) => inPlace.has(buffer))),
  };
}

/** Where the user's program made what a row computes. */
export function siteOf({ drafts }: KernelRow): Error | undefined {
  for (const node of drafts[0]!.cluster.members.keys()) if (node instanceof Operation) return node.site;
  return undefined;
}

/** One host step. A user's operation gets copies, which it may keep; the library's own read what is there. */
export function runHost({ draft: { node, inputs, output } }: HostRow, arrays: readonly TypedArray[]): void {
  const own = node instanceof TableOperation;
  const tensors = inputs.map(({ buffer, type }) => tensorOver(own ? arrays[buffer]! : arrays[buffer]!.slice(), type));
  const result = computeNode(node, tensors);
  const expected = node.type!; // every type of a program is known
  if (!equalShapes(result.type.shape, expected.shape)) {
    throw new RangeError(
      `Cannot run ${node.name}: its compute returned ${result.type} where ${expected} was expected`,
    );
  }
  arrays[output]!.set(result.data);
}
