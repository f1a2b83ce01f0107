/**
 * Keys of the parts that kernels of all kinds are made of. Whatever emitters make parameters of, sizes, offsets and strides,
 * is left out; where a stride is none, one or two elements is not, since code takes advantage of it.
 * @module
 */
import type { IndexMap, KernelStep, Section } from "./kernel.ts";

function strideKey(stride: number): string {
  return stride === 0 || stride === 1 || stride === 2 ? `${stride}` : "s";
}

/** What code follows from, of how an array is read or written. */
export function accessKey({ array, dtype, outer, inner, pattern }: IndexMap): string {
  return `${array} ${dtype} ${outer.map(strideKey).join("")}/${inner.map(strideKey).join("")}${pattern ?? ""}`;
}

/** What code follows from, of a straight piece of it. */
export function sectionKey({ steps, stores, reductions }: Section): string {
  const stored = stores.map(({ access, arg }) => `${access}=${arg}`).join();
  const reduced = reductions.map(({ id, name, dtype, arg }) => `${id}=${name} ${dtype} ${arg}`).join();
  return `${steps.map(stepKey).join()};${stored};${reduced}`;
}

function stepKey(step: KernelStep): string {
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
