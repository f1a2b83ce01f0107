/**
 * Makes the runtime what a plain page is: without `SharedArrayBuffer`, and with a memory that grows by what is needed, so
 * that it grows often. Loaded before the tests; see plain.test.ts.
 * @module
 */
Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
const { growth } = await import("../../compiler/runtime/arena.ts");
growth.spareBytes = 0;
