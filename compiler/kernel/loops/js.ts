/**
 * Loop kernels in JavaScript: maps over elements, and rows with their stages and reductions.
 *
 * A call computes a range of units, see partition.ts. What a reduction over several calls has come to is left as partial
 * results, which a second function, `finalize`, combines in the order of the units.
 * @module
 */
import { sizeOf } from "../../../src/shape.ts";
import type { LoopKernel } from "./kernel.ts";
import { type Id, indexMapsOf, type Reduction, type Section } from "../kernel.ts";
import type { EmittedKernel } from "../../emit/emitted.ts";
import type { JsText } from "../../emit/js/load_js.ts";
import { reductionStart, reductionStep } from "../../emit/js/js_expressions.ts";
import { Emitter, Writer } from "../../emit/js/js_writer.ts";
import { loopPartitionOf, loopWork, partialReductions } from "./partition.ts";

/** Where the access of this number begins, as text. */
type ElementLocation = (access: number) => string;

/** The elements of the first inner axis that are walked, as text, when they are not all. */
interface LineRange {
  readonly first: string;
  readonly last: string;
}

/** Writes a {@linkcode LoopKernel}. */
export class LoopEmitter extends Emitter<LoopKernel> {
  readonly #cut = loopPartitionOf(this.kernel);
  /** The reductions that end beyond a call, in the order of the partial results that chunks leave of them. */
  readonly #partials = partialReductions(this.kernel, this.#cut);

