/**
 * The JavaScript emitter: a kernel as the source text of one function.
 *
 * A kernel is called as `kernel(arrays, args, begin, end)`. It finds its arrays in `arrays` and all sizes, offsets and
 * strides in `args`, in the order in which the text asks for them; `begin` and `end` cut its outermost loop into
 * chunks. So kernels of the same structure are the same text, whatever their sizes.
 * @module
 */
import { isFloating } from "../../src/dtype.ts";
import type { Scalar } from "../../src/ops/elementwise.ts";
import type { ContractKernel, Id, Kernel, LoopKernel, Reduction, Section, Step } from "../kernel.ts";
import { convertExpression, elementwiseExpression, reductionStart, reductionStep } from "./js_expressions.ts";

/** A kernel as text, with the numbers that this use of it is called with. */
export interface EmittedKernel {
  readonly name: string;
  readonly source: string;
  /** For each number of `args`: a value, or the program's buffer that is array `array` of the kernel. */
  readonly args: readonly ({ readonly array: number } | number)[];
  /** How many units of the outermost loop there are; a call computes those from `begin` to `end`. */
  readonly extent: number;
  /** Functions that the text calls by these names. */
  readonly helpers: ReadonlyMap<string, Scalar>;
}

/** The text of a kernel. With `exact`, every operation is rounded to its dtype. */
export function emitJs(kernel: Kernel, options: { readonly exact: boolean }): EmittedKernel {
  return kernel.kind === "loops" ? new LoopEmitter(kernel, options.exact).emit() : new ContractEmitter(kernel, options.exact).emit();
}

/** Text in lines, with indentation, and the parameters it asks for. */
class Writer {
  readonly args: ({ readonly array: number } | number)[] = [];
  readonly helpers = new Map<string, Scalar>();
  readonly #lines: string[] = [];
  #depth = 1;

  line(text: string): void {
    this.#lines.push("  ".repeat(this.#depth) + text);
  }

  block(head: string, body: () => void): void {
    this.line(`${head} {`);
    this.#depth++;
    body();
    this.#depth--;
    this.line("}");
  }

  /** Declares a constant that is read from `args`. */
  parameter(name: string, value: number): string {
    this.line(`const ${name} = a[${this.args.length}];`);
    this.args.push(value);
    return name;
  }

  arrays(count: number): void {
    for (let array = 0; array < count; array++) {
      this.line(`const x${array} = b[a[${this.args.length}]];`);
      this.args.push({ array });
    }
  }

  finish(name: string, extent: number): EmittedKernel {
    const source = `function ${name}(b, a, begin, end) {\n${this.#lines.join("\n")}\n}`;
    return { name, source, args: this.args, extent, helpers: this.helpers };
  }
}

abstract class Emitter<K extends Kernel> {
  protected readonly writer = new Writer();
  protected readonly kernel: K;
  protected readonly exact: boolean;

  constructor(kernel: K, exact: boolean) {
    this.kernel = kernel;
    this.exact = exact;
  }

  /** One value computed. */
  protected step(step: Step, index: (access: number) => string): void {
    const { writer } = this;
    switch (step.kind) {
      case "load": {
        const { array } = this.kernel.accesses[step.access]!;
        writer.line(`const v${step.id} = x${array}[${index(step.access)}];`);
        return;
      }
      case "cast":
        writer.line(`const v${step.id} = ${convertExpression(`v${step.arg}`, step.from, step.to)};`);
        return;
      case "apply": {
        const text = elementwiseExpression(step.op, step.args.map((arg) => `v${arg}`), step.dtype, writer.helpers);
        const rounds = this.exact && step.result === "float32";
        writer.line(`const v${step.id} = ${rounds ? `Math.fround(${text})` : text};`);
        return;
      }
      default:
        step satisfies never;
    }
  }

  protected section(section: Section, index: (access: number) => string): void {
    for (const step of section.steps) this.step(step, index);
    for (const { access, arg } of section.stores) {
      this.writer.line(`x${this.kernel.accesses[access]!.array}[${index(access)}] = v${arg};`);
    }
  }

  /** The name of a kernel's function: letters, digits and underscores. */
  protected functionName(prefix: string): string {
    return `${prefix}_${this.kernel.name.replace(/[^A-Za-z0-9_]/g, "_")}`;
  }
}

