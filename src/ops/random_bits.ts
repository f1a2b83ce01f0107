/**
 * Random bits by counter: the one random operation of the op table.
 *
 * A block depends on nothing but a key and a counter, so every element can be computed by itself, in any order and
 * on any thread, and eager and compiled programs draw the same numbers.
 * @module
 */
import { equalShapes, type Shape } from "../shape.ts";
import { TensorType } from "../tensor_type.ts";
import type { Operand, Result } from "../value.ts";
import { apply } from "../graph/apply.ts";
import { type Op, operandError } from "./op.ts";
import { threefry } from "./numerics/threefry.ts";
import type { HostOp } from "./primitive.ts";

/**
 * What the bits are for: the second word of the counter. Different uses of one key so never see the same bits.
 * `sample + n` is the n-th word of a sample that takes several.
 */
export const streams = { sample: 0, fold: 0x40000000, split: 0x80000000 } as const;

/**
 * uint32 numbers of a shape, from a key of two words; a third word, if there is one, is where the counter starts.
 * Elements 2i and 2i + 1 are the two words of the block with counter (start + i, stream).
 */
const randomBitsOp: HostOp<{ shape: Shape; stream: number }> = {
  name: "randomBits",
  lowering: "host",
  infer(inputs, { shape }) {
    const [key] = inputs as readonly [TensorType]; // randomBits() passes one
    if (key.dtype !== "uint32") throw operandError(TypeError, "draw random bits from", inputs, "a key is uint32[2]");
    if (!equalShapes(key.shape, [2]) && !equalShapes(key.shape, [3])) {
      throw operandError(RangeError, "draw random bits from", inputs, "a key is uint32[2]");
    }
    return new TensorType("uint32", shape);
  },
  compute(output, [key], { stream }) {
    const [key0, key1, start = 0] = key!.data as ArrayLike<number> as [number, number, number?]; // infer checked it
    for (let index = 0; index < output.length; index += 2) {
      const [first, second] = threefry(key0, key1, start + index / 2, stream);
      output[index] = first;
      if (index + 1 < output.length) output[index + 1] = second;
    }
  },
  gradient: () => [undefined],
};

/** The table's entries of this family. */
export const randomOps = { randomBits: randomBitsOp } satisfies Record<string, Op>;

/** Random uint32 numbers of a shape; see {@linkcode randomBitsOp} for the key and {@linkcode streams} for the stream. */
export function randomBits<K extends Operand>(key: K, shape: Shape, stream: number): Result<K> {
  return apply(randomBitsOp, [key], { shape, stream });
}
