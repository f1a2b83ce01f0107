import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { gunzip, readIdx } from "../../src/data/idx.ts";

/** Bytes of a file, written as hexadecimal digits. */
function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(" ", "").match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

// Elements made with Python's struct.pack, big-endian.
const files = {
  uint8: { file: "00000802 00000002 00000003 00 01 02 fd fe ff", array: [[0, 1, 2], [253, 254, 255]] },
  int8: { file: "00000901 00000003 00 7f 80", array: [0, 127, -128] },
  int16: { file: "00000b01 00000003 0001 7fff 8000", array: [1, 32767, -32768] },
  int32: { file: "00000c01 00000002 00000001 80000000", array: [1, -2147483648] },
  float32: { file: "00000d01 00000003 3fc00000 c0490fdb 7f800000", array: [1.5, -3.1415927410125732, Infinity] },
  float64: { file: "00000e01 00000002 3ff8000000000000 c00921fb54442d18", array: [1.5, -Math.PI] },
};

describe("readIdx", () => {
  for (const [name, { file, array }] of Object.entries(files)) {
    it(`reads ${name}`, () => {
      const tensor = readIdx(bytes(file));
      assertEquals(tensor.toArray(), array);
      assertEquals(tensor.dtype, name === "int16" ? "int32" : name);
    });
  }

  it("reads a scalar and an empty array", () => {
    assertEquals(readIdx(bytes("00000800 07")).toArray(), 7);
    assertEquals(readIdx(bytes("00000802 00000000 00000003")).shape, [0, 3]);
  });

  it("reads a part of a larger buffer and copies it", () => {
    const buffer = bytes("ffff 00000801 00000002 05 06 ffff");
    const tensor = readIdx(buffer.subarray(2, 12));
    buffer.fill(0);
    assertEquals(tensor.toArray(), [5, 6]);
  });

  it("refuses what is not a whole IDX file", () => {
    assertThrows(() => readIdx(bytes("0000")), RangeError, "ends after 2 bytes");
    assertThrows(() => readIdx(bytes("00000802 00000001")), RangeError, "in its header of 12");
    assertThrows(
      () => readIdx(bytes("00000801 00000003 00 01")),
      RangeError,
      "it has 10 bytes where uint8[3] takes 11",
    );
    assertThrows(() => readIdx(bytes("00000801 00000001 00 01")), RangeError, "takes 9");
    assertThrows(() => readIdx(bytes("89504e47 0d0a1a0a")), TypeError, "starts with 0x89 0x50");
    assertThrows(() => readIdx(bytes("1f8b0800")), TypeError, "gunzip()");
    assertThrows(() => readIdx(bytes("00000a01 00000000")), TypeError, "element type 0x0a");
  });
});

describe("readIdx: maximumBytes", () => {
  it("bounds the array, of which int16 takes twice as much as the file", () => {
    const file = bytes(files.int16.file);
    assertEquals(readIdx(file, { maximumBytes: 12 }).shape, [3]);
    assertThrows(
      () => readIdx(file, { maximumBytes: 11 }),
      RangeError,
      "Cannot read an IDX file: int32[3] takes 12 bytes, and maximumBytes is 11",
    );
    assertThrows(() => readIdx(file, { maximumBytes: -1 }), RangeError, "maximumBytes is -1, not a whole number ≥ 0");
  });

  it("is not needed against a header that lies: nothing is allocated for it", () => {
    const huge = "ffffffff";
    assertThrows(() => readIdx(bytes(`00000e02 ${huge} ${huge} 00`)), RangeError, "it has 13 bytes where float64");
    assertThrows(() => readIdx(bytes(`00000803 ${huge} ${huge} ${huge}`)), RangeError, "it has 16 bytes where uint8");
    const axes = `${huge} `.repeat(40);
    assertThrows(() => readIdx(bytes(`00000829 ${axes} 00000000`)), RangeError, "it has 168 bytes where uint8");
  });
});

describe("gunzip", () => {
  // python3 -c "import gzip; print(gzip.compress(bytes.fromhex('000008010000000105'), mtime=0).hex())"
  const compressed = bytes("1f8b08000000000002036360e06064606060640500a24ccb7709000000");

  it("gives the contents", async () => {
    assertEquals(readIdx(await gunzip(compressed)).toArray(), [5]);
  });

  it("rejects other and truncated files", async () => {
    await assertRejects(() => gunzip(bytes("00000801")), TypeError, "not a complete gzip file");
    await assertRejects(() => gunzip(compressed.subarray(0, 14)), TypeError, "not a complete gzip file");
  });

  it("ends with an error as soon as there are more contents than maximumBytes", async () => {
    const bomb = gzipSync(new Uint8Array(2 ** 26), { level: 9 }); // 64 MiB of zeros in 64 KB
    assertLess(bomb.length, 2 ** 17);
    await assertRejects(
      () => gunzip(bomb, { maximumBytes: 2 ** 20 }),
      RangeError,
      "Cannot gunzip: the contents are longer than maximumBytes, which is 1048576",
    );
    assertEquals((await gunzip(bomb, { maximumBytes: 2 ** 26 })).length, 2 ** 26);
    assertEquals((await gunzip(compressed, { maximumBytes: 9 })).length, 9);
    await assertRejects(() => gunzip(compressed, { maximumBytes: 8 }), RangeError, "longer than maximumBytes");
    await assertRejects(() => gunzip(compressed, { maximumBytes: 0.5 }), RangeError, "maximumBytes is 0.5");
  });
});
