/**
 * Scheduling: the order of a block's steps, and which assignments are made in place.
 *
 * A Variable may be written where it lies, without a copy, by a step that runs after everything that reads its old value
 * and after everything that can fail: so that a run that fails has changed nothing. Steps that write Variables come
 * last, but for what waits for them, and those among them that do the same to different Variables become one step
 * (horizontal fusion).
 * @module
 */
import type { Block, Step } from "./block.ts";
import { MinimumHeap } from "./minimum_heap.ts";
import type { Linked } from "../fusion/ordered_list.ts";
import type { BuiltProgram, KernelCall, ProgramCall } from "./program_builder.ts";
import { TopologicalOrder } from "../fusion/topological_order.ts";
import { canReuse } from "../kernel/memory_effects.ts";

/** Steps in the order in which they run. */
export interface Schedule {
  readonly block: Block;
  /** The Variables' buffers in whose place values are computed, by the value's buffer. */
  readonly inPlace: ReadonlyMap<number, number>;
}

/** A node of the dependence graph: a call among those it has to wait for, and those that wait for it. */
interface Dependence extends Linked<Dependence> {
  readonly call: ProgramCall;
  /** Its place among the calls. */
  readonly index: number;
  readonly before: Set<Dependence>;
  readonly after: Dependence[];
  /** Whether it, or what comes after it, can fail. */
  leadsToFailure: boolean;
  /** Whether it writes a Variable where that lies. */
  commits: boolean;
}

/** Orders the calls of a program. `canFail` says whether a run may fail in one. */
export function schedule(program: BuiltProgram, canFail: (call: ProgramCall) => boolean): Schedule {
  const { calls } = program;
  // Calls come in an order that holds; only what is written in place needs another.
  if (program.assignments.length === 0) return { block: calls.map(stepOf), inPlace: new Map() };
  const { nodes, writers, readers } = dependencesOf(calls);
  for (const node of nodes.toReversed()) {
    node.leadsToFailure = canFail(node.call) || node.after.some(({ leadsToFailure }) => leadsToFailure);
  }
  const order = new TopologicalOrder<Dependence>({ before: ({ before }) => before, after: ({ after }) => after });
  for (const node of nodes) order.append(node);
  const uses = new Map<number, number>(); // how many Variables each value is for
  for (const { buffer } of program.assignments) uses.set(buffer, (uses.get(buffer) ?? 0) + 1);
  const inPlace = new Map<number, number>();
  for (const { buffer, variable } of program.assignments) {
    const target = program.variables[variable]!; // a Variable that is assigned has a buffer
    const [writer, other] = writers.get(buffer) ?? [];
    if (writer === undefined || other !== undefined || uses.get(buffer)! > 1) continue;
    if (!canWriteInPlace(program, writer.call, buffer, target)) continue;
    // What can fail runs before everything that commits, since that waits for all others; it only must not need it.
    if (writer.leadsToFailure || !runAfter(writer, readers.get(target) ?? [], order)) continue;
    inPlace.set(buffer, target);
    writer.commits = true;
  }
  return { block: fuseUpdates(inOrder(nodes)), inPlace };
}

/** The dependence graph of calls, in the order in which they come, and those that write and read each buffer. */
function dependencesOf(
  calls: readonly ProgramCall[],
): { nodes: Dependence[]; writers: Map<number, Dependence[]>; readers: Map<number, Dependence[]> } {
  const writers = new Map<number, Dependence[]>();
  const readers = new Map<number, Dependence[]>();
  const add = (nodes: Map<number, Dependence[]>, buffer: number, node: Dependence): void => {
    const known = nodes.get(buffer);
    if (known === undefined) nodes.set(buffer, [node]);
    else known.push(node);
  };
  const nodes = calls.map((call, index) => {
    const node: Dependence = {
      call,
      index,
      before: new Set(),
      after: [],
      leadsToFailure: false,
      commits: false,
      label: 0,
      previous: undefined,
      next: undefined,
    };
    // What is put together of pieces is written in their order: who waits for the last writer waits for all.
    for (const buffer of call.reads) waitFor(node, writers.get(buffer)?.at(-1));
    for (const buffer of call.writes) waitFor(node, writers.get(buffer)?.at(-1));
    for (const buffer of call.waits) waitFor(node, writers.get(buffer)?.at(-1));
    for (const buffer of call.reads) add(readers, buffer, node);
    for (const buffer of call.writes) add(writers, buffer, node);
    return node;
  });
  return { nodes, writers, readers };
}

