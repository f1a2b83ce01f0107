/**
 * The numbers that works are done on, and results on their way between processes. `peer.py` draws the same numbers by the
 * same formula, so that nobody has to be sent them.
 */
import { Buffer } from "node:buffer";
import type { Operand, Work } from "./works.ts";

/** What an operand holds. */
export type Numbers = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** Results by name; those of the reference are float64. */
export type Results = Readonly<Record<string, Float32Array | Float64Array>>;

/** Results as text: the little-endian bytes of each array in base64, with the bits of a number. */
export type PackedResults = Readonly<Record<string, { readonly bits: 32 | 64; readonly bytes: string }>>;

/** Bits that look random, of a number: Chris Wellons's `lowbias32`. */
function scramble(number: number): number {
  let x = number >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

function draw(operand: Operand, seed: number): Numbers {
  const size = operand.shape.reduce((product, length) => product * length, 1);
  const bits = (index: number): number => scramble(index + Math.imul(seed, 0x9e3779b9));
  if ("classes" in operand) {
    return Int32Array.from({ length: size }, (_, index) => bits(index) % operand.classes);
  }
  const { scale, offset = 0 } = operand;
  const numbers = new Float32Array(size);
  for (let index = 0; index < size; index++) {
    numbers[index] = ((bits(index) >>> 8) / 2 ** 23 - 1) * scale + offset;
  }
  return numbers;
}

/** The operands of a work: each from a seed of its own, by its place. */
export function operandsOf(work: Work): Record<string, Numbers> {
  return Object.fromEntries(
    Object.entries(work.operands).map(([name, operand], index) => [name, draw(operand, (work.seed ?? 0) + index + 1)]),
  );
}

/** Results as text. */
export function pack(results: Results): PackedResults {
  return Object.fromEntries(
    Object.entries(results).map(([name, { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT }]) => [name, {
      bits: BYTES_PER_ELEMENT === 4 ? 32 : 64,
      bytes: Buffer.from(buffer, byteOffset, byteLength).toString("base64"),
    }]),
  );
}

/** Results from text. */
export function unpack(packed: PackedResults): Results {
  return Object.fromEntries(
    Object.entries(packed).map(([name, { bits, bytes }]) => {
      const { buffer } = Uint8Array.from(Buffer.from(bytes, "base64")); // a copy, which is aligned
      return [name, bits === 32 ? new Float32Array(buffer) : new Float64Array(buffer)];
    }),
  );
}
