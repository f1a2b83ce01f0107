import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { LruCache } from "../src/lru_cache.ts";

describe("a cache that forgets", () => {
  it("holds what was set, up to its capacity, and says which key had to go", () => {
    const cache = new LruCache<string, number>(2);
    assertEquals([cache.size, cache.get("a")], [0, undefined]);
    assertEquals([cache.set("a", 1), cache.set("b", 2), cache.set("b", 3)], [undefined, undefined, undefined]);
    assertEquals([cache.size, cache.get("a"), cache.get("b")], [2, 1, 3]);
    assertEquals(cache.set("c", 4), "a");
    assertEquals([cache.size, cache.get("a"), cache.get("b"), cache.get("c")], [2, undefined, 3, 4]);
  });

  it("counts a look as a use once it is more than half full", () => {
    const cache = new LruCache<string, number>(4);
    for (const key of ["a", "b", "c"]) cache.set(key, 0);
    cache.get("a");
    cache.set("d", 0);
    assertEquals([cache.set("e", 0), cache.set("f", 0)], ["b", "c"]);
  });

  it("does not count a look while it is at most half full", () => {
    const cache = new LruCache<string, number>(4);
    for (const key of ["a", "b"]) cache.set(key, 0);
    cache.get("a");
    for (const key of ["c", "d"]) cache.set(key, 0);
    assertEquals([cache.set("e", 0), cache.set("f", 0)], ["a", "b"]);
  });

  it("counts setting an entry anew as a use, however full it is", () => {
    const cache = new LruCache<string, number>(4);
    for (const key of ["a", "b", "a", "c", "d"]) cache.set(key, 0);
    assertEquals([cache.set("e", 0), cache.set("f", 0)], ["b", "a"]);
  });

  it("may hold nothing at all", () => {
    const cache = new LruCache<string, number>(0);
    assertEquals([cache.set("a", 1), cache.size, cache.get("a")], ["a", 0, undefined]);
  });

  it("does as a list of entries with the times of their uses does", () => {
    const step = fc.record({ kind: fc.constantFrom("get", "set"), key: fc.integer({ min: 0, max: 11 }) });
    fc.assert(fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 80 }), (capacity, steps) => {
      const cache = new LruCache<number, number>(capacity);
      let entries: { key: number; value: number; used: number }[] = [];
      steps.forEach(({ kind, key }, time) => {
        const entry = entries.find((each) => each.key === key);
        if (kind === "get") {
          assertEquals(cache.get(key), entry?.value);
          if (entry !== undefined && entries.length > capacity / 2) entry.used = time;
        } else {
          entries = [...entries.filter((each) => each !== entry), { key, value: time, used: time }];
          const oldest = entries.reduce((one, other) => other.used < one.used ? other : one);
          const full = entries.length > capacity;
          if (full) entries = entries.filter((each) => each !== oldest);
          assertEquals(cache.set(key, time), full ? oldest.key : undefined);
        }
        assertEquals(cache.size, entries.length);
        assertEquals([...cache.values()], entries.toSorted((a, b) => a.used - b.used).map(({ value }) => value));
      });
    }));
  });
});
