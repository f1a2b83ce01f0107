/**
 * The same tests under every emitter.
 * @module
 */
import { after, before, describe, it } from "node:test";
import { assertMatch } from "@std/assert";
import { setTuning, type Tuning } from "../../compiler/limits.ts";
import { compile, tensor, type Value } from "../../mod.ts";

/** What programs are written in, and how the text of one then begins. Without one their size decides: these are small. */
const emitters = {
  "": { emitter: undefined, text: /^function / },
  ", in JavaScript": { emitter: "js", text: /^function / },
  ", in WebAssembly": { emitter: "wasm", text: /^\(func / },
} as const;

/** Describes tests three times: with programs in what their size asks for, and with all of them in either language. */
export function describeUnderEmitters(title: string, tests: (emitter: Tuning["emitter"]) => void): void {
  for (const [suffix, { emitter, text }] of Object.entries(emitters)) {
    describe(title + suffix, () => {
      let previous: Tuning;
      before(() => {
        previous = setTuning({ emitter });
      });
      after(() => {
        setTuning(previous);
      });
      it("is in that language", () => {
        assertMatch(compile((x: Value) => x.add(1)).source(tensor([1])), text);
      });
      tests(emitter);
    });
  }
}
