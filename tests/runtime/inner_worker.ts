/**
 * A worker of a user's own that runs a program on two threads, synchronously and not. Says whether it ran in the arena
 * there, and whether it gave what one thread gives.
 * @module
 */
import { compile, tensor, type Value, workers } from "../../mod.ts";
import { setTuning } from "../../compiler/limits.ts";
import { runs } from "../../compiler/runtime/threads/runs.ts";
import { finely, startWorkers } from "./support.ts";

const x = tensor(Array.from({ length: 512 }, (_, index) => Math.sin(index)), { shape: [64, 8] });
const f = (x: Value): Value => x.exp().sum(1);

// In a worker, workers of its own start only once its module has been run.
addEventListener("message", async () => {
  const alone = compile(f, { threads: 1 })(x).toArray();
  setTuning({ ...finely, threads: 2 });
  await startWorkers(2);
  const together = compile(f);
  together(x);
  const before = runs.begun;
  const results = [together(x).toArray(), (await together.async(x)).toArray()];
  const same = JSON.stringify(results) === JSON.stringify([alone, alone]);
  (self as unknown as Pick<MessagePort, "postMessage">).postMessage( // types are a page's here, and this is a worker
    `${runs.begun - before === 2} ${same}`,
  );
  workers.close();
});
