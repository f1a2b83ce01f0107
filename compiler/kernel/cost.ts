/**
 * What a row costs, by counting: its operations, the bytes it moves, and its work, an estimate that weighs both.
 * @module
 */
import type { Cost as OpCost } from "../../src/ops/primitive.ts";
import { sizeOf } from "../../src/shape.ts";
import type { ContractKernel, Kernel, LoopKernel, ScatterKernel, Section } from "./kernel.ts";
import type { Draft } from "../table.ts";

/**
 * Work is counted in simple operations, such as an addition. Reading or writing an element counts as two of them, and a
 * function such as `exp` as 16. One takes about half a nanosecond on a thread of an x86-64 machine of the years around
 * 2020; only the order of the numbers counts.
 */
const weights: Readonly<Record<OpCost | "element" | "multiplyAdd", number>> = {
  element: 2,
  simple: 1,
  expensive: 16,
  multiplyAdd: 1,
};

/** Arithmetic and memory of a row. */
export interface Cost {
  /** Additions, multiplications and calls of functions; a multiplication with its addition counts as two. */
  readonly operations: number;
  /** Bytes of its arrays that it reads and writes, each once. */
  readonly bytes: number;
}

function sectionWork({ steps, stores, reductions }: Section): number {
  let work = stores.length * weights.element;
  for (const step of steps) {
    if (step.kind === "apply") work += weights[step.op.cost];
    else if (step.kind !== "cast") work += weights.element;
  }
  return work + reductions.length * weights.simple;
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
  return (sizeOf([...outer, ...updates]) + scatterAdditions(kernel) + results) * weights.element;
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

/** The work of a kernel, in simple operations. */
export function workOf(kernel: Kernel): number {
  switch (kernel.kind) {
    case "loops":
      return overLoops(kernel, sectionWork);
    case "contract":
      return contractSize(kernel) * (sizeOf(kernel.depth) * weights.multiplyAdd + sectionWork(kernel.epilogue));
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

/** What the drafts of a row compute, as far as that is known, and move. `bytesOf` says how large a buffer is. */
export function costOf(drafts: readonly Draft[], bytesOf: (buffer: number) => number): Cost {
  let [operations, bytes] = [0, 0];
  for (const draft of drafts) {
    if (draft.kind === "kernel") operations += operationsOf(draft.kernel);
    for (const buffer of [...draft.reads, ...draft.writes]) bytes += bytesOf(buffer);
  }
  return { operations, bytes };
}
