// Random faults, in programs of one, two and three threads; faults.ts says which, and runs more of them.
import { describe, it } from "node:test";
import { assert, assertGreater } from "@std/assert";
import { injectFaults } from "./faults.ts";

describe("training", () => {
  for (const seed of [1, Date.now() % 2 ** 31]) {
    it(`goes on after 100 random faults (seed ${seed})`, async () => {
      const happened = await injectFaults(100, seed);
      assertGreater([...happened.values()].reduce((sum, count) => sum + count, 0), 50); // others had no thread to strike
      assert(happened.size >= 5, [...happened.keys()].join());
    });
  }
});
