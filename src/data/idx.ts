/**
 * The IDX format, in which the MNIST digits and their relatives are published: a header of big-endian numbers, then
 * the elements of one array. Described at the bottom of http://yann.lecun.com/exdb/mnist/.
 * @module
 */
import { allocate, type DType, dtypeInfo } from "../dtype.ts";
import { bytes as bytesKind, count } from "../public/kinds.ts";
import { publicAsync, publicFunction } from "../public/public_function.ts";
import type { OptionKinds } from "../public/signature.ts";
import { formatShape, sizeOf } from "../shape.ts";
import { type Tensor, tensorOver } from "../tensor.ts";
import { TensorType } from "../tensor_type.ts";

type Reader = (view: DataView, offset: number) => number;

/** The element types, by the third byte of a file. 0x0b, int16, is read as int32. */
const elementTypes: ReadonlyMap<number, { readonly dtype: DType; readonly bytes: number; readonly read: Reader }> =
  new Map([
    [0x08, { dtype: "uint8", bytes: 1, read: (view, offset) => view.getUint8(offset) }],
    [0x09, { dtype: "int8", bytes: 1, read: (view, offset) => view.getInt8(offset) }],
    [0x0b, { dtype: "int32", bytes: 2, read: (view, offset) => view.getInt16(offset) }],
    [0x0c, { dtype: "int32", bytes: 4, read: (view, offset) => view.getInt32(offset) }],
    [0x0d, { dtype: "float32", bytes: 4, read: (view, offset) => view.getFloat32(offset) }],
    [0x0e, { dtype: "float64", bytes: 8, read: (view, offset) => view.getFloat64(offset) }],
  ]);

/** Options of {@linkcode readIdx} and {@linkcode gunzip}. */
export interface ReadOptions {
  /** The most bytes that the result may take: a whole number ≥ 0; 2 ** 30, which is 1 GiB, unless given. */
  readonly maximumBytes?: number;
}

const defaultMaximum = 2 ** 30;
const readOptions: OptionKinds<ReadOptions> = { maximumBytes: count };

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

/**
 * The array in an IDX file, of the shape and dtype that the file says (int16 becomes int32). Files are mostly
 * published compressed: see {@linkcode gunzip}.
 *
 * Throws a TypeError when the bytes are not an IDX file or hold an unknown element type, and a RangeError when the
 * file is shorter or longer than its header says, or the array would take more bytes than allowed.
 *
 * @example
 * ```ts
 * import { readIdx } from "@tensorloom/tensorloom";
 *
 * const bytes = new Uint8Array([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]); // three uint8 numbers
 * console.log(readIdx(bytes).toArray()); // [5, 0, 4]
 * ```
 */
export const readIdx: (bytes: Uint8Array, options?: ReadOptions) => Tensor = publicFunction({
  name: "readIdx",
  action: "read an IDX file",
  positional: { bytes: bytesKind },
  options: readOptions,
}, (bytes, { maximumBytes = defaultMaximum } = {}) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) {
    throw new RangeError(`Cannot read an IDX file: it ends after ${bytes.length} bytes, in its header`);
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new TypeError("Cannot read an IDX file: it is compressed with gzip; pass it through gunzip() first");
  }
  if (bytes[0] !== 0 || bytes[1] !== 0) {
    throw new TypeError(
      `Cannot read an IDX file: it starts with ${hex(bytes[0]!)} ${hex(bytes[1]!)}, not with two zero bytes`,
    );
  }
  const elementType = elementTypes.get(bytes[2]!);
  if (elementType === undefined) {
    const known = [...elementTypes.keys()].map(hex).join(", ");
    throw new TypeError(`Cannot read an IDX file: its element type ${hex(bytes[2]!)} is not one of ${known}`);
  }
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    throw new RangeError(`Cannot read an IDX file: it ends after ${bytes.length} bytes, in its header of ${start}`);
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = sizeOf(shape);
  const expected = start + size * elementType.bytes;
  if (bytes.length !== expected) {
    throw new RangeError(
      `Cannot read an IDX file: it has ${bytes.length} bytes where ${elementType.dtype}${
        formatShape(shape)
      } takes ${expected}`,
    );
  }
  const type = new TensorType(elementType.dtype, shape);
  const needed = size * dtypeInfo(type.dtype).bytes;
  if (needed > maximumBytes) {
    throw new RangeError(
      `Cannot read an IDX file: ${type} takes ${needed} bytes, and maximumBytes is ${maximumBytes}`,
    );
  }
  if (elementType.dtype === "uint8") return tensorOver(bytes.slice(start), type);
  const data = allocate(elementType.dtype, size);
  for (let index = 0; index < size; index++) data[index] = elementType.read(view, start + index * elementType.bytes);
  return tensorOver(data, type);
});

/**
 * The contents of a file compressed with gzip. Rejects with a TypeError when the bytes are not such a file, or end too
 * soon, and with a RangeError as soon as there are more contents than allowed: a small file can hold very many.
 *
 * @example
 * ```ts ignore
 * import { gunzip, readIdx } from "@tensorloom/tensorloom";
 * import { readFile } from "node:fs/promises";
 *
 * const images = readIdx(await gunzip(await readFile("t10k-images-idx3-ubyte.gz")));
 * ```
 */
export const gunzip: (bytes: Uint8Array, options?: ReadOptions) => Promise<Uint8Array> = publicAsync({
  name: "gunzip",
  positional: { bytes: bytesKind },
  options: readOptions,
}, async (bytes: Uint8Array, { maximumBytes = defaultMaximum }: ReadOptions = {}) => {
  // A copy over a plain ArrayBuffer: streams do not take shared memory.
  const body = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader = body.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new TypeError("Cannot gunzip: the bytes are not a complete gzip file", { cause });
    });
    if (done) break;
    length += value.length;
    if (length > maximumBytes) {
      await reader.cancel().catch(() => {}); // what is left of the file does not matter any more
      throw new RangeError(`Cannot gunzip: the contents are longer than maximumBytes, which is ${maximumBytes}`);
    }
    parts.push(value);
  }
  const contents = allocate("uint8", length);
  let at = 0;
  for (const part of parts) {
    contents.set(part, at);
    at += part.length;
  }
  return contents as Uint8Array; // of dtype uint8
});
