/**
 * Contractions in WebAssembly: a tile of 3×12 sums in registers.
 *
 * A unit of work is a block of the result. Its columns of the right operand are packed, a part of the depth at a time,
 * with whatever index maps lead to them, and its rows of the left one where they cannot be read in place; then all its
 * tiles are multiplied, and at last what follows is done with its sums. Where the result is small and the depth is not, a
 * unit is a part of the depth, and calls leave their sums for `finish`.
 *
 * All this works in the calling thread's own memory: the block's sums, what is packed, and tables of where lines and
 * depths lie.
 * @module
 */
import { dtypeInfo, isFloating } from "../../../src/dtype.ts";
import type { ContractKernel, Store } from "../../kernel.ts";
import { stridesOfGroup } from "../contract_axes.ts";
import { access, type Code, get, i32, type Local, op, select } from "./code.ts";
import { blocksOf, contractExtent, scratchOf, tileGroups, tileRows } from "./contract_blocks.ts";
import type { ContractLibrary, TileForm } from "./contract_library.ts";
import type { WasmFunction } from "./function_builder.ts";
import { ContractPlaces } from "./contract_places.ts";
import type { Imports, Position } from "./kernel_writer.ts";
import { laneCount, type Lanes, wrapLanes } from "./lanes.ts";
import { type Count, countMask, loadLanes } from "./memory.ts";

type Address = Code<"i32">;

/** Columns of the right operand that are packed together: from `line` on, up to `columns`, and how deep. */
interface Panel {
  readonly line: Address;
  readonly columns: Address;
  readonly groups: Address;
  readonly count: Address;
}

/** Part of the result of one of the stacked matrices, where each access begins in that, and the first sums are its own. */
interface Block {
  readonly stack: (index: number) => Address;
  readonly row: Address;
  readonly rows: Address;
  readonly column: Address;
  readonly columns: Address;
}

/** Where tiles are stored: from where on, how far rows are apart, and how many of a block's are, before the last few. */
interface Target {
  readonly at: Address;
  readonly rowBytes: Address;
  readonly whole: Address;
}

/** Writes a {@linkcode ContractKernel}. */
export class ContractWriter extends ContractPlaces {
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

  /** How the work of a kernel can be cut. */
  static readonly extentOf = contractExtent;

  /** Bytes of the thread's own memory that a kernel needs. */
  static scratchBytes(kernel: ContractKernel): number {
    return scratchOf(kernel).bytes;
  }

  /** What the code depends on beside the kernel's key. */
  static keyOf(kernel: ContractKernel): string {
    const { cutsDepth, packsRows, storesTiles } = blocksOf(kernel);
    return `${cutsDepth ? "cut" : ""}${packsRows ? "packed" : ""}${storesTiles ? "stored" : ""}`;
  }

  /** Whether calls leave sums. */
  get leaves(): boolean {
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
  finish(): WasmFunction {
    const { f } = this;
    this.header();
    const lanes = this.sumType === "float32" ? "f32x4" : this.sumType === "float64" ? "f64x2" : "i32x4";
    this.addUp(lanes, f.let("bytes", op("i32.mul", this.number("blockRows"), this.number("rowBytes"))));
    const zero = i32(0);
    this.#epilogue({
      stack: this.placesOfStack(zero),
      row: zero,
      rows: this.number("rows"),
      column: zero,
      columns: this.number("columns"),
    });
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
      const block: Block = { stack: this.placesOfStack(stack), row, rows, column, columns };
      const target = this.#storesTiles ? this.#targetOf(block) : this.#ownSums(rows);
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
      const leftPart = this.isStacked(left) ? unit : rowBlock;
      const rightPart = this.isStacked(right) ? beside : columnBlock;
      this.#depths(i32(0), this.number("depth"), (first, count, continues) => {
        if (this.#packsRows) {
          f.if(op("i32.or", op("i32.ne", get(packed.left), leftPart), op("i32.eqz", isWhole)), () => {
            f.set(packed.left, leftPart);
            this.#packLeft(block.stack(left), rows, count);
          });
        }
        const isNew = op("i32.or", op("i32.ne", get(packed.right), rightPart), op("i32.eqz", isWhole));
        const packs = f.let("packs", op("i32.or", isNew, this.number("forgets")));
        f.set(packed.right, rightPart);
        const bases = { left: f.let("left", this.#rowsAt(block.stack(left), first)), right: block.stack(right) };
        this.#multiply(bases, target, { rows, columns, count, packs, continues });
      });
      if (this.#storesTiles) this.#epilogueBelow(block, target);
      else this.#epilogue(block);
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
      this.#multiply(bases, this.#ownSums(rows), { rows, columns, count, packs: i32(1), continues });
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
    const { dtype } = this.kernel.accesses[this.kernel.left]!;
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
  #packPanel(panel: Address, base: Address, { line, columns, groups, count }: Panel): void {
    const { f } = this;
    const { dtype } = this.kernel.accesses[this.kernel.right]!;
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

  /** Where the sums of a block are: in memory of the thread, or where they are left for `finish`. */
  get #sums(): Address {
    return this.#cutsDepth ? get(this.partials) : this.scratchAt("sums");
  }

