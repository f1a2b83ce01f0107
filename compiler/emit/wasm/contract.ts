/**
 * Contractions in WebAssembly: a tile of 4×8 sums in registers, from operands packed into panels.
 *
 * A unit of work is a block of the result. Its rows of the left operand and its columns of the right one are packed, a
 * part of the depth at a time, with whatever index maps lead to them; then all its tiles are multiplied, and at last what
 * follows is done with its sums. Where the result is small and the depth is not, a unit is a part of the depth, and calls
 * leave their sums for `finish`.
 *
 * All this works in the calling thread's own memory: the block's sums, both packed operands, and tables of where lines
 * and depths lie.
 * @module
 */
import { type DType, dtypeInfo, isFloating } from "../../../src/dtype.ts";
import type { ContractKernel } from "../../kernel.ts";
import { stridesOfGroup } from "../contract_axes.ts";
import { access, type Code, get, i32, type Local, op } from "./code.ts";
import { blocksOf, contractExtent, scratchOf, tileColumns, tileRows } from "./contract_blocks.ts";
import type { ContractLibrary } from "./contract_library.ts";
import type { WasmFunction } from "./function_builder.ts";
import { ContractPlaces } from "./contract_places.ts";
import type { Imports, Position } from "./kernel_writer.ts";
import { laneCount, type Lanes, wrapLanes } from "./lanes.ts";
import { type Count, countMask, type LaneStride, loadLanes } from "./memory.ts";

type Address = Code<"i32">;

/** Writes a {@linkcode ContractKernel}. */
export class ContractWriter extends ContractPlaces {
  readonly #library: ContractLibrary;
  readonly #cutsDepth: boolean;
  readonly #columns: number;

  constructor(name: string, kernel: ContractKernel, imports: Imports, library: ContractLibrary) {
    super(name, kernel, imports);
    this.#library = library;
    this.#cutsDepth = blocksOf(kernel).cutsDepth;
    this.#columns = tileColumns(kernel);
  }

  /** How the work of a kernel can be cut. */
  static readonly extentOf = contractExtent;

  /** Bytes of the thread's own memory that a kernel needs. */
  static scratchBytes(kernel: ContractKernel): number {
    return scratchOf(kernel).bytes;
  }

