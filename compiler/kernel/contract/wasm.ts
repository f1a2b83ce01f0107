/**
 * Contractions in WebAssembly: a tile of sums in registers, 3×12 where there are as many columns.
 *
 * A unit of work is a block of the result. Its rows of the left operand are packed where they cannot be read in place. Then,
 * a part of the depth at a time, panel after panel of columns of the right operand is packed, with whatever index maps lead
 * to them, and multiplied with all rows of the block. At last what follows is done with the sums. Where that is nothing,
 * whole tiles have their sums where the result is to be from the beginning. Where the result is small and the depth is not,
 * a unit is a part of the depth, and calls leave their sums for `finalize`.
 *
 * All else is in the calling thread's own memory: the block's other sums, what is packed, and tables of where lines and
 * depths lie.
 * @module
 */
import type { KindWriter } from "../../emit/wasm/kind_writer.ts";
import type { ContractKernel } from "./kernel.ts";
import type { Store } from "../kernel.ts";
import { access, type Address, get, i32, type Local, op, select } from "../../emit/wasm/asm/code.ts";
import { blocksOf, contractWork, scratchOf, tileGroups, tileRows } from "./wasm_blocks.ts";
import type { ContractLibrary, TileForm } from "./wasm_library.ts";
import type { WasmFunction } from "../../emit/wasm/asm/function_builder.ts";
import { ContractEpilogue, type ResultBlock, type Sums } from "./wasm_epilogue.ts";
import type { Imports } from "../../emit/wasm/kernel_writer.ts";
import { laneCount } from "../../emit/wasm/vector/lanes.ts";

/** Columns of the right operand that are packed together: groups of four from `line` on, of a block that has so many. */
interface PackedPanel {
  readonly line: Address;
  readonly groups: Address;
  readonly columns: Address;
  /** Of how many depths. */
  readonly count: Address;
}

/** Where the result of a block is to be, and which of its tiles are stored there; the others are among its own sums. */
interface TileTarget extends Sums {
  /** The rows above the last tile, if that has rows that are not there. */
  readonly rows: Address;
  /** The columns before the last panel, if that has columns that are not there; known once the panels were multiplied. */
  readonly columns: Local<"i32">;
}

/** Writes a {@linkcode ContractKernel}. */
export class ContractWriter extends ContractEpilogue {
  readonly #library: ContractLibrary;
  readonly #cutsDepth: boolean;
  readonly #packsRows: boolean;
  readonly #storesTiles: boolean;
  readonly #groups: 1 | 3;

  constructor(name: string, kernel: ContractKernel, imports: Imports, library: ContractLibrary) {
    super(name, kernel, imports);
    this.#library = library;
    const { cutsDepth, packsRows, storesTiles } = blocksOf(kernel);
    this.#cutsDepth = cutsDepth;
    this.#packsRows = packsRows;
    this.#storesTiles = storesTiles;
    this.#groups = tileGroups(kernel);
  }

  /** Whether calls leave sums. */
  get splitsDepth(): boolean {
    return this.#cutsDepth;
  }