  #ownSums(rows: Address): Target {
    return { at: this.#sums, rowBytes: this.number("rowBytes"), whole: rows };
  }

  /** Where the result of a block is to be; its last rows, if those are no tile, go to memory of the thread first. */
  #targetOf({ stack, row, rows, column }: Block): Target {
    const { f } = this;
    const [{ access }] = this.kernel.epilogue.stores as [Store]; // there is one, or tiles would not be stored
    const rowBytes = this.number(`rows_${access}_0`);
    const place = op("i32.add", stack(access), op("i32.mul", row, rowBytes));
    return {
      at: f.let("result", op("i32.add", place, op("i32.mul", column, i32(this.sumBytes)))),
      rowBytes,
      whole: f.let("whole", op("i32.mul", op("i32.div_u", rows, i32(tileRows)), i32(tileRows))),
    };
  }

  #epilogueBelow({ row, rows, ...block }: Block, { whole }: Target): void {
    const { f } = this;
    f.if(op("i32.ne", whole, rows), () => {
      const below = { row: f.let("below", op("i32.add", row, whole)), rows: f.let("few", op("i32.sub", rows, whole)) };
      this.#epilogue({ ...block, ...below });
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
      // The last four are two and two: a tile with one vector of columns waits for its own sums.
      const most = this.#groups === 1
        ? i32(1)
        : select(op("i32.eq", get(groups), i32(laneCount)), i32(2), i32(this.#groups));
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
    target: Target,
    { rows, columns, count, packs, continues }: Readonly<
      Record<"rows" | "columns" | "count" | "packs" | "continues", Address>
    >,
  ): void {
    const { f } = this;
    const right = f.local("panel", "i32");
    f.set(right, this.scratchAt("right"));
    const left = this.#packsRows ? this.scratchAt("left") : bases.left;
    const tileBytes = f.let("tileBytes", op("i32.mul", target.rowBytes, i32(tileRows)));
    this.#panels(columns, (line, groups) => {
      f.if(packs, () => this.#packPanel(get(right), bases.right, { line, columns, groups, count }));
      const lines = f.local("lines", "i32");
      const sums = f.local("tile", "i32");
      const row = f.local("tileRow", "i32");
      f.set(lines, this.scratchAt(this.#packsRows ? "packedLines" : "leftLines"));
      const from = (place: Address): void => f.set(sums, op("i32.add", place, op("i32.mul", line, i32(this.sumBytes))));
      from(target.at);
      f.set(row, i32(0));
      /** The rows of one tile or two, and on to those below. */
      const tile = (tileCount: 1 | 2, width: 1 | 2 | 3, { rowBytes }: Pick<Target, "rowBytes"> = target): void => {
        const form: TileForm = { type: this.sumType, tiles: tileCount, groups: width };
        f.call(
          this.#library.multiply(form),
          left,
          get(lines),
          get(right),
          count,
          get(sums),
          rowBytes,
          continues,
        );
        for (let index = 0; index < tileCount; index++) f.set(sums, op("i32.add", get(sums), tileBytes));
        f.set(lines, op("i32.add", get(lines), i32(4 * tileRows * tileCount)));
        f.set(row, op("i32.add", get(row), i32(tileRows * tileCount)));
      };
      const isLeft = (count: number): Address => op("i32.lt_s", op("i32.add", get(row), i32(count)), rows);
      const tiles = (width: 1 | 2 | 3): void => {
        // Two tiles at once have rows that are nobody's, too, where less than both are left.
        if (width < 3) f.while(() => isLeft(this.#storesTiles ? 2 * tileRows - 1 : tileRows), () => tile(2, width));
        if (!this.#storesTiles) {
          f.while(() => isLeft(0), () => tile(1, width));
          return;
        }
        f.while(() => op("i32.lt_s", get(row), target.whole), () => tile(1, width));
        f.if(isLeft(0), () => {
          from(this.#sums);
          tile(1, width, { rowBytes: this.number("rowBytes") });
        });
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

  /** What is done with the sums of a block. */
  #epilogue(block: Block): void {
    const { f } = this;
    const used = this.used();
    const sumsRow = f.local("sumsRow", "i32");
    f.set(sumsRow, this.#sums);
    const lastRow = this.axes.rows.length - 1;
    this.runs("rows", block.row, block.rows, (rowPlace, length) => {
      const starts = new Map(used.map((index) => [index, f.local(`row${index}`, "i32")]));
      for (const [index, start] of starts) f.set(start, rowPlace(index, block.stack(index)));
      this.count("rowHere", i32(0), length, 1, () => {
        this.runs("columns", block.column, block.columns, (columnPlace, columns, done) => {
          const sums = f.local("sumsHere", "i32");
          f.set(sums, op("i32.add", get(sumsRow), op("i32.mul", done, i32(this.sumBytes))));
          const pointers = new Map(used.map((index) => [index, f.local(`e${index}`, "i32")]));
          for (const [index, pointer] of pointers) f.set(pointer, columnPlace(index, get(starts.get(index)!)));
          this.#columnsOf(sums, pointers, columns);
        });
        f.set(sumsRow, op("i32.add", get(sumsRow), this.number("rowBytes")));
        for (const [index, start] of starts) {
          if (lastRow >= 0) f.set(start, op("i32.add", get(start), this.number(`rows_${index}_${lastRow}`)));
        }
      });
    });
  }

  /** Neighbouring columns of a row, four at a time. */
  #columnsOf(sums: Local<"i32">, pointers: ReadonlyMap<number, Local<"i32">>, columns: Address): void {
    const { f, kernel } = this;
    const last = this.axes.columns.length - 1;
    const stride = (index: number): "none" | "next" | Code<"i32"> => {
      const structural = last < 0 ? 0 : stridesOfGroup(kernel, index, "columns")[last];
      return structural === 0 ? "none" : structural === 1 ? "next" : this.number(`columns_${index}_${last}`);
    };
    const rest = f.local("columnsLeft", "i32");
    f.set(rest, columns);
    const vector = (count: Count): void => {
      const position: Position = {
        address: (index) => get(pointers.get(index)!),
        stride,
        count,
        ...(count !== "all" && { mask: this.keep(countMask(count)) }),
      };
      this.values.set(kernel.result, this.#result(get(sums)));
      this.section(kernel.epilogue, position);
    };
    f.while(() => op("i32.ge_s", get(rest), i32(laneCount)), () => {
      vector("all");
      f.set(sums, op("i32.add", get(sums), i32(laneCount * this.sumBytes)));
      for (const [index, pointer] of pointers) {
        const step = stride(index);
        if (step === "none") continue;
        const bytes = step === "next"
          ? i32(laneCount * dtypeInfo(kernel.accesses[index]!.dtype).bytes)
          : op("i32.mul", step, i32(laneCount));
        f.set(pointer, op("i32.add", get(pointer), bytes));
      }
      f.set(rest, op("i32.sub", get(rest), i32(laneCount)));
    });
    f.if(op("i32.gt_s", get(rest), i32(0)), () => vector(get(rest)));
  }

  /** Four sums, as values of the result's dtype. */
  #result(sums: Address): Lanes {
    const { dtype } = this.kernel;
    const loaded = loadLanes(this.sumType, sums, "next", "all").map((each) => this.keep(each));
    const vectors = isFloating(dtype) ? loaded : loaded.map((each) => this.keep(wrapLanes(dtype, each)));
    return { dtype, uniform: false, vectors };
  }
}
