/**
 * Memory for packed operands. Contractions need much of it for a short time, so each thread keeps what it had.
 * @module
 */

type Panel = Float64Array | Int32Array;

/** What is larger is not kept. */
const keptBytes = 2 ** 24;

const kept: (Panel | undefined)[] = [];

/** An array of at least `length` numbers of any value. `slot` tells the panels of one contraction apart. */
export function panel(Class: new (length: number) => Panel, slot: number, length: number): Panel {
  const last = kept[slot];
  if (last instanceof Class && last.length >= length) return last;
  const made = new Class(length);
  if (made.byteLength <= keptBytes) kept[slot] = made;
  return made;
}
