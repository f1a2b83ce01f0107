/**
 * Scatters of long rows in WebAssembly: a unit is a row of the result, or a block of its columns where rows are few. Each
 * call first lists the updates of its rows, in their order. Then it goes through the rows, adds up the updates of each in
 * registers, as doubles, and writes every number once, one after the other.
 * @module
 */
import { dtypeInfo } from "../../../src/dtype.ts";
import { access, type Address, get, i32, type Local, op, select, splat64 } from "../../emit/wasm/asm/code.ts";
import type { WasmFunction } from "../../emit/wasm/asm/function_builder.ts";
import { constantLanes, laneCount, vectorCount } from "../../emit/wasm/vector/lanes.ts";
import { type Count, storeLanes } from "../../emit/wasm/vector/memory.ts";
import { ofScatter } from "./wasm_parameters.ts";
import { ScatterAddressing, type Update } from "./wasm_addressing.ts";

const wordBytes = Int32Array.BYTES_PER_ELEMENT;

/** Rows of the result, for one place of the outer axes. */
interface Rows {
  readonly first: Address;
  readonly rows: Address;
}

/** Vectors of sums that are kept in registers at a time, of four numbers each. */
const vectors = 4;

/** Writes a scatter whose rows are long. */
export class ScatterListsWriter extends ScatterAddressing {
  /** The function that computes units: row after row of a stripe, which is a block of columns at one place of the outer axes. */
  main(): WasmFunction {
    const { f } = this;
    this.header();
    this.parameter("updates", ofScatter.updates);
    this.parameter("blockColumns", ofScatter.blockColumns);
    this.parameter("blocks", ofScatter.columnBlocks);
    this.parameter("list", ofScatter.list);
    const length = this.number("length");
    const list = f.let("list", op("i32.add", get(this.scratch), this.number("list")));
    const unit = f.local("unit", "i32");
    f.set(unit, get(this.begin));
    const stripe = f.local("stripe", "i32");
    f.set(stripe, op("i32.div_u", get(unit), length));
    // What is listed are the rows of this call, and all of them where it has rows of several stripes.
    const within = f.let("within", op("i32.sub", get(unit), op("i32.mul", get(stripe), length)));
    const units = f.let("units", op("i32.sub", get(this.end), get(unit)));
    const isOne = f.let("isOne", op("i32.le_s", op("i32.add", within, units), length));
    const listed = {
      first: f.let("firstListed", select(isOne, within, i32(0))),
      rows: f.let("listed", select(isOne, units, length)),
    };
    this.#list(list, listed);
    f.while(() => op("i32.lt_s", get(unit), get(this.end)), () => {
      const first = f.let("first", op("i32.sub", get(unit), op("i32.mul", get(stripe), length)));
      const left = f.let("left", op("i32.sub", get(this.end), get(unit)));
      const along = f.let("along", op("i32.sub", length, first));
      const rows = f.let("rows", this.minimum(left, along));
      this.#stripe(get(stripe), { first, rows }, list, op("i32.sub", first, listed.first));
      f.set(unit, op("i32.add", get(unit), rows));
      f.set(stripe, op("i32.add", get(stripe), i32(1)));
    });
    return f.end({ exported: true });
  }

