/**
 * Loop kernels in WebAssembly: maps over elements, and rows with their stages and reductions, four values at a time.
 *
 * The four are neighbours along the last axis that the kernel walks. Where that is an inner one, they are four elements
 * of a row, and what holds for the row is four times the same number. Where it is an outer one (the sums of columns), they
 * are elements of four rows, which are walked together. What is left over at the end of an axis is computed as four, of
 * which fewer count.
 * @module
 */
import { dtypeInfo } from "../../../src/dtype.ts";
import { sizeOf } from "../../../src/shape.ts";
import type { LoopKernel } from "./kernel.ts";
import { indexMapsOf, type Section } from "../kernel.ts";
import { loopPartitionOf, loopWork, partialReductions } from "./partition.ts";
import type { KindWriter } from "../../emit/wasm/kind_writer.ts";
import { joinPatterns } from "./wasm_join_patterns.ts";
import { Accumulator, laneNumbers } from "./wasm_accumulators.ts";
import { type Address, type Code, get, i32, type Local, op, select } from "../../emit/wasm/asm/code.ts";
import type { WasmFunction } from "../../emit/wasm/asm/function_builder.ts";
import type { Imports, Position } from "../../emit/wasm/kernel_writer.ts";
import type { Addressing } from "./wasm_addressing.ts";
import { LoopReductions, reductionSlotsOf } from "./wasm_reductions.ts";
import { laneCount } from "../../emit/wasm/vector/lanes.ts";
import { type Count, countMask, elementsOver, type LaneStride } from "../../emit/wasm/vector/memory.ts";
import type { VectorFunction, VectorFunctionName } from "../../emit/wasm/vector/vector_functions.ts";
import { calledFunctions, type VectorLibrary } from "../../emit/wasm/vector/vector_library.ts";

/** Part of an axis: all of it, unless given. */
interface UnitRange {
  readonly first: Code<"i32">;
  readonly last: Code<"i32">;
}

/** Vectors that a loop computes before it counts and branches: more of them where each takes few steps. */
function unrollFactor({ steps, reductions }: Section): 1 | 2 | 4 {
  if (steps.some(({ kind }) => kind === "gather" || kind === "check")) return 1;
  if (reductions.some(({ isIndex }) => isIndex)) return 1;
  const work = steps.length + 2 * reductions.length;
  return work <= 6 ? 4 : work <= 12 ? 2 : 1;
}

/** A row of so many elements, which others are computed beside, is written out and not looped over. */
const fewElements = 9;

/** Writes a {@linkcode LoopKernel}. */
export class LoopWriter extends LoopReductions {
  readonly #library: VectorLibrary;
  /** The vector functions that are called. */
  readonly #called: ReadonlySet<string>;

  constructor(
    name: string,
    kernel: LoopKernel,
    imports: Imports,
    library: VectorLibrary,
    { exact }: { readonly exact: boolean },
  ) {
    super(name, kernel, imports, exact);
    this.#library = library;
    this.#called = calledFunctions(kernel);
  }

  /** Whether the elements of a row are so few that each has code of its own: the windows of a pooling. */
  static unrollsRow(kernel: LoopKernel): boolean {
    // Each axis is asked about, too: one of many elements may have an empty one beside it.
    const areFew = [...kernel.inner, sizeOf(kernel.inner)].every((length) => length <= fewElements);
    return kernel.lanes === "outer" && loopPartitionOf(kernel) === "rows" && areFew;
  }

  override vectorFunction(name: VectorFunctionName): VectorFunction {
    return this.#called.has(name) ? this.#library.functionOf(name) : super.vectorFunction(name);
  }

  /** The function that computes units. */
  main(): WasmFunction {
    this.header();
    this.start(this.partialResults);
    switch (this.cut) {
      case "elements":
        this.#elements();
        break;
      case "rows":
        if (this.acrossRows) this.#rowsTogether();
        else this.#rows(get(this.begin), get(this.end), (place) => this.#row(this.single(place)));
        break;
      case "pieces":
        this.#piece();
        break;
      default:
        this.cut satisfies never;
    }
    let slot = 0;
    for (const each of this.partialResults) {
      const accumulator = this.accumulatorOf(each);
      // A value of a whole row is the same in all lanes, and counts once.
      if (this.acrossRows || !this.kernel.after.reductions.includes(each)) accumulator.combineLanes();
      this.storePartials(accumulator.partials(), slot);
      slot += Accumulator.slots(each);
    }
    return this.f.end({ exported: true });
  }

