/**
 * Keys of kernels: equal keys stand for the same code.
 * @module
 */
import type { Kernel } from "./kernel.ts";
import { kindOf } from "./kernel_kinds.ts";
import { accessKey } from "./section_key.ts";

/** What a kernel's code follows from, beside its sizes. */
export function kernelKey(kernel: Kernel): string {
  const { kind, name, outer, arrays, indexMaps } = kernel;
  const common = [kind, name, outer.length, arrays, indexMaps.map(accessKey).join(";")];
  return [...common, ...kindOf(kernel).key(kernel)].join("|");
}