  /** The function that computes units. */
  main(): WasmFunction {
    this.header();
    if (this.#cutsDepth) this.#depthUnits();
    else this.#blockUnits();
    return this.f.end({ exported: true });
  }

  /** The function that adds up what `end` calls have left, and does what follows. */
  finalize(): WasmFunction {
    const { f } = this;
    this.header();
    const lanes = this.sumType === "float32" ? "f32x4" : this.sumType === "float64" ? "f64x2" : "i32x4";
    this.sumPartials(lanes, f.let("bytes", op("i32.mul", this.number("blockRows"), this.number("rowBytes"))));
    const zero = i32(0);
    this.epilogue({
      stack: this.placesOfStack(zero),
      row: zero,
      rows: this.number("rows"),
      column: zero,
      columns: this.number("columns"),
    }, this.#sums);
    return f.end({ exported: true });
  }

  #blockUnits(): void {
    const { f } = this;
    const { left, right } = this.kernel;
    const packed = { left: f.local("packedLeft", "i32"), right: f.local("packedRight", "i32") };
    const listed = { rows: f.local("listedRows", "i32"), columns: f.local("listedColumns", "i32") };
    for (const each of [...Object.values(packed), ...Object.values(listed)]) f.set(each, i32(-1));
    this.count("unit", get(this.begin), get(this.end), 1, (unit) => {
      const beside = f.let("beside", op("i32.div_u", unit, this.number("rowBlocks")));
      const rowBlock = f.let("rowBlock", op("i32.sub", unit, op("i32.mul", beside, this.number("rowBlocks"))));
      const stack = f.let("stack", op("i32.div_u", beside, this.number("columnBlocks")));
      const columnBlock = f.let(
        "columnBlock",
        op("i32.sub", beside, op("i32.mul", stack, this.number("columnBlocks"))),
      );
      const row = f.let("row", op("i32.mul", rowBlock, this.number("blockRows")));
      const column = f.let("column", op("i32.mul", columnBlock, this.number("blockColumns")));
      const rows = this.lengthFrom("rowsHere", row, this.number("rows"), this.number("blockRows"));
      const columns = this.lengthFrom("columnsHere", column, this.number("columns"), this.number("blockColumns"));
      const block: ResultBlock = { stack: this.placesOfStack(stack), row, rows, column, columns };
      const target = this.#storesTiles ? this.#targetOf(block) : undefined;
      // Neighbouring units have rows or columns in common, and where they lie is listed, and they are packed, once.
      f.if(op("i32.ne", get(listed.rows), rowBlock), () => {
        f.set(listed.rows, rowBlock);
        this.#listRows(row, rows);
      });
      f.if(op("i32.ne", get(listed.columns), columnBlock), () => {
        f.set(listed.columns, columnBlock);
        this.list("rightLines", "right", "columns", column, columns);
      });
      const isWhole = op("i32.le_s", this.number("depth"), this.number("blockDepth"));
      const rowsOfStack = op("i32.add", op("i32.mul", stack, this.number("rowBlocks")), rowBlock);
      const leftPart = this.isStacked(left) ? f.let("leftPart", rowsOfStack) : rowBlock;
      this.#depths(i32(0), this.number("depth"), (first, count, continues) => {
        if (this.#packsRows) {
          f.if(op("i32.or", op("i32.ne", get(packed.left), leftPart), op("i32.eqz", isWhole)), () => {
            f.set(packed.left, leftPart);
            this.#packLeft(block.stack(left), rows, count);
          });
        }
        const packs = f.let("packs", op("i32.or", op("i32.ne", get(packed.right), beside), this.number("forgets")));
        f.set(packed.right, beside);
        const bases = { left: f.let("left", this.#rowsAt(block.stack(left), first)), right: block.stack(right) };
        this.#multiply(bases, { rows, columns, count, packs, continues }, target);
      });
      this.#rest(block, target);
    });
  }

  #depthUnits(): void {
    const { f } = this;
    const { left, right } = this.kernel;
    const [rows, columns] = [this.number("rows"), this.number("columns")];
    const places = this.placesOfStack(i32(0));
    this.#listRows(i32(0), rows);
    this.list("rightLines", "right", "columns", i32(0), columns);
    const first = f.let("first", op("i32.mul", get(this.begin), this.number("blockDepth")));
    const behind = f.let("behind", op("i32.mul", get(this.end), this.number("blockDepth")));
    const last = f.let("last", this.minimum(behind, this.number("depth")));
    this.#depths(first, last, (from, count, continues) => {
      if (this.#packsRows) this.#packLeft(places(left), rows, count);
      const bases = { left: f.let("left", this.#rowsAt(places(left), from)), right: places(right) };
      this.#multiply(bases, { rows, columns, count, packs: i32(1), continues });
    });
  }

  /** Lists rows. What is behind them in the last tile is one of them, too, and its sums are nobody's. */
  #listRows(first: Address, rows: Address): void {
    const { f } = this;
    this.list("leftLines", "left", "rows", first, rows);
    const behind = this.entry("leftLines", rows);
    const last = f.let("last", access("i32.load", {}, op("i32.sub", behind, i32(4))));
    for (let row = 1; row < tileRows; row++) {
      f.do(access("i32.store", { offset: 4 * (row - 1) }, behind, last));
    }
  }