  /** The function that makes the results of what `end` calls have left. */
  finalize(): WasmFunction {
    const { kernel } = this;
    this.header();
    const totals = this.partialResults.concat(this.cut === "pieces" ? kernel.after.reductions : [])
      .filter(({ id }) => this.isTotal(id));
    this.start(totals);
    if (this.cut === "pieces") {
      // Without any rows there is nothing to divide, and the loop below ends before it begins.
      const isEmpty = op("i32.eqz", this.number("rows"));
      const pieces = this.f.let("pieces", op("i32.div_u", get(this.end), op("i32.add", this.number("rows"), isEmpty)));
      this.#rows(i32(0), this.number("rows"), (place, row) => {
        const position = this.single(place);
        this.section(kernel.stages[0]!.before, position);
        const ofRow = this.partialResults.filter(({ id }) => !this.isTotal(id));
        this.start(ofRow);
        const first = this.f.let("first", op("i32.mul", row, pieces));
        this.combinePartials(first, this.f.let("last", op("i32.add", first, pieces)));
        this.finalizeReductions(ofRow, true);
        this.section(kernel.after, position);
        this.reduceRow(position);
      });
    } else {
      this.combinePartials(i32(0), get(this.end));
    }
    this.finalizeReductions(totals, true);
    this.section(kernel.total, this.single((access) => this.number(`o${access}`)));
    return this.f.end({ exported: true });
  }

  #rows(first: Code<"i32">, last: Code<"i32">, body: (place: Addressing, row: Code<"i32">) => void): void {
    // Without any rows an axis is empty, and there is no first one to be found by dividing by its length.
    this.f.if(op("i32.lt_s", first, last), () => {
      const cursor = this.cursorAt(first);
      this.count("r", first, last, 1, (row) => {
        body(cursor.address, row);
        cursor.advance();
      });
    });
  }

  /** Rows, four at a time, as far as they are neighbours. */
  #rowsTogether(): void {
    const { f } = this;
    const row = f.local("r", "i32");
    f.set(row, get(this.begin));
    const position = (place: Addressing, count: Count): Position => ({
      address: place,
      stride: (access) => this.laneStride(access),
      count,
      ...(count !== "all" && { mask: this.keep(countMask(count)) }),
    });
    const cursor = this.cursorAt(get(row));
    f.while(() => op("i32.lt_s", get(row), get(this.end)), () => {
      const rest = f.let("rest", op("i32.sub", get(this.end), get(row)));
      const rowsLeft = f.let("left", cursor.rowsLeft());
      const count = f.local("count", "i32");
      f.set(count, this.minimum(rest, rowsLeft));
      /** So many vectors of rows, if there are as many rows. */
      const vectors = (factor: number, otherwise: () => void): void =>
        f.if(op("i32.ge_s", get(count), i32(laneCount * factor)), () => {
          f.set(count, i32(laneCount * factor));
          if (factor > 1) this.#jammedRows(position(cursor.address, "all"), factor);
          else this.#row(position(cursor.address, "all"));
        }, otherwise);
      const few = (): void => vectors(1, () => this.#row(position(cursor.address, get(count))));
      const factor = this.#jamFactor();
      if (factor > 1) vectors(factor, few);
      else few();
      f.set(row, op("i32.add", get(row), get(count)));
      cursor.advance(get(count));
    });
  }

  /**
   * Unroll-and-jam: how many vectors of rows one loop over their elements computes. Rows that are walked together lie next to each other, and the
   * elements of one far apart: whoever takes one vector reads a cache line of which he uses a quarter.
   */
  #jamFactor(): 1 | 2 | 4 {
    const { stages: [stage, ...others], after } = this.kernel;
    const { before, loop } = stage!; // there is one
    const isSimple = others.length === 0 && before.steps.length === 0 && after.reductions.length === 0 &&
      !LoopWriter.unrollsRow(this.kernel) && !loop.reductions.some(({ id }) => this.isTotal(id));
    const isKnown = [loop, after].flatMap(indexMapsOf).every((access) =>
      elementsOver(this.laneStride(access), 1) !== undefined
    );
    return isSimple && isKnown ? unrollFactor(loop) : 1;
  }

  /** Several vectors of rows, of whose only stage each has running results of its own. */
  #jammedRows(position: Position, vectors: number): void {
    const { stages, after } = this.kernel;
    const { loop } = stages[0]!;
    const jammed = Array.from({ length: vectors }, (_, vector) => ({
      position: { ...position, offset: (access: number) => this.#bytesTo(access, vector) },
      accumulators: vector === 0
        ? loop.reductions.map((each) => this.accumulatorOf(each))
        : loop.reductions.map((each) => new Accumulator(this, each)),
    }));
    for (const { accumulators } of jammed) for (const each of accumulators) each.start();
    this.#walk(0, loop, position.address, (address) => {
      for (const { position, accumulators } of jammed) {
        this.section(loop, { ...position, address });
        this.accumulate(loop, undefined, undefined, accumulators);
      }
    });
    for (const { position, accumulators } of jammed) {
      for (const each of accumulators) this.values.set(each.reduction.id, each.value(false));
      this.section(after, position);
    }
  }

  /** How many bytes on an access has the elements that so many vectors are before. */
  #bytesTo(access: number, vectors: number): number {
    // Only those are asked for of which that is known.
    return elementsOver(this.laneStride(access), vectors)! * dtypeInfo(this.kernel.indexMaps[access]!.dtype).bytes;
  }

  /** A whole row, or as many as there are lanes. */
  #row(position: Position): void {
    const { kernel } = this;
    for (const { before, loop } of kernel.stages) {
      this.section(before, position);
      if (loop.stores.length === 0 && loop.reductions.length === 0) continue;
      const ofRow = loop.reductions.filter((each) => !this.isTotal(each.id));
      this.start(ofRow);
      const counter = this.#counterFor(loop, i32(0));
      if (this.acrossRows) {
        this.#walk(0, loop, position.address, (address) => {
          this.section(loop, { ...position, address });
          this.accumulate(loop, position.mask, counter && op("i32x4.splat", get(counter)));
          if (counter !== undefined) this.f.set(counter, op("i32.add", get(counter), i32(1)));
        });
      } else this.#loops(0, loop, position.address, counter);
      this.finalizeReductions(ofRow, this.acrossRows);
    }
    this.section(kernel.after, position);
    this.reduceRow(position);
  }

  /** A piece of one row: its only stage, over a part of the first inner axis. */
  #piece(): void {
    const { f, kernel } = this;
    const { before, loop } = kernel.stages[0]!;
    const length = this.number("m0");
    const row = f.let("r", op("i32.div_u", get(this.begin), length));
    const start = f.let("start", op("i32.mul", row, length));
    const first = f.let("first", op("i32.sub", get(this.begin), start));
    const last = f.let("last", op("i32.sub", get(this.end), start));
    const { address } = this.cursorAt(row);
    this.section(before, this.single(address));
    const elements = kernel.inner.slice(1).reduce<Code<"i32">>(
      (count, _, axis) => op("i32.mul", count, this.number(`m${axis + 1}`)),
      first,
    );
    this.#loops(0, loop, address, this.#counterFor(loop, elements), { first, last });
  }

  /** Elements in row-major order, from any of them to any other. */
  #elements(): void {
    const { f, kernel } = this;
    const { loop } = kernel.stages[0]!;
    const whole = (access: number): Address => this.number(`o${access}`);
    if (kernel.inner.length === 0) {
      this.section(loop, this.single(whole));
    } else if (kernel.outer.length === 0) {
      this.#loops(0, loop, whole, undefined, { first: get(this.begin), last: get(this.end) });
    } else {
      const length = this.number("m0");
      const row = f.local("r", "i32");
      const done = f.local("done", "i32");
      f.set(row, op("i32.div_u", get(this.begin), length));
      f.set(done, op("i32.mul", get(row), length));
      const cursor = this.cursorAt(get(row));
      f.while(() => op("i32.lt_s", get(done), get(this.end)), () => {
        const skipped = f.let("skipped", op("i32.sub", get(this.begin), get(done)));
        const first = f.let("first", select(op("i32.gt_s", skipped, i32(0)), skipped, i32(0)));
        const rest = f.let("rest", op("i32.sub", get(this.end), get(done)));
        this.#loops(0, loop, cursor.address, undefined, { first, last: f.let("last", this.minimum(rest, length)) });
        cursor.advance();
        f.set(done, op("i32.add", get(done), length));
      });
    }
  }

  /** Where the number of the next element is kept, for reductions that ask for it. */
  #counterFor({ reductions }: Section, first: Code<"i32">): Local<"i32"> | undefined {
    if (!reductions.some(({ isIndex }) => isIndex)) return undefined;
    const counter = this.f.local("c", "i32");
    this.f.set(counter, first);
    return counter;
  }

  /** Inner axes, each of whose elements is one of each of the rows that are walked together. */
  #walk(axis: number, loop: Section, base: Addressing, body: (place: Addressing) => void): void {
    if (axis === this.kernel.inner.length) body(base);
    else this.#nest(axis, loop, base, undefined, (place) => this.#walk(axis + 1, loop, place, body));
  }

  /** A loop over an inner axis, element by element. */
  #nest(
    axis: number,
    loop: Section,
    base: Addressing,
    range: UnitRange | undefined,
    body: (place: Addressing) => void,
  ): void {
    const { f } = this;
    const moving = this.#moving(axis, loop, base, range);
    const advance = (): void => {
      for (const [access, pointer] of moving) {
        f.set(pointer, op("i32.add", get(pointer), this.step(access, axis, "inner")!)); // it moves
      }
    };
    if (LoopWriter.unrollsRow(this.kernel)) {
      for (let element = 0; element < this.kernel.inner[axis]!; element++) {
        if (element > 0) advance();
        body(addressingOf(moving, base));
      }
      return;
    }
    this.count(`j${axis}`, range?.first ?? i32(0), range?.last ?? this.number(`m${axis}`), 1, () => {
      body(addressingOf(moving, base));
      advance();
    });
  }

  /** For each access that an axis moves, a pointer that begins with the range. */
  #moving(axis: number, loop: Section, base: Addressing, range: UnitRange | undefined): Map<number, Local<"i32">> {
    const { f } = this;
    const moving = new Map<number, Local<"i32">>();
    for (const access of indexMapsOf(loop)) {
      const step = this.step(access, axis, "inner");
      const { pattern } = this.kernel.indexMaps[access]!;
      if (step === undefined || pattern === "alternating") continue;
      const pointer = f.local(`e${access}_${axis}`, "i32");
      const start = base(access);
      // Where elements are had twice, a range begins with a whole pair.
      const steps = range && (pattern === "repeated" ? op("i32.shr_u", range.first, i32(1)) : range.first);
      f.set(pointer, steps === undefined ? start : op("i32.add", start, op("i32.mul", steps, step)));
      moving.set(access, pointer);
    }
    return moving;
  }

  /** The inner loops; the last of them takes four elements at a time. */
  #loops(axis: number, loop: Section, base: Addressing, counter: Local<"i32"> | undefined, range?: UnitRange): void {
    const { kernel } = this;
    if (kernel.inner.length === 0) {
      this.section(loop, this.single(base));
      this.accumulate(loop, this.keep(countMask(i32(1))), laneNumbers);
    } else if (axis === kernel.inner.length - 1) {
      this.#vectors(axis, loop, base, counter, range);
    } else {
      this.#nest(axis, loop, base, range, (place) => this.#loops(axis + 1, loop, place, counter));
    }
  }

  #vectors(
    axis: number,
    loop: Section,
    base: Addressing,
    counter: Local<"i32"> | undefined,
    { first, last }: UnitRange = { first: i32(0), last: this.number(`m${axis}`) },
  ): void {
    const { f } = this;
    const moving = this.#moving(axis, loop, base, axis > 0 ? undefined : { first, last });
    const address = addressingOf(moving, base);
    const stride = (access: number): LaneStride => this.laneStride(access);
    const rest = f.local("rest", "i32");
    f.set(rest, op("i32.sub", last, first));
    const advance = (vectors: number): void => {
      for (const [access, pointer] of moving) {
        f.set(pointer, op("i32.add", get(pointer), this.bytesOver(access, axis, laneCount * vectors)));
      }
      f.set(rest, op("i32.sub", get(rest), i32(laneCount * vectors)));
      if (counter !== undefined) f.set(counter, op("i32.add", get(counter), i32(laneCount * vectors)));
    };
    const places = counter && (() => op("i32x4.add", op("i32x4.splat", get(counter)), laneNumbers));
    const isKnown = [...moving.keys()].every((access) => elementsOver(this.laneStride(access), 1) !== undefined);
    // Exact kernels add up in one order, whatever else they compute.
    const ordered = this.exact && loop.reductions.length > 0;
    const unroll = isKnown && !ordered ? unrollFactor(loop) : 1;
    if (unroll > 1) {
      // Each of the vectors has running results of its own, so that they do not wait for each other.
      const parts = Array.from(
        { length: unroll - 1 },
        () => loop.reductions.map((each) => new Accumulator(this, each)),
      );
      for (const each of parts.flat()) each.start();
      f.while(() => op("i32.ge_s", get(rest), i32(laneCount * unroll)), () => {
        for (let vector = 0; vector < unroll; vector++) {
          const offset = (access: number): number => this.#bytesTo(access, vector);
          this.section(loop, { address, stride, offset, count: "all" });
          this.accumulate(loop, undefined, undefined, parts[vector - 1]);
        }
        advance(unroll);
      });
      for (const part of parts) for (const each of part) this.accumulatorOf(each.reduction).merge(each);
    }
    f.while(() => op("i32.ge_s", get(rest), i32(laneCount)), () => {
      this.section(loop, { address, stride, count: "all" });
      this.accumulate(loop, undefined, places?.());
      advance(1);
    });
    f.if(op("i32.gt_s", get(rest), i32(0)), () => {
      const mask = this.keep(countMask(get(rest)));
      this.section(loop, { address, stride, count: get(rest), mask });
      this.accumulate(loop, mask, places?.());
      if (counter !== undefined) f.set(counter, op("i32.add", get(counter), get(rest)));
    });
  }
}

