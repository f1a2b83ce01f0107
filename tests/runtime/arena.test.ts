// The memory that threads share: what is placed where, what goes when there is no room, what is said when nothing can.
import { describe, it } from "node:test";
import fc from "fast-check";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Arena } from "../../compiler/runtime/arena.ts";
import { controlBytes } from "../../compiler/runtime/protocol.ts";
import { random, tensor, Variable } from "../../mod.ts";
import { runProgram } from "./support.ts";

describe("an arena", () => {
  it("places what it is asked for apart, at multiples of 64 bytes, and uses again what is released", () => {
    const request = fc.record({ bytes: fc.integer({ min: 0, max: 40_000 }), release: fc.nat() });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        const arena = new Arena(2 ** 23);
        const held = new Map<number, number>();
        for (const { bytes, release } of requests) {
          if (release % 3 === 0 && held.size > 0) {
            const [offset] = [...held.keys()].slice(release % held.size);
            held.delete(offset!);
            arena.release(offset!);
            continue;
          }
          const offset = arena.allocate(bytes, "a test");
          assertEquals(offset % 64, 0);
          assert(offset >= controlBytes && offset + bytes <= arena.memory.buffer.byteLength);
          for (const [other, length] of held) {
            assert(offset + Math.max(bytes, 1) <= other || other + Math.max(length, 1) <= offset);
          }
          held.set(offset, bytes);
        }
        const aligned = [...held.values()].reduce((sum, bytes) => sum + Math.max(64, Math.ceil(bytes / 64) * 64), 0);
        assertEquals(arena.usedBytes, aligned);
        for (const offset of held.keys()) arena.release(offset);
        assertEquals(arena.usedBytes, 0);
        // All of it is one piece again.
        const all = arena.memory.buffer.byteLength - controlBytes;
        assertEquals(arena.allocate(all, "everything"), controlBytes);
      }),
      { numRuns: 50 },
    );
  });

  it("takes the smallest gap that will do", () => {
    const arena = new Arena();
    const [a, , c] = [6400, 64, 640, 64].map((bytes) => arena.allocate(bytes, "a test"));
    arena.release(a!);
    arena.release(c!);
    assertEquals(arena.allocate(640, "a test"), c);
    assertEquals(arena.allocate(641, "a test"), a);
  });

  it("holds a tensor once and a Variable where its storage is", () => {
    const arena = new Arena();
    const x = tensor(random.normal([100]));
    const place = arena.placeOf(x.data, x.type);
    assertEquals(arena.placeOf(x.data, x.type), place);
    assertEquals(arena.view("float32", place, 100), x.data);
    const w = new Variable([1, 2, 3]);
    const home = arena.placeOfVariable(w);
    assertEquals([w.storage.byteOffset, arena.placeOfVariable(w)], [home, home]);
    w.assign([4, 5, 6]);
    assertEquals([...arena.view("float32", home, 3)], [4, 5, 6]);
    arena.spill(w);
    assert(w.storage.buffer instanceof ArrayBuffer);
    assertEquals(w.toArray(), [4, 5, 6]);
  });

  it("gives up what was used longest ago, and never what the present run uses", () => {
    const arena = new Arena(2 ** 20);
    const tensors = Array.from({ length: 3 }, (_, key) => tensor(random.normal([60_000], { key: random.key(key) })));
    const places = tensors.map(({ data, type }) => {
      arena.beginRun();
      return arena.placeOf(data, type);
    });
    arena.beginRun();
    arena.placeOf(tensors[0]!.data, tensors[0]!.type);
    arena.beginRun();
    const next = tensor(random.normal([60_000]));
    arena.placeOf(tensors[2]!.data, tensors[2]!.type);
    arena.placeOf(next.data, next.type);
    arena.placeOf(tensors[0]!.data, tensors[0]!.type);
    const one = tensor(random.normal([60_000]));
    // Four of them fit: the second one, which is not of this run, has to go for the fifth; then there is nothing left to go.
    assertEquals(arena.placeOf(one.data, one.type), places[1]);
    const five = tensor(random.normal([60_000]));
    const { message } = assertThrows(() => arena.placeOf(five.data, five.type), RangeError);
    assertMatch(
      message,
      /^Cannot place a tensor of float32\[60000\] \(0\.229 MB\) in the arena: it can hold 1\.0 MB, of which 0\.916 MB are held by\n( +0\.229 MB {2}a tensor of float32\[60000\]\n?){4}$/,
    );
  });
});

describe("programs in a small arena", () => {
  for (const way of ["identity", "pressure", "growth"]) {
    it(`are right: ${way}`, { timeout: 60_000 }, () => {
      const { output, errors, status } = runProgram("arena_use.ts", [way]);
      assertEquals([status, errors, output], [0, "", "done\n"]);
    });
  }

  it("say what it holds when it is exhausted, and change nothing", { timeout: 60_000 }, () => {
    const { output, errors, status } = runProgram("arena_use.ts", ["exhaustion"]);
    assertEquals([status, errors], [0, ""]);
    assertMatch(
      output,
      /^Cannot place a tensor of float32\[512,512\] \(… MB\) in the arena: it can hold … MB, of which … MB are held by\n( +… MB {2}.*\n)+done\n$/,
    );
    assertMatch(output, /the Variable weights \(float32\[512,512\]\)/);
    assertMatch(output, /the scratch of programs/);
  });
});
