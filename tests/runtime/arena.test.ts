// The arena: who gets which piece of it, what happens when there is no room, and that programs do not notice.
import { describe, it } from "node:test";
import fc from "fast-check";
import { assert, assertEquals, assertGreater, assertMatch, assertThrows } from "@std/assert";
import { Arena, behind } from "../../compiler/runtime/arena.ts";
import { alignment, controlBytes } from "../../compiler/runtime/threads/protocol.ts";
import { type Tensor, tensor, Variable } from "../../mod.ts";
import { runProgram } from "./support.ts";

const page = 65536;

/** A tensor of so many bytes, full of one number. */
const filled = (bytes: number, value: number): Tensor => tensor(new Float32Array(bytes / 4).fill(value));

const allocate = (arena: Arena, bytes: number): number => arena.allocate(bytes, "a test");

describe("a piece of the arena", () => {
  it("begins at a multiple of 64 bytes, after the control words", () => {
    const arena = new Arena(4 * page);
    const offsets = [1, 0, 64, 65, 1000].map((bytes) => allocate(arena, bytes));
    assertEquals(offsets.map((offset) => offset - controlBytes), [0, 64, 128, 192, 320]);
    assertEquals(controlBytes % alignment, 0);
    assertEquals(arena.usedBytes, 64 + 64 + 64 + 128 + 1024);
  });

  it("is taken from the smallest gap that holds it", () => {
    const arena = new Arena(4 * page);
    const [large, , small] = [512, 64, 128, 64].map((bytes) => allocate(arena, bytes)) as [number, number, number];
    arena.release(large);
    arena.release(small);
    assertEquals(allocate(arena, 100), small);
    assertEquals(allocate(arena, 100), large);
    assertEquals(allocate(arena, 384), large + 128);
    assertEquals(allocate(arena, 64), small + 128 + 64); // both gaps are full
  });

  it("is joined with gaps on both sides when it is released, in whatever order", () => {
    for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
      const arena = new Arena(4 * page);
      const offsets = [128, 256, 64].map((bytes) => allocate(arena, bytes));
      allocate(arena, 64);
      for (const index of order) arena.release(offsets[index]!);
      assertEquals(allocate(arena, 128 + 256 + 64), offsets[0]!, order.join());
    }
  });

  it("is nobody's after it was released, which may happen twice", () => {
    const arena = new Arena(4 * page);
    const offset = allocate(arena, 100);
    arena.release(offset);
    arena.release(offset);
    assertEquals(arena.usedBytes, 0);
    assertEquals([allocate(arena, 64), allocate(arena, 64)], [offset, offset + 64]);
  });

  it("is made by growing, which keeps what is there", () => {
    const arena = new Arena(64 * page);
    const before = arena.memory.buffer.byteLength;
    const first = allocate(arena, 1000);
    const view = arena.view("float32", first, 250).fill(7);
    const second = allocate(arena, 20 * page);
    assertGreater(arena.memory.buffer.byteLength, before);
    assertEquals(second, first + 1024); // the gap at the end grew
    assertEquals([...arena.view("float32", first, 250)], new Array(250).fill(7));
    view[0] = 8; // a view from before looks at the same memory
    assertEquals(arena.view("float32", first, 1)[0], 8);
    arena.view("float32", second, 20 * page / 4).fill(1);
    assertEquals(arena.view("float32", first, 250)[249], 7);
  });

  it("may be all that there is, and no more", () => {
    const arena = new Arena(8 * page);
    const error = assertThrows(() => allocate(arena, 8 * page), RangeError);
    assertMatch(
      error.message,
      /^Cannot place a test \(0\.500 MB\) in the arena: it can hold 0\.500 MB, and nothing is in it$/,
    );
    const offset = allocate(arena, 8 * page - controlBytes - behind);
    assertEquals(offset, controlBytes);
    assertEquals(arena.memory.buffer.byteLength, 8 * page);
    assertThrows(() => allocate(arena, 1), RangeError, "\n    0.484 MB  a test");
    arena.release(offset);
    assertEquals(allocate(arena, 1), controlBytes);
  });

  it("overlaps no other, and can be used again: any sequence of calls", () => {
    const command = fc.oneof(
      fc.record({ kind: fc.constant("allocate" as const), bytes: fc.integer({ min: 0, max: 3 * page }) }),
      fc.record({ kind: fc.constant("allocate" as const), bytes: fc.integer({ min: 0, max: 300 }) }),
      fc.record({ kind: fc.constant("release" as const), which: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const maximum = 16 * page;
        const arena = new Arena(maximum);
        const held: { offset: number; bytes: number; tag: number }[] = [];
        let tag = 0;
        for (const each of commands) {
          if (each.kind === "release") {
            const [gone] = held.splice(each.which % Math.max(1, held.length), 1);
            if (gone !== undefined) arena.release(gone.offset);
          } else {
            const bytes = Math.max(alignment, Math.ceil(each.bytes / alignment) * alignment);
            const used = held.reduce((sum, holder) => sum + holder.bytes, 0);
            let offset: number;
            try {
              offset = allocate(arena, each.bytes);
            } catch (error) {
              assert(error instanceof RangeError);
              // What is free is in as many gaps as there are holders, and one, at most.
              const gap = (maximum - controlBytes - used) / (held.length + 1);
              assert(bytes > gap, `${bytes} bytes ought to fit into a gap of ${gap}`);
              continue;
            }
            held.push({ offset, bytes, tag: ++tag });
            new Int32Array(arena.memory.buffer, offset, bytes / 4).fill(tag);
          }
          assertEquals(arena.usedBytes, held.reduce((sum, holder) => sum + holder.bytes, 0));
          held.sort((a, b) => a.offset - b.offset);
          held.forEach(({ offset, bytes }, index) => {
            assertEquals(offset % alignment, 0);
            assert(offset >= controlBytes && offset + bytes <= (held[index + 1]?.offset ?? maximum));
          });
        }
        // Nobody has written into what another holds.
        for (const { offset, bytes, tag } of held) {
          assert(new Int32Array(arena.memory.buffer, offset, bytes / 4).every((word) => word === tag));
          arena.release(offset);
        }
        assertEquals(allocate(arena, maximum - controlBytes - behind), controlBytes); // all gaps have been joined
      }),
      { numRuns: 150 },
    );
  });
});

