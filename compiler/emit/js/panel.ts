/**
 * Memory for packed operands, and for tables of where their elements lie. Contractions need much of it for a short
 * time, so each thread keeps what it had.
 * @module
 */

type Panel = Float64Array | Int32Array;

/** What is larger is not kept. */
const keptBytes = 2 ** 24;

const kept: (Panel | undefined)[] = [];

/** An array of at least `length` numbers of any value. `slot` tells the panels of one contraction apart. */
export function panel<P extends Panel>(Class: new (length: number) => P, slot: number, length: number): P {
  const last = kept[slot];
  if (last instanceof Class && last.length >= length) return last;
  const made = new Class(length);
  if (made.byteLength <= keptBytes) kept[slot] = made;
  return made;
}

/**
 * For every index of some axes, in row-major order: the sum of its parts times the strides. `slot` tells the tables and
 * panels of one contraction apart.
 */
export function offsetTable(slot: number, lengths: readonly number[], strides: readonly number[]): Int32Array {
  const table = panel(Int32Array, slot, lengths.reduce((size, length) => size * length, 1));
  table[0] = 0;
  let filled = 1;
  for (let axis = lengths.length - 1; axis >= 0; axis--) {
    const [length, stride] = [lengths[axis]!, strides[axis]!];
    for (let place = filled; place < filled * length; place++) table[place] = table[place - filled]! + stride;
    filled *= length;
  }
  return table;
}
