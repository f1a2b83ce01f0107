/** A thread that takes part in measuring: asked to run the loop for a time, it answers with its rate. */
import { multiplyAddRate } from "./multiply_add.ts";

/** What a worker's global scope has; the types are a page's. */
interface Scope {
  postMessage(message: unknown): void;
  onmessage:
    | ((event: MessageEvent<{ readonly start: number; readonly end: number }>) => void)
    | null;
}

const scope = globalThis as unknown as Scope; // only workers run this
scope.onmessage = ({ data: { start, end } }) => scope.postMessage(multiplyAddRate(start, end));
scope.postMessage("ready");
