/**
 * What a kernel does with its arrays: which it reads and writes, where, and when. Planning asks it what memory may be
 * shared.
 * @module
 */
import type { Access, Kernel, Section } from "./kernel.ts";

/** One load or store of a kernel. */
export interface Use {
  readonly access: Access;
  readonly writes: boolean;
  /**
   * When, in the order in which a kernel's parts run for one row. Infinity for what is read all along and anywhere: an
   * operand of a contraction, what a gather looks up, what a scatter adds and by which indices.
   */
  readonly position: number;
}

/** Every load and store of a kernel. */
export function usesOf(kernel: Kernel): Use[] {
  const uses: Use[] = [];
  const noteOperand = (access: number): void => {
    uses.push({ access: kernel.accesses[access]!, writes: false, position: Infinity });
  };
  if (kernel.kind === "scatter") {
    noteOperand(kernel.indices);
    noteOperand(kernel.added);
    return [...uses, { access: kernel.accesses[kernel.result]!, writes: true, position: 0 }];
  }
  const note = ({ steps, stores }: Section, position: number): void => {
    for (const step of steps) {
      if (step.kind !== "load" && step.kind !== "gather") continue;
      const when = step.kind === "load" ? position : Infinity;
      uses.push({ access: kernel.accesses[step.access]!, writes: false, position: when });
    }
    for (const { access } of stores) uses.push({ access: kernel.accesses[access]!, writes: true, position });
  };
  note(kernel.prologue, -1);
  if (kernel.kind === "contract") {
    noteOperand(kernel.left);
    noteOperand(kernel.right);
    note(kernel.epilogue, 0);
    return uses;
  }
  let position = 0;
  for (const { before, loop } of kernel.passes) {
    note(before, position++);
    note(loop, position++);
  }
  note(kernel.after, position++);
  note(kernel.total, position);
  return uses;
}

/**
 * Whether a kernel's array `onto`, which it writes, may lie where its array `from` lies, which nothing needs after it:
 * each element is read for the last time before another takes its place, or in the very step that writes it.
 */
export function mayReplace(uses: readonly Use[], from: number, onto: number): boolean {
  const ofOnto = uses.filter(({ access }) => access.array === onto);
  const ofFrom = uses.filter(({ access }) => access.array === from);
  const [first] = ofOnto;
  if (first === undefined || ofFrom.length === 0) return false;
  const written = Math.min(...ofOnto.map(({ position }) => position));
  return [...ofOnto, ...ofFrom].every(({ access }) => samePlace(access, first.access)) &&
    ofFrom.every(({ position, writes }) => position <= written && !writes);
}

function samePlace(x: Access, y: Access): boolean {
  const same = (a: readonly number[], b: readonly number[]): boolean => a.every((stride, axis) => stride === b[axis]);
  return x.offset === y.offset && same(x.outer, y.outer) && same(x.inner, y.inner);
}
