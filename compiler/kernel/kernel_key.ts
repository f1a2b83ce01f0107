/**
 * Keys of kernels: equal keys stand for the same code. Whatever emitters make parameters of, sizes, offsets and strides,
 * is left out; where a stride is none, one or two elements is not, since code takes advantage of it.
 * @module
 */
import type { Access, Kernel, Section, Step } from "./kernel.ts";

/** What a kernel's code follows from, beside its sizes. */
export function kernelKey(kernel: Kernel): string {
  const { kind, name, outer, arrays, accesses } = kernel;
  const parts = [kind, name, outer.length, arrays, accesses.map(accessKey).join(";")];
  if (kernel.kind === "scatter") {
    const { updates, inner, result, indices, added } = kernel;
    parts.push(updates.length, inner.length, result, indices, added);
    return parts.join("|");
  }
  parts.push(sectionKey(kernel.prologue));
  if (kernel.kind === "loops") {
    const { inner, lanes, passes, after, total, totals } = kernel;
    parts.push(inner.length, lanes, ...passes.flatMap(({ before, loop }) => [sectionKey(before), sectionKey(loop)]));
    parts.push(sectionKey(after), sectionKey(total), [...totals].join());
  } else {
    const { left, right, dtype, result, epilogue, rows, columns, depth } = kernel;
    parts.push(rows.length, columns.length, depth.length, left, right, dtype, result, sectionKey(epilogue));
  }
  return parts.join("|");
}

function strideKey(stride: number): string {
  return stride === 0 || stride === 1 || stride === 2 ? `${stride}` : "s";
}

function accessKey({ array, dtype, outer, inner, pairs }: Access): string {
  return `${array} ${dtype} ${outer.map(strideKey).join("")}/${inner.map(strideKey).join("")}${pairs ?? ""}`;
}

function sectionKey({ steps, stores, reductions }: Section): string {
  const stored = stores.map(({ access, arg }) => `${access}=${arg}`).join();
  const reduced = reductions.map(({ id, name, dtype, arg }) => `${id}=${name} ${dtype} ${arg}`).join();
  return `${steps.map(stepKey).join()};${stored};${reduced}`;
}

function stepKey(step: Step): string {
  switch (step.kind) {
    case "load":
      return `${step.id}=load ${step.access}`;
    case "gather":
      return `${step.id}=gather ${step.access} ${step.index} ${step.check}`;
    case "check":
      return `${step.id}=check ${step.arg} ${step.check}`;
    case "cast":
      return `${step.id}=cast ${step.from} ${step.to} ${step.arg}`;
    case "apply":
      return `${step.id}=${step.op.name} ${step.dtype} ${step.result} ${step.args.join(" ")}`;
    default:
      return step satisfies never;
  }
}