function addressingOf(moving: ReadonlyMap<number, Local<"i32">>, base: Addressing): Addressing {
  return (access) => {
    const pointer = moving.get(access);
    return pointer === undefined ? base(access) : get(pointer);
  };
}

/** Loops in WebAssembly. */
export const loopWriter: KindWriter<LoopKernel> = {
  prepare: joinPatterns,
  key: (kernel) => `${loopPartitionOf(kernel)} ${LoopWriter.unrollsRow(kernel) ? kernel.inner.join("x") : ""}`,
  prefix: (kernel) => loopPartitionOf(kernel) === "elements" ? "map" : "row",
  write(kernel, name, { imports, vectors }, options) {
    const writer = new LoopWriter(name, kernel, imports, vectors, options);
    const main = writer.main();
    const finalize = writer.slots > 0
      ? new LoopWriter(`${name}_finalize`, kernel, imports, vectors, options).finalize()
      : undefined;
    return { main, finalize: finalize, args: writer.args };
  },
  needs(kernel) {
    const cut = loopPartitionOf(kernel);
    const together = cut === "elements" || cut === "rows" && kernel.lanes === "outer" ? laneCount : 1;
    const slots = reductionSlotsOf(partialReductions(kernel, cut));
    return { partition: { ...loopWork(kernel, cut, together), slots }, scratchBytes: 0 };
  },
};
