/**
 * What is done with the sums of a contraction: each is a value like any other, and its row and column say where the
 * rest is.
 * @module
 */
import { dtypeInfo, isFloating } from "../../../src/dtype.ts";
import { stridesOfGroup } from "./axes.ts";
import { type Address, type Code, get, i32, type Local, op } from "../../emit/wasm/asm/code.ts";
import { ContractAddressing } from "./wasm_addressing.ts";
import type { Position } from "../../emit/wasm/kernel_writer.ts";
import { laneCount, type Lanes, wrapLanes } from "../../emit/wasm/vector/lanes.ts";
import { type Count, countMask, loadLanes } from "../../emit/wasm/vector/memory.ts";

/** A block of the result of one of the stacked matrices, and where each access begins in that matrix. */
export interface ResultBlock {
  readonly stack: (index: number) => Address;
  readonly row: Address;
  readonly rows: Address;
  readonly column: Address;
  readonly columns: Address;
}

/** Where sums are: the first of them, and how far rows are apart. */
export interface Sums {
  readonly at: Address;
  readonly rowBytes: Address;
}

/** Knows what follows the sums of a contraction. */
export abstract class ContractEpilogue extends ContractAddressing {
  /** What is done with the sums of a block. */
  protected epilogue(block: ResultBlock, { at, rowBytes }: Sums): void {
    const { f } = this;
    const used = this.used();
    const sumsRow = f.local("sumsRow", "i32");
    f.set(sumsRow, at);
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
        f.set(sumsRow, op("i32.add", get(sumsRow), rowBytes));
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
          ? i32(laneCount * dtypeInfo(kernel.indexMaps[index]!.dtype).bytes)
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
