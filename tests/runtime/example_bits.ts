/**
 * Runs an example with everything cut finely, on so many threads, and prints at last a number made of all bits that its
 * programs returned.
 *
 *     … example_bits.ts mlp 3
 * @module
 */
import process from "node:process";
import { setTuning } from "../../compiler/limits.ts";
import { ProgramExecutor } from "../../compiler/runtime/executor.ts";
import { finely, startWorkers } from "./support.ts";

const [example, threads] = process.argv.slice(2);
setTuning({ ...finely, threads: Number(threads) });

let digest = 0;
let programs = 0;
const { run } = ProgramExecutor.prototype;
ProgramExecutor.prototype.run = function (inputs, variables) {
  const outputs = run.call(this, inputs, variables);
  programs++;
  for (const { data } of outputs) {
    for (const byte of new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) {
      digest = Math.imul(digest ^ byte, 0x01000193); // FNV-1a
    }
  }
  return outputs;
};

await startWorkers(Number(threads));
await import(`../../examples/${example}.ts`);
console.log(`${programs} runs, ${digest >>> 0}`);
