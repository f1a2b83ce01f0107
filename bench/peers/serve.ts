/**
 * A process of one JavaScript runtime, which does what it is asked on standard input (see `protocol.ts`):
 *
 *     deno run --allow-all serve.ts NAME THREADS
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { createInterface } from "node:readline";
import { operandsOf, pack, type Results } from "./numbers.ts";
import type { Answer, Greeting, Request } from "./protocol.ts";
import { Missing, type Runtime, type Way } from "./runtime.ts";
import type { Work } from "./works.ts";

/** Who can be asked for; each file is loaded only in its own process. */
const runtimes: Readonly<Record<string, (threads: number) => Promise<Runtime>>> = {
  ours: async (threads) => (await import("./ours.ts")).ours(threads, true),
  "ours-fresh": async (threads) => (await import("./ours.ts")).ours(threads, false),
  "jax-js": async (threads) => (await import("./jax.ts")).jaxJs(threads),
  "tfjs-wasm": async (threads) => (await import("./tfjs.ts")).tfjs("wasm", threads),
  "onnx": async (threads) => (await import("./onnx.ts")).onnx(threads),
  "tfjs-cpu": async () => (await import("./tfjs.ts")).tfjs("cpu", 1),
};

/** Untimed milliseconds before time is taken, for a steady state: others have used the caches since, and the other core. */
const turnWarmUp = 20;
/** A call that takes so many milliseconds needs no warming up. */
const slowCall = 100;
/** Nor does the first have more than one call before it. */
const verySlowCall = 1000;

/** Milliseconds of a call, from as many as fill the given time, and at least one. */
async function repeat(way: Way, milliseconds: number): Promise<number> {
  const start = performance.now();
  let [calls, now] = [0, start];
  do {
    // Waiting for what is no promise would give the event loop a turn, and measure that.
    const promise = way.run();
    if (promise !== undefined) await promise;
    calls++;
    now = performance.now();
  } while (now - start < milliseconds);
  return (now - start) / calls;
}

/** Milliseconds of a call, from so many; the clock is looked at only before and after. */
async function time(way: Way, calls: number): Promise<number> {
  const start = performance.now();
  for (let call = 0; call < calls; call++) {
    const promise = way.run();
    if (promise !== undefined) await promise;
  }
  return (performance.now() - start) / calls;
}

/** A work that is open: the way it is done, and what a call takes. */
interface Open {
  readonly way: Way;
  estimate: number;
}

async function open(
  runtime: Runtime,
  { work, reference, warmUp }: { readonly work: Work; readonly reference: boolean; readonly warmUp: number },
): Promise<Open & { readonly results: readonly Results[]; readonly several: boolean }> {
  const ways = await runtime.open({ work, operands: operandsOf(work), threads: runtime.threads, reference });
  await runtime.ready?.();
  const results: Results[] = [];
  const estimates: number[] = [];
  for (const way of ways) {
    await way.run();
    results.push(await way.results());
  }
  for (const way of ways) {
    if (warmUp === 0) continue;
    // In thirds, and at least three calls: by the last one optimizing compilers are through.
    let estimate = 0;
    for (let third = 0; third < 3 && estimate < verySlowCall; third++) estimate = await repeat(way, warmUp / 3);
    estimates.push(estimate);
  }
  const fastest = Math.max(0, estimates.indexOf(Math.min(...estimates)));
  ways.forEach((way, index) => index === fastest || way.close?.());
  return { way: ways[fastest]!, estimate: estimates[fastest] ?? 0, results, several: ways.length > 1 };
}

async function answer(runtime: Runtime, request: Request, current: { open: Open | undefined }): Promise<Answer> {
  switch (request.ask) {
    case "open": {
      const opened = current.open = await open(runtime, request);
      const { results, estimate, several, way: { name } } = opened;
      const fastest = several && name !== undefined ? { fastest: name } : {};
      return { opened: { results: results.map(pack), estimate, ...fastest } };
    }
    case "time": {
      if (current.open === undefined) {
        throw new Error("Cannot take time: no work is open");
      }
      const { way, estimate } = current.open;
      await runtime.ready?.();
      if (estimate < slowCall) {
        current.open.estimate = await repeat(way, turnWarmUp);
      }
      const calls = Math.max(1, Math.round(request.milliseconds / current.open.estimate));
      return { milliseconds: current.open.estimate = await time(way, calls) };
    }
    case "close":
      current.open?.way.close?.();
      current.open = undefined;
      return { closed: true };
    default:
      return request satisfies never;
  }
}

function send(line: Answer | Greeting): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const [name = "", threads = "1"] = process.argv.slice(2);
console.log = console.info = console.warn = console.error; // standard output belongs to the protocol
try {
  const load = runtimes[name];
  if (load === undefined) throw new Missing(`there is no runtime ${name}`);
  const runtime = await load(Number(threads));
  send({ version: runtime.version, threads: runtime.threads });
  const current: { open: Open | undefined } = { open: undefined };
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      send(await answer(runtime, JSON.parse(line) as Request, current)); // what client.ts sends
    } catch (error) {
      send(error instanceof Missing ? { missing: error.message } : { failed: String(error) });
    }
  }
} catch (error) {
  send({ missing: error instanceof Missing ? error.message : String(error) });
}
// Workers that wait for work would keep the process; what was sent is written first.
process.stdout.write(Buffer.alloc(0), () => process.exit(0));
