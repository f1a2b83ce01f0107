/**
 * Scatters in JavaScript: updates are added to sums in float64, one after the other, and the sums are stored when all
 * have been looked at.
 *
 * Along one axis an update is found by its stride; where indices have several, by a table of offsets that each call makes
 * first.
 * @module
 */
import type { ScatterKernel } from "./kernel.ts";
import type { EmittedKernel } from "../../emit/emitted.ts";
import type { JsText } from "../../emit/js/load_js.ts";
import { Emitter, Writer } from "../../emit/js/js_writer.ts";
import { rowBlocks, scatterPartitionOf, scatterSizesOf, scatterWorkPartition } from "./partition.ts";

/** Writes a {@linkcode ScatterKernel}. */
export class ScatterEmitter extends Emitter<ScatterKernel> {
  readonly #sizes = scatterSizesOf(this.kernel);
  readonly #block = rowBlocks(this.kernel);
  readonly #isRow = this.kernel.inner.length > 0;
  readonly #cutsUpdates = scatterPartitionOf(this.kernel) === "updates";
  /** How many sums a call leaves that has some of the updates. */
  readonly #slots = this.#sizes.outer * this.#sizes.rows * this.#sizes.inner;

  /** The kernel as text. */
  emit(): EmittedKernel<JsText> {
    const { writer, kernel } = this;
    const name = this.functionName("scatter");
    this.#header();
    if (this.#cutsUpdates) this.#updates();
    else this.#rows();
    const source = writer.function(name, this.#cutsUpdates ? "b, a, begin, end, p, q" : "b, a, begin, end");
    const { args, helpers } = writer;
    const finalize = this.#cutsUpdates ? this.#finalize(`${name}_finalize`, helpers) : undefined;
    return {
      args,
      partition: scatterWorkPartition(kernel, this.#slots),
      scratchBytes: 0,
      text: { target: "js", name, source, finalize: finalize, helpers: [...helpers] },
    };
  }

  /** The numbers that both functions begin with. */
  #header(): void {
    const { kernel, writer } = this;
    writer.arrays(kernel.arrays);
    kernel.indexMaps.forEach(({ offset }, index) => writer.parameter(`o${index}`, offset));
    if (this.#cutsUpdates) writer.parameter("slots", this.#slots);
  }

  /** The numbers by which updates are found. */
  #parameters(): void {
    const { kernel, writer } = this;
    const { added, indices, updates, outer } = kernel;
    writer.parameter("length", kernel.length);
    if (this.#isRow) writer.parameter("inner", this.#sizes.inner);
    outer.forEach((size, axis) => {
      if (axis > 0) writer.parameter(`n${axis}`, size);
      writer.parameter(`s${axis}`, kernel.indexMaps[added]!.outer[axis]!);
    });
    if (this.#isRow) writer.parameter("step", kernel.indexMaps[added]!.inner.at(-1)!);
    for (const access of [indices, added]) {
      const strides = kernel.indexMaps[access]!.inner;
      updates.forEach((_, axis) => writer.parameter(`t${access}_${axis}`, strides[axis]!));
    }
    if (updates.length < 2) return;
    updates.forEach((size, axis) => writer.parameter(`m${axis}`, size));
    const list = (name: string): string => `[${updates.map((_, axis) => `${name}${axis}`).join(", ")}]`;
    writer.helpers.add("offsetTable");
    [indices, added].forEach((access, index) =>
      writer.line(`const t${access} = offsetTable(${1 + index}, ${list("m")}, ${list(`t${access}_`)});`)
    );
  }

  /** Blocks of rows, each added up from all updates that it has. */
  #rows(): void {
    const { kernel: { result, indexMaps }, writer } = this;
    this.#parameters();
    writer.parameter("updates", this.#sizes.updates);
    writer.parameter("blockRows", this.#block.rows);
    writer.parameter("blocks", this.#block.blocks);
    writer.helpers.add("panel");
    writer.line(`const sums = panel(Float64Array, 0, ${this.#numbers("blockRows")});`);
    writer.block("for (let unit = begin; unit < end; unit++)", () => {
      writer.line("const place = (unit / blocks) | 0;");
      writer.line("const first = (unit - place * blocks) * blockRows;");
      writer.line("const rows = Math.min(blockRows, length - first);");
      writer.line(`const size = ${this.#numbers("rows")};`);
      writer.line("sums.fill(0, 0, size);");
      this.#add("0", "updates", () => {
        writer.line("const row = index - first;");
        writer.line("if (row < 0 || row >= rows) continue;");
        return { sums: "sums", start: this.#numbers("row") };
      });
      writer.line(`const start = o${result} + ${this.#numbers("(place * length + first)")};`);
      const x = `x${indexMaps[result]!.array}`;
      writer.line(`for (let k = 0; k < size; k++) ${x}[start + k] = sums[k];`);
    });
  }

  /** All rows, added up from some of the updates. */
  #updates(): void {
    const { writer } = this;
    this.#parameters();
    writer.parameter("outer", this.#sizes.outer);
    writer.line("p.fill(0, q, q + slots);");
    writer.block("for (let place = 0; place < outer; place++)", () => {
      writer.line(`const start = q + ${this.#numbers("place * length")};`);
      this.#add("begin", "end", () => ({ sums: "p", start: `start + ${this.#numbers("index")}` }));
    });
  }

  /** What is made of the sums that `count` calls have left. */
  #finalize(name: string, helpers: Set<string>): string {
    const { result, indexMaps } = this.kernel;
    const writer = this.writer = new Writer(helpers);
    this.#header();
    writer.block("for (let k = 0; k < slots; k++)", () => {
      writer.line("let sum = p[k];");
      writer.line("for (let c = 1; c < count; c++) sum += p[c * slots + k];");
      writer.line(`x${indexMaps[result]!.array}[o${result} + k] = sum;`);
    });
    return writer.function(name, "b, a, p, count");
  }

  /** A number of rows as a number of numbers. */
  #numbers(rows: string): string {
    return this.#isRow ? `${rows} * inner` : rows;
  }

  /** Adds the updates from `first` to before `last`; `target` says where, once the index is known. */
  #add(first: string, last: string, target: () => { readonly sums: string; readonly start: string }): void {
    const { kernel, writer } = this;
    const { outer, added, indices, indexMaps } = kernel;
    const [x, y] = [added, indices].map((access) => `x${indexMaps[access]!.array}`);
    let rest = "place";
    for (let axis = outer.length - 1; axis > 0; axis--) {
      writer.line(`const g${axis} = (${rest} / n${axis}) | 0;`);
      writer.line(`const h${axis} = ${rest} - g${axis} * n${axis};`);
      rest = `g${axis}`;
    }
    const terms = outer.map((_, axis) => `${axis === 0 ? rest : `h${axis}`} * s${axis}`);
    writer.line(`const from = ${[`o${added}`, ...terms].join(" + ")};`);
    const moved = (access: number): string =>
      kernel.updates.length === 0 ? "" : kernel.updates.length === 1 ? ` + i * t${access}_0` : ` + t${access}[i]`;
    writer.helpers.add("outOfRange");
    writer.block(`for (let i = ${first}; i < ${last}; i++)`, () => {
      writer.line(`const given = ${y}[o${indices}${moved(indices)}];`);
      writer.line("const index = given < 0 ? given + length : given;");
      writer.line("if (!(index >= 0 && index < length)) outOfRange(0, given);");
      const { sums, start } = target();
      if (this.#isRow) {
        const head = `for (let j = 0, k = ${start}, e = from${moved(added)}; j < inner; j++, k++, e += step)`;
        writer.line(`${head} ${sums}[k] += ${x}[e];`);
      } else writer.line(`${sums}[${start}] += ${x}[from${moved(added)}];`);
    });
  }
}
