/**
 * Tracing: running a function once to record what it does as a graph.
 * @module
 */
import { Graph } from "../graph/graph.ts";
import { RecordingWithValues, type Trace, withTrace } from "../graph/trace.ts";
import { readable } from "../readable.ts";

/**
 * Runs `body` while recording into a new graph, which ends with it. Every node computes as it is made, so that the code
 * may look at numbers.
 */
export function traceWithValues<T>(name: string, body: (trace: Trace) => T): T {
  const graph = new Graph({ recordValues: true });
  const trace = new RecordingWithValues(graph, name);
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
