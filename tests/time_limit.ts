/**
 * When a test, or a program that it starts, is ended. This is there for what hangs: nothing that goes on takes as long, on
 * however busy a machine.
 * @module
 */

/** In milliseconds. */
export const timeLimit = 600_000;
