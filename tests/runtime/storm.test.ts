// Calls of all kinds while the event loop is busy, workers that are closed among them. The head of storm.ts gives the
// command for an hour of it.
import { describe, it } from "node:test";
import { assertGreater } from "@std/assert";
import { storm } from "./storm.ts";

describe("storm: calls of all kinds while the event loop is busy", () => {
  for (const seed of [1, Date.now() % 2 ** 31]) {
    it(`settle once, and are right (seed ${seed})`, async () => {
      const happened = await storm(seed, (round) => round < 15);
      assertGreater([...happened.values()].reduce((sum, times) => sum + times), 30);
    });
  }
});