class LoopEmitter extends Emitter<LoopKernel> {
  emit(): EmittedKernel {
    const { kernel, writer } = this;
    const { outer, inner, accesses } = kernel;
    const reduces = kernel.passes.some(({ loop }) => loop.reductions.length > 0) || kernel.after.reductions.length > 0;
    const flat = outer.length === 0 && inner.length === 1 && !reduces && kernel.passes.length === 1;
    writer.arrays(kernel.arrays);
    accesses.forEach((access, index) => {
      writer.parameter(`o${index}`, access.offset);
      access.outer.forEach((stride, axis) => this.#varies(access.outer, axis) && writer.parameter(`s${index}_${axis}`, stride));
      access.inner.forEach((stride, axis) => this.#needsStride(access.inner, axis) && writer.parameter(`t${index}_${axis}`, stride));
    });
    outer.forEach((size, axis) => axis > 0 && writer.parameter(`n${axis}`, size));
    if (!flat) inner.forEach((size, axis) => writer.parameter(`m${axis}`, size));
    this.section(kernel.prologue, (access) => `o${access}`);
    const totals = [...kernel.passes.flatMap(({ loop }) => loop.reductions), ...kernel.after.reductions].filter((each) => this.#isTotal(each.id));
    this.#startReductions(totals);
    if (flat) {
      writer.block("for (let j0 = begin; j0 < end; j0++)", () => this.#body(kernel.passes[0]!.loop, (access) => this.#flatIndex(access)));
    } else if (outer.length === 0) {
      this.#row((access) => `o${access}`);
    } else {
      writer.block("for (let r = begin; r < end; r++)", () => {
        this.#outerIndices();
        accesses.forEach((access, index) => {
          const terms = access.outer.flatMap((_, axis) => this.#varies(access.outer, axis) ? [`i${axis} * s${index}_${axis}`] : []);
          if (terms.length > 0) writer.line(`const p${index} = o${index} + ${terms.join(" + ")};`);
        });
        this.#row((access) => accesses[access]!.outer.some((_, axis) => this.#varies(accesses[access]!.outer, axis)) ? `p${access}` : `o${access}`);
      });
    }
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
      this.#startReductions(loop.reductions.filter((each) => !this.#isTotal(each.id)));
      const counts = loop.reductions.some(({ name }) => name === "argmax" || name === "argmin");
      if (counts) writer.line(`let c${pass} = 0;`);
      this.#loops(0, loop, base, counts ? `c${pass}` : undefined);
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
      moving.includes(access) ? `e${access}_${axis}` : used.includes(access) ? `${base(access)} + j${axis}` : base(access);
    const advance = [`j${axis}++`, ...moving.map((access) => `e${access}_${axis} += t${access}_${axis}`)];
    writer.block(`for (let j${axis} = 0; j${axis} < m${axis}; ${advance.join(", ")})`, () => this.#loops(axis + 1, loop, place, counter));
  }

  #body(loop: Section, index: (access: number) => string, counter?: string): void {
    this.section(loop, index);
    for (const each of loop.reductions) this.#reduce(each, counter);
    if (counter !== undefined) this.writer.line(`${counter}++;`);
  }

  #startReductions(reductions: readonly Reduction[]): void {
    for (const { id, name, dtype } of reductions) {
      this.writer.line(`let v${id} = ${reductionStart(name, dtype)};`);
      if (name === "argmax" || name === "argmin") this.writer.line(`let w${id} = ${name === "argmax" ? "-Infinity" : "Infinity"};`);
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

/** Rows and columns of the tile that is kept in registers. */
const tile = 4;

class ContractEmitter extends Emitter<ContractKernel> {
  emit(): EmittedKernel {
    const { kernel, writer } = this;
    const { accesses, outer, left, right } = kernel;
    writer.arrays(kernel.arrays);
    accesses.forEach((access, index) => {
      writer.parameter(`o${index}`, access.offset);
      access.outer.forEach((stride, axis) => writer.parameter(`s${index}_${axis}`, stride));
      writer.parameter(`r${index}`, access.inner[0]!);
      writer.parameter(`c${index}`, access.inner[1]!);
    });
    writer.parameter("rows", kernel.rows);
    writer.parameter("columns", kernel.columns);
    writer.parameter("depth", kernel.depth);
    writer.parameter("blocks", Math.ceil(kernel.rows / tile));
    outer.forEach((size, axis) => axis > 0 && writer.parameter(`n${axis}`, size));
    this.section(kernel.prologue, (access) => `o${access}`);
    writer.line(`const tile = new Float64Array(${tile * tile});`);
    const floating = isFloating(kernel.dtype);
    const multiplyAdd = (sum: string, x: string, y: string): string => floating ? `${sum} += ${x} * ${y};` : `${sum} = (${sum} + Math.imul(${x}, ${y})) | 0;`;
    const accumulate = (rows: readonly number[], columns: readonly number[], column: string): void => {
      writer.line(`let ${rows.flatMap((i) => columns.map((j) => `s${i}_${j} = 0`)).map((each) => `t${each}`).join(", ")};`);
      writer.line(`let e = q${left} + i * r${left}, f = q${right} + ${column} * c${right};`);
      writer.block(`for (let k = 0; k < depth; k++, e += c${left}, f += r${right})`, () => {
        for (const i of rows) writer.line(`const u${i} = x${accesses[left]!.array}[e${i === 0 ? "" : ` + ${i} * r${left}`}];`);
        for (const j of columns) {
          writer.line(`const w${j} = x${accesses[right]!.array}[f${j === 0 ? "" : ` + ${j} * c${right}`}];`);
          for (const i of rows) writer.line(multiplyAdd(`ts${i}_${j}`, `u${i}`, `w${j}`));
        }
      });
    };
    const all = [...Array(tile).keys()];
    writer.block("for (let block = begin; block < end; block++)", () => {
      if (outer.length > 0) {
        writer.line("let rest = (block / blocks) | 0;");
        writer.line("const i = (block - rest * blocks) * 4;".replace("4", String(tile)));
        for (let axis = outer.length - 1; axis > 0; axis--) {
          writer.line(`const h${axis} = rest % n${axis};`);
          writer.line(`rest = (rest / n${axis}) | 0;`);
        }
        writer.line("const h0 = rest;");
      } else {
        writer.line(`const i = block * ${tile};`);
      }
      accesses.forEach((_, index) => {
        writer.line(`const q${index} = ${[`o${index}`, ...outer.map((_, axis) => `h${axis} * s${index}_${axis}`)].join(" + ")};`);
      });
      writer.line(`const height = Math.min(${tile}, rows - i);`);
      writer.block(`for (let j = 0; j < columns; j += ${tile})`, () => {
        writer.line(`const width = Math.min(${tile}, columns - j);`);
        writer.block(`if (height === ${tile} && width === ${tile})`, () => {
          accumulate(all, all, "j");
          for (const i of all) writer.line(all.map((j) => `tile[${i * tile + j}] = ts${i}_${j};`).join(" "));
        });
        writer.block(`else if (height === ${tile})`, () => {
          writer.block("for (let jj = 0; jj < width; jj++)", () => {
            accumulate(all, [0], "(j + jj)");
            for (const i of all) writer.line(`tile[${i * tile} + jj] = ts${i}_0;`);
          });
        });
        writer.block("else", () => {
          writer.block("for (let ii = 0; ii < height; ii++)", () => {
            writer.block("for (let jj = 0; jj < width; jj++)", () => {
              writer.line("let sum = 0;");
              writer.line(`let e = q${left} + (i + ii) * r${left}, f = q${right} + (j + jj) * c${right};`);
              writer.block(`for (let k = 0; k < depth; k++, e += c${left}, f += r${right})`, () => {
                writer.line(multiplyAdd("sum", `x${accesses[left]!.array}[e]`, `x${accesses[right]!.array}[f]`));
              });
              writer.line(`tile[ii * ${tile} + jj] = sum;`);
            });
          });
        });
        this.#finish();
      });
    });
    const extent = outer.reduce((product, size) => product * size, Math.ceil(kernel.rows / tile));
    return writer.finish(this.functionName("contract"), extent);
  }

  /** What is done with each element of a finished tile. */
  #finish(): void {
    const { kernel, writer } = this;
    writer.block("for (let ii = 0; ii < height; ii++)", () => {
      writer.block("for (let jj = 0; jj < width; jj++)", () => {
        const sum = `tile[ii * ${tile} + jj]`;
        writer.line(`const v${kernel.result} = ${this.exact && kernel.dtype === "float32" ? `Math.fround(${sum})` : sum};`);
        this.section(kernel.epilogue, (access) => `q${access} + (i + ii) * r${access} + (j + jj) * c${access}`);
      });
    });
  }
}
