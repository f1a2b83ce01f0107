/**
 * What a row costs, by counting: the operations, the numbers moved, and about how long they take on one thread.
 * @module
 */
import { sizeOf } from "../src/shape.ts";
import type { ContractKernel, Kernel, LoopKernel, ScatterKernel, Section } from "./kernel.ts";
import { isCheap } from "./kinds.ts";
import type { KernelRow } from "./rows.ts";

/** Nanoseconds on one thread, as measured on x86-64 machines of the years around 2020; only their order counts. */
const nanoseconds = { element: 1, cheap: 0.5, expensive: 8, multiplyAdd: 0.5 } as const;

/** Arithmetic and memory of a row. */
export interface Cost {
  /** Additions, multiplications and calls of functions; a multiplication with its addition counts as two. */
  readonly operations: number;
  /** Bytes of its arrays that it reads and writes, each once. */
  readonly bytes: number;
}

function sectionWork({ steps, stores, reductions }: Section): number {
  let work = stores.length * nanoseconds.element;
  for (const step of steps) {
    if (step.kind === "apply") work += isCheap(step.op.name) ? nanoseconds.cheap : nanoseconds.expensive;
    else if (step.kind !== "cast") work += nanoseconds.element;
  }
  return work + reductions.length * nanoseconds.cheap;
}

function sectionOperations({ steps, reductions }: Section): number {
  return steps.filter(({ kind }) => kind === "apply").length + reductions.length;
}

function contractSize({ outer, rows, columns }: ContractKernel): number {
  return sizeOf([...outer, ...rows, ...columns]);
}

/** How many numbers a scatter adds. */
function scatterAdditions({ outer, updates, inner }: ScatterKernel): number {
  return sizeOf([...outer, ...updates, ...inner]);
}

/** What a scatter does: it looks at indices, adds, and writes every number of the result. */
function scatterWork(kernel: ScatterKernel): number {
  const { outer, updates, inner, length } = kernel;
  const results = sizeOf([...outer, length, ...inner]);
  return (sizeOf([...outer, ...updates]) + scatterAdditions(kernel) + results) * nanoseconds.element;
}

/** Sums a measure of sections over all times that they run. */
function overLoops({ outer, inner, passes, after }: LoopKernel, measure: (section: Section) => number): number {
  const [rows, elements] = [sizeOf(outer), sizeOf(inner)];
  const ofRow = passes.reduce(
    (sum, { before, loop }) => sum + measure(before) + elements * measure(loop),
    measure(after),
  );
  return rows * ofRow;
}

/** About how many nanoseconds a kernel takes on one thread. */
export function workOf(kernel: Kernel): number {
  switch (kernel.kind) {
    case "loops":
      return overLoops(kernel, sectionWork);
    case "contract":
      return contractSize(kernel) * (sizeOf(kernel.depth) * nanoseconds.multiplyAdd + sectionWork(kernel.epilogue));
    case "scatter":
      return scatterWork(kernel);
    default:
      return kernel satisfies never;
  }
}

/** How many operations a kernel takes. */
function operationsOf(kernel: Kernel): number {
  switch (kernel.kind) {
    case "loops":
      return overLoops(kernel, sectionOperations);
    case "contract":
      return contractSize(kernel) * (2 * sizeOf(kernel.depth) + sectionOperations(kernel.epilogue));
    case "scatter":
      return scatterAdditions(kernel);
    default:
      return kernel satisfies never;
  }
}

/** What a row computes and moves. `bytesOf` says how large a buffer is. */
export function costOf({ drafts }: KernelRow, bytesOf: (buffer: number) => number): Cost {
  let [operations, bytes] = [0, 0];
  for (const { kernel, reads, writes } of drafts) {
    operations += operationsOf(kernel);
    for (const buffer of [...reads, ...writes]) bytes += bytesOf(buffer);
  }
  return { operations, bytes };
}