  /** Some rows of a stripe; before them, so many are listed. */
  #stripe(stripe: Address, { first, rows }: Rows, list: Address, before: Address): void {
    const { f } = this;
    const place = f.let("place", op("i32.div_u", stripe, this.number("blocks")));
    const block = op("i32.sub", stripe, op("i32.mul", place, this.number("blocks")));
    const column = f.let("column", op("i32.mul", block, this.number("blockColumns")));
    const left = f.let("columnsLeft", op("i32.sub", this.number("inner"), column));
    const columns = f.let("columns", this.minimum(left, this.number("blockColumns")));
    const added = f.let("added", op("i32.add", this.addedAt(place), this.columnsAdded(column)));
    const row = op("i32.add", op("i32.mul", place, this.number("length")), first);
    const start = op("i32.add", op("i32.mul", row, this.number("inner")), column);
    const [entry, result] = [f.local("entry", "i32"), f.local("result", "i32")];
    const rowBytes = f.let("rowBytes", this.#results(this.number("inner")));
    // The first row's updates begin where those of the row before it end.
    const skipped = f.let("skipped", before);
    const firstEnd = f.let("firstEnd", this.#endOf(skipped));
    f.set(entry, list);
    f.if(skipped, () => f.set(entry, access("i32.load", {}, op("i32.sub", firstEnd, i32(wordBytes)))));
    f.set(result, op("i32.add", this.number(`o${this.kernel.result}`), this.#results(start)));
    this.#eachRow(firstEnd, rows, (end) => {
      const last = f.let("last", access("i32.load", {}, end));
      f.if(
        op("i32.eq", get(entry), last),
        () => this.#columns(get(result), added, columns, (to, _, count, group) => this.#zeros(to, count, group)),
        () => {
          this.#columns(get(result), added, columns, (to, from, count, group) => {
            this.#sums(to, from, get(entry), last, count, group);
          });
          f.set(entry, last);
        },
      );
      this.advance(result, rowBytes);
    });
  }

  /** So many numbers of the result, in bytes. */
  #results(numbers: Address): Address {
    return op("i32.mul", numbers, i32(dtypeInfo(this.result).bytes));
  }

  /** Where it is noted where the updates of a row end, of those listed. */
  #endOf(row: Address): Address {
    return op("i32.add", get(this.scratch), op("i32.mul", row, i32(wordBytes)));
  }

  /**
   * Notes where each update of some rows lies, counted from where what is added begins; those of a row together, in their
   * order. All indices have to be in range.
   */
  #list(list: Address, { first, rows }: Rows): void {
    const { f } = this;
    this.#eachRow(get(this.scratch), rows, (end) => f.do(access("i32.store", {}, end, i32(0))));
    const each = (body: (end: Address, update: Update) => void): void =>
      this.walk(i32(0), this.number("updates"), i32(0), (update) => {
        const within = f.let("within", op("i32.sub", update.row, first));
        f.if(
          op("i32.ge_u", within, rows),
          () => update.failIf(op("i32.ge_u", update.row, this.number("length"))),
          () => body(f.let("end", this.#endOf(within)), update),
        );
      });
    // How many there are of each row; then where they begin, which moves to where they end.
    each((end) => f.do(access("i32.store", {}, end, op("i32.add", access("i32.load", {}, end), i32(wordBytes)))));
    const next = f.local("next", "i32");
    f.set(next, list);
    this.#eachRow(get(this.scratch), rows, (end) => {
      const bytes = f.let("bytes", access("i32.load", {}, end));
      f.do(access("i32.store", {}, end, get(next)));
      this.advance(next, bytes);
    });
    each((end, { address }) => {
      const entry = f.let("entry", access("i32.load", {}, end));
      f.do(access("i32.store", {}, entry, address));
      f.do(access("i32.store", {}, end, op("i32.add", entry, i32(wordBytes))));
    });
  }

  #eachRow(firstEnd: Address, rows: Address, body: (end: Address) => void): void {
    const { f } = this;
    const end = f.local("end", "i32");
    f.set(end, firstEnd);
    const behind = f.let("behind", op("i32.add", firstEnd, op("i32.mul", rows, i32(wordBytes))));
    f.while(() => op("i32.lt_u", get(end), behind), () => {
      body(get(end));
      this.advance(end, i32(wordBytes));
    });
  }

  /** The columns of a row: several vectors at a time as far as they go, then one, then what is left. */
  #columns(
    result: Address,
    added: Address,
    columns: Address,
    body: (to: Address, from: Address, count: Count, group: number) => void,
  ): void {
    const { f } = this;
    const [to, from, rest] = [f.local("to", "i32"), f.local("from", "i32"), f.local("rest", "i32")];
    f.set(to, result);
    f.set(from, added);
    f.set(rest, columns);
    for (const group of this.rowStride === "read" ? [1] : [vectors, 1]) {
      const numbers = i32(group * laneCount);
      f.while(() => op("i32.ge_s", get(rest), numbers), () => {
        body(get(to), get(from), "all", group);
        this.advance(to, this.#results(numbers));
        this.advance(from, this.columnsAdded(numbers));
        f.set(rest, op("i32.sub", get(rest), numbers));
      });
    }
    f.if(op("i32.gt_s", get(rest), i32(0)), () => body(get(to), get(from), get(rest), 1));
  }

  #offset(vector: number): number {
    return vector * laneCount * dtypeInfo(this.result).bytes;
  }

  #zeros(to: Address, count: Count, group: number): void {
    const zero = constantLanes(this.result, 0).map((each) => this.constant(each));
    for (let vector = 0; vector < group; vector++) {
      storeLanes(this.f, this.result, to, "next", count, zero, this.#offset(vector));
    }
  }

  /** Adds up what the list has from `first` to before `last`, which is something. */
  #sums(to: Address, from: Address, first: Address, last: Address, count: Count, group: number): void {
    const { f } = this;
    const sums = Array.from({ length: group * vectorCount("float64") }, (_, index) => f.local(`sum${index}`, "v128"));
    for (const sum of sums) f.set(sum, this.constant(splat64(0)));
    const entry = f.local("listed", "i32");
    f.set(entry, first);
    f.loop((again) => {
      const address = f.let("row", op("i32.add", from, access("i32.load", {}, get(entry))));
      for (let vector = 0; vector < group; vector++) {
        const offset = this.rowStride === "next" ? vector * laneCount * dtypeInfo(this.added).bytes : 0;
        this.addedLanes(address, count, offset).forEach((each, index) => {
          const sum = sums[vector * vectorCount("float64") + index]!;
          f.set(sum, op("f64x2.add", get(sum), each));
        });
      }
      this.advance(entry, i32(wordBytes));
      f.branchIf(op("i32.lt_u", get(entry), last), again);
    });
    for (let vector = 0; vector < group; vector++) {
      const own = sums.slice(vector * vectorCount("float64")).slice(0, vectorCount("float64"));
      this.storeSums(to, own.map((each: Local<"v128">) => get(each)), count, this.#offset(vector));
    }
  }
}
