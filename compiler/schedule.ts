/**
 * Scheduling: the order of a program's rows, and which assignments are made in place.
 *
 * A Variable may be written where it lies, without a copy, by a row that runs after everything that reads its old value
 * and after everything that can fail: so that a run that fails has changed nothing. Rows that write Variables come
 * last, and those among them that do the same to different Variables become one row.
 * @module
 */
import { MinimumHeap } from "./minimum_heap.ts";
import type { Linked } from "./ordered_list.ts";
import type { Draft, Table } from "./table.ts";
import { TopologicalOrder } from "./topological_order.ts";
import { mayReplace } from "./uses.ts";

/** Rows in the order in which they run. */
export interface Schedule {
  /** Each is one draft, or several kernels of the same code that run as one row. */
  readonly rows: readonly (readonly Draft[])[];
  /** The Variables' buffers in whose place values are computed, by the value's buffer. */
  readonly inPlace: ReadonlyMap<number, number>;
}

/** A draft among those it has to wait for, and those that wait for it. */
interface Step extends Linked<Step> {
  readonly draft: Draft;
  /** Its place among the drafts. */
  readonly index: number;
  readonly before: Set<Step>;
  readonly after: Step[];
  /** Whether it, or what comes after it, can fail. */
  leadsToFailure: boolean;
  /** Whether it writes a Variable where that lies. */
  lands: boolean;
}

/** Orders the drafts of a table. `canFail` says whether a run may fail in one. */
export function schedule(table: Table, canFail: (draft: Draft) => boolean): Schedule {
  const { drafts } = table;
  // Drafts come in an order that holds; only what is written in place needs another.
  if (table.assignments.length === 0) return { rows: drafts.map((draft) => [draft]), inPlace: new Map() };
  const { steps, writers, readers } = stepsOf(drafts);
  for (const step of steps.toReversed()) {
    step.leadsToFailure = canFail(step.draft) || step.after.some(({ leadsToFailure }) => leadsToFailure);
  }
  const order = new TopologicalOrder<Step>({ before: ({ before }) => before, after: ({ after }) => after });
  for (const step of steps) order.append(step);
  const uses = new Map<number, number>(); // how many Variables each value is for
  for (const { buffer } of table.assignments) uses.set(buffer, (uses.get(buffer) ?? 0) + 1);
  const inPlace = new Map<number, number>();
  for (const { buffer, variable } of table.assignments) {
    const target = table.variables[variable]!; // a Variable that is assigned has a buffer
    const [writer, other] = writers.get(buffer) ?? [];
    if (writer === undefined || other !== undefined || uses.get(buffer)! > 1) continue;
    if (!canWriteInPlace(table, writer.draft, buffer, target)) continue;
    // What can fail runs before everything that lands, since that waits for all others; it only must not need it.
    if (writer.leadsToFailure || !runAfter(writer, readers.get(target) ?? [], order)) continue;
    inPlace.set(buffer, target);
    writer.lands = true;
  }
  return { rows: groupUpdates(inOrder(steps)), inPlace };
}

/** The drafts as steps, in the order in which they come, and those that write and read each buffer. */
function stepsOf(
  drafts: readonly Draft[],
): { steps: Step[]; writers: Map<number, Step[]>; readers: Map<number, Step[]> } {
  const writers = new Map<number, Step[]>();
  const readers = new Map<number, Step[]>();
  const add = (steps: Map<number, Step[]>, buffer: number, step: Step): void => {
    const known = steps.get(buffer);
    if (known === undefined) steps.set(buffer, [step]);
    else known.push(step);
  };
  const steps = drafts.map((draft, index) => {
    const step: Step = {
      draft,
      index,
      before: new Set(),
      after: [],
      leadsToFailure: false,
      lands: false,
      label: 0,
      previous: undefined,
      next: undefined,
    };
    // What is put together of pieces is written in their order: who waits for the last writer waits for all.
    for (const buffer of draft.reads) waitFor(step, writers.get(buffer)?.at(-1));
    for (const buffer of draft.writes) waitFor(step, writers.get(buffer)?.at(-1));
    for (const buffer of draft.reads) add(readers, buffer, step);
    for (const buffer of draft.writes) add(writers, buffer, step);
    return step;
  });
  return { steps, writers, readers };
}

/** Has a step wait for another one. */
function waitFor(step: Step, other: Step | undefined): void {
  if (other === undefined || step.before.has(other)) return;
  step.before.add(other);
  other.after.push(step);
}

/** Has a step wait for all others of a list. Returns false, and changes nothing, when one of them needs it. */
function runAfter(step: Step, others: readonly Step[], order: TopologicalOrder<Step>): boolean {
  for (const other of others) if (other !== step && !order.putBefore(other, step)) return false;
  for (const other of others) if (other !== step) waitFor(step, other);
  return true;
}

/** Whether a draft could write a value into the Variable that it is for. */
function canWriteInPlace({ buffers }: Table, draft: Draft, buffer: number, target: number): boolean {
  if (draft.kind === "host" || buffers[buffer]!.kind !== "scratch") return false;
  if (!draft.reads.has(target)) return true;
  return mayReplace(draft.uses, draft.buffers.indexOf(target), draft.buffers.indexOf(buffer));
}

/** All steps in an order that holds, as they came where it may be; those that land wait for all others. */
function inOrder(steps: readonly Step[]): Step[] {
  const waiting = steps.map(({ before }) => before.size);
  const early = new MinimumHeap();
  const late = new MinimumHeap();
  const add = ({ index, lands }: Step): void => (lands ? late : early).push(index);
  for (const step of steps) if (step.before.size === 0) add(step);
  const result: Step[] = [];
  for (;;) {
    const next = early.pop() ?? late.pop();
    if (next === undefined) return result;
    const step = steps[next]!;
    result.push(step);
    for (const each of step.after) if (--waiting[each.index]! === 0) add(each);
  }
}

/** Makes one row of rows that write Variables in place by the same code. A row joins the first that it may run with. */
function groupUpdates(order: readonly Step[]): Draft[][] {
  const rows: Draft[][] = [];
  const rowOf = new Map<Step, number>();
  const updates = new Map<unknown, number[]>(); // by their code, the rows that may be joined
  for (const step of order) {
    const { draft, before } = step;
    let needed = -1;
    for (const each of before) needed = Math.max(needed, rowOf.get(each)!); // what runs before has its row
    let row = rows.length;
    if (step.lands && draft.kind === "kernel" && draft.cluster.frame.kind === "map") {
      const key = draft.emitted.text; // kernels that are the same code share one text
      const known = updates.get(key) ?? [];
      const found = firstAfter(known, needed);
      if (found === undefined) updates.set(key, known), known.push(row);
      else row = found;
    }
    if (row === rows.length) rows.push([]);
    rows[row]!.push(draft);
    rowOf.set(step, row);
  }
  return rows;
}

/** The first of growing numbers that is larger than `least`. */
function firstAfter(numbers: readonly number[], least: number): number | undefined {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! > least) high = middle;
    else low = middle + 1;
  }
  return numbers[low];
}
