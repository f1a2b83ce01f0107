/**
 * Scheduling: the order of a program's rows, and which assignments are made in place.
 *
 * A Variable may be written where it lies, without a copy, by a row that runs after everything that reads its old value
 * and after everything that can fail: so that a run that fails has changed nothing. Rows that write Variables come
 * last, and those among them that do the same to different Variables become one row.
 * @module
 */
import { isSameCode } from "./emit/load_kernel.ts";
import { mayReplace } from "./uses.ts";
import type { Draft, KernelDraft, Table } from "./table.ts";

/** Rows in the order in which they run. */
export interface Schedule {
  /** Each is one draft, or several kernels of the same code that run as one row. */
  readonly rows: readonly (readonly Draft[])[];
  /** The Variables' buffers in whose place values are computed, by the value's buffer. */
  readonly inPlace: ReadonlyMap<number, number>;
}

/** Orders the drafts of a table. `canFail` says whether a run may fail in one. */
export function schedule(table: Table, canFail: (draft: Draft) => boolean): Schedule {
  const { drafts } = table;
  // Drafts come in an order that holds; only what is written in place needs another.
  if (table.assignments.length === 0) return { rows: drafts.map((draft) => [draft]), inPlace: new Map() };
  const graph = new Precedence(drafts);
  const failing = drafts.flatMap((draft, index) => canFail(draft) ? [index] : []);
  const inPlace = new Map<number, number>();
  const landing = new Set<number>();
  for (const { buffer, variable } of table.assignments) {
    const target = table.variables[variable]!; // a Variable that is assigned has a buffer
    const writer = soleWriter(drafts, buffer);
    if (writer === undefined || !canWriteInPlace(table, drafts[writer]!, buffer, target)) continue;
    const before = [...failing, ...readersOf(drafts, target)].filter((index) => index !== writer);
    if (failing.includes(writer) || !graph.add(before, writer)) continue;
    inPlace.set(buffer, target);
    landing.add(writer);
  }
  const order = graph.order((index) => landing.has(index));
  return { rows: groupUpdates(order, landing, drafts, graph), inPlace };
}

/** The only draft that writes a buffer. */
function soleWriter(drafts: readonly Draft[], buffer: number): number | undefined {
  const writers = drafts.flatMap((draft, index) => draft.writes.has(buffer) ? [index] : []);
  return writers.length === 1 ? writers[0] : undefined;
}

function readersOf(drafts: readonly Draft[], buffer: number): number[] {
  return drafts.flatMap((draft, index) => draft.reads.has(buffer) ? [index] : []);
}

/** Whether a draft could write a value into the Variable that it is for. */
function canWriteInPlace({ buffers, assignments }: Table, draft: Draft, buffer: number, target: number): boolean {
  if (draft.kind === "host" || buffers[buffer]!.kind !== "scratch") return false;
  if (assignments.filter((assignment) => assignment.buffer === buffer).length > 1) return false;
  if (!draft.reads.has(target)) return true;
  return mayReplace(draft.uses, draft.buffers.indexOf(target), draft.buffers.indexOf(buffer));
}

/** Which drafts have to run before which. */
class Precedence {
  readonly #before: Set<number>[];

  constructor(drafts: readonly Draft[]) {
    const writers = new Map<number, number[]>();
    this.#before = drafts.map((draft, index) => {
      const before = new Set<number>();
      // What is put together of pieces is written in their order.
      for (const buffer of [...draft.reads, ...draft.writes]) {
        for (const writer of writers.get(buffer) ?? []) before.add(writer);
      }
      for (const buffer of draft.writes) {
        const known = writers.get(buffer);
        if (known === undefined) writers.set(buffer, [index]);
        else known.push(index);
      }
      return before;
    });
  }

  /** What has to run directly before a draft. */
  before(index: number): ReadonlySet<number> {
    return this.#before[index]!;
  }

  /** Has all of `before` run before `after`. Whether that is possible: if not, nothing has changed. */
  add(before: readonly number[], after: number): boolean {
    const targets = this.#before[after]!;
    const missing = before.filter((index) => !targets.has(index));
    if (this.#anyNeeds(missing, after)) return false;
    for (const index of missing) targets.add(index);
    return true;
  }

  /** Whether any of these drafts has to run after `target`. */
  #anyNeeds(drafts: readonly number[], target: number): boolean {
    const seen = new Set<number>();
    const stack = [...drafts];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (next === target) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      stack.push(...this.#before[next]!);
    }
    return false;
  }

  /** All drafts in an order that holds, as they came where it may be; those that are `late` wait for all others. */
  order(late: (index: number) => boolean): number[] {
    const waiting = this.#before.map((before) => before.size);
    const after = this.#before.map((): number[] => []);
    this.#before.forEach((before, index) => before.forEach((each) => after[each]!.push(index)));
    const ready = { early: new Queue(), late: new Queue() };
    const queue = (index: number): void => (late(index) ? ready.late : ready.early).push(index);
    waiting.forEach((count, index) => count === 0 && queue(index));
    const result: number[] = [];
    for (;;) {
      const next = ready.early.pop() ?? ready.late.pop();
      if (next === undefined) return result;
      result.push(next);
      for (const each of after[next]!) if (--waiting[each]! === 0) queue(each);
    }
  }
}

/** Numbers, the smallest of which comes out first. */
class Queue {
  readonly #numbers: number[] = []; // sorted, the smallest last

  push(number: number): void {
    let [low, high] = [0, this.#numbers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#numbers[middle]! > number) low = middle + 1;
      else high = middle;
    }
    this.#numbers.splice(low, 0, number);
  }

  pop(): number | undefined {
    return this.#numbers.pop();
  }
}

/** Makes one row of rows that write Variables in place by the same code. A row joins one that ran before it. */
function groupUpdates(
  order: readonly number[],
  landing: ReadonlySet<number>,
  drafts: readonly Draft[],
  graph: Precedence,
): Draft[][] {
  const rows: number[][] = [];
  const rowOf = new Map<number, number>();
  for (const index of order) {
    const draft = drafts[index]!;
    const needed = Math.max(-1, ...[...graph.before(index)].map((each) => rowOf.get(each)!)); // what runs before has its row
    let row = -1;
    if (landing.has(index) && isUpdate(draft)) {
      row = rows.findIndex((members, place) =>
        place > needed && members.every((member) => landing.has(member) && sameCode(drafts[member]!, draft))
      );
    }
    if (row < 0) row = rows.push([]) - 1;
    rows[row]!.push(index);
    rowOf.set(index, row);
  }
  return rows.map((members) => members.map((index) => drafts[index]!));
}

/** Whether a draft is element-wise work. */
function isUpdate(draft: Draft): draft is KernelDraft {
  return draft.kind === "kernel" && draft.cluster.frame.kind === "map";
}

function sameCode(a: Draft, b: Draft): boolean {
  return isUpdate(a) && isUpdate(b) && isSameCode(a.emitted.text, b.emitted.text);
}