  /** What the code depends on beside the kernel's key. */
  static keyOf(kernel: ContractKernel): string {
    return blocksOf(kernel).cutsDepth ? "cut" : "";
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
    const vectors = f.let(
      "vectors",
      op("i32.mul", this.number("blockRows"), op("i32.div_u", this.number("rowBytes"), i32(16))),
    );
    const from = f.local("from", "i32");
    f.set(from, get(this.partials));
    this.count("call", i32(0), get(this.end), 1, (call) => {
      const to = f.local("to", "i32");
      f.set(to, this.scratchAt("sums"));
      this.count("vector", i32(0), vectors, 1, () => {
        const more = access("v128.load", {}, get(from));
        const type = this.sumType === "float32" ? "f32x4" : this.sumType === "float64" ? "f64x2" : "i32x4";
        const sum = f.local("sum", "v128");
        f.set(sum, more);
        f.if(
          op("i32.gt_s", call, i32(0)),
          () => f.set(sum, op(`${type}.add`, access("v128.load", {}, get(to)), get(sum))),
        );
        f.do(access("v128.store", {}, get(to), get(sum)));
        f.set(from, op("i32.add", get(from), i32(16)));
        f.set(to, op("i32.add", get(to), i32(16)));
      });
    });
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
      const places = this.placesOfStack(stack);
      // Neighbouring units have rows or columns in common, and where they lie is listed, and they are packed, once.
      f.if(op("i32.ne", get(listed.rows), rowBlock), () => {
        f.set(listed.rows, rowBlock);
        this.list("leftLines", "left", "rows", row, rows);
      });
      f.if(op("i32.ne", get(listed.columns), columnBlock), () => {
        f.set(listed.columns, columnBlock);
        this.list("rightLines", "right", "columns", column, columns);
      });
      const isWhole = op("i32.le_s", this.number("depth"), this.number("blockDepth"));
      const leftPart = this.isStacked(left) ? unit : rowBlock;
      const rightPart = this.isStacked(right) ? beside : columnBlock;
      this.#depths(i32(0), this.number("depth"), (count, continues) => {
        f.if(op("i32.or", op("i32.ne", get(packed.left), leftPart), op("i32.eqz", isWhole)), () => {
          f.set(packed.left, leftPart);
          this.#packLeft(places(left), rows, count);
        });
        f.if(op("i32.or", op("i32.ne", get(packed.right), rightPart), op("i32.eqz", isWhole)), () => {
          f.set(packed.right, rightPart);
          this.#packRight(places(right), columns, count);
        });
        this.#multiply(rows, columns, count, continues);
      });
      this.#epilogue({ stack: places, row, rows, column, columns });
    });
  }

  #depthUnits(): void {
    const { f } = this;
    const { left, right } = this.kernel;
    const [rows, columns] = [this.number("rows"), this.number("columns")];
    const places = this.placesOfStack(i32(0));
    this.list("leftLines", "left", "rows", i32(0), rows);
    this.list("rightLines", "right", "columns", i32(0), columns);
    const first = f.let("first", op("i32.mul", get(this.begin), this.number("blockDepth")));
    const behind = f.let("behind", op("i32.mul", get(this.end), this.number("blockDepth")));
    const last = f.let("last", this.minimum(behind, this.number("depth")));
    this.#depths(first, last, (count, continues) => {
      this.#packLeft(places(left), rows, count);
      this.#packRight(places(right), columns, count);
      this.#multiply(rows, columns, count, continues);
    });
    const from = f.local("from", "i32");
    const to = f.local("to", "i32");
    f.set(from, this.scratchAt("sums"));
    f.set(to, get(this.partials));
    const vectors = f.let(
      "vectors",
      op("i32.mul", this.number("blockRows"), op("i32.div_u", this.number("rowBytes"), i32(16))),
    );
    this.count("vector", i32(0), vectors, 1, () => {
      f.do(access("v128.store", {}, get(to), access("v128.load", {}, get(from))));
      f.set(from, op("i32.add", get(from), i32(16)));
      f.set(to, op("i32.add", get(to), i32(16)));
    });
  }

  /** Parts of the depth, each packed at a time; without any, the sums are 0. */
  #depths(first: Address, last: Address, body: (count: Address, continues: Address) => void): void {
    const { f } = this;
    const depth = f.local("depthFrom", "i32");
    f.set(depth, first);
    f.loop((again) => {
      const count = this.lengthFrom("depthHere", get(depth), last, this.number("blockDepth"));
      this.list("leftDepths", "left", "depth", get(depth), count);
      this.list("rightDepths", "right", "depth", get(depth), count);
      body(count, f.let("continues", op("i32.ne", get(depth), first)));
      f.set(depth, op("i32.add", get(depth), this.number("blockDepth")));
      f.branchIf(op("i32.lt_s", get(depth), last), again);
    });
  }

  #packLeft(base: Address, rows: Address, count: Address): void {
    const { f } = this;
    const { dtype } = this.kernel.accesses[this.kernel.left]!;
    const step = tileRows * this.sumBytes;
    const target = f.local("target", "i32");
    f.set(target, this.scratchAt("left"));
    this.count("line", i32(0), rows, tileRows, (line) => {
      const lines = op("i32.add", this.scratchAt("leftLines"), op("i32.shl", line, i32(2)));
      this.#pack(dtype, base, lines, op("i32.sub", rows, line), "leftDepths", count, get(target), i32(step));
      f.set(target, op("i32.add", get(target), op("i32.mul", count, i32(step))));
    });
  }

  #packRight(base: Address, columns: Address, count: Address): void {
    const { f } = this;
    const { dtype } = this.kernel.accesses[this.kernel.right]!;
    const group = laneCount * this.sumBytes;
    const groups = this.#columns / laneCount;
    const target = f.local("target", "i32");
    f.set(target, this.scratchAt("right"));
    this.count("line", i32(0), columns, this.#columns, (line) => {
      const rest = f.let("rest", op("i32.sub", columns, line));
      // The last panel is as wide as it has to be.
      const isNarrow = op("i32.le_s", rest, i32(laneCount));
      const step = groups === 1 ? i32(group) : f.let("step", op("i32.shl", i32(group), op("i32.eqz", isNarrow)));
      const pack = (index: number): void => {
        const lines = op(
          "i32.add",
          this.scratchAt("rightLines"),
          op("i32.shl", op("i32.add", line, i32(4 * index)), i32(2)),
        );
        const to = op("i32.add", get(target), i32(index * group));
        this.#pack(dtype, base, lines, op("i32.sub", rest, i32(4 * index)), "rightDepths", count, to, step);
      };
      pack(0);
      if (groups > 1) f.if(op("i32.eqz", isNarrow), () => pack(1));
      f.set(target, op("i32.add", get(target), op("i32.mul", count, step)));
    });
  }

  #pack(
    dtype: DType,
    base: Address,
    lines: Address,
    rest: Address,
    depths: "leftDepths" | "rightDepths",
    count: Address,
    target: Address,
    step: Address,
  ): void {
    const four = this.f.let("four", rest);
    const here = this.minimum(four, i32(tileRows));
    this.f.call(
      this.#library.pack(dtype, this.sumType),
      base,
      lines,
      here,
      this.scratchAt(depths),
      count,
      target,
      step,
    );
  }

  /** All tiles of a block, for the depths that are packed. */
  #multiply(rows: Address, columns: Address, count: Address, continues: Address): void {
    const { f } = this;
    const groups = this.#columns / laneCount;
    const group = laneCount * this.sumBytes;
    const right = f.local("panel", "i32");
    f.set(right, this.scratchAt("right"));
    const panelBytes = f.let("panelBytes", op("i32.mul", count, i32(tileRows * this.sumBytes)));
    this.count("line", i32(0), columns, this.#columns, (line) => {
      const isNarrow = groups === 1
        ? i32(0)
        : f.let("narrow", op("i32.le_s", op("i32.sub", columns, line), i32(laneCount)));
      const left = f.local("leftPanel", "i32");
      const sums = f.local("tile", "i32");
      const tiles = (vectors: 1 | 2): void => {
        f.set(left, this.scratchAt("left"));
        f.set(sums, op("i32.add", this.scratchAt("sums"), op("i32.mul", line, i32(this.sumBytes))));
        this.count("tileRow", i32(0), rows, tileRows, () => {
          f.call(
            this.#library.multiply(this.sumType, vectors),
            get(left),
            get(right),
            count,
            get(sums),
            this.number("rowBytes"),
            continues,
          );
          f.set(left, op("i32.add", get(left), panelBytes));
          f.set(sums, op("i32.add", get(sums), op("i32.mul", this.number("rowBytes"), i32(tileRows))));
        });
        const bytes = groups === 1 ? group : group * vectors;
        f.set(right, op("i32.add", get(right), op("i32.mul", count, i32(bytes))));
      };
      if (groups === 1) tiles(2);
      else f.if(isNarrow, () => tiles(1), () => tiles(2));
    });
  }

  /** What is done with the sums of a block. */
  #epilogue(block: {
    readonly stack: (index: number) => Address;
    readonly row: Address;
    readonly rows: Address;
    readonly column: Address;
    readonly columns: Address;
  }): void {
    const { f, kernel } = this;
    const used = [
      ...new Set([
        ...kernel.epilogue.steps.flatMap((step) => "access" in step ? [step.access] : []),
        ...kernel.epilogue.stores.map((store) => store.access),
      ]),
    ];
    const sumsRow = f.local("sumsRow", "i32");
    f.set(sumsRow, this.scratchAt("sums"));
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
    const stride = (index: number): LaneStride => {
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
