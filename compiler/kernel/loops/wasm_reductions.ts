/**
 * The reductions of a loop kernel: their running results, what goes into them, and what calls leave of those that end
 * beyond a call.
 * @module
 */
import type { LoopKernel } from "./kernel.ts";
import type { Id, Reduction, Section } from "../kernel.ts";
import { partialReductions } from "./partition.ts";
import { Accumulator } from "./wasm_accumulators.ts";
import { access, type Code, get, i32, op } from "../../emit/wasm/asm/code.ts";
import type { Imports, Position } from "../../emit/wasm/kernel_writer.ts";
import { LoopAddressing } from "./wasm_addressing.ts";

/** How many numbers are left of reductions. */
export function reductionSlotsOf(reductions: readonly Reduction[]): number {
  return reductions.reduce((sum, each) => sum + Accumulator.slots(each), 0);
}

/** Knows what the reductions of a {@linkcode LoopKernel} have come to. */
export abstract class LoopReductions extends LoopAddressing {
  readonly #accumulators = new Map<Id, Accumulator>();
  /** The reductions that end beyond a call, in the order of the partial results that chunks leave of them. */
  protected readonly partialResults: readonly Reduction[];
  /** Whether what is added up has one order, whatever else the kernel computes. */
  protected readonly exact: boolean;

  constructor(name: string, kernel: LoopKernel, imports: Imports, exact: boolean) {
    super(name, kernel, imports);
    this.exact = exact;
    this.partialResults = partialReductions(kernel, this.cut);
  }

  /** How many numbers each call leaves. */
  get slots(): number {
    return reductionSlotsOf(this.partialResults);
  }

  /** Takes the values of a loop in, of those lanes that the mask shows; `into` other running results than the usual ones. */
  protected accumulate(
    { reductions }: Section,
    mask: Code<"v128"> | undefined,
    places: Code<"v128"> | undefined,
    into?: readonly Accumulator[],
  ): void {
    const kept = places && this.keep(places);
    reductions.forEach((each, index) =>
      (into?.[index] ?? this.accumulatorOf(each)).add(this.value(each.arg), mask, kept)
    );
  }

  /** The running result of a reduction. */
  protected accumulatorOf(reduction: Reduction): Accumulator {
    let accumulator = this.#accumulators.get(reduction.id);
    if (accumulator === undefined) {
      // Across rows each lane has its own elements, in order; what holds for a row counts once.
      const inOrder = this.exact && !this.acrossRows && !this.kernel.after.reductions.includes(reduction);
      this.#accumulators.set(reduction.id, accumulator = new Accumulator(this, reduction, inOrder));
    }
    return accumulator;
  }

  /** Begins. */
  protected start(reductions: readonly Reduction[]): void {
    for (const each of reductions) this.accumulatorOf(each).start();
  }

  /** What reductions have come to, as values; `apart` where the lanes are results of their own, or the same already. */
  protected finalizeReductions(reductions: readonly Reduction[], apart: boolean): void {
    for (const each of reductions) {
      const accumulator = this.accumulatorOf(each);
      if (!apart) accumulator.combineLanes();
      this.values.set(each.id, accumulator.value(!this.acrossRows));
    }
  }

  /** Whether a reduction runs over all rows, not over one. */
  protected isTotal(id: Id): boolean {
    return this.kernel.totals.has(id);
  }

  /** The totals that row values go into. */
  protected reduceRow({ mask }: Position): void {
    for (const each of this.kernel.after.reductions) this.accumulatorOf(each).add(this.value(each.arg), mask);
  }

  /** Takes in what the calls from `first` to before `last` have left. */
  protected combinePartials(first: Code<"i32">, last: Code<"i32">): void {
    const { f } = this;
    const slots = this.slots;
    this.count("call", first, last, 1, (call) => {
      const bytes = op("i32.mul", call, i32(slots * Float64Array.BYTES_PER_ELEMENT));
      const address = f.let("left", op("i32.add", get(this.partials), bytes));
      let slot = 0;
      for (const each of this.partialResults) {
        const partials = Array.from(
          { length: Accumulator.slots(each) },
          () => access("f64.load", { offset: Float64Array.BYTES_PER_ELEMENT * slot++ }, address),
        );
        this.accumulatorOf(each).addPartials(partials);
      }
    });
  }
}
