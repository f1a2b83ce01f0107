/**
 * comlink, through which threads call one another's functions. This is the only file that imports from outside the
 * project. A program that is run from an address finds no configuration, so the import names npm itself, for Deno;
 * Bun and `tsc` find the package through `paths` in tsconfig.json. Deno's linter accepts this form, and not an import.
 * @module
 */
export { type Endpoint, expose, type Remote, wrap } from "npm:comlink@^4.4.2";
