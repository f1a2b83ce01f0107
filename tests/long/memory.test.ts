// A hundredth of the loops that memory.ts makes; the head of that file tells how to run all of them.
import { describe, it } from "node:test";
import { loops } from "./memory.ts";

describe("nothing is left on any Variable by", () => {
  for (const loop of loops) {
    it(`${loop.steps / 100} ${loop.name}`, () => {
      for (let index = 0; index < loop.steps / 100; index++) loop.step();
      loop.check();
    });
  }
});
