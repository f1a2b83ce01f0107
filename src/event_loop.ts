/**
 * The event loop: how code that goes on for long lets timers, frames and requests through.
 * @module
 */

/** What tests change. */
export const settings = {
  /** How long a thread may work before its event loop gets a turn, in milliseconds: half a frame. */
  sliceTime: 8,
};

/** When the event loop has last had a turn, as far as is known here. */
let lastTurn = -Infinity;

/** Whether it is time that the event loop gets a turn. */
export function isTurnDue(): boolean {
  return performance.now() - lastTurn > settings.sliceTime;
}

/** Gives the event loop a turn: what waits in it comes first. A promise that is settled already never does that. */
export async function takeTurn(): Promise<void> {
  await nextTask();
  lastTurn = performance.now();
}

/** Messages to this thread itself: pages delay nested timers, and never messages. */
let channel: MessageChannel | undefined;

function nextTask(): Promise<void> {
  // It runs before anything else of the kind; Node, Deno and Bun have it, and pages do not. Deno loads it when it is asked for.
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown }; // no part of the types of pages
  return new Promise((resolve) => {
    if (setImmediate !== undefined) setImmediate(resolve);
    else if (typeof MessageChannel === "function") {
      channel ??= new MessageChannel();
      channel.port1.addEventListener("message", () => resolve(), { once: true });
      channel.port1.start();
      channel.port2.postMessage(undefined);
    } else setTimeout(resolve);
  });
}
