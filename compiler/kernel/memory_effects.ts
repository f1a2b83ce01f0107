/**
 * What a kernel does with its arrays: which it reads and writes, where, and when. Planning asks it what memory may be
 * shared.
 * @module
 */
import type { IndexMap, Section } from "./kernel.ts";

/** One load or store of a kernel. */
export interface MemoryEffect {
  readonly access: IndexMap;
  readonly writes: boolean;
  /**
   * When, in the order in which a kernel's parts run for one row. Infinity for what is read all along and anywhere: an
   * operand of a contraction, what a gather looks up, what a scatter adds and by which indices.
   */
  readonly position: number;
}

/** The loads and stores of a section, which runs at this position. */
export function effectsOfSection(
  accesses: readonly IndexMap[],
  { steps, stores }: Section,
  position: number,
): MemoryEffect[] {
  const loads = steps.flatMap((step): MemoryEffect[] => {
    if (step.kind !== "load" && step.kind !== "gather") return [];
    const when = step.kind === "load" ? position : Infinity;
    return [{ access: accesses[step.access]!, writes: false, position: when }];
  });
  return [...loads, ...stores.map(({ access }) => ({ access: accesses[access]!, writes: true, position }))];
}

/** What is read all along, and anywhere. */
export function effectsOfOperands(accesses: readonly IndexMap[], operands: readonly number[]): MemoryEffect[] {
  return operands.map((access) => ({ access: accesses[access]!, writes: false, position: Infinity }));
}

/**
 * Whether a kernel's array `onto`, which it writes, may lie where its array `from` lies, which nothing needs after it:
 * each element is read for the last time before another takes its place, or in the very step that writes it.
 */
export function canReuse(effects: readonly MemoryEffect[], from: number, onto: number): boolean {
  const ofOnto = effects.filter(({ access }) => access.array === onto);
  const ofFrom = effects.filter(({ access }) => access.array === from);
  const [first] = ofOnto;
  if (first === undefined || ofFrom.length === 0) return false;
  const written = Math.min(...ofOnto.map(({ position }) => position));
  return [...ofOnto, ...ofFrom].every(({ access }) => samePlace(access, first.access)) &&
    ofFrom.every(({ position, writes }) => position <= written && !writes);
}

function samePlace(x: IndexMap, y: IndexMap): boolean {
  const same = (a: readonly number[], b: readonly number[]): boolean => a.every((stride, axis) => stride === b[axis]);
  return x.offset === y.offset && same(x.outer, y.outer) && same(x.inner, y.inner);
}