  /** Parts of the depth, each packed at a time; without any, the sums are 0. */
  #depths(
    first: Address,
    last: Address,
    body: (first: Address, count: Address, continues: Address) => void,
  ): void {
    const { f } = this;
    const depth = f.local("depthFrom", "i32");
    f.set(depth, first);
    f.loop((again) => {
      const count = this.lengthFrom("depthHere", get(depth), last, this.number("blockDepth"));
      if (this.#packsRows) this.list("leftDepths", "left", "depth", get(depth), count);
      this.list("rightDepths", "right", "depth", get(depth), count);
      body(get(depth), count, f.let("continues", op("i32.ne", get(depth), first)));
      f.set(depth, op("i32.add", get(depth), this.number("blockDepth")));
      f.branchIf(op("i32.lt_s", get(depth), last), again);
    });
  }

  /** Where rows that are read where they lie have their depth `first`, from `base` on. */
  #rowsAt(base: Address, first: Address): Address {
    return op("i32.add", base, op("i32.mul", first, i32(this.sumBytes)));
  }

  #packLeft(base: Address, rows: Address, count: Address): void {
    const { f } = this;
    const { dtype } = this.kernel.indexMaps[this.kernel.left]!;
    const target = f.local("target", "i32");
    const lines = f.local("lines", "i32");
    f.set(target, this.scratchAt("left"));
    f.set(lines, this.scratchAt("leftLines"));
    const rowBytes = f.let("packedBytes", op("i32.mul", count, i32(this.sumBytes)));
    this.count("line", i32(0), rows, laneCount, (line) => {
      const pack = this.#library.pack(dtype, this.sumType, "rows");
      const rest = f.let("four", op("i32.sub", rows, line));
      const four = this.minimum(rest, i32(laneCount));
      f.call(pack, base, get(lines), four, this.scratchAt("leftDepths"), count, get(target), rowBytes);
      f.set(lines, op("i32.add", get(lines), i32(4 * laneCount)));
      f.set(target, op("i32.add", get(target), op("i32.mul", rowBytes, i32(laneCount))));
    });
    // Where they are now.
    const to = f.local("to", "i32");
    f.set(to, this.scratchAt("packedLines"));
    this.count("line", i32(0), op("i32.add", rows, i32(tileRows - 1)), 1, (line) => {
      f.do(access("i32.store", {}, get(to), op("i32.mul", line, rowBytes)));
      f.set(to, op("i32.add", get(to), i32(4)));
    });
  }

  /** Packs a panel of columns: those from `line` on, in so many `groups` of four. */
  #packPanel(panel: Address, base: Address, { line, columns, groups, count }: PackedPanel): void {
    const { f } = this;
    const { dtype } = this.kernel.indexMaps[this.kernel.right]!;
    const step = f.let("step", op("i32.mul", groups, i32(this.#groupBytes)));
    const target = f.local("group", "i32");
    f.set(target, panel);
    this.count("index", i32(0), groups, 1, (index) => {
      const first = f.let("first", op("i32.add", line, op("i32.shl", index, i32(2))));
      const rest = f.let("four", op("i32.sub", columns, first));
      f.call(
        this.#library.pack(dtype, this.sumType, "columns"),
        base,
        this.entry("rightLines", first),
        this.minimum(rest, i32(laneCount)),
        this.scratchAt("rightDepths"),
        count,
        get(target),
        step,
      );
      f.set(target, op("i32.add", get(target), i32(this.#groupBytes)));
    });
  }

  /** Where a block's own sums are: in memory of the thread, or where they are left for `finalize`. */
  get #sums(): Sums {
    return { at: this.#cutsDepth ? get(this.partials) : this.scratchAt("sums"), rowBytes: this.number("rowBytes") };
  }

  #targetOf({ stack, row, rows, column, columns }: ResultBlock): TileTarget {
    const { f } = this;
    const [{ access }] = this.kernel.epilogue.stores as [Store]; // there is one, or tiles would not be stored
    const rowBytes = this.number(`rows_${access}_${this.axes.rows.length - 1}`);
    const place = op("i32.add", stack(access), op("i32.mul", row, rowBytes));
    const whole = f.local("wholeColumns", "i32");
    f.set(whole, columns);
    return {
      at: f.let("result", op("i32.add", place, op("i32.mul", column, i32(this.sumBytes)))),
      rowBytes,
      rows: f.let("wholeRows", op("i32.mul", op("i32.div_u", rows, i32(tileRows)), i32(tileRows))),
      columns: whole,
    };
  }

  /** What follows a block's own sums: all of them, or those below and beside what was stored where it is to be. */
  #rest(block: ResultBlock, target: TileTarget | undefined): void {
    const { f } = this;
    const { row, rows, column, columns } = block;
    const sums = this.#sums;
    if (target === undefined) {
      this.epilogue(block, sums);
      return;
    }
    const [above, before] = [target.rows, get(target.columns)];
    f.if(op("i32.lt_s", above, rows), () => {
      const at = f.let("at", op("i32.add", sums.at, op("i32.mul", above, sums.rowBytes)));
      const below = { row: f.let("below", op("i32.add", row, above)), rows: f.let("few", op("i32.sub", rows, above)) };
      this.epilogue({ ...block, ...below, columns: before }, { ...sums, at });
    });
    f.if(op("i32.lt_s", before, columns), () => {
      const at = f.let("at", op("i32.add", sums.at, op("i32.mul", before, i32(this.sumBytes))));
      const beside = {
        column: f.let("beside", op("i32.add", column, before)),
        columns: f.let("few", op("i32.sub", columns, before)),
      };
      this.epilogue({ ...block, ...beside }, { ...sums, at });
    });
  }

  /** Bytes of four sums. */
  get #groupBytes(): number {
    return laneCount * this.sumBytes;
  }

  /** Goes over panels of the right operand: the first column of each, and how many times four it has. */
  #panels(columns: Address, body: (line: Address, groups: Address) => void): void {
    const { f } = this;
    const line = f.local("line", "i32");
    f.set(line, i32(0));
    f.while(() => op("i32.lt_s", get(line), columns), () => {
      const groups = f.local("groups", "i32");
      f.set(groups, op("i32.shr_u", op("i32.add", op("i32.sub", columns, get(line)), i32(laneCount - 1)), i32(2)));
      // The last four groups are two and two: a tile with one vector of columns waits for its own sums.
      const most = this.#groups === 1 ? i32(1) : select(op("i32.eq", get(groups), i32(4)), i32(2), i32(this.#groups));
      f.set(groups, this.minimum(get(groups), f.let("most", most)));
      body(get(line), get(groups));
      f.set(line, op("i32.add", get(line), op("i32.shl", get(groups), i32(2))));
    });
  }

  /**
   * All tiles of a block, for so many depths: panel after panel of the right operand is packed, if it is not yet, and
   * multiplied while the first-level cache has it. Rows that are read where they lie do so from their base on.
   */
  #multiply(
    bases: { readonly left: Address; readonly right: Address },
    { rows, columns, count, packs, continues }: Readonly<
      Record<"rows" | "columns" | "count" | "packs" | "continues", Address>
    >,
    target?: TileTarget,
  ): void {
    const { f } = this;
    const right = f.local("panel", "i32");
    f.set(right, this.scratchAt("right"));
    const left = this.#packsRows ? this.scratchAt("left") : bases.left;
    this.#panels(columns, (line, groups) => {
      f.if(packs, () => this.#packPanel(get(right), bases.right, { line, columns, groups, count }));
      const lines = f.local("lines", "i32");
      const place = f.local("tile", "i32");
      const row = f.local("tileRow", "i32");
      f.set(lines, this.scratchAt(this.#packsRows ? "packedLines" : "leftLines"));
      f.set(row, i32(0));
      /** The rows of one tile or two, and on to those below. */
      const tile = (tiles: 1 | 2, width: 1 | 2 | 3, rowBytes: Address): void => {
        const form: TileForm = { type: this.sumType, tiles, groups: width };
        f.call(this.#library.multiply(form), left, get(lines), get(right), count, get(place), rowBytes, continues);
        f.set(place, op("i32.add", get(place), op("i32.mul", rowBytes, i32(tileRows * tiles))));
        f.set(lines, op("i32.add", get(lines), i32(4 * tileRows * tiles)));
        f.set(row, op("i32.add", get(row), i32(tileRows * tiles)));
      };
      /** Tiles from the present row to `last`, with so many rows behind it at most, which are nobody's. */
      const tilesTo = (last: Address, width: 1 | 2 | 3, { at, rowBytes }: Sums, spare: number): void => {
        const start = op("i32.add", op("i32.mul", get(row), rowBytes), op("i32.mul", line, i32(this.sumBytes)));
        f.set(place, op("i32.add", at, start));
        if (width < 3) {
          f.while(
            () => op("i32.le_s", op("i32.add", get(row), i32(2 * tileRows - spare)), last),
            () => tile(2, width, rowBytes),
          );
        }
        f.while(() => op("i32.lt_s", get(row), last), () => tile(1, width, rowBytes));
      };
      const isWhole = (): Address => op("i32.le_s", op("i32.add", line, op("i32.shl", groups, i32(2))), columns);
      const tiles = (width: 1 | 2 | 3): void => {
        if (target !== undefined) {
          f.if(
            isWhole(),
            () => tilesTo(target.rows, width, target, 0),
            () => f.set(target.columns, line),
          );
        }
        f.if(op("i32.lt_s", get(row), rows), () => tilesTo(rows, width, this.#sums, tileRows - 1));
      };
      const byWidth = (width: 1 | 2 | 3): void => {
        if (width === this.#groups) tiles(width);
        else f.if(op("i32.eq", groups, i32(width)), () => tiles(width), () => byWidth(width === 1 ? 2 : 3));
      };
      byWidth(1);
      // A panel that no other block has a use for is in the place of the one before it.
      f.if(op("i32.eqz", this.number("forgets")), () => {
        f.set(right, op("i32.add", get(right), op("i32.mul", count, op("i32.mul", groups, i32(this.#groupBytes)))));
      });
    });
  }
}

/** Contractions in WebAssembly. */
export const contractWriter: KindWriter<ContractKernel> = {
  key(kernel) {
    const { cutsDepth, packsRows, storesTiles } = blocksOf(kernel);
    return `${cutsDepth ? "cut" : ""}${packsRows ? "packed" : ""}${storesTiles ? "stored" : ""}`;
  },
  prefix: () => "contract",
  write(kernel, name, { imports, contracts }) {
    const writer = new ContractWriter(name, kernel, imports, contracts);
    const main = writer.main();
    const finalize = writer.splitsDepth
      ? new ContractWriter(`${name}_finalize`, kernel, imports, contracts).finalize()
      : undefined;
    return { main, finalize: finalize, args: writer.args };
  },
  needs: (kernel) => ({ partition: contractWork(kernel), scratchBytes: scratchOf(kernel).bytes }),
};
