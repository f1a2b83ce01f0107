/**
 * Contractions in JavaScript: a tile of 4×4 sums in registers, from operands packed into panels.
 *
 * Packing copies the right operand into panels of four columns, once, and four rows of the left operand at a time,
 * each padded with zeros, so that the inner loop reads both in order, wherever their elements lie, and needs no special
 * case at the edges. Where that would cost more than it saves, sums are taken straight from the operands.
 *
 * Rows, columns and depth are counted through, however many axes each of them has. Along one axis an element is found
 * by its stride; where there are several, by a table of offsets that each call makes first.
 * @module
 */
import { dimensionsOf } from "./axes.ts";
import { sizeOf } from "../../../src/shape.ts";
import { isFloating } from "../../../src/dtype.ts";
import type { ContractKernel } from "./kernel.ts";
import { convertExpression } from "../../emit/js/js_expressions.ts";
import type { EmittedKernel } from "../../emit/emitted.ts";
import type { JsText } from "../../emit/js/load_js.ts";
import { Emitter } from "../../emit/js/js_writer.ts";

/** Rows and columns of the tile that is kept in registers. */
const tile = 4;
const all: readonly number[] = [...Array(tile).keys()];

/** Packing copies each element once, so it waits until each is used in several tiles and the inner loop has some length. */
const packedRows = 16;
const packedDepth = 8;

/**
 * Every call packs the right operand anew, so there are few calls: of this many rows of tiles at least, and no more than
 * so many in all.
 */
const packedBlocks = 8;
const packedCalls = 8;

/** The slots of `panel` that the packed operands take; those after them are for tables. */
const panels = 2;

/** What is counted through as one, whatever axes it has. */
type DimensionGroup = "rows" | "columns" | "depth";