/** Has a call wait for another one. */
function waitFor(node: Dependence, other: Dependence | undefined): void {
  if (other === undefined || node.before.has(other)) return;
  node.before.add(other);
  other.after.push(node);
}

/** Has a call wait for all others of a list. Returns false, and changes nothing, when one of them needs it. */
function runAfter(node: Dependence, others: readonly Dependence[], order: TopologicalOrder<Dependence>): boolean {
  for (const other of others) if (other !== node && !order.putBefore(other, node)) return false;
  for (const other of others) if (other !== node) waitFor(node, other);
  return true;
}

/** Whether a call could write a value into the Variable that it is for. */
function canWriteInPlace({ buffers }: BuiltProgram, call: ProgramCall, buffer: number, target: number): boolean {
  if (call.kind === "host" || buffers[buffer]!.kind !== "scratch") return false;
  if (!call.reads.has(target)) return true;
  return canReuse(call.memoryEffects, call.buffers.indexOf(target), call.buffers.indexOf(buffer));
}

/** All calls in an order that holds, as they came where it may be; those that commit wait for all others. */
function inOrder(nodes: readonly Dependence[]): Dependence[] {
  const waiting = nodes.map(({ before }) => before.size);
  const early = new MinimumHeap();
  const late = new MinimumHeap();
  const add = ({ index, commits }: Dependence): void => (commits ? late : early).push(index);
  for (const node of nodes) if (node.before.size === 0) add(node);
  const result: Dependence[] = [];
  for (;;) {
    const next = early.pop() ?? late.pop();
    if (next === undefined) return result;
    const node = nodes[next]!;
    result.push(node);
    for (const each of node.after) if (--waiting[each.index]! === 0) add(each);
  }
}

/** One step of one call. */
function stepOf(call: ProgramCall): Step {
  return call.kind === "kernel" ? { kind: "launch", calls: [call] } : { kind: "host", call };
}

/** Makes one step of calls that write Variables in place by the same code. A call joins the first step that it may run with. */
function fuseUpdates(order: readonly Dependence[]): Block {
  const block: Step[] = [];
  const placeOf = new Map<Dependence, number>(); // the place of its step in the block
  const updates = new Map<unknown, { readonly places: number[]; readonly calls: KernelCall[][] }>(); // by their code
  for (const node of order) {
    const { call, before } = node;
    let place = block.length;
    if (node.commits && call.kind === "kernel" && call.cluster.space.kind === "map") {
      let needed = -1;
      for (const each of before) needed = Math.max(needed, placeOf.get(each)!); // what runs before has its step
      const key = call.emitted.text; // kernels that are the same code share one text
      let known = updates.get(key);
      if (known === undefined) updates.set(key, known = { places: [], calls: [] });
      const found = firstAfter(known.places, needed);
      if (found < known.places.length) {
        place = known.places[found]!;
        known.calls[found]!.push(call);
      } else {
        const calls = [call];
        known.places.push(place);
        known.calls.push(calls);
        block.push({ kind: "launch", calls });
      }
    } else block.push(stepOf(call));
    placeOf.set(node, place);
  }
  return block;
}

/** Where the first of growing numbers is that is larger than `least`; their count if there is none. */
function firstAfter(numbers: readonly number[], least: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! > least) high = middle;
    else low = middle + 1;
  }
  return low;
}