describe("a tensor in the arena", () => {
  it("is copied once, and known by its array", () => {
    const arena = new Arena(64 * page);
    const [a, b] = [filled(4096, 1), filled(4096, 1)];
    const offset = arena.placeOf(a.data, a.type);
    assertEquals(arena.placeOf(a.data, a.type), offset);
    assertEquals(arena.usedBytes, 4096);
    assert(arena.placeOf(b.data, b.type) !== offset);
    assertEquals([...arena.view("float32", offset, 3)], [1, 1, 1]);
  });

  it("gives its place up when there is no room: the one that was used longest ago first", () => {
    const arena = new Arena(8 * page); // room for seven of a page each, beside the control words
    const tensors = Array.from({ length: 7 }, (_, index) => filled(page, index));
    const place = (tensor: Tensor): number => {
      arena.beginRun();
      return arena.placeOf(tensor.data, tensor.type);
    };
    const offsets = tensors.map(place);
    place(tensors[0]!); // so that the second is the oldest
    assertEquals(place(filled(page, 9)), offsets[1]);
    assertEquals(place(tensors[0]!), offsets[0]);
    assertEquals(place(tensors[1]!), offsets[2]); // copied anew, in the place of the third
    assertEquals([...arena.view("float32", offsets[2]!, 2)], [1, 1]);
    assertEquals(arena.usedBytes, 7 * page);
  });

  it("keeps its place during the run that uses it", () => {
    const arena = new Arena(8 * page);
    arena.beginRun();
    const tensors = Array.from({ length: 7 }, (_, index) => filled(page, index));
    for (const { data, type } of tensors) arena.placeOf(data, type);
    const more = filled(page, 9);
    assertThrows(
      () => arena.placeOf(more.data, more.type),
      RangeError,
      "Cannot place a tensor of float32[16384] (0.063 MB)",
    );
    arena.beginRun();
    arena.placeOf(more.data, more.type);
  });
});

describe("a Variable in the arena", () => {
  it("moves in, lives there, and moves out when there is no room", () => {
    const arena = new Arena(8 * page);
    const variable = new Variable(filled(page, 3), { name: "weights" });
    arena.beginRun();
    const offset = arena.placeOfVariable(variable);
    assertEquals(arena.placeOfVariable(variable), offset);
    assert(variable.storage.array.buffer instanceof SharedArrayBuffer);
    variable.assign(filled(page, 4)); // from ordinary code, where it lives now
    assertEquals(arena.view("float32", offset, 1)[0], 4);
    assertEquals(variable.value.data[5], 4);
    arena.view("float32", offset, 1)[0] = 5; // as a kernel does
    const rest = allocate(arena, 6 * page);
    assertThrows(() => allocate(arena, page), RangeError, "  0.063 MB  the Variable weights (float32[16384])");
    assert(variable.storage.array.buffer instanceof SharedArrayBuffer);
    arena.beginRun();
    allocate(arena, page);
    assert(variable.storage.array.buffer instanceof ArrayBuffer);
    assertEquals([...variable.storage.array.subarray(0, 2)], [5, 4]);
    arena.release(rest);
    arena.placeOfVariable(variable);
    assertEquals([...variable.storage.array.subarray(0, 2)], [5, 4]);
  });

  it("leaves its place for good when a lost worker may write there", () => {
    const arena = new Arena(8 * page);
    const variable = new Variable(filled(page, 3));
    arena.beginRun();
    const offset = arena.placeOfVariable(variable);
    arena.abandon(variable);
    arena.abandon(variable); // it does not live there any more
    assert(variable.storage.array.buffer instanceof ArrayBuffer);
    arena.view("float32", offset, 1)[0] = 5;
    assertEquals([variable.value.data[0], variable.value.data[7]], [3, 3]);
    // Another run: there is no room but the abandoned place, and that does not make the Variable move out either.
    arena.beginRun();
    const other = arena.placeOfVariable(variable);
    assert(other !== offset);
    allocate(arena, 5 * page);
    assertThrows(() => allocate(arena, page), RangeError, "  0.063 MB  what a lost worker may write");
    assert(variable.storage.array.buffer instanceof SharedArrayBuffer);
  });
});

describe("programs in the arena", () => {
  for (
    const [name, scene] of [
      ["find a tensor that they are fed again where it is", "uploads"],
      ["work on Variables that ordinary code reads and assigns", "variables"],
      ["compute the same while copies are dropped and Variables move out", "pressure"],
      ["train with the same bits while the arena grows", "growth"],
      ["fail where nothing can be dropped, with Variables intact, and the next one runs", "exhaustion"],
      ["find their constants after another one failed", "constants"],
    ] as const
  ) {
    it(name, () => {
      const { output, errors, status } = runProgram("small_arena.ts", [scene]);
      assertEquals([errors, status, output.trim()], ["", 0, `${scene} as expected`]);
    });
  }
});
