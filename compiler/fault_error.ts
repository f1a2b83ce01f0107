/**
 * A fault of generated code, as the error that its operation throws.
 * @module
 */
import { addSite } from "../src/errors.ts";
import type { IndexFault } from "./emit/index_fault.ts";
import type { Kernel } from "./kernel.ts";

/** What the operation whose check failed says of this index, with the user's line: the same as its own `compute`. */
export function faultError(kernel: Kernel, { check, index }: Pick<IndexFault, "check" | "index">): Error {
  const { node, describe } = kernel.checks[check]!; // a kernel's text only names checks of its own
  return addSite(describe(index), node.site);
}