/** Writes a {@linkcode ContractKernel}. */
export class ContractEmitter extends Emitter<ContractKernel> {
  readonly #floating = isFloating(this.kernel.dtype);
  readonly #sizes: Readonly<Record<DimensionGroup, number>> = {
    rows: sizeOf(this.kernel.lhsFree),
    columns: sizeOf(this.kernel.rhsFree),
    depth: sizeOf(this.kernel.contracting),
  };

  /** The kernel as text. */
  emit(): EmittedKernel<JsText> {
    const { kernel, writer } = this;
    const { outer } = kernel;
    const { rows, columns, depth } = this.#sizes;
    const packed = rows >= packedRows && columns >= tile && depth >= packedDepth;
    this.#parameters();
    this.section(kernel.prologue, (access) => `o${access}`);
    const Panel = this.#floating ? "Float64Array" : "Int32Array";
    writer.line(`const tile = new ${Panel}(${tile * tile});`);
    if (packed) {
      writer.helpers.add("panel");
      writer.line(`const panelLeft = panel(${Panel}, 0, ${tile} * depth);`);
      writer.line(`const panelsRight = panel(${Panel}, 1, Math.ceil(columns / ${tile}) * ${tile} * depth);`);
      writer.line("let packedStack = -1;");
    }
    writer.block("for (let block = begin; block < end; block++)", () => {
      this.#findBlock();
      if (packed) {
        writer.block("if (packedStack !== stack)", () => this.#packRight());
        this.#packLeft();
      }
      writer.block(`for (let j = 0; j < columns; j += ${tile})`, () => {
        writer.line(`const width = Math.min(${tile}, columns - j);`);
        if (packed) this.#packedTile();
        else this.#directTile();
        this.#storeTile();
      });
    });
    const name = this.functionName("contract");
    const units = sizeOf(outer) * Math.ceil(rows / tile);
    const source = writer.function(name, "b, a, begin, end");
    return {
      args: writer.args,
      scratchBytes: 0,
      text: { target: "js", name, source, finalize: undefined, helpers: [...writer.helpers] },
      partition: {
        units,
        period: units,
        together: 1,
        unitWork: tile * columns * depth,
        leastUnits: packed ? Math.max(packedBlocks, Math.ceil(units / packedCalls)) : 1,
        slots: 0,
      },
    };
  }

  /** Which groups an access walks, in the order of its inner strides. */
  #groupsOf(access: number): readonly [DimensionGroup, DimensionGroup] {
    const { left, right } = this.kernel;
    return [access === right ? "depth" : "rows", access === left ? "depth" : "columns"];
  }

  /** Declares the numbers of a call: for each access `r` and `c`, the strides of its two groups, or tables in their place. */
  #parameters(): void {
    const { kernel, writer } = this;
    const groups = ["rows", "columns", "depth"] as const;
    writer.arrays(kernel.arrays);
    kernel.indexMaps.forEach(({ offset, outer, inner }, index) => {
      writer.parameter(`o${index}`, offset);
      outer.forEach((stride, axis) => writer.parameter(`s${index}_${axis}`, stride));
      const [first, second] = this.#groupsOf(index);
      const strides = {
        r: inner.slice(0, dimensionsOf(kernel)[first].length),
        c: inner.slice(dimensionsOf(kernel)[first].length),
      };
      for (const [name, group] of [["r", first], ["c", second]] as const) {
        if (this.#hasTables(group)) {
          strides[name].forEach((stride, axis) => writer.parameter(`${name}${index}_${axis}`, stride));
        } else writer.parameter(`${name}${index}`, strides[name][0] ?? 0);
      }
    });
    this.stepParameters();
    for (const group of groups) writer.parameter(group, this.#sizes[group]);
    writer.parameter("blocks", Math.ceil(this.#sizes.rows / tile));
    kernel.outer.forEach((size, axis) => axis > 0 && writer.parameter(`n${axis}`, size));
    for (const group of groups.filter((each) => this.#hasTables(each))) {
      dimensionsOf(kernel)[group].forEach((size, axis) => writer.parameter(`${group}${axis}`, size));
    }
    let slot = panels;
    kernel.indexMaps.forEach((_, index) => {
      for (const [position, group] of this.#groupsOf(index).entries()) {
        if (!this.#hasTables(group)) continue;
        const name = `${position === 0 ? "r" : "c"}${index}`;
        const list = (each: string): string =>
          `[${dimensionsOf(kernel)[group].map((_, axis) => `${each}${axis}`).join(", ")}]`;
        writer.helpers.add("offsetTable");
        writer.line(`const ${name} = offsetTable(${slot++}, ${list(group)}, ${list(`${name}_`)});`);
      }
    });
  }

  #groupOf(which: "r" | "c", access: number): DimensionGroup {
    return this.#groupsOf(access)[which === "r" ? 0 : 1];
  }

  /** Whether there is no single stride to walk a group by. */
  #hasTables(group: DimensionGroup): boolean {
    return dimensionsOf(this.kernel)[group].length > 1;
  }

  /** How far an access is moved by an index into one of its groups. */
  #moved(which: "r" | "c", access: number, index: string): string {
    const name = `${which}${access}`;
    return this.#hasTables(this.#groupOf(which, access)) ? `${name}[${index}]` : `(${index}) * ${name}`;
  }

  /** From a block's number: which of the stacked contractions, where each operand of it starts, and which rows. */
  #findBlock(): void {
    const { writer } = this;
    writer.line("const stack = (block / blocks) | 0;");
    writer.line(`const i = (block - stack * blocks) * ${tile};`);
    this.findStarts("stack");
    writer.line(`const height = Math.min(${tile}, rows - i);`);
  }

  #multiplyAdd(sum: string, x: string, y: string): string {
    return this.#floating ? `${sum} += ${x} * ${y};` : `${sum} = (${sum} + Math.imul(${x}, ${y})) | 0;`;
  }

  /**
   * Declares where `lanes` of a group begin, which follow each other from `index` on: a start by the name given, and what
   * each lane adds to it, which is returned.
   */
  #lanes(start: "e" | "f", which: "r" | "c", access: number, index: string, lanes: readonly number[]): string[] {
    const { writer } = this;
    const name = `${which}${access}`;
    if (!this.#hasTables(this.#groupOf(which, access))) {
      writer.line(`let ${start} = q${access} + ${index} * ${name};`);
      return lanes.map((lane) => `${lane} * ${name}`);
    }
    writer.line(`let ${start} = q${access};`);
    writer.line(`const ${lanes.map((lane) => `${start}${lane} = ${name}[${index} + ${lane}]`).join(", ")};`);
    return lanes.map((lane) => `${start}${lane}`);
  }

  /** How a loop over the depth goes on from `start`: what it adds to it each time, or where it finds what to add. */
  #walk(start: "e" | "f", which: "r" | "c", access: number): { readonly advance: string; readonly place: string } {
    return this.#hasTables("depth")
      ? { advance: "", place: `${start} + ${which}${access}[k]` }
      : { advance: `, ${start} += ${which}${access}`, place: start };
  }

  #packRight(): void {
    const { writer } = this;
    const { right, indexMaps } = this.kernel;
    const x = `x${indexMaps[right]!.array}`;
    const { advance, place } = this.#walk("f", "r", right);
    writer.line("packedStack = stack;");
    writer.line("let p = 0;");
    writer.block(`for (let j = 0; j < columns; j += ${tile})`, () => {
      writer.line(`const width = Math.min(${tile}, columns - j);`);
      writer.block(`if (width === ${tile})`, () => {
        const lanes = this.#lanes("f", "c", right, "j", all);
        writer.block(`for (let k = 0; k < depth; k++${advance}, p += ${tile})`, () => {
          for (const jj of all) writer.line(`panelsRight[p + ${jj}] = ${x}[${place} + ${lanes[jj]}];`);
        });
      });
      writer.block("else for (let jj = 0; jj < width; jj++)", () => {
        writer.line(`let f = q${right} + ${this.#moved("c", right, "j + jj")};`);
        writer.line(
          `for (let k = 0, t = p + jj; k < depth; k++${advance}, t += ${tile}) panelsRight[t] = ${x}[${place}];`,
        );
      });
    });
  }

  #packLeft(): void {
    const { writer } = this;
    const { left, indexMaps } = this.kernel;
    const { advance, place } = this.#walk("e", "c", left);
    writer.line(`if (height < ${tile}) panelLeft.fill(0, 0, ${tile} * depth);`);
    writer.block("for (let ii = 0; ii < height; ii++)", () => {
      writer.line(`let e = q${left} + ${this.#moved("r", left, "i + ii")};`);
      const x = `x${indexMaps[left]!.array}`;
      writer.line(`for (let k = 0, p = ii; k < depth; k++, p += ${tile}${advance}) panelLeft[p] = ${x}[${place}];`);
    });
  }

  #packedTile(): void {
    const { writer } = this;
    writer.line(`let ${all.flatMap((i) => all.map((j) => `t${i}${j} = 0`)).join(", ")};`);
    writer.block(`for (let e = 0, f = j * depth; e < ${tile} * depth; e += ${tile}, f += ${tile})`, () => {
      writer.line(`const ${all.map((i) => `u${i} = panelLeft[e + ${i}]`).join(", ")};`);
      writer.line(`const ${all.map((j) => `w${j} = panelsRight[f + ${j}]`).join(", ")};`);
      for (const i of all) writer.line(all.map((j) => this.#multiplyAdd(`t${i}${j}`, `u${i}`, `w${j}`)).join(" "));
    });
    for (const i of all) writer.line(all.map((j) => `tile[${i * tile + j}] = t${i}${j};`).join(" "));
  }

  #directTile(): void {
    const { writer } = this;
    writer.block(`if (height === ${tile})`, () => {
      writer.line("// a column at a time, four rows of it");
      writer.block(
        "for (let jj = 0; jj < width; jj++)",
        () => this.#sums(all, [0], "i", "(j + jj)", (i) => `${i * tile} + jj`),
      );
    });
    writer.block("else", () => {
      writer.block("for (let ii = 0; ii < height; ii++)", () => {
        writer.block(
          `if (width === ${tile})`,
          () => this.#sums([0], all, "(i + ii)", "j", (_, j) => `ii * ${tile} + ${j}`),
        );
        writer.block("else for (let jj = 0; jj < width; jj++)", () => {
          this.#sums([0], [0], "(i + ii)", "(j + jj)", () => `ii * ${tile} + jj`);
        });
      });
    });
  }

  /** Sums for some rows and columns from `row` and `column` on, straight from the operands, into the tile. */
  #sums(
    rows: readonly number[],
    columns: readonly number[],
    row: string,
    column: string,
    place: (i: number, j: number) => string,
  ): void {
    const { writer } = this;
    const { left, right, indexMaps } = this.kernel;
    writer.line(`let ${rows.flatMap((i) => columns.map((j) => `t${i}${j} = 0`)).join(", ")};`);
    const [x, y] = [left, right].map((access) => `x${indexMaps[access]!.array}`);
    const [ofRows, ofColumns] = [
      this.#lanes("e", "r", left, row, rows),
      this.#lanes("f", "c", right, column, columns),
    ];
    const [e, f] = [this.#walk("e", "c", left), this.#walk("f", "r", right)];
    writer.block(`for (let k = 0; k < depth; k++${e.advance}${f.advance})`, () => {
      writer.line(`const ${rows.map((i) => `u${i} = ${x}[${e.place} + ${ofRows[i]}]`).join(", ")};`);
      writer.line(`const ${columns.map((j) => `w${j} = ${y}[${f.place} + ${ofColumns[j]}]`).join(", ")};`);
      for (const i of rows) writer.line(columns.map((j) => this.#multiplyAdd(`t${i}${j}`, `u${i}`, `w${j}`)).join(" "));
    });
    writer.line(rows.flatMap((i) => columns.map((j) => `tile[${place(i, j)}] = t${i}${j};`)).join(" "));
  }

  /** What is done with each element of a finished tile. */
  #storeTile(): void {
    const { kernel, writer } = this;
    writer.block("for (let ii = 0; ii < height; ii++)", () => {
      writer.block("for (let jj = 0; jj < width; jj++)", () => {
        const sum = `tile[ii * ${tile} + jj]`;
        // Integer sums are kept in 32 bits, of which the dtype may hold fewer or other ones.
        const rounds = this.exact || !isFloating(kernel.dtype);
        const accumulator = isFloating(kernel.dtype) ? "float64" : "int32";
        const result = rounds ? convertExpression(sum, accumulator, kernel.dtype) : sum;
        writer.line(`const v${kernel.result} = ${result};`);
        const place = (access: number): string =>
          `q${access} + ${this.#moved("r", access, "i + ii")} + ${this.#moved("c", access, "j + jj")}`;
        this.section(kernel.epilogue, place);
      });
    });
  }
}
