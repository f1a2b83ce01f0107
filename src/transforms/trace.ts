/**
 * Tracing: running a function once to record what it does as a graph.
 * @module
 */
import { Graph } from "../graph/graph.ts";
import { type Trace, withTrace } from "../graph/recording.ts";
import { readable } from "../readable.ts";

/**
 * Runs `body` while recording into a new graph, which ends with it. With `recordValues` every node computes as it is
 * made, so that the code may look at numbers.
 */
export function traced<T>(name: string, options: { recordValues: boolean }, body: (trace: Trace) => T): T {
  const graph = new Graph(options);
  const trace: Trace = { graph, name, reads: new Map(), ...(options.recordValues ? {} : { assumptions: [] }) };
  try {
    return withTrace(trace, () => body(trace));
  } finally {
    graph.ended = name;
  }
}

/** Refuses what an `async` function returns: what it does after its first await could not be recorded. */
export function checkSynchronous(result: unknown, name: string): void {
  if (result instanceof Promise) {
    result.catch(() => {}); // it is reported here, and not a second time as an unhandled rejection
    throw new TypeError(
      `Cannot trace ${name}: it returned a promise, and only what runs before the first await could be recorded`,
    );
  }
}

/** What errors and explanations call a function. */
export function functionName(fn: { readonly name: string }, fallback = "anonymous"): string {
  return fn.name === "" ? fallback : readable(fn.name);
}