  /** The kernel as text. */
  emit(): EmittedKernel<JsText> {
    const { kernel, writer } = this;
    const name = this.functionName(this.#cut === "elements" ? "map" : "row");
    this.#header();
    this.#startReductions(this.#partials);
    switch (this.#cut) {
      case "elements":
        this.#elements();
        break;
      case "rows":
        this.#rows("let r = begin; r < end; r++", (place) => this.#row(place));
        break;
      case "pieces":
        this.#piece();
        break;
      default:
        this.#cut satisfies never;
    }
    let slot = 0;
    for (const { id, isIndex } of this.#partials) {
      if (isIndex) writer.line(`p[q + ${slot++}] = w${id};`);
      writer.line(`p[q + ${slot++}] = v${id};`);
    }
    const source = writer.function(name, slot > 0 ? "b, a, begin, end, p, q" : "b, a, begin, end");
    const { args, helpers } = writer;
    const finalize = slot > 0 ? this.#finalize(`${name}_finalize`, slot, helpers) : undefined;
    return {
      args,
      partition: { ...loopWork(kernel, this.#cut, 1), slots: slot },
      scratchBytes: 0,
      text: { target: "js", name, source, finalize: finalize, helpers: [...helpers] },
    };
  }

  /** Arrays, offsets, strides and sizes, and the values that never change. */
  #header(): void {
    const { kernel, writer } = this;
    const { outer, inner, indexMaps } = kernel;
    writer.arrays(kernel.arrays);
    indexMaps.forEach((access, index) => {
      writer.parameter(`o${index}`, access.offset);
      access.outer.forEach((stride, axis) => stride !== 0 && writer.parameter(`s${index}_${axis}`, stride));
      access.inner.forEach((stride, axis) =>
        this.#needsStride(access.inner, axis) && writer.parameter(`t${index}_${axis}`, stride)
      );
    });
    this.stepParameters();
    outer.forEach((size, axis) => axis > 0 && writer.parameter(`n${axis}`, size));
    const flat = this.#cut === "elements" && outer.length === 0;
    if (!flat) inner.forEach((size, axis) => writer.parameter(`m${axis}`, size));
    if (this.#cut === "pieces") writer.parameter("rows", sizeOf(outer));
    this.section(kernel.prologue, (access) => `o${access}`);
  }

  /** Whether a reduction runs over all rows. */
  #isTotal(id: Id): boolean {
    return this.kernel.totals.has(id);
  }

  #needsStride(strides: readonly number[], axis: number): boolean {
    return strides[axis] !== 0 && !(strides[axis] === 1 && axis === strides.length - 1);
  }

  /** Elements in row-major order, from any of them to any other. */
  #elements(): void {
    const { kernel, writer } = this;
    const { loop } = kernel.stages[0]!;
    if (kernel.inner.length === 0) {
      this.section(loop, (access) => `o${access}`);
    } else if (kernel.outer.length === 0) {
      writer.block(
        "for (let j0 = begin; j0 < end; j0++)",
        () => this.section(loop, (access) => this.#flatIndex(access)),
      );
    } else {
      this.#rows("let r = (begin / m0) | 0, done = r * m0; done < end; r++, done += m0", (place) => {
        writer.line("const first = Math.max(begin - done, 0);");
        writer.line("const last = Math.min(end - done, m0);");
        this.#loops(0, loop, place, undefined, { first: "first", last: "last" });
      });
    }
  }

  #flatIndex(access: number): string {
    const [stride] = this.kernel.indexMaps[access]!.inner;
    return stride === 0 ? `o${access}` : stride === 1 ? `o${access} + j0` : `o${access} + j0 * t${access}_0`;
  }

  /** A loop over rows, in which each access has the place where its row begins. */
  #rows(head: string, body: (place: ElementLocation) => void): void {
    const { kernel, writer } = this;
    if (kernel.outer.length === 0) {
      body((access) => `o${access}`);
      return;
    }
    writer.block(`for (${head})`, () => {
      this.#outerIndices();
      body(this.#rowPlaces());
    });
  }

  /** `i0, i1, …` from the row's number. */
  #outerIndices(): void {
    const { outer } = this.kernel;
    let rest = "r";
    for (let axis = outer.length - 1; axis > 0; axis--) {
      this.writer.line(`const q${axis} = (${rest} / n${axis}) | 0;`);
      this.writer.line(`const i${axis} = ${rest} - q${axis} * n${axis};`);
      rest = `q${axis}`;
    }
    this.writer.line(`const i0 = ${rest};`);
  }

  /** Declares where the row begins for each access that varies from row to row. */
  #rowPlaces(): ElementLocation {
    const { indexMaps } = this.kernel;
    const terms = indexMaps.map((access, index) =>
      access.outer.flatMap((stride, axis) => stride !== 0 ? [`i${axis} * s${index}_${axis}`] : [])
    );
    terms.forEach((each, index) => {
      if (each.length > 0) this.writer.line(`const p${index} = o${index} + ${each.join(" + ")};`);
    });
    return (access) => terms[access]!.length > 0 ? `p${access}` : `o${access}`;
  }

  /** A whole row. */
  #row(place: ElementLocation): void {
    const { kernel, writer } = this;
    kernel.stages.forEach(({ before, loop }, stage) => {
      this.section(before, place);
      if (loop.stores.length === 0 && loop.reductions.length === 0) return;
      const ofRow = loop.reductions.filter((each) => !this.#isTotal(each.id));
      this.#startReductions(ofRow);
      const counts = loop.reductions.some(({ isIndex }) => isIndex);
      if (counts) writer.line(`let c${stage} = 0;`);
      // A block, so that the stages may use the same names.
      writer.block("", () => this.#loops(0, loop, place, counts ? `c${stage}` : undefined));
      this.#roundReductions(ofRow);
    });
    this.section(kernel.after, place);
    for (const each of kernel.after.reductions) this.#reduce(each, `v${each.arg}`, undefined);
  }

  /** A piece of one row: its only stage, over a part of the first inner axis. */
  #piece(): void {
    const { kernel, writer } = this;
    const { before, loop } = kernel.stages[0]!;
    writer.line("const r = (begin / m0) | 0;");
    writer.line("const first = begin - r * m0;");
    writer.line("const last = end - r * m0;");
    if (kernel.outer.length > 0) this.#outerIndices();
    const place = this.#rowPlaces();
    this.section(before, place);
    const counts = loop.reductions.some(({ isIndex }) => isIndex);
    if (counts) {
      writer.line(`let c0 = ${["first", ...kernel.inner.slice(1).map((_, axis) => `m${axis + 1}`)].join(" * ")};`);
    }
    this.#loops(0, loop, place, counts ? "c0" : undefined, { first: "first", last: "last" });
  }

  /** What is made of the partial results of `count` chunks. */
  #finalize(name: string, slots: number, helpers: Set<string>): string {
    const { kernel } = this;
    const writer = this.writer = new Writer(helpers);
    this.#header();
    const combine = (reductions: readonly Reduction[], range: string): void => {
      writer.block(`for (${range})`, () => {
        let slot = 0;
        for (const each of reductions) {
          const at = (): string => `p[c * ${slots} + ${slot++}]`;
          const [value, place] = each.isIndex ? [at(), at()] : [at(), undefined];
          this.#reduce(each, value, place);
        }
      });
    };
    const totals = this.#partials.concat(this.#cut === "pieces" ? kernel.after.reductions : [])
      .filter(({ id }) => this.#isTotal(id));
    this.#startReductions(totals);
    if (this.#cut === "pieces") {
      writer.line("const pieces = count / rows;");
      writer.block("for (let r = 0; r < rows; r++)", () => {
        if (kernel.outer.length > 0) this.#outerIndices();
        const place = this.#rowPlaces();
        this.section(kernel.stages[0]!.before, place);
        const ofRow = this.#partials.filter(({ id }) => !this.#isTotal(id));
        this.#startReductions(ofRow);
        combine(this.#partials, "let c = r * pieces; c < (r + 1) * pieces; c++");
        this.#roundReductions(ofRow);
        this.section(kernel.after, place);
        for (const each of kernel.after.reductions) this.#reduce(each, `v${each.arg}`, undefined);
      });
    } else {
      combine(this.#partials, "let c = 0; c < count; c++");
    }
    this.#roundReductions(totals);
    this.section(kernel.total, (access) => `o${access}`);
    return writer.function(name, "b, a, p, count");
  }

  /** The inner loops, one axis at a time; each access keeps its place in a variable per axis. */
  #loops(axis: number, loop: Section, base: ElementLocation, counter: string | undefined, range?: LineRange): void {
    const { kernel, writer } = this;
    const { inner, indexMaps } = kernel;
    if (axis === inner.length) {
      this.section(loop, base);
      for (const each of loop.reductions) this.#reduce(each, `v${each.arg}`, counter);
      if (counter !== undefined) writer.line(`${counter}++;`);
      return;
    }
    const last = axis === inner.length - 1;
    const used = indexMapsOf(loop).filter((access) => indexMaps[access]!.inner[axis] !== 0);
    const moving = used.filter((access) => !(last && indexMaps[access]!.inner[axis] === 1));
    const from = (access: number): string =>
      range === undefined
        ? ""
        : ` + ${range.first}${this.#needsStride(indexMaps[access]!.inner, axis) ? ` * t${access}_${axis}` : ""}`;
    for (const access of moving) writer.line(`let e${access}_${axis} = ${base(access)}${from(access)};`);
    const place = (access: number): string =>
      moving.includes(access)
        ? `e${access}_${axis}`
        : used.includes(access)
        ? `${base(access)} + j${axis}`
        : base(access);
    const step = (access: number): string =>
      this.#needsStride(indexMaps[access]!.inner, axis) ? `t${access}_${axis}` : "1";
    const advance = [`j${axis}++`, ...moving.map((access) => `e${access}_${axis} += ${step(access)}`)];
    writer.block(
      `for (let j${axis} = ${range?.first ?? 0}; j${axis} < ${range?.last ?? `m${axis}`}; ${advance.join(", ")})`,
      () => this.#loops(axis + 1, loop, place, counter),
    );
  }

  #startReductions(reductions: readonly Reduction[]): void {
    for (const { id, name, isIndex, dtype } of reductions) {
      this.writer.line(`let v${id} = ${reductionStart(name, dtype)};`);
      if (isIndex) {
        this.writer.line(`let w${id} = ${name === "argmax" ? "-Infinity" : "Infinity"};`);
      }
    }
  }

  /** A running result is more precise than its dtype; what is computed from it is given it rounded. */
  #roundReductions(reductions: readonly Reduction[]): void {
    if (!this.exact) return;
    for (const { id, name, dtype } of reductions) {
      if (dtype === "float32" && (name === "sum" || name === "prod")) this.writer.line(`v${id} = Math.fround(v${id});`);
    }
  }

  #reduce({ id, name, dtype }: Reduction, value: string, counter: string | undefined): void {
    for (const text of reductionStep(name, dtype, id, value, counter)) this.writer.line(text);
  }
}
