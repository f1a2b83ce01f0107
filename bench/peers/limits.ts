/** What the machine can do at most, for figures to be seen against. */
import type { Patience, Peers } from "./compare.ts";
import { quantile } from "./compare.ts";
import { fused, multiplyAddRate } from "./multiply_add.ts";
import { Missing } from "./runtime.ts";
import { works } from "./works.ts";

/** Billions in a second: operations or bytes. */
export interface Limits {
  /** Multiplications and additions out of registers, for each number of threads. */
  readonly registers: ReadonlyMap<number, number>;
  /** Whether these are one instruction. */
  readonly fused: boolean;
  /** Bytes copied from one array into another, each too large for any cache. */
  readonly copy: number;
  /** What OpenBLAS reaches, called by NumPy, for a product of 1024 × 1024; or why that is not known. */
  readonly openBlas: ReadonlyMap<number, number> | string;
}

function next(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
    worker.onerror = (event) => reject(new Error(`Cannot measure on a thread: ${event.message}`));
  });
}

const leadTime = 100;
const measured = 200;

/** The rate of so many threads together, this one included: the median of a few times. */
async function registers(threads: number): Promise<number> {
  const workers = Array.from(
    { length: threads - 1 },
    () => new Worker(new URL("./multiply_add_worker.ts", import.meta.url), { type: "module" }),
  );
  await Promise.all(workers.map(next));
  const rates: number[] = [];
  for (let time = 0; time < 5; time++) {
    const start = performance.timeOrigin + performance.now() + leadTime;
    const span = { start, end: start + measured };
    const others = workers.map((worker) => {
      worker.postMessage(span);
      return next(worker);
    });
    const own = multiplyAddRate(span.start, span.end);
    const all = await Promise.all(others) as number[]; // what the worker posts
    rates.push(all.reduce((total, rate) => total + rate, own));
  }
  for (const worker of workers) worker.terminate();
  return quantile(rates, 0.5);
}

function copy(): number {
  const bytes = 64 * 2 ** 20;
  const [from, to] = [new Float64Array(bytes / 8).fill(1), new Float64Array(bytes / 8)];
  const rates = Array.from({ length: 15 }, () => {
    const start = performance.now();
    to.set(from);
    return bytes / (performance.now() - start) / 1e6;
  });
  return quantile(rates, 0.5);
}

async function openBlas(peers: Peers, threads: readonly number[], patience: Patience): Promise<Limits["openBlas"]> {
  const work = works.find(({ name }) => name === "matmul 1024³")!; // it is in the table
  const rates = new Map<number, number>();
  try {
    for (const count of threads) {
      const peer = peers.get("numpy", count);
      await peer.open(work, patience.warmUp);
      const times: number[] = [];
      for (let round = 0; round < 5; round++) {
        times.push(await peer.time(patience.turn));
      }
      await peer.close();
      rates.set(count, work.operations! / quantile(times, 0.5) / 1e6);
    }
  } catch (error) {
    if (error instanceof Missing) return error.message;
    throw error;
  }
  return rates;
}

/** Measures them; takes a few seconds. */
export async function limitsOf(peers: Peers, threads: readonly number[], patience: Patience): Promise<Limits> {
  const rates = new Map<number, number>();
  for (const count of threads) rates.set(count, await registers(count));
  return { registers: rates, fused, copy: copy(), openBlas: await openBlas(peers, threads, patience) };
}
