/**
 * Whether threads can have a memory in common. It is asked on every thread, so this file imports nothing.
 * @module
 */

/** Whether threads can have a memory in common. A page that is not isolated from others has none. */
export function hasSharedMemory(): boolean {
  return typeof SharedArrayBuffer === "function";
}
