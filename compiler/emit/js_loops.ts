/**
 * Loop kernels in JavaScript: maps over elements, and rows with their passes and reductions.
 * @module
 */
import type { Id, LoopKernel, Reduction, Section } from "../kernel.ts";
import { isArgReduction } from "../kinds.ts";
import { reductionStart, reductionStep } from "./js_expressions.ts";
import { type EmittedKernel, Emitter } from "./js_writer.ts";

/** Writes a {@linkcode LoopKernel}. */
export class LoopEmitter extends Emitter<LoopKernel> {
  /** The kernel as text. */
  emit(): EmittedKernel {
    const { kernel, writer } = this;
    const { outer, inner, accesses } = kernel;
    const reduces = kernel.passes.some(({ loop }) => loop.reductions.length > 0) || kernel.after.reductions.length > 0;
    const flat = outer.length === 0 && inner.length === 1 && !reduces && kernel.passes.length === 1;
    writer.arrays(kernel.arrays);
    accesses.forEach((access, index) => {
      writer.parameter(`o${index}`, access.offset);
      access.outer.forEach((stride, axis) =>
        this.#varies(access.outer, axis) && writer.parameter(`s${index}_${axis}`, stride)
      );
      access.inner.forEach((stride, axis) =>
        this.#needsStride(access.inner, axis) && writer.parameter(`t${index}_${axis}`, stride)
      );
    });
    outer.forEach((size, axis) => axis > 0 && writer.parameter(`n${axis}`, size));
    if (!flat) inner.forEach((size, axis) => writer.parameter(`m${axis}`, size));
    this.section(kernel.prologue, (access) => `o${access}`);
    const totals = [...kernel.passes.flatMap(({ loop }) => loop.reductions), ...kernel.after.reductions].filter((
      each,
    ) => this.#isTotal(each.id));
    this.#startReductions(totals);
    if (flat) {
      writer.block(
        "for (let j0 = begin; j0 < end; j0++)",
        () => this.#body(kernel.passes[0]!.loop, (access) => this.#flatIndex(access)),
      );
    } else if (outer.length === 0) {
      this.#row((access) => `o${access}`);
    } else {
      writer.block("for (let r = begin; r < end; r++)", () => {
        this.#outerIndices();
        accesses.forEach((access, index) => {
          const terms = access.outer.flatMap((_, axis) =>
            this.#varies(access.outer, axis) ? [`i${axis} * s${index}_${axis}`] : []
          );
          if (terms.length > 0) writer.line(`const p${index} = o${index} + ${terms.join(" + ")};`);
        });
        this.#row((access) =>
          accesses[access]!.outer.some((_, axis) => this.#varies(accesses[access]!.outer, axis))
            ? `p${access}`
            : `o${access}`
        );
      });
    }
    this.#roundReductions(totals);
    this.section(kernel.total, (access) => `o${access}`);
    const extent = flat ? inner[0]! : outer.reduce((product, size) => product * size, 1);
    return writer.finish(this.functionName(reduces || kernel.passes.length > 1 ? "row" : "map"), extent);
  }

  /** Whether a reduction runs over all rows. */
  #isTotal(id: Id): boolean {
    return this.kernel.totals.has(id);
  }

  #varies(strides: readonly number[], axis: number): boolean {
    return strides[axis] !== 0;
  }

  #needsStride(strides: readonly number[], axis: number): boolean {
    return strides[axis] !== 0 && !(strides[axis] === 1 && axis === strides.length - 1);
  }

  #flatIndex(access: number): string {
    const [stride] = this.kernel.accesses[access]!.inner;
    return stride === 0 ? `o${access}` : stride === 1 ? `o${access} + j0` : `o${access} + j0 * t${access}_0`;
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

  #row(base: (access: number) => string): void {
    const { kernel, writer } = this;
    kernel.passes.forEach(({ before, loop }, pass) => {
      this.section(before, base);
      if (loop.stores.length === 0 && loop.reductions.length === 0) return;
      const ofRow = loop.reductions.filter((each) => !this.#isTotal(each.id));
      this.#startReductions(ofRow);
      const counts = loop.reductions.some(({ name }) => isArgReduction(name));
      if (counts) writer.line(`let c${pass} = 0;`);
      // A block, so that the passes may use the same names.
      writer.block("", () => this.#loops(0, loop, base, counts ? `c${pass}` : undefined));
      this.#roundReductions(ofRow);
    });
    this.section(kernel.after, base);
    for (const each of kernel.after.reductions) this.#reduce(each, undefined);
  }

  /** The inner loops, one axis at a time; each access keeps its place in a variable per axis. */
  #loops(axis: number, loop: Section, base: (access: number) => string, counter: string | undefined): void {
    const { kernel, writer } = this;
    const { inner, accesses } = kernel;
    if (axis === inner.length) {
      this.#body(loop, base, counter);
      return;
    }
    const last = axis === inner.length - 1;
    const used = accessesOf(loop).filter((access) => accesses[access]!.inner[axis] !== 0);
    const moving = used.filter((access) => !(last && accesses[access]!.inner[axis] === 1));
    for (const access of moving) writer.line(`let e${access}_${axis} = ${base(access)};`);
    const place = (access: number): string =>
      moving.includes(access)
        ? `e${access}_${axis}`
        : used.includes(access)
        ? `${base(access)} + j${axis}`
        : base(access);
    const advance = [`j${axis}++`, ...moving.map((access) => `e${access}_${axis} += t${access}_${axis}`)];
    writer.block(
      `for (let j${axis} = 0; j${axis} < m${axis}; ${advance.join(", ")})`,
      () => this.#loops(axis + 1, loop, place, counter),
    );
  }

  #body(loop: Section, index: (access: number) => string, counter?: string): void {
    this.section(loop, index);
    for (const each of loop.reductions) this.#reduce(each, counter);
    if (counter !== undefined) this.writer.line(`${counter}++;`);
  }

  #startReductions(reductions: readonly Reduction[]): void {
    for (const { id, name, dtype } of reductions) {
      this.writer.line(`let v${id} = ${reductionStart(name, dtype)};`);
      if (isArgReduction(name)) {
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

  #reduce({ id, name, dtype, arg }: Reduction, counter: string | undefined): void {
    for (const text of reductionStep(name, dtype, id, `v${arg}`, counter)) this.writer.line(text);
  }
}

function accessesOf(section: Section): number[] {
  const loads = section.steps.flatMap((step) => step.kind === "load" ? [step.access] : []);
  return [...new Set([...loads, ...section.stores.map((store) => store.access)])];
}
