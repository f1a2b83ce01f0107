/**
 * Contractions in JavaScript: a tile of 4×4 sums in registers, from operands packed into panels.
 *
 * Packing copies the right operand into panels of four columns, once, and four rows of the left operand at a time,
 * each padded with zeros, so that the inner loop reads both in order, whatever their strides, and needs no special
 * case at the edges. Where that would cost more than it saves, sums are taken straight from the operands.
 * @module
 */
import { isFloating } from "../../src/dtype.ts";
import type { ContractKernel } from "../kernel.ts";
import { convertExpression } from "./js_expressions.ts";
import type { EmittedKernel } from "./emitted.ts";
import { Emitter } from "./js_writer.ts";

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

/** Writes a {@linkcode ContractKernel}. */
export class ContractEmitter extends Emitter<ContractKernel> {
  readonly #floating = isFloating(this.kernel.dtype);

  /** The kernel as text. */
  emit(): EmittedKernel {
    const { kernel, writer } = this;
    const { accesses, outer } = kernel;
    const packed = kernel.rows >= packedRows && kernel.columns >= tile && kernel.depth >= packedDepth;
    writer.arrays(kernel.arrays);
    accesses.forEach((access, index) => {
      writer.parameter(`o${index}`, access.offset);
      access.outer.forEach((stride, axis) => writer.parameter(`s${index}_${axis}`, stride));
      writer.parameter(`r${index}`, access.inner[0]!);
      writer.parameter(`c${index}`, access.inner[1]!);
    });
    this.stepParameters();
    writer.parameter("rows", kernel.rows);
    writer.parameter("columns", kernel.columns);
    writer.parameter("depth", kernel.depth);
    writer.parameter("blocks", Math.ceil(kernel.rows / tile));
    outer.forEach((size, axis) => axis > 0 && writer.parameter(`n${axis}`, size));
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
        this.#finish();
      });
    });
    const name = this.functionName("contract");
    const units = outer.reduce((product, size) => product * size, Math.ceil(kernel.rows / tile));
    const source = writer.function(name, "b, a, begin, end");
    return {
      args: writer.args,
      scratchBytes: 0,
      text: { kind: "js", name, source, finish: undefined, helpers: [...writer.helpers] },
      extent: {
        units,
        period: units,
        together: 1,
        unitWork: tile * kernel.columns * kernel.depth,
        leastUnits: packed ? Math.max(packedBlocks, Math.ceil(units / packedCalls)) : 1,
        slots: 0,
      },
    };
  }

  /** From a block's number: which of the stacked matrices, where each operand of it starts, and which rows. */
  #findBlock(): void {
    const { writer } = this;
    const { accesses, outer } = this.kernel;
    writer.line("const stack = (block / blocks) | 0;");
    writer.line(`const i = (block - stack * blocks) * ${tile};`);
    let rest = "stack";
    for (let axis = outer.length - 1; axis > 0; axis--) {
      writer.line(`const g${axis} = (${rest} / n${axis}) | 0;`);
      writer.line(`const h${axis} = ${rest} - g${axis} * n${axis};`);
      rest = `g${axis}`;
    }
    if (outer.length > 0) writer.line(`const h0 = ${rest};`);
    accesses.forEach((_, index) => {
      const terms = [`o${index}`, ...outer.map((_, axis) => `h${axis} * s${index}_${axis}`)];
      writer.line(`const q${index} = ${terms.join(" + ")};`);
    });
    writer.line(`const height = Math.min(${tile}, rows - i);`);
  }

  #multiplyAdd(sum: string, x: string, y: string): string {
    return this.#floating ? `${sum} += ${x} * ${y};` : `${sum} = (${sum} + Math.imul(${x}, ${y})) | 0;`;
  }

  #packRight(): void {
    const { writer } = this;
    const { right, accesses } = this.kernel;
    writer.line("packedStack = stack;");
    writer.line("let p = 0;");
    writer.block(`for (let j = 0; j < columns; j += ${tile})`, () => {
      writer.line(`let f = q${right} + j * c${right};`);
      writer.line(`const width = Math.min(${tile}, columns - j);`);
      const x = `x${accesses[right]!.array}`;
      const advance = `k++, f += r${right}, p += ${tile}`;
      writer.block(`if (width === ${tile}) for (let k = 0; k < depth; ${advance})`, () => {
        for (const jj of all) writer.line(`panelsRight[p + ${jj}] = ${x}[f + ${jj} * c${right}];`);
      });
      writer.block(`else for (let k = 0; k < depth; ${advance})`, () => {
        writer.line(`for (let jj = 0; jj < width; jj++) panelsRight[p + jj] = ${x}[f + jj * c${right}];`);
      });
    });
  }

  #packLeft(): void {
    const { writer } = this;
    const { left, accesses } = this.kernel;
    writer.line(`if (height < ${tile}) panelLeft.fill(0, 0, ${tile} * depth);`);
    writer.block("for (let ii = 0; ii < height; ii++)", () => {
      writer.line(`let e = q${left} + (i + ii) * r${left};`);
      writer.line(
        `for (let k = 0, p = ii; k < depth; k++, p += ${tile}, e += c${left}) panelLeft[p] = x${
          accesses[left]!.array
        }[e];`,
      );
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
    const { left, right, accesses } = this.kernel;
    writer.line(`let ${rows.flatMap((i) => columns.map((j) => `t${i}${j} = 0`)).join(", ")};`);
    writer.line(`let e = q${left} + ${row} * r${left}, f = q${right} + ${column} * c${right};`);
    writer.block(`for (let k = 0; k < depth; k++, e += c${left}, f += r${right})`, () => {
      writer.line(`const ${rows.map((i) => `u${i} = x${accesses[left]!.array}[e + ${i} * r${left}]`).join(", ")};`);
      writer.line(
        `const ${columns.map((j) => `w${j} = x${accesses[right]!.array}[f + ${j} * c${right}]`).join(", ")};`,
      );
      for (const i of rows) writer.line(columns.map((j) => this.#multiplyAdd(`t${i}${j}`, `u${i}`, `w${j}`)).join(" "));
    });
    writer.line(rows.flatMap((i) => columns.map((j) => `tile[${place(i, j)}] = t${i}${j};`)).join(" "));
  }

  /** What is done with each element of a finished tile. */
  #finish(): void {
    const { kernel, writer } = this;
    writer.block("for (let ii = 0; ii < height; ii++)", () => {
      writer.block("for (let jj = 0; jj < width; jj++)", () => {
        const sum = `tile[ii * ${tile} + jj]`;
        // Integer sums are kept in 32 bits, of which the dtype may hold fewer or other ones.
        const rounds = this.exact || !isFloating(kernel.dtype);
        const accumulator = isFloating(kernel.dtype) ? "float64" : "int32";
        const result = rounds ? convertExpression(sum, accumulator, kernel.dtype) : sum;
        writer.line(`const v${kernel.result} = ${result};`);
        this.section(kernel.epilogue, (access) => `q${access} + (i + ii) * r${access} + (j + jj) * c${access}`);
      });
    });
  }
}
